"""„Sagen Sie mir Bescheid": the form for guests, and the pages behind the links of its mails.

The form stands at the end of each list of help wanted and alone at its own address. It says the same to
known and unknown addresses (trust.md „No oracle"); where no real mail leaves, the next page shows the mail.
"""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal import links, local_mails, places, privacy, throttle, traps
from portal.origin import guarded, shared
from portal.places import PlaceSearch
from portal.refused import Busy
from portal.token_pages import RETRY_AFTER, page
from volunteers import watches
from volunteers.forms import WatchForm
from volunteers.models import Watch

LATER = timedelta(days=30)  # nobody has to prolong what has just begun
DONE = {
    "bestaetigt": gettext_lazy("Danke, wir sagen Ihnen Bescheid."),
    "weiter": gettext_lazy("Gern, wir sagen Ihnen weiter Bescheid."),
}


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
            return _to("sent", watches.SENT, row)
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


def _to(view: str, purpose: str, row: Watch, done: str = "") -> HttpResponse:
    address = reverse(f"watch:{view}", args=[links.make(purpose, row)])
    return HttpResponseRedirect(address + (f"?ok={done}" if done else ""), status=303)


# --- behind the links -------------------------------------------------------------------------------
@page
def sent(request: HttpRequest, token: str) -> HttpResponse:
    """„Noch ein Klick": the same for every address, whatever we know of it."""
    row = links.read(watches.SENT, token, Watch)
    context = {"mails": local_mails.about(row.label, request), "mails_are_local": local_mails.shown()}
    return render(request, "volunteers/watch_sent.html", context)


@page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """One button; the radius stands in the link, so that nobody but the reader of the mail changes it."""
    row, now = links.read(watches.CONFIRM, token, Watch), timezone.now()
    km = places.radius(request.POST.get("umkreis") or request.GET.get("umkreis")) or row.km
    if request.method == "POST" and watches.confirm(row, km=km, now=now):
        return _to("manage", watches.MANAGE, row, "bestaetigt")
    if row.ended_at or request.method == "POST":
        return render(request, "volunteers/watch_ended.html")
    if row.confirmed_at and km == row.km:
        return _to("manage", watches.MANAGE, row)
    return render(request, "volunteers/watch_confirm.html", {"watch": row, "km": km})


@page
def manage(request: HttpRequest, token: str) -> HttpResponse:
    """What is stored, until when, and one button to end it; a second one to go on."""
    row, now = links.read(watches.MANAGE, token, Watch), timezone.now()
    if request.method == "POST" and request.POST.get("do") == "end":
        watches.end(row, now=now)
        return _to("manage", watches.MANAGE, row)
    if request.method == "POST" and watches.go_on(row, now=now):
        return _to("manage", watches.MANAGE, row, "weiter")
    if row.ended_at:
        return render(request, "volunteers/watch_ended.html")
    context = {
        "watch": row,
        "token": token,
        "ends_at": watches.ends_at(row),
        "can_go_on": bool(row.active_at and now - row.active_at >= LATER),
        "done": DONE.get(request.GET.get("ok", ""), ""),
    }
    return render(request, "volunteers/watch_manage.html", context)


@require_safe
def export(request: HttpRequest, token: str) -> HttpResponse:
    """All that is held about this address here, as a JSON file."""
    row = links.read(watches.MANAGE, token, Watch)
    response = JsonResponse(
        privacy.export_lasting(row), json_dumps_params={"ensure_ascii": False, "indent": 2}
    )
    response["Content-Disposition"] = 'attachment; filename="meine-daten.json"'
    return response
