"""The pages behind the links of „Sagen Sie mir Bescheid": the same for every kind of wish.

They say the same to known and unknown addresses (trust.md „No oracle"); where no real mail leaves, the
first page shows the mail.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import links, local_mails, privacy, sent_forms, traps, watches
from portal.token_pages import page
from portal.watches import CONFIRM, MANAGE, SENT, watch_models
from portal.watching import Watching

LATER = timedelta(days=30)  # nobody has to prolong what has just begun
# By the folder of the pages, and by the word that the redirect carries.
DONE = {
    "watch": {
        "bestaetigt": gettext_lazy("Danke, wir sagen Ihnen Bescheid."),
        "weiter": gettext_lazy("Gern, wir sagen Ihnen weiter Bescheid."),
    },
    "wish": {
        "bestaetigt": gettext_lazy("Danke, Ihr Wunsch ist angekommen."),
        "weiter": gettext_lazy("Gern, Ihr Wunsch bleibt bestehen."),
    },
}


def to(view: str, purpose: str, row: Watching, done: str = "") -> HttpResponse:
    """Redirect to a page of this row; `done` is a word of DONE."""
    address = links.path(f"watch:{view}", purpose, row)
    return HttpResponseRedirect(address + (f"?ok={done}" if done else ""), status=303)


@never_cache
def enter(
    request: HttpRequest,
    template: str,
    form: forms.Form,
    *,
    wish: Callable[[], Watching],
    context: dict[str, object],
    now: datetime,
) -> HttpResponse:
    """A form that was sent: `wish` stores it and asks for the click, or the page says what is wrong.

    It says the same to known and unknown addresses (trust.md „No oracle").
    """

    def again(status: int) -> HttpResponse:
        page_of_form = context | {"watch_form": form, "form": form, "issued": traps.issue(now)}
        return render(request, template, page_of_form, status=status)

    return sent_forms.send(
        request,
        form,
        lambda: to("sent", SENT, wish()),
        again=again,
        button=_("Sagen Sie mir Bescheid"),
        now=now,
    )


def _read(purpose: str, token: str) -> Watching:
    return links.read(purpose, token, *watch_models())


@page
def sent(request: HttpRequest, token: str) -> HttpResponse:
    """„Noch ein Klick": the same for every address, whatever we know of it."""
    row = _read(SENT, token)
    context = {
        "watch": row,
        "mails": local_mails.about(row.label, request),
        "mails_are_local": local_mails.shown(),
    }
    return render(request, f"{row.pages}/sent.html", context)


@page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """One button; what is wished stands in the link, so that nobody but the reader of the mail changes it."""
    row, now = _read(CONFIRM, token), timezone.now()
    wish = row.wish(request.POST or request.GET)
    if request.method == "POST" and watches.confirm(row, now=now, **wish):
        return to("manage", MANAGE, row, "bestaetigt")
    if row.ended_at or request.method == "POST":
        return render(request, f"{row.pages}/ended.html", {"watch": row})
    if row.confirmed_at and all(getattr(row, name) == value for name, value in wish.items()):
        return to("manage", MANAGE, row)
    context = {"watch": row, "clause": row.clause(**wish), "hidden": row.asks(wish).items()}
    return render(request, f"{row.pages}/confirm.html", context)


@page
def manage(request: HttpRequest, token: str) -> HttpResponse:
    """What is stored, until when, and one button to end it; a second one to go on."""
    row, now = _read(MANAGE, token), timezone.now()
    if request.method == "POST" and request.POST.get("do") == "end":
        watches.end(row, now=now)
        return to("manage", MANAGE, row)
    if request.method == "POST" and watches.go_on(row, now=now):
        return to("manage", MANAGE, row, "weiter")
    if row.ended_at:
        return render(request, f"{row.pages}/ended.html", {"watch": row})
    context = {
        "watch": row,
        "clause": row.clause(),
        "ends_at": watches.ends_at(row),
        "token": token,
        "can_go_on": bool(row.active_at and now - row.active_at >= LATER),
        "done": DONE[row.pages].get(request.GET.get("ok", ""), ""),
    }
    return render(request, f"{row.pages}/manage.html", context)


@require_safe
def export(request: HttpRequest, token: str) -> HttpResponse:
    """All that is held about this address here, as a JSON file."""
    row = _read(MANAGE, token)
    response = JsonResponse(
        privacy.export_lasting(row), json_dumps_params={"ensure_ascii": False, "indent": 2}
    )
    response["Content-Disposition"] = 'attachment; filename="meine-daten.json"'
    return response
