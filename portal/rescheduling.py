"""What staff change on a slot that people are signed up for: time, place, seats, cancelled.

Each verb locks the slot, changes it, withdraws the mails that are no longer true, tells
everybody on it, and ends in `fill_seats` (domain.md, rules 6, 7, 14–16).
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from portal import broadcasts, confirmations, dates, notices, outbox, reminder_times
from portal.models import Booking, Mail
from portal.refused import Refused
from portal.reminder_times import DaysBefore, ShortlyBefore
from portal.seats import deciding, end, fill_seats, give_seat, lock, locked
from portal.slots import Signup, Slot
from portal.standing import signups_of


def _people(slot: Slot) -> list[Signup]:
    """Everybody with a seat or a place in the queue, the slot attached."""
    people = list(slot.signups.live().select_related("booking__organisation").order_by("pk"))  # type: ignore[attr-defined]
    for signup in people:
        signup.slot = slot
    return people


def _take_back_old(signup: Signup, *, old_day: date, now: datetime) -> None:
    """What has not left yet and says the old time or place does not leave, or is written anew."""
    if outbox.withdraw(about=[signup.label], kinds=["changed", "seat-free", "passed-over"], now=now):
        signup.told_free_at = None
        signup.save(update_fields=["told_free_at"])
    untold = outbox.withdraw(about=[signup.label], kinds=["new-access"], now=now)
    if untold and signup.status in Signup.SEATED and not reminder_times.to_come(signup.slot, now):
        notices.tell_one(signup, "new-access", more=signup.slot.access(), now=now)
    notices.retell(signup, now=now)
    if outbox.withdraw(about=[signup.label], kinds=["promoted"], now=now):
        notices.tell_one(signup, "promoted", now=now)
    notices.take_back_reminder(signup.booking, day=old_day, now=now)
    broadcasts.retell(signup.booking, now=now)


def _ask_again(slot: Slot, *, now: datetime) -> None:
    """Mails that ask to confirm this date and have not left yet are written anew, or not sent."""
    unconfirmed = slot.signups.filter(booking__confirmed_at=None, booking__erased_at=None)
    for signup in unconfirmed.select_related("booking__organisation"):
        still_open = [s for s in signups_of(signup.booking) if s.status == Signup.Status.UNCONFIRMED]
        confirmations.ask_again(signup.booking, still_open, now=now)


@deciding
def change_capacity(slot: Slot, *, capacity: int | None, now: datetime) -> None:
    """The slot has this many seats (None: unlimited); more seats promote, fewer remove nobody (rule 7)."""
    (current,) = lock(type(slot), [slot.pk])
    current.capacity = capacity
    current.save(update_fields=["capacity"])
    fill_seats(current, now=now)


@deciding
def seat_by_hand(signup: Signup, *, now: datetime) -> None:
    """A party that was passed over twice has its seats, by decision of staff, and is told (rule 8).

    It may overbook the slot: staff see that, and decide. Raises Refused for anybody else.
    """
    current = locked(signup)
    if not current.may_be_seated_by_hand or current.slot.cancelled_at or now >= current.slot.starts:
        raise Refused(_("Diese Gruppe lässt sich nicht von Hand einteilen."))
    give_seat(current, now=now)
    notices.tell_promoted(current, now=now)


@deciding
def move(
    slot: Slot, *, starts: datetime, ends: datetime, deadline: datetime | None = None, now: datetime
) -> None:
    """The slot is at the new time and everybody on it is told, old and new; reminders start afresh.

    `deadline=None` means until the start. Raises Refused for a cancelled slot or an end before the start.
    """
    (current,) = lock(type(slot), [slot.pk])
    if current.cancelled_at:
        raise Refused(_("Der Termin ist abgesagt und lässt sich nicht mehr verschieben."))
    if ends <= starts:
        raise Refused(_("Das Ende liegt vor dem Beginn."))
    if deadline and deadline > starts:
        raise Refused(_("Der Anmeldeschluss liegt nach dem Beginn."))
    if (current.starts, current.ends) == (starts, ends):
        type(slot).objects.filter(pk=slot.pk).update(deadline=deadline)  # type: ignore[attr-defined]
        return
    old_when, old_day = dates.long(current.starts, current.ends), current.day
    people = _people(current)
    if people and starts <= now < current.starts:
        raise Refused(_("Der neue Beginn liegt in der Vergangenheit. Bitte prüfen Sie Tag und Jahr."))
    current.starts_revision += starts != current.starts
    current.sequence += 1
    current.starts, current.ends, current.deadline = starts, ends, deadline
    current.save(update_fields=["starts", "ends", "deadline", "starts_revision", "sequence"])
    more = {"old_when": old_when, "new_when": dates.long(starts, ends)}
    for signup in people:
        _take_back_old(signup, old_day=old_day, now=now)
        notices.tell_one(signup, "changed", more=more, now=now)
    _ask_again(current, now=now)
    fill_seats(current, now=now)


@deciding
def relocate(slots: Sequence[Slot], *, old_where: str, now: datetime) -> None:
    """The meeting point of these slots changed already; everybody on a coming one is told, old and new."""
    if not slots:
        return
    by_form: dict[Booking, list[Signup]] = {}
    for slot in lock(type(slots[0]), [slot.pk for slot in slots]):
        if slot.cancelled_at or slot.starts <= now:
            continue
        slot.sequence += 1
        slot.save(update_fields=["sequence"])
        for signup in _people(slot):
            outbox.withdraw(about=[signup.booking.label], kinds=["changed"], now=now)
            _take_back_old(signup, old_day=slot.day, now=now)
            by_form.setdefault(signup.booking, []).append(signup)
        _ask_again(slot, now=now)
    for booking, signups in by_form.items():
        in_order = sorted(signups, key=lambda signup: (signup.slot.starts, signup.pk))
        notices.tell_relocated(booking, in_order, old_where=old_where, now=now)


@deciding
def change_access(slot: Slot, *, now: datetime) -> None:
    """The way into an online date changed already, and whoever has a seat learns of it in time (rule 28).

    A reminder that has not left is written anew. Who may have been told another way, and everybody once no
    reminder is to come, is told now. People without a seat learn nothing.
    """
    (current,) = lock(type(slot), [slot.pk])
    seated = [signup for signup in _people(current) if signup.status in Signup.SEATED]
    if current.cancelled_at or current.ends <= now or not seated:
        return
    # Also for what is rewritten: a mail of the same key could be taken for the one in flight.
    current.sequence += 1
    current.save(update_fields=["sequence"])
    waits_for_it = bool(reminder_times.to_come(current, now)) or not any(current.access().values())
    for signup in seated:
        knows = _may_know_the_way(signup)
        notices.take_back_reminder(signup.booking, day=current.day, now=now)
        if knows or not waits_for_it:
            outbox.withdraw(about=[signup.label], kinds=["new-access"], now=now)
            notices.tell_one(signup, "new-access", more=current.access(), now=now)


def _may_know_the_way(signup: Signup) -> bool:
    """Whether a mail with the way in left, or was on its way, for the day on which it takes place now."""
    reminders = Q(
        about=notices.reminder_about(signup.booking, signup.slot.day),
        kind__in=[DaysBefore.kind, ShortlyBefore.kind],
    )
    told = Mail.objects.filter(reminders | Q(about=signup.label, kind="new-access"))
    return told.filter(Q(sent_at__isnull=False) | Q(attempts__gt=0)).exists()


@deciding
def cancel(slot: Slot, *, reason: str, now: datetime) -> None:
    """The slot does not take place: everybody is told, nobody is on it any more. Again: nothing."""
    (current,) = lock(type(slot), [slot.pk])
    if current.cancelled_at:
        return
    if current.ends <= now:
        raise Refused(_("Der Termin ist schon vorbei."))
    people = _people(current)
    current.cancelled_at = now
    current.cancel_reason = reason
    current.sequence += 1
    current.save(update_fields=["cancelled_at", "cancel_reason", "sequence"])
    for signup in people:
        end(signup, Signup.Reason.SLOT_CANCELLED, now=now)
        notices.take_back(signup, now=now)
        broadcasts.retell(signup.booking, now=now)
        notices.tell_one(signup, "cancelled-by-us", now=now, more={"reason": reason})
    for signup in current.signups.filter(status=Signup.Status.UNCONFIRMED):
        end(signup, Signup.Reason.SLOT_CANCELLED, now=now)
    _ask_again(current, now=now)
