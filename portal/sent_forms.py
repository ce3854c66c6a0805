"""A public form that was sent: traps before the verb, and what the page says when it cannot be done now."""

from collections.abc import Callable
from datetime import datetime

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal import traps
from portal.refused import Busy, Refused

RETRY_AFTER = "5"  # seconds, when the database was too busy to decide


def send(
    request: HttpRequest,
    form: forms.Form,
    verb: Callable[[], HttpResponse],
    *,
    again: Callable[[int], HttpResponse],
    button: str,
    now: datetime,
    busy: str = "",
) -> HttpResponse:
    """What `verb` answers; else the form by `again(status)`, with what is wrong. `button` is what people press.

    422: the form is wrong, a trap closed or the verb refused. 503: the verb was `Busy`.
    """
    status = 422
    busy = busy or _(
        "Gerade ist viel los. Bitte drücken Sie in ein paar Sekunden noch einmal auf „%(button)s“."
    )
    if traps.caught(request, now=now):
        hasty = _("Das ging sehr schnell. Bitte drücken Sie noch einmal auf „%(button)s“.")
        form.add_error(None, hasty % {"button": button})
    elif form.is_valid():
        try:
            return verb()
        except Refused as refused:
            form.add_error(None, str(refused))
        except Busy:
            status = 503
            form.add_error(None, busy % {"button": button})
    response = again(status)
    if status == 503:
        response["Retry-After"] = RETRY_AFTER
    return response
