"""Public pages of seminars: session-blind, cacheable, their one form protected by its origin."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal import signup_pages, slugs, throttle, traps
from portal.models import OldSlug
from portal.origin import guarded, shared
from portal.refused import Busy
from portal.watch_pages import to
from portal.watches import SENT
from seminars import programme, watches
from seminars.forms import WatchForm


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The programme: next dates first, past ones after, and „Wir schreiben Ihnen" (rule 32)."""
    now = timezone.now()
    found = programme.programme(page=request.GET.get("page", ""), now=now)
    context = {
        "programme": found,
        "watch_form": WatchForm(series=found.series),
        "issued": _by_the_hour(now),
        "crumbs": [(_("Seminare"), "")],
    }
    return render(request, "seminars/index.html", context)


def _by_the_hour(now: datetime) -> str:
    """It shows that the page was seen, and lists stay the same for shared caches."""
    return traps.issue(now.replace(minute=0, second=0, microsecond=0))


@guarded
@throttle.limited("signup", limit=30, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One session with the form; a POST registers."""
    session, now = programme.find(slug), timezone.now()
    if session is None:
        return slugs.lead_on(OldSlug.Kind.SESSION, slug, view="seminars:detail")
    page = programme.signup_page(session, now)
    if request.method == "POST":
        return signup_pages.enter(request, page, now=now)
    return signup_pages.show(request, page, now=now)


@guarded
@throttle.limited("watch", limit=20, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def watch(request: HttpRequest) -> HttpResponse:
    """The form „Wir schreiben Ihnen" alone; a POST from here or from the programme asks for the click."""
    if not programme.public_series():  # nothing to wait for
        return redirect("seminars:list")
    return _enter(request, timezone.now()) if request.method == "POST" else _ask(request, timezone.now())


@shared
def _ask(request: HttpRequest, now: datetime) -> HttpResponse:
    form = WatchForm(series=programme.public_series())
    return render(request, "seminars/watch.html", _watch_page(form, _by_the_hour(now)))


@never_cache
def _enter(request: HttpRequest, now: datetime) -> HttpResponse:
    form, status = WatchForm(request.POST, series=programme.public_series()), 422
    if traps.caught(request, now=now):
        form.add_error(
            None, _("Das ging sehr schnell. Bitte drücken Sie noch einmal auf „Sagen Sie mir Bescheid“.")
        )
    elif form.is_valid():
        said = form.cleaned_data
        try:
            row = watches.watch(email=said["email"], series=said["reihe"], now=now)
            return to("sent", SENT, row)
        except Busy:
            status = 503
            form.add_error(
                None, _("Gerade ist viel los. Bitte drücken Sie in ein paar Sekunden noch einmal.")
            )
    context = _watch_page(form, traps.issue(now)) | {"form": form}
    response = render(request, "seminars/watch.html", context, status=status)
    if status == 503:
        response["Retry-After"] = signup_pages.RETRY_AFTER
    return response


def _watch_page(form: WatchForm, issued: str) -> dict[str, object]:
    crumbs = [(_("Seminare"), reverse("seminars:list")), (_("Bescheid bekommen"), "")]
    return {"watch_form": form, "issued": issued, "crumbs": crumbs}
