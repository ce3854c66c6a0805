"""Delivery: what is due in the outbox leaves, once.

Claiming is one conditional UPDATE per mail, just before it is sent: it asks again whether the mail is
due, not withdrawn and still useful (rule 15), and pushes `next_try_at` ahead by a lease. So retry, dead
worker and broken network are one case: what nobody settled is due again when its lease is over.

What becomes of a mail:
- the server took it (250): sent; the body of a secret one is wiped;
- a temporary answer (4xx), or the connection ended before the body was handed over: again later, on
  a ladder, for 72 hours;
- a final answer (5xx) about the recipient or the content: failed at once, shown to staff (rule 18).
  Before the recipient was named it is about us, not about the mail: later;
- no answer after the body was handed over, or the worker died: nobody knows. It is repeated once, with
  the same Message-ID, and then shown to staff: never a third time;
- the server is not reached at all: everything waits two minutes, also up to 72 hours.

Must not run inside a transaction: others could not see the claims.
"""

import hashlib
import logging
import smtplib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.errors import MessageError
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import Case, F, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from portal import columns, dates, journal, smtp
from portal.logs import mask
from portal.mime import Packed, pack
from portal.models import Booking, Mail
from portal.outbox import nudge
from portal.prepared import Changes, prepared, prepared_update
from portal.refused import Refused
from portal.smtp import Outcome

__all__ = ["deliver", "due", "mask", "resend"]

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)  # longer than every phase of one SMTP conversation timing out
LADDER = [timedelta(minutes=m) for m in (1, 5, 15, 30, 60)]  # then hourly
PAUSE = timedelta(minutes=2)  # while the server is not reached
GIVE_UP = timedelta(hours=72)
BATCH = 100  # mails over one connection; servers end longer ones
LIMIT = 5_000  # mails per call
NOTING = 180.0  # seconds in which a database that was away may come back before its outcome is lost; below the lease
BUDGET = 240.0  # seconds per call; below CELERY_TASK_TIME_LIMIT also with a slow server

# In `last_error` from the claim until the outcome is known; what stays there was lost.
ONCE = gettext_noop("Zustellung begonnen; ob die Mail ankam, ist nicht bekannt.")
UNREACHED = gettext_noop("Der Mailserver ist nicht erreichbar: %s")
AGAIN = gettext_noop("Zweimal versucht; ob die Mail ankam, ist nicht bekannt.")


def due(now: datetime, limit: int) -> list[Mail]:
    """What may leave now, the longest waiting first."""
    return _due(dates.is_quiet(now), limit, now=now)


@prepared
def _due(quiet: bool, limit: int, *, now: datetime) -> QuerySet[Mail]:
    rows = Mail.objects.due(now, quiet=quiet).select_related("organisation", "booking")
    rows = rows.only(*columns.own(Mail), "organisation__name", "booking__email_refused_at")
    return rows.order_by("next_try_at", "pk")[:limit]


def deliver(*, now: datetime | None = None, limit: int = LIMIT) -> dict[str, int]:
    """Send what is due, at most `limit` mails; returns how many were sent, put off („later“) and failed.

    `now` stops the clock, for tests; else each mail is judged by the time at which its turn comes.
    """
    counts: Counter[str] = Counter()
    end = time.monotonic() + BUDGET
    while limit > 0 and time.monotonic() < end:
        mails = due(now or timezone.now(), min(BATCH, limit))
        left = _deliver_batch(mails, now=now, end=end, counts=counts) if mails else None
        if left is None:
            break
        if not left and len(mails) < BATCH:  # that was all; what came meanwhile has its own nudge
            break
        limit -= len(mails) - left
    return dict(counts)


def mend_times(*, now: datetime) -> int:
    """Mails due later than the ladder ever reaches were put off by a clock that was ahead: they are due now."""
    put_off = Mail.objects.open().filter(next_try_at__gt=now + 2 * LADDER[-1])
    return put_off.update(next_try_at=now) if put_off.exists() else 0  # asked often: SQLite has one writer


def resend(mail: Mail, *, now: datetime) -> None:
    """A failed mail is due again (rule 18). Raises Refused when there is nothing left to send."""
    with transaction.atomic():
        current = Mail.objects.select_for_update().get(pk=mail.pk)
        if not current.failed_at:
            raise Refused(_("Nur gescheiterte Mails lassen sich erneut senden."))
        if current.withdrawn_at or (current.useful_until and current.useful_until <= now):
            raise Refused(_("Diese Mail hat sich erledigt: Ihr Inhalt stimmt nicht mehr."))
        if not (current.to and current.text):
            raise Refused(_("Der Inhalt dieser Mail ist schon gelöscht."))
        Mail.objects.filter(pk=mail.pk).update(failed_at=None, next_try_at=now, attempts=0, last_error="")
        transaction.on_commit(nudge, robust=True)


# --- one batch, one connection ------------------------------------------------------------------------
def _deliver_batch(
    mails: Sequence[Mail], *, now: datetime | None, end: float, counts: Counter[str]
) -> int | None:
    """Send these over one connection; how many were left to others, None when the server is not reached or hung up.

    Two workers that look at once have the same mails before them. Who finds the first taken begins at the last
    one, and the second time looks again: so few claims are in vain (measured: an eighth to a quarter more mails).
    """
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        log.warning("mail server not reached (%s)", type(error).__name__)
        counts["later"] += _wait_for_server(mails, error, now=now or timezone.now())
        return None
    waiting = deque(mails)
    take: Callable[[], Mail] = waiting.popleft
    with _closing(connection):
        while waiting:
            outcome = _deliver_one(take(), connection, now=now)
            if outcome:
                counts[outcome.state] += 1
                if outcome.hung_up:
                    return None
            elif take == waiting.pop:
                break
            else:
                take = waiting.pop
            if time.monotonic() > end:
                return None
    return len(waiting)


@contextmanager
def _closing(connection: BaseEmailBackend) -> Iterator[None]:
    try:
        yield
    finally:
        try:
            connection.close()
        except OSError as error:  # the mails are settled; how the server says goodbye changes nothing
            log.info("mail server hung up (%s)", type(error).__name__)


def _wait_for_server(mails: Sequence[Mail], error: OSError, *, now: datetime) -> int:
    """None of these had a try; returns how many wait on."""
    why = _short(_(UNREACHED) % error)
    waiting = Mail.objects.due(now).filter(pk__in=[mail.pk for mail in mails])
    waiting.filter(queued_at__lte=now - GIVE_UP, attempts__gte=len(LADDER)).update(
        failed_at=now, last_error=why
    )
    kept = When(last_error__in=[ONCE, AGAIN], then=F("last_error"))
    return waiting.update(
        next_try_at=now + PAUSE, attempts=F("attempts") + 1, last_error=Case(kept, default=Value(why))
    )


# --- one mail -----------------------------------------------------------------------------------------
def _deliver_one(mail: Mail, connection: BaseEmailBackend, *, now: datetime | None) -> Outcome | None:
    """None when it is no longer ours to send: somebody else has it, or it was withdrawn."""
    if not _claim(mail, now=now or timezone.now()):
        return None
    if mail.last_error == AGAIN:
        outcome = Outcome("failed", AGAIN)
    else:
        try:
            packed = _packed(mail)
        except (ValueError, LookupError, MessageError) as error:
            log.error("mail %s cannot be built (%s)", mail.pk, type(error).__name__)
            outcome = Outcome("failed", _("Die Mail lässt sich nicht schreiben: %s") % error)
        else:
            outcome = _hand_over(connection, packed)
    return _settle_at_last(mail, outcome, now=now or timezone.now())


def _claim(mail: Mail, *, now: datetime) -> bool:
    started = AGAIN if mail.last_error in (ONCE, AGAIN) else ONCE
    lease = {"until": now + LEASE, "tries": mail.attempts + 1, "started": started}
    return bool(_leased(dates.is_quiet(now), pk=mail.pk, attempts=mail.attempts, now=now, **lease))


@prepared_update
def _leased(
    quiet: bool, *, pk: int, attempts: int, now: datetime, until: datetime, tries: int, started: str
) -> Changes:
    rows = Mail.objects.due(now, quiet=quiet).filter(pk=pk, attempts=attempts)
    return rows, {"next_try_at": until, "attempts": tries, "last_error": started}


def _settle_at_last(mail: Mail, outcome: Outcome, *, now: datetime) -> Outcome:
    """Also when the database is away just now: else the lease ends, and the same mail goes out once more."""
    end = time.monotonic() + NOTING
    if outcome.state == "unknown":
        _write_down(mail, sure=False)
    while True:
        try:
            return _settle(mail, outcome, now=now)
        except (OperationalError, InterfaceError) as error:
            database.close()
            if time.monotonic() > end:
                raise
            log.warning("mail %s: outcome not written yet (%s)", mail.pk, type(error).__name__)
            time.sleep(1)


def _settle(mail: Mail, outcome: Outcome, *, now: datetime) -> Outcome:
    """Write down what came of it; returns the outcome with „later“ or „failed“ decided."""
    if outcome.state == "sent":
        _left(mail.secret, pk=mail.pk, queued_at=mail.queued_at, at=now)
        _write_down(mail, sure=True)
        _mark_address(mail, refused_at=None)
        return outcome
    tried_for = now - mail.queued_at
    if outcome.state == "unknown":
        again = mail.last_error == ONCE
        outcome = outcome._replace(state="failed" if again else "later", why=AGAIN if again else ONCE)
    elif outcome.state == "later" and tried_for > GIVE_UP and mail.attempts >= len(LADDER):
        outcome = outcome._replace(state="failed")
    changes: dict[str, Any] = {"last_error": _short(outcome.why)}
    if outcome.state == "failed":
        changes |= {"failed_at": now, **_wiped(mail.secret)}
    else:
        changes["next_try_at"] = now + LADDER[min(mail.attempts, len(LADDER) - 1)]
    # Only while the lease is ours; another worker may have sent it meanwhile.
    ours = Mail.objects.filter(pk=mail.pk, queued_at=mail.queued_at, attempts=mail.attempts + 1)
    ours.filter(sent_at=None).update(**changes)
    if outcome.bounced:
        _mark_address(mail, refused_at=now)
    return outcome


@prepared_update
def _left(secret: bool, *, pk: int, queued_at: datetime, at: datetime) -> Changes:
    """Not one that was taken back and put back with another letter meanwhile: that one is still to go."""
    return Mail.objects.filter(pk=pk, queued_at=queued_at), {
        "sent_at": at,
        "failed_at": None,
        "last_error": "",
        **_wiped(secret),
    }


def _wiped(secret: bool) -> dict[str, Any]:
    return {"text": "", "html": ""} if secret else {}


def _write_down(mail: Mail, *, sure: bool) -> None:
    """The journal knows that it left. The mail is out, so a journal that cannot be written stops nothing."""
    try:
        journal.handed_over(mail, sure=sure)
    except OSError as error:
        log.error("journal not written (%s)", error.strerror)


def _mark_address(mail: Mail, *, refused_at: datetime | None) -> None:
    """The booking knows whether its address is refused; a corrected address is another one."""
    if mail.booking and mail.booking.email_refused_at != refused_at:
        Booking.objects.filter(pk=mail.booking.pk, email=mail.to).update(email_refused_at=refused_at)


def _short(why: str) -> str:
    """At most 300 printable characters; a server's answer may hold anything, NUL too."""
    return "".join(c if c.isprintable() else " " for c in why).strip()[:300]


# --- the message --------------------------------------------------------------------------------------
def _packed(mail: Mail) -> Packed:
    """The mail as MIME. Raises ValueError for what cannot stand in a header."""
    return pack(
        message_id=message_id(mail.key),
        name=mail.organisation.name if mail.organisation else settings.SITE_NAME,
        to=mail.to,
        reply_to=mail.reply_to,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        calendar=mail.calendar,
        calendar_method=mail.calendar_method,
    )


def message_id(key: str) -> str:
    """The same for every attempt, so that a repeat is recognised as one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{urlsplit(settings.SITE_URL).hostname}>"


def _hand_over(connection: BaseEmailBackend, packed: Packed) -> Outcome:
    connected: smtplib.SMTP | None = getattr(connection, "connection", None)
    if connected:
        return smtp.speak(connected, *packed)
    try:
        connection.send_messages([packed])  # type: ignore[list-item]  # files, on a laptop
    except OSError as error:
        return Outcome("later", smtp.answer(error), hung_up=True)
    return Outcome("sent")
