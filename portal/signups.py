"""The seats engine: every verb that changes who has a seat (domain.md, rules 1–10).

Everyone joins the queue, then `fill_seats` gives what is free, front first, under the slot's
row lock; confirming, giving back and a changed capacity all end there. In the open phase
(rule 6) it tells those waiting instead, and only `claim_seat` gives seats.

Locks: only slots, in key order, late, before counting. PostgreSQL locks the row; SQLite has
one writer (BEGIN IMMEDIATE). A lock not had in time is tried once more, then `Busy`.
What staff change on a slot itself is in `rescheduling.py`, what is written to people in `notices.py`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from django.apps import apps
from django.db import OperationalError, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import notices
from portal.models import Booking, User, email_key
from portal.refused import Busy, Refused
from portal.slots import Signup, Slot

P = ParamSpec("P")
R = TypeVar("R")
Status, Reason = Signup.Status, Signup.Reason
WORDING = "2026-11"  # version of the sentence beside the button; raise it with the sentence
# PostgreSQL: lock not available, deadlock, statement timeout
_BUSY_STATES = {"55P03", "40P01", "57014"}


def _is_busy(error: OperationalError) -> bool:
    cause = error.__cause__
    return (
        getattr(cause, "sqlstate", None) in _BUSY_STATES
        or type(cause).__name__ == "PoolTimeout"
        or "database is locked" in str(error)
    )


def deciding(verb: Callable[P, R]) -> Callable[P, R]:
    """One transaction per verb; a lock not had in time is tried once more, then `Busy`."""

    @wraps(verb)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        for _attempt in range(2):
            try:
                with transaction.atomic():
                    return verb(*args, **kwargs)
            except OperationalError as error:
                if not _is_busy(error):
                    raise
        raise Busy

    return inner


def signup_models() -> list[type[Signup]]:
    """The concrete sign-ups of all apps: found, not registered."""
    return [model for model in apps.get_models() if issubclass(model, Signup)]


def _with_slot(signups: QuerySet) -> QuerySet:
    relations = [f"slot__{name}" for name in signups.model.slot.field.related_model.row_relations]
    return signups.select_related("booking__organisation", *relations)


def signups_of(booking: Booking) -> list[Signup]:
    """All sign-ups of this form, in order of their dates.

    One that changed an earlier sign-up of the same address (rule 5) is answered by that one.
    """
    found = [
        _standing(signup)
        for model in signup_models()
        for signup in _with_slot(model.objects.filter(booking=booking))  # type: ignore[attr-defined]
    ]
    return sorted(found, key=lambda signup: (signup.slot.starts, signup.pk))


def _standing(signup: Signup) -> Signup:
    if signup.ended_reason != Reason.MERGED or not signup.email_key:
        return signup
    rows = type(signup).objects.live()  # type: ignore[attr-defined]
    return _with_slot(rows.filter(slot=signup.slot_id, email_key=signup.email_key)).first() or signup


def other_open(booking: Booking) -> list[Signup]:
    """Unconfirmed sign-ups of the same address from other forms (rule 3: below, unticked)."""
    if not booking.email_key:
        return []
    found = [
        signup
        for model in signup_models()
        for signup in _with_slot(
            model.objects.filter(  # type: ignore[attr-defined]
                email_key=booking.email_key, status=Status.UNCONFIRMED
            ).exclude(booking=booking)
        )
    ]
    return sorted(found, key=lambda signup: (signup.booking.entered_at, signup.pk))


def lock_slots(signups: Sequence[Signup]) -> dict[int, Slot]:
    """The slots of these sign-ups (of one model), locked in key order, as they are now."""
    keys = {signup.slot_id for signup in signups}
    return {slot.pk: slot for slot in lock(type(signups[0].slot), keys)}


def lock(model: type[Slot], keys: Iterable[int]) -> list[Slot]:
    """Slots locked in key order until the transaction ends."""
    rows = model.objects.select_for_update(no_key=True, of=("self",))  # type: ignore[attr-defined]
    return list(rows.select_related(*model.row_relations).filter(pk__in=keys).order_by("pk"))


def _refuse_unless_open(slot: Slot, *, seats: int, now: datetime, by_staff: bool) -> None:
    if slot.cancelled_at:
        raise Refused(_("Dieser Termin fällt leider aus."))
    if now >= (slot.starts if by_staff else slot.closes):
        raise Refused(_("Die Anmeldung für diesen Termin ist schon geschlossen."))
    if seats > slot.max_party and not by_staff:
        raise Refused(
            ngettext(
                "Für diesen Termin kann man sich nur einzeln anmelden.",
                "Für diesen Termin können sich höchstens %(n)s Personen zusammen anmelden.",
                slot.max_party,
            )
            % {"n": slot.max_party}
        )
    slot.refuse_unless_open()


@deciding
def register(
    *,
    slots: Sequence[Slot],
    seats: int = 1,
    name: str,
    email: str,
    phone: str = "",
    age_confirmed: bool,
    now: datetime,
    source: Booking.Source = Booking.Source.WEB,
    entered_by: User | None = None,
    verified: bool = False,
) -> Booking:
    """One form or call for one or several slots of one kind is stored; returns its booking.

    A guest's sign-ups are UNCONFIRMED and hold no seat; a confirm-address mail is queued (rule 2).
    With `verified` (logged in) or `entered_by` (staff) they join the queues at once (rule 4).
    A known address is neither refused nor told here (rule 5). Raises Refused, Busy.
    """
    if not slots:
        raise Refused(_("Bitte wählen Sie mindestens einen Termin."))
    if seats < 1:
        raise Refused(_("Bitte melden Sie mindestens eine Person an."))
    for slot in slots:
        _refuse_unless_open(slot, seats=seats, now=now, by_staff=entered_by is not None)
    booking = Booking.objects.create(
        organisation=slots[0].organisation,
        name=name,
        email=email,
        email_key=email_key(email),
        phone=phone,
        source=source,
        entered_by=entered_by,
        wording=WORDING,
        age_confirmed=age_confirmed,
        entered_at=now,
    )
    model = type(slots[0]).signups.rel.related_model  # type: ignore[attr-defined]
    signups = model.objects.bulk_create(
        [model(booking=booking, slot=slot, email_key=booking.email_key, seats=seats) for slot in slots]
    )
    if verified or entered_by:
        booking.confirmed_at = now
        booking.save(update_fields=["confirmed_at"])
        _join(signups, now=now)
    else:
        notices.ask_to_confirm(booking, signups, now=now)
    return booking


@deciding
def confirm(booking: Booking, *, signups: Sequence[Signup], now: datetime) -> None:
    """Each ticked sign-up of this address joins its queue and gets a seat or a place in it (rule 3).

    Sign-ups of other addresses are ignored, confirmed ones stay as they are: a repeat changes
    nothing and sends nothing (rule 10).
    """
    mine = [signup for signup in signups if signup.email_key and signup.email_key == booking.email_key]
    Booking.objects.filter(pk__in={booking.pk, *(s.booking_id for s in mine)}, confirmed_at=None).update(
        confirmed_at=now
    )
    for model in {type(signup) for signup in mine}:
        _join([signup for signup in mine if type(signup) is model], now=now)


def _join(signups: Sequence[Signup], *, now: datetime) -> None:
    """Under the slots' locks: join, merge or end each sign-up, then one mail per form."""
    slots = lock_slots(signups)
    fresh = (
        type(signups[0])
        .objects.filter(pk__in=[s.pk for s in signups], status=Status.UNCONFIRMED)  # type: ignore[attr-defined]
        .select_related("booking__organisation")
        .order_by("slot_id", "pk")
    )
    results: dict[int, list[Signup]] = {}
    for signup in fresh:
        signup.slot = slots[signup.slot_id]
        if signup.slot.cancelled_at or now >= (
            signup.slot.starts if signup.booking.entered_by_id else signup.slot.closes
        ):
            _end(signup, Reason.CLOSED, now=now)
            continue
        results.setdefault(signup.booking_id, []).append(_enter(signup, now=now))
    for told in results.values():
        for signup in told:
            signup.refresh_from_db(fields=["status", "place", "seats"])
        notices.tell_result(told, now=now)


def _enter(signup: Signup, *, now: datetime) -> Signup:
    """The sign-up that stands for this party on its (locked) slot afterwards: itself, or the earlier one."""
    rows = type(signup).objects.filter(slot=signup.slot_id)  # type: ignore[attr-defined]
    earlier = rows.live().filter(email_key=signup.email_key).first() if signup.email_key else None
    if earlier:
        return _merge(signup, earlier, now=now)
    signup.place = (rows.aggregate(n=Max("place"))["n"] or 0) + 1
    signup.status = Status.WAITING
    signup.save(update_fields=["place", "status"])
    slot = signup.slot
    if slot.in_open_phase(now):
        # Nobody new is put behind a queue while a seat is open (rule 6).
        free = slot.free()
        if free is None or signup.seats <= free:
            _seat(signup, now=now)
    else:
        fill_seats(slot, now=now, known={signup.pk})
    return signup


def _merge(signup: Signup, earlier: Signup, *, now: datetime) -> Signup:
    """Rule 5: confirming the second one changes the first (name, number), it makes no second."""
    _end(signup, Reason.MERGED, now=now)
    first = earlier.booking
    first.name = signup.booking.name
    first.phone = signup.booking.phone or first.phone
    first.save(update_fields=["name", "phone"])
    earlier.slot = signup.slot
    if signup.seats != earlier.seats:
        _resize(earlier, seats=signup.seats, now=now)
    return earlier


def _seat(signup: Signup, *, now: datetime) -> None:
    signup.status = Status.CONFIRMED
    signup.seated_at = now
    signup.save(update_fields=["status", "seated_at"])


def _end(signup: Signup, reason: Signup.Reason, *, now: datetime) -> None:
    signup.status = Status.ENDED
    signup.ended_reason = reason
    signup.ended_at = now
    signup.held_until = None
    signup.save(update_fields=["status", "ended_reason", "ended_at", "held_until"])


def fill_seats(slot: Slot, *, now: datetime, known: frozenset[int] | set[int] = frozenset()) -> None:
    """Give free seats to those waiting, front first; the slot must be locked.

    A party that does not fit keeps its position and is passed over (rule 8). In the open phase
    nobody is promoted: those waiting are told that a seat is free (rule 6). Sign-ups in `known`
    learn of their seat from the mail of their own form.
    """
    free = slot.free()
    if slot.cancelled_at or now >= slot.starts or free == 0:
        return
    if slot.in_open_phase(now):
        announce_free_seat(slot, free=free, now=now)
        return
    passed: list[Signup] = []
    last_seated = 0
    for signup in slot.signups.waiting().select_related("booking__organisation"):  # type: ignore[attr-defined]
        if free is not None and signup.seats > free:
            passed.append(signup)
            continue
        signup.slot = slot
        _seat(signup, now=now)
        last_seated = signup.place or 0
        if signup.pk not in known:
            notices.tell_one(signup, "promoted", now=now)
        if free is not None:
            free -= signup.seats
            if not free:
                break
    _pass_over(slot, passed, last_seated=last_seated, free=free or 0, now=now)


def _pass_over(slot: Slot, passed: list[Signup], *, last_seated: int, free: int, now: datetime) -> None:
    """Who was passed over by somebody behind, or still sees a free seat, hears that fewer may come."""
    for signup in passed:
        overtaken = (signup.place or 0) < last_seated
        if overtaken:
            signup.passed_over += 1
            signup.save(update_fields=["passed_over"])
        if (overtaken or free) and signup.passed_over <= 2:
            signup.slot = slot
            notices.tell_one(signup, "passed-over", now=now, once=str(signup.passed_over))


def announce_free_seat(slot: Slot, *, free: int | None, now: datetime) -> None:
    """Tell those waiting that a seat is open, at most once in 6 hours each (rule 6); slot locked."""
    told_before = now - notices.FREE_SEAT_PAUSE
    for signup in slot.signups.waiting().select_related("booking__organisation"):  # type: ignore[attr-defined]
        if signup.told_free_at and signup.told_free_at > told_before:
            continue
        signup.slot = slot
        signup.told_free_at = now
        signup.save(update_fields=["told_free_at"])
        notices.tell_one(signup, "seat-free", now=now, once=f"{now:%Y%m%d%H%M}")


def _locked(signup: Signup) -> Signup:
    """The sign-up as it is now, its slot locked."""
    slot = lock_slots([signup])[signup.slot_id]
    current = (
        type(signup).objects.select_related("booking__organisation").get(pk=signup.pk)  # type: ignore[attr-defined]
    )
    current.slot = slot
    return current  # type: ignore[no-any-return]


@deciding
def claim_seat(signup: Signup, *, now: datetime) -> bool:
    """Take an open seat (rule 6): True with a seat, False when somebody was faster.

    Before the open phase it gives only what the queue would give: nothing while others wait.
    """
    current = _locked(signup)
    if current.status == Status.CONFIRMED:
        return True
    slot = current.slot
    if current.status != Status.WAITING or slot.cancelled_at or now >= slot.starts:
        return False
    if not slot.in_open_phase(now):
        fill_seats(slot, now=now)
        current.refresh_from_db(fields=["status"])
        return current.status == Status.CONFIRMED
    free = slot.free()
    if free is not None and current.seats > free:
        return False
    _seat(current, now=now)
    notices.tell_result([current], now=now)
    return True


@deciding
def give_back(signup: Signup, *, now: datetime, by: User | None = None) -> None:
    """The seat (or the place in the queue) is free again, the next are seated (rule 9).

    Possible until the start, by the person or by staff (`by`); a repeat changes nothing.
    """
    current = _locked(signup)
    if current.status == Status.ENDED:
        return
    slot = current.slot
    if now >= slot.starts:
        raise Refused(_("Der Termin hat schon begonnen. Bitte rufen Sie uns an."))
    was_live, had_seat = current.is_live, current.status in Signup.SEATED
    _end(current, Reason.REMOVED if by else Reason.GIVEN_BACK, now=now)
    notices.take_back(current, now=now)
    if was_live:
        notices.tell_one(current, "cancelled-by-you", now=now, more={"by_staff": "1"} if by else None)
    if had_seat:
        if not by and slot.in_open_phase(now):
            notices.tell_contact_of_late_return(current, now=now)
        fill_seats(slot, now=now)


@deciding
def change_party(signup: Signup, *, seats: int, now: datetime) -> None:
    """The party is now `seats` people: fewer always, more only where they fit (rule 8)."""
    if seats < 1:
        raise Refused(_("Bitte melden Sie mindestens eine Person an, oder geben Sie den Platz frei."))
    current = _locked(signup)
    if not current.is_live or now >= current.slot.starts:
        raise Refused(_("Diese Anmeldung lässt sich nicht mehr ändern."))
    if seats > current.slot.max_party and seats > current.seats:
        _refuse_unless_open(current.slot, seats=seats, now=now, by_staff=False)
    if seats != current.seats and not _resize(current, seats=seats, now=now):
        raise Refused(_("So viele Plätze sind leider nicht mehr frei. Ihre Anmeldung bleibt, wie sie war."))


def _resize(signup: Signup, *, seats: int, now: datetime) -> bool:
    """Change the number on a locked slot; False (nothing changed) if more people do not fit."""
    more = seats - signup.seats
    slot = signup.slot
    if more > 0 and signup.status in Signup.SEATED:
        free = slot.free()
        # `fill_seats` leaves a free seat only where nobody waiting fits, so taking it wrongs no one.
        if free is not None and more > free:
            return False
    signup.seats = seats
    signup.save(update_fields=["seats"])
    fill_seats(slot, now=now)
    return True


@deciding
def correct_address(booking: Booking, *, email: str, now: datetime) -> None:
    """The mail goes to the corrected address; links sent to the wrong one are dead."""
    current = Booking.objects.select_for_update().get(pk=booking.pk)
    if current.confirmed_at or current.erased_at:
        raise Refused(_("Diese Anmeldung ist schon bestätigt."))
    open_signups = [signup for signup in signups_of(current) if signup.status == Status.UNCONFIRMED]
    if not open_signups:
        raise Refused(_("Diese Anmeldung ist nicht mehr offen."))
    notices.withdraw_confirmation(current, now=now)
    current.email = email
    current.email_key = email_key(email)
    current.link_version += 1
    current.save(update_fields=["email", "email_key", "link_version"])
    for signup in open_signups:
        signup.email_key = current.email_key
        signup.save(update_fields=["email_key"])
    notices.ask_to_confirm(current, open_signups, now=now)


@deciding
def resend(booking: Booking, *, now: datetime) -> None:
    """Send the confirm-address mail once more, within the limit of three a day."""
    open_signups = [signup for signup in signups_of(booking) if signup.status == Status.UNCONFIRMED]
    if not open_signups:
        raise Refused(_("Diese Anmeldung ist nicht mehr offen."))
    notices.ask_to_confirm(booking, open_signups, now=now, again=True)
