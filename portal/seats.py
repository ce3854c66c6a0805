"""Who gets a seat: what happens on a locked slot (domain.md, rules 5–8).

Everyone joins the queue, then `fill_seats` gives what is free, front first, under the slot's
row lock; confirming, giving back and a changed capacity all end there. In the open phase
(rule 6) it tells those waiting instead, and only `claim_seat` gives seats.

Locks: only slots, in key order, late, before counting; what else is locked comes after them.
PostgreSQL locks the row; SQLite has one writer (BEGIN IMMEDIATE), for which the threads of the
process queue up first: SQLite itself polls, and some of 16 threads then wait for seconds while
others have many turns (measured). A lock not had in time is tried once more, then `Busy`; both
together end within `PATIENCE`: the second in PostgreSQL's queue for a row waits for its turn and then
for the row, each for a whole `lock_timeout` (measured: 16 seconds for two attempts).
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from portal import columns, deadlines, notices
from portal.prepared import Changes, prepared, prepared_update
from portal.refused import Busy
from portal.slots import Signup, Slot

P = ParamSpec("P")
R = TypeVar("R")
Status, Reason = Signup.Status, Signup.Reason
# PostgreSQL: lock not available, deadlock, statement timeout
_BUSY_STATES = {"55P03", "40P01", "57014"}
_turn = threading.RLock()
_TO_SAY_SO = 0.3  # seconds of a request that are left for the page
PATIENCE = deadlines.ANSWER - _TO_SAY_SO  # for both attempts: there is an answer within ten (trust.md)


def is_busy(error: OperationalError) -> bool:
    """Whether a lock or a connection was not had in time; anything else is a fault."""
    cause = error.__cause__
    return (
        getattr(cause, "sqlstate", None) in _BUSY_STATES
        or type(cause).__name__ == "PoolTimeout"
        or "database is locked" in str(error)
    )


@contextmanager
def _in_turn(seconds: float) -> Iterator[None]:
    if connection.vendor != "sqlite" or connection.in_atomic_block:  # has the lock already
        yield
        return
    if not _turn.acquire(timeout=min(seconds, settings.LOCK_TIMEOUT)):
        raise OperationalError("database is locked by another thread")
    try:
        yield
    finally:
        _turn.release()


def deciding(verb: Callable[P, R]) -> Callable[P, R]:
    """One transaction per verb; a lock not had in time is tried once more, then `Busy`."""

    @wraps(verb)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        end = time.monotonic() + min(PATIENCE, deadlines.left() - _TO_SAY_SO)
        for attempt in range(2):
            left = end - time.monotonic()
            if left < settings.LOCK_TIMEOUT:
                break
            try:
                with _in_turn(left - settings.LOCK_TIMEOUT), transaction.atomic():
                    if attempt:
                        _answer_in(left)
                    return verb(*args, **kwargs)
            except OperationalError as error:
                if not is_busy(error):
                    raise
        raise Busy

    return inner


def _answer_in(seconds: float) -> None:
    """No statement of this transaction takes longer, however many locks it waits for."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])


def lock(model: type[Slot], keys: Iterable[int]) -> list[Slot]:
    """Slots locked in key order until the transaction ends."""
    keys = set(keys)
    if len(keys) > 1:
        _answer_in(PATIENCE - settings.LOCK_TIMEOUT)  # lock_timeout counts anew for each row
    return _for_update(model, keys=keys)


@prepared
def _for_update(model: Any, *, keys: Collection[int]) -> QuerySet:
    rows = model.objects.select_for_update(no_key=True, of=("self",)).select_related(*model.row_relations)
    return rows.only(*columns.own(model), *model.row_columns).filter(pk__in=keys).order_by("pk")  # type: ignore[no-any-return]


def lock_slots(signups: Sequence[Signup]) -> dict[int, Slot]:
    """The slots of these sign-ups (of one model), locked in key order, as they are now."""
    model = type(signups[0]).slot.field.related_model  # type: ignore[attr-defined]
    return {slot.pk: slot for slot in lock(model, {signup.slot_id for signup in signups})}


def locked(signup: Signup) -> Signup:
    """The sign-up as it is now, its slot locked."""
    slot = lock_slots([signup])[signup.slot_id]
    current = (
        type(signup).objects.select_related("booking__organisation").get(pk=signup.pk)  # type: ignore[attr-defined]
    )
    current.slot = slot
    return current  # type: ignore[no-any-return]


def fits(signup: Signup, free: int | None) -> bool:
    """Whether the whole party has seats, when so many are free (None: unlimited)."""
    return free is None or signup.seats <= free


def enter(signup: Signup, *, earlier: Signup | None, now: datetime) -> Signup:
    """The sign-up that stands for this party on its (locked) slot afterwards: itself, or `earlier`.

    `earlier` is the live sign-up of the same address on this slot.
    """
    if earlier:
        return _merge(signup, earlier, now=now)
    slot = signup.slot
    free, signup.place, others_wait = _look(slot)
    signup.status = Status.WAITING
    if not fits(signup, free):
        _wait(signup)
        if free:
            fill_seats(slot, now=now)
    elif slot.in_open_phase(now):
        take_open_seat(signup, now=now)  # nobody new is put behind a queue while a seat is open
    elif not others_wait:
        give_seat(signup, now=now)
    else:
        _fill(slot, free=free, joining=signup, now=now)
        if signup.status == Status.WAITING:
            _wait(signup)
    return signup


def _look(slot: Slot) -> tuple[int | None, int, bool]:
    """Free seats (None: unlimited); the place behind all who ever joined, never reused; whether anybody waits."""
    ((taken, waiting, last),) = _counts(type(slot), slot=slot.pk)
    free = None if slot.capacity is None else max(0, slot.capacity - taken)
    return free, last + 1, bool(waiting)


@prepared
def _counts(model: Any, *, slot: int) -> QuerySet:
    counted = model.objects.filter(pk=slot).with_seats().with_last_place().order_by()
    return counted.values_list("n_taken", "n_waiting", "last_place")  # type: ignore[no-any-return]


def _wait(signup: Signup) -> None:
    _waits(type(signup), pk=signup.pk, place=signup.place)


@prepared_update
def _waits(model: Any, *, pk: int, place: int) -> Changes:
    return model.objects.filter(pk=pk), {"status": Status.WAITING, "place": place}


def enter_again(signup: Signup, *, now: datetime) -> None:
    """A new row for a party that fits and had given its seat back; its slot is locked."""
    _free, signup.place, _others_wait = _look(signup.slot)
    signup.status, signup.seated_at = Status.CONFIRMED, now
    signup.save()


def _merge(signup: Signup, earlier: Signup, *, now: datetime) -> Signup:
    """Rule 5: confirming the second one changes the first (name, number, answers), it makes no second."""
    end(signup, Reason.MERGED, now=now)
    first = earlier.booking
    first.name = signup.booking.name
    first.phone = signup.booking.phone or first.phone
    first.save(update_fields=["name", "phone"])
    if signup.answers:
        for name, value in signup.answered().items():
            setattr(earlier, name, value or getattr(earlier, name))
        earlier.save(update_fields=signup.answers)
    earlier.slot = signup.slot
    if signup.seats != earlier.seats:
        resize(earlier, seats=signup.seats, now=now, is_told=True)
    return earlier


def take_open_seat(signup: Signup, *, now: datetime) -> None:
    """A seat of the open phase goes to this party; who was about to hear of it does not."""
    give_seat(signup, now=now)
    if signup.slot.free() == 0:
        notices.seat_gone(signup.slot, now=now)


def give_seat(signup: Signup, *, now: datetime) -> None:
    """This party has its seats."""
    signup.status = Status.CONFIRMED
    signup.seated_at = now
    _sits(type(signup), pk=signup.pk, place=signup.place, since=now)


@prepared_update
def _sits(model: Any, *, pk: int, place: int, since: datetime) -> Changes:
    return model.objects.filter(pk=pk), {"status": Status.CONFIRMED, "seated_at": since, "place": place}


def end(signup: Signup, reason: Signup.Reason, *, now: datetime) -> None:
    """This party is not on the slot any more, for this reason."""
    signup.status = Status.ENDED
    signup.ended_reason = reason
    signup.ended_at = now
    signup.held_until = None
    signup.save(update_fields=["status", "ended_reason", "ended_at", "held_until"])


def fill_seats(slot: Slot, *, now: datetime, known: Signup | None = None) -> None:
    """Give free seats to those waiting, front first; the slot must be locked.

    A party that does not fit keeps its position and is passed over (rule 8). In the open phase
    nobody is promoted: those waiting are told that a seat is free (rule 6). The sign-up `known`
    gets its state here, and learns of it from another mail.
    """
    free = slot.free()
    if slot.cancelled_at or now >= slot.starts or free == 0:
        return
    if slot.in_open_phase(now):
        announce_free_seat(slot, free=free, now=now)
    else:
        _fill(slot, free=free, known=known, now=now)


def _fill(
    slot: Slot,
    *,
    free: int | None,
    now: datetime,
    known: Signup | None = None,
    joining: Signup | None = None,
) -> None:
    """`joining` is not in the database yet as one who waits: it is the last of the queue."""
    passed: list[Signup] = []
    last_seated = 0
    queue = slot.signups.waiting().select_related("booking__organisation")  # type: ignore[attr-defined]
    for signup in [
        *(known if known and s.pk == known.pk else s for s in queue),
        *([joining] if joining else []),
    ]:
        signup.slot = slot
        if not fits(signup, free):
            passed.append(signup)
            continue
        give_seat(signup, now=now)
        last_seated = signup.place or 0
        if signup not in (known, joining):
            notices.tell_promoted(signup, now=now)
        if free is not None:
            free -= signup.seats
            if not free:
                break
    _pass_over(passed, last_seated=last_seated, now=now)


def _pass_over(passed: list[Signup], *, last_seated: int, now: datetime) -> None:
    """None of these fitted: somebody behind took the last seat, which counts, or too few are left.

    Each hears that fewer may come, until it was passed over more than twice (rule 8).
    """
    for signup in passed:
        if (signup.place or 0) < last_seated:
            signup.passed_over += 1
            signup.save(update_fields=["passed_over"])
        if signup.passed_over <= 2:
            notices.tell_one(signup, "passed-over", now=now, once=str(signup.passed_over))


def announce_free_seat(slot: Slot, *, free: int | None, now: datetime) -> None:
    """Tell those waiting that a seat is open, at most once in 6 hours each (rule 6); slot locked.

    A party that is too big for it hears that fewer may come (rule 8).
    """
    told_before = now - notices.FREE_SEAT_PAUSE
    for signup in slot.signups.waiting().select_related("booking__organisation"):  # type: ignore[attr-defined]
        if signup.told_free_at and signup.told_free_at > told_before:
            continue
        signup.slot = slot
        signup.told_free_at = now
        signup.save(update_fields=["told_free_at"])
        kind = "seat-free" if fits(signup, free) else "passed-over"
        notices.tell_one(signup, kind, now=now, once=f"{now.timestamp():.0f}")


def resize(signup: Signup, *, seats: int, now: datetime, is_told: bool = False) -> bool:
    """Change the number on a locked slot; False (nothing changed) if more people do not fit.

    With `is_told` another mail says what this party has afterwards.
    """
    slot = signup.slot
    free = slot.free()
    # `fill_seats` leaves a free seat only where nobody waiting fits, so taking it wrongs no one.
    seated = signup.status in Signup.SEATED
    if seated and free is not None and seats - signup.seats > free:
        return False
    did_not_fit = not fits(signup, free)
    signup.seats = seats
    signup.save(update_fields=["seats"])
    if slot.in_open_phase(now) and not seated and did_not_fit and fits(signup, free):
        take_open_seat(signup, now=now)
        if not is_told:
            notices.tell_promoted(signup, now=now)
    else:
        notices.retell(signup, now=now)
    fill_seats(slot, now=now, known=signup if is_told else None)
    return True
