"""The outbox: `queue` writes a mail in the transaction of the fact that it reports, `withdraw` takes it back.

The row is the job (rule 13); Celery is only told to look at once. What makes a queued mail
untrue withdraws it in its own transaction (rule 15). Delivery is in `delivery.py`.
"""

import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from portal import absence
from portal.celery import app
from portal.logs import request_id
from portal.models import Booking, Mail, Organisation
from portal.prepared import prepared_insert

log = logging.getLogger(__name__)
OF_STRANGERS_A_DAY = 5  # mails of one kind to one mailbox of staff
NUDGE_PAUSE = 30.0  # seconds without a nudge after one failed
TURN = 1.0  # seconds: a worker is told to look once in each, and takes all that was written meanwhile
_MARGIN = 0.1  # of a turn: who comes so late has it taken by the next one
_telling = threading.Lock()
_covered_until = _next_turn = 0.0


def is_full(to: str, *, kind: str, now: datetime) -> bool:
    """Whether this mailbox of staff has had its fill of mails that strangers set off; the start page has the rest."""
    today = Mail.objects.filter(to=to, kind=kind, queued_at__gt=now - timedelta(days=1))
    return today.count() >= OF_STRANGERS_A_DAY


def queue(
    *,
    key: str,
    kind: str,
    to: str,
    letter: dict[str, str],
    now: datetime,
    organisation: Organisation | None = None,
    booking: Booking | None = None,
    about: str = "",
    useful_until: datetime | None = None,
    secret: bool = False,
) -> bool:
    """The mail is in the outbox once, under `key`; True if this call put it there.

    One that was withdrawn before it left is put back with this letter: what it says is true again.
    `letter` holds subject, text, html and optionally calendar and calendar_method (see `letters.py`).
    Must run inside the transaction of what it reports. Nothing is written for an empty address.
    """
    if not to:
        return False
    fields: dict[str, Any] = {
        "kind": kind,
        "organisation_id": organisation.pk if organisation else None,
        "booking_id": booking.pk if booking else None,
        "about": about or (booking.label if booking else ""),
        "to": to,
        "reply_to": organisation.answers_to if organisation else "",
        "queued_at": now,
        "next_try_at": now,
        "useful_until": useful_until,
        "secret": secret,
        **letter,
    }
    # No savepoint; who comes second with the same key waits, and then adds nothing.
    created = _added(key=key, **fields) is not None
    if not created:
        taken_back = Mail.objects.filter(key=key, sent_at=None).exclude(withdrawn_at=None)
        taken_back.exclude(failed_at=None).update(attempts=0, failed_at=None)  # else one may be in flight
        created = bool(taken_back.update(**fields, withdrawn_at=None, last_error=""))
    if created:
        _nudge_after_commit()
    if created and kind in absence.TO_STAFF and not key.endswith(absence.COPY):
        known = {"organisation": organisation, "booking": booking, "about": fields["about"]}
        _copy(key, to, letter, now=now, kind=kind, useful_until=useful_until, **known)
    return created


def _copy(key: str, to: str, letter: dict[str, str], *, now: datetime, **known: Any) -> None:
    """Who stands in for the reader has the mail as well, as text, with a line that says why."""
    other = absence.stand_in(to, organisation=known["organisation"], now=now)
    if other:
        copy = {"subject": letter["subject"], "text": f"{other.words}\n\n{letter['text']}", "html": ""}
        queue(key=key + absence.COPY, to=other.email, letter=copy, now=now, **known)


@prepared_insert
def _added(**columns: Any) -> Mail:
    return Mail(**columns)


def _nudge_after_commit() -> None:
    """Once per transaction, however many mails it writes."""
    if all(
        waiting is not nudge for _savepoints, waiting, _robust in transaction.get_connection().run_on_commit
    ):
        transaction.on_commit(nudge, robust=True)


def withdraw(*, about: Iterable[str], kinds: Iterable[str], now: datetime) -> int:
    """Mails of these kinds about these rows will not leave, nor be sent again by staff; how many that was.

    What they say is not true any more, so nothing of it is kept.
    """
    untrue = Mail.objects.unsent().filter(about__in=list(about), kind__in=list(kinds))
    return untrue.update(withdrawn_at=now, text="", html="", calendar="")


def nudge() -> None:
    """Tell a worker to look: now, or in a rush at the end of the turn, for everybody who comes before that.

    Failing is harmless: the sweep delivers within a minute.
    """
    global _covered_until, _next_turn
    with _telling:
        now = time.monotonic()
        if now < _covered_until:
            return
        wait = max(0.0, _next_turn - now)
        _covered_until, _next_turn = now + wait - _MARGIN, now + wait + TURN
    try:
        # Not `current_app`: in a thread of the web server that is another, unconfigured one.
        headers = {"nudged_by": request_id.get()}
        task = "portal.tasks.deliver_due"
        app.send_task(task, ignore_result=True, headers=headers, countdown=wait or None)
    except (OperationalError, OSError) as error:
        _covered_until = time.monotonic() + NUDGE_PAUSE
        log.warning("broker not reached (%s); the sweep delivers", type(error).__name__)


def no_real_mail() -> bool:
    """Whether mails end as files (laptop): the visitor may read the one just sent."""
    return not settings.EMAIL_URL
