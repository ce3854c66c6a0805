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
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal import places, throttle, traps
from portal.origin import guarded, shared
from portal.places import PlaceSearch
from portal.refused import Busy
from portal.token_pages import RETRY_AFTER
from portal.watch_pages import to
from portal.watches import SENT
from volunteers import watches
from volunteers.forms import WatchForm


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
        # By the hour: it shows that the page was seen, and lists stay the same for shared caches.
        "issued": traps.issue(now.replace(minute=0, second=0, microsecond=0)),
    }


@shared
def _ask(request: HttpRequest, now: datetime) -> HttpResponse:
    search = places.search_place(
        request.GET.get("ort", "").strip(), places.radius(request.GET.get("umkreis", ""))
    )
    return render(request, "volunteers/watch.html", form_for(search, now) | _crumbs())


@never_cache
def _enter(request: HttpRequest, now: datetime) -> HttpResponse:
    form, status = WatchForm(request.POST), 422
    if traps.caught(request, now=now):
        form.add_error(
            None, _("Das ging sehr schnell. Bitte drücken Sie noch einmal auf „Sagen Sie mir Bescheid“.")
        )
    elif form.is_valid():
        said = form.cleaned_data
        try:
            row = watches.watch(email=said["email"], search=form.search, km=said["umkreis"], now=now)
            return to("sent", SENT, row)
        except Busy:
            status = 503
            form.add_error(
                None, _("Gerade ist viel los. Bitte drücken Sie in ein paar Sekunden noch einmal.")
            )
    context = {"watch_form": form, "form": form, "issued": traps.issue(now)} | _crumbs()
    response = render(request, "volunteers/watch.html", context, status=status)
    if status == 503:
        response["Retry-After"] = RETRY_AFTER
    return response


def _crumbs() -> dict[str, object]:
    return {"crumbs": [(_("Mitmachen"), reverse("volunteers:list")), (_("Bescheid bekommen"), "")]}
