"""Whom staff have to call: people whom no mail reaches, when there is news about their date (rules 4 and 15).

`notices.py` asks for the call where it would write a mail, so whatever people hear by mail, others hear by telephone. The
call is open until somebody says that it was made; news after that opens it again.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from portal.models import Booking
from portal.refused import Refused
from portal.slots import Signup


def is_unreachable(booking: Booking) -> bool:
    """Whether no mail reaches this party: there is no address, or it was refused."""
    return not booking.email or booking.email_refused_at is not None


def ask(signups: Sequence[Signup], *, now: datetime) -> None:
    """These sign-ups of one form are to be called about what is new."""
    model, keys = type(signups[0]), [signup.pk for signup in signups]
    model.objects.filter(pk__in=keys).update(call_since=now, called_at=None)


def note(signup: Signup, *, news: str, now: datetime) -> None:
    """Somebody called and told what was new. Raises Refused when there is newer news than what they saw."""
    rows = type(signup).objects.to_call().filter(pk=signup.pk)  # type: ignore[attr-defined]
    current = rows.first()
    if current is None:
        return
    if news_key(current) != news or not rows.filter(call_since=current.call_since).update(called_at=now):
        raise Refused(_("Inzwischen gibt es Neues zu diesem Termin. Bitte rufen Sie noch einmal an."))


def take_back(signup: Signup) -> None:
    """The call was not made after all."""
    type(signup).objects.filter(pk=signup.pk).update(called_at=None)


def news_key(signup: Signup) -> str:
    """Which news a call is about, for a form that is posted later."""
    return str(signup.call_since and signup.call_since.timestamp())
