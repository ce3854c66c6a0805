"""„Sagen Sie mir Bescheid" of help wanted: the form for guests, at the end of each list and alone.

It says the same to known and unknown addresses (trust.md „No oracle"). What is behind the links of its
mails is in `portal/watch_pages.py`.
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal import places, throttle, traps, watch_pages
from portal.origin import guarded, shared
from portal.places import PlaceSearch
from volunteers import watches
from volunteers.forms import WatchForm
from volunteers.models import Watch


@guarded
@throttle.limited("watch", limit=20, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def watch(request: HttpRequest) -> HttpResponse:
    """The form alone; a POST from here or from a list asks for the click by mail."""
    return _enter(request, timezone.now()) if request.method == "POST" else _ask(request, timezone.now())


def form_for(search: PlaceSearch, now: datetime) -> dict[str, object]:
    """What volunteers/_watch.html reads on a page that searched for a place (or not yet)."""
    return {
        "watch_form": WatchForm(initial={"ort": search.text, "umkreis": search.umkreis}),
        "issued": traps.issue_by_the_hour(now),
    }


@shared
def _ask(request: HttpRequest, now: datetime) -> HttpResponse:
    search = places.search_place(
        request.GET.get("ort", "").strip(), places.radius(request.GET.get("umkreis", ""))
    )
    return render(request, "volunteers/watch.html", form_for(search, now) | _crumbs())


def _enter(request: HttpRequest, now: datetime) -> HttpResponse:
    form = WatchForm(request.POST)

    def wish() -> Watch:
        said = form.cleaned_data
        return watches.watch(email=said["email"], search=form.search, km=said["umkreis"], now=now)

    return watch_pages.enter(request, "volunteers/watch.html", form, wish=wish, context=_crumbs(), now=now)


def _crumbs() -> dict[str, object]:
    return {"crumbs": [(_("Mitmachen"), reverse("volunteers:list")), (_("Bescheid bekommen"), "")]}
