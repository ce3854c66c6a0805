"""What staff change on a slot that people are signed up for: time, place, seats, cancelled.

Each verb locks the slot, changes it, withdraws the mails that are no longer true, tells
everybody on it, and ends in `fill_seats` (domain.md, rules 6, 7, 14–16).
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from portal import dates, notices, outbox
from portal.refused import Refused
from portal.signups import deciding, fill_seats, lock, signups_of
from portal.slots import Signup, Slot


def _people(slot: Slot) -> list[Signup]:
    """Everybody with a seat or a place in the queue, the slot attached."""
    people = list(slot.signups.live().select_related("booking__organisation").order_by("pk"))  # type: ignore[attr-defined]
    for signup in people:
        signup.slot = slot
    return people


def _forget_reminders(signup: Signup, *, now: datetime) -> None:
    outbox.withdraw(about=[signup.label], kinds=["reminder", "changed", "seat-free"], now=now)
    notices.retell_others(signup, now=now)


@deciding
def change_capacity(slot: Slot, *, capacity: int | None, now: datetime) -> None:
    """The slot has this many seats (None: unlimited); more seats promote, fewer remove nobody (rule 7)."""
    (current,) = lock(type(slot), [slot.pk])
    current.capacity = capacity
    current.save(update_fields=["capacity"])
    fill_seats(current, now=now)


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
    old_when = dates.long(current.starts, current.ends)
    people = _people(current)
    current.starts_revision += starts != current.starts
    current.sequence += 1
    current.starts, current.ends, current.deadline = starts, ends, deadline
    current.save(update_fields=["starts", "ends", "deadline", "starts_revision", "sequence"])
    for signup in people:
        _forget_reminders(signup, now=now)
        notices.tell_one(
            signup,
            "changed",
            now=now,
            more={"old_when": old_when, "new_when": dates.long(starts, ends)},
        )
    fill_seats(current, now=now)


@deciding
def relocate(slots: Sequence[Slot], *, old_where: str, now: datetime) -> None:
    """The meeting point of these slots changed already; everybody on a coming one is told, old and new."""
    if not slots:
        return
    for slot in lock(type(slots[0]), [slot.pk for slot in slots]):
        if slot.cancelled_at or slot.starts <= now:
            continue
        slot.sequence += 1
        slot.save(update_fields=["sequence"])
        for signup in _people(slot):
            outbox.withdraw(about=[signup.label], kinds=["reminder", "changed"], now=now)
            notices.retell_others(signup, now=now)
            notices.tell_one(
                signup, "changed", now=now, more={"old_where": old_where, "new_where": slot.where}
            )


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
        signup.slot = current
        _end_cancelled(signup, now=now)
        notices.take_back(signup, now=now)
        notices.tell_one(signup, "cancelled-by-us", now=now, more={"reason": reason})
    unconfirmed = current.signups.filter(status=Signup.Status.UNCONFIRMED)
    for signup in unconfirmed.select_related("booking"):
        _end_cancelled(signup, now=now)
        if all(s.status != Signup.Status.UNCONFIRMED for s in signups_of(signup.booking)):
            notices.withdraw_confirmation(signup.booking, now=now)


def _end_cancelled(signup: Signup, *, now: datetime) -> None:
    signup.status = Signup.Status.ENDED
    signup.ended_reason = Signup.Reason.SLOT_CANCELLED
    signup.ended_at = now
    signup.save(update_fields=["status", "ended_reason", "ended_at"])
