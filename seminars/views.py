"""Public pages of seminars: session-blind, cacheable, their one form protected by its origin."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal import signup_pages, slugs, throttle, traps, watch_pages
from portal.models import OldSlug
from portal.origin import guarded, shared
from seminars import programme, watches
from seminars.forms import WatchForm
from seminars.models import Series, SeriesWatch, Session


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The programme: next dates first, past ones after, and „Wir schreiben Ihnen" (rule 32)."""
    now = timezone.now()
    found = programme.programme(page=request.GET.get("page", ""), now=now)
    context = {
        "programme": found,
        "watch_form": WatchForm(series=found.series),
        "issued": traps.issue_by_the_hour(now),
        "crumbs": [(_("Seminare"), "")],
    }
    return render(request, "seminars/index.html", context)


@guarded
@throttle.limited("signup", limit=30, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One session with the form; a POST registers."""
    session, now = programme.find(slug), timezone.now()
    if session is None:
        return slugs.lead_on(
            OldSlug.Kind.SESSION, slug, view="seminars:detail", public=Session.objects.public()
        )
    page = programme.signup_page(session, now)
    if request.method == "POST":
        return signup_pages.enter(request, page, now=now)
    return signup_pages.show(request, page, now=now)


@guarded
@throttle.limited("watch", limit=20, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def watch(request: HttpRequest) -> HttpResponse:
    """The form „Wir schreiben Ihnen" alone; a POST from here or from the programme asks for the click."""
    series, now = programme.public_series(), timezone.now()
    if not series:  # nothing to wait for
        return redirect("seminars:list")
    return _enter(request, series, now) if request.method == "POST" else _ask(request, series, now)


@shared
def _ask(request: HttpRequest, series: list[Series], now: datetime) -> HttpResponse:
    context = {"watch_form": WatchForm(series=series), "issued": traps.issue_by_the_hour(now)}
    return render(request, "seminars/watch.html", context | _crumbs())


def _enter(request: HttpRequest, series: list[Series], now: datetime) -> HttpResponse:
    form = WatchForm(request.POST, series=series)

    def wish() -> SeriesWatch:
        return watches.watch(email=form.cleaned_data["email"], series=form.cleaned_data["reihe"], now=now)

    return watch_pages.enter(request, "seminars/watch.html", form, wish=wish, context=_crumbs(), now=now)


def _crumbs() -> dict[str, object]:
    return {"crumbs": [(_("Seminare"), reverse("seminars:list")), (_("Bescheid bekommen"), "")]}
