"""The way in for contacts on the spot: six digits by mail, good once, in this browser, for a quarter of an hour.

Known and unknown addresses get the same page and each a mail, so neither tells who is a contact (trust.md „No
oracle"). The session holds a keyed hash of the code, never the code. It is no login of allauth: nothing else
opens with it. Limits are counted in the cache; while that is away, logins wait.

Rejected: allauth's login by code, which would be one for every account of the Redaktion, too.
"""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from portal import confirmations, letters, outbox, throttle
from portal.models import User, email_key
from volunteers.models import Coordination

LIFE = timedelta(minutes=15)
DIGITS, TRIES = 6, 5
CODES_AN_HOUR, CODES_A_DAY = 5, 10  # for one address: 50 guesses a day at a million, of all browsers together
_ASKED, _IN, _SINCE = "spot_code", "spot_user", "spot_since"  # keys of the session


@transaction.atomic
def ask(session: SessionBase, *, email: str, now: datetime) -> None:
    """A code is on its way to a contact on the spot, a word to everybody else; within the limits. RedisError.

    Beyond them no code is right: a browser that was mailed none would have five guesses of its own.
    """
    address = email_key(email) or ""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    contact = Coordination.objects.live(now).filter(user=OuterRef("pk"))
    user = User.objects.filter(Exists(contact), email=address).first()
    too_many = _too_many(address)
    number = uuid4().hex
    session[_ASKED] = {
        "user": user.pk if user and not too_many else 0,
        "number": number,
        "proof": _proof(number, code),
        "until": (now + LIFE).timestamp(),
    }
    # asked for contacts, too: as many statements for both
    stranger_key = confirmations.key_for_a_stranger(address, kind="spot-code", now=now)
    if too_many:
        return
    if user:
        facts = {"code": code, "spot_url": settings.SITE_URL + reverse("spot_code")}
        _mail(address, key=f"spot-code:{number}", name="staff/spot-code", facts=facts, now=now)
    elif stranger_key:
        facts = {"spot_url": settings.SITE_URL + reverse("spot")}
        _mail(address, key=stranger_key, name="staff/spot-unknown", facts=facts, now=now)


def _too_many(address: str) -> bool:
    """One more code is asked for; what the hour refuses the day does not count."""
    hour = throttle.over_for(address, "spot-code", limit=CODES_AN_HOUR, seconds=3600)
    return hour or throttle.over_for(address, "spot-code-day", limit=CODES_A_DAY, seconds=24 * 3600)


def _mail(address: str, *, key: str, name: str, facts: dict[str, str], now: datetime) -> None:
    outbox.queue(
        key=key,
        kind="spot-code",
        to=address,
        letter=letters.write(name, facts, organisation=None),
        now=now,
        useful_until=now + LIFE,
        secret=True,
    )


def _proof(number: str, code: str) -> str:
    return salted_hmac(f"volunteers.spot_login:{number}", code, algorithm="sha256").hexdigest()


def is_asked(session: SessionBase) -> bool:
    """Whether a code was asked for in this browser."""
    return _ASKED in session


def enter(session: SessionBase, *, code: str, now: datetime) -> bool:
    """With the right code the browser is let in and the code used up; False for a wrong or old one. RedisError."""
    asked = session.get(_ASKED)
    if not asked or now.timestamp() >= asked["until"]:
        return False
    if throttle.over_for(asked["number"], "spot-try", limit=TRIES, seconds=int(LIFE.total_seconds())):
        return False
    typed = "".join(char for char in code if char.isdecimal())
    if not (constant_time_compare(_proof(asked["number"], typed), asked["proof"]) and asked["user"]):
        return False
    del session[_ASKED]
    session.cycle_key()
    session[_IN], session[_SINCE] = asked["user"], now.timestamp()
    return True


def leave(session: SessionBase) -> None:
    """The browser is out again."""
    session.pop(_IN, None)
    session.pop(_SINCE, None)
    session.pop(_ASKED, None)


def who(session: SessionBase) -> int:
    """The account that came in here; 0 for nobody. What it may still do is asked anew on each request."""
    return int(session.get(_IN, 0))


def since(session: SessionBase) -> datetime:
    """When that was."""
    return datetime.fromtimestamp(session.get(_SINCE, 0), UTC)
