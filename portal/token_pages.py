"""What all pages behind mail links share (/anmeldung/…): a signed token is their only key.

Nothing changes on GET or HEAD (rule 10); every POST comes from our own page (`origin.guarded`) and
ends in a redirect, so that reloading repeats nothing. There is no session to carry a message over
the redirect: it names what was done by a word in the address.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal import links, throttle
from portal.models import Booking
from portal.origin import guarded
from portal.refused import Busy
from portal.sent_forms import RETRY_AFTER

View = Callable[..., HttpResponseBase]
# What has just been done, by the word that the redirect carries.
DONE = {
    "bestaetigt": gettext_lazy("Danke, Ihre Anmeldung ist bestätigt."),
    "platz": gettext_lazy("Geschafft: Der Platz gehört Ihnen."),
    "frei": gettext_lazy("Ihr Platz ist freigegeben. Danke, dass Sie Bescheid gesagt haben."),
    "anzahl": gettext_lazy("Die Zahl der Personen ist geändert."),
    "wieder": gettext_lazy("Schön, dass Sie wieder dabei sind."),
    "daten": gettext_lazy("Ihre Angaben sind gespeichert."),
    "anwesenheit": gettext_lazy("Danke, Ihre Antwort ist gespeichert."),
    "gesendet": gettext_lazy("Wir haben die Mail noch einmal geschickt, höchstens drei Mal am Tag."),
    "adresse": gettext_lazy("Die Mail geht jetzt an die neue Adresse. Der erste Link gilt nicht mehr."),
}


def page(view: View) -> View:
    """All that these pages share: methods, origin, limits, and a form that survives a busy database."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Busy:
            response = render(request, "booking/busy.html", {"fields": _posted(request)}, status=503)
            response["Retry-After"] = RETRY_AFTER
            return response

    methods = require_http_methods(["GET", "HEAD", "POST"])(inner)
    limited = throttle.limited("booking", limit=300, seconds=600)(methods)
    return guarded(limited)  # type: ignore[return-value]


def _posted(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.POST.lists() for value in values]


def to(view: str, token: str, done: str = "") -> HttpResponse:
    """Redirect to a page of this token; `done` is a word of DONE."""
    address = links.page(f"booking:{view}", token) + (f"?ok={done}" if done else "")
    return HttpResponseRedirect(address, status=303)


def to_manage(booking: Booking, done: str = "") -> HttpResponse:
    return to("manage", links.make(links.MANAGE, booking), done)


def just_done(request: HttpRequest) -> str:
    return str(DONE.get(request.GET.get("ok", ""), ""))
