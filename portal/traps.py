"""Honeypot and time trap for public forms: they slow machines down and never harm a person (trust.md).

A page may come from a shared cache, so the moment when it was issued is shared too and may be
minutes or days old: only a post within two seconds of it is hasty. Whoever is caught gets the same
form back with everything kept, a fresh moment and an empty trap: pressing the button again is enough.
The first hasty posts of a client pass: people with a password manager and a good memory exist.
"""

from datetime import datetime

from django.core import signing
from django.http import HttpRequest

from portal import throttle

HASTY = 2  # seconds
HASTY_ALLOWED, HASTY_WINDOW = 10, 600  # posts per client, seconds
ISSUED, TRAP = "issued", "betreff"  # names of the two fields


def _signer() -> signing.Signer:
    return signing.Signer(salt="portal.traps")


def issue(now: datetime) -> str:
    """The value of the hidden field `issued`; the same for everybody who gets this page."""
    return _signer().sign(str(int(now.timestamp())))


def issue_by_the_hour(now: datetime) -> str:
    """For pages in shared caches: it shows that the page was seen, and stays the same for an hour."""
    return issue(now.replace(minute=0, second=0, microsecond=0))


def caught(request: HttpRequest, *, now: datetime) -> bool:
    """Whether this post should be sent again by a person: trap filled, no page seen, or hasty too often."""
    if request.POST.get(TRAP):
        return True
    try:
        issued = int(_signer().unsign(request.POST.get(ISSUED, "")))
    except (signing.BadSignature, ValueError):
        return True
    if now.timestamp() - issued >= HASTY:
        return False
    return throttle.over(request, "hasty", limit=HASTY_ALLOWED, seconds=HASTY_WINDOW)
