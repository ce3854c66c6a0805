"""Joining a slot's queue: who may, and what becomes of a form's sign-ups once its address is proved."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import notices
from portal.models import Booking
from portal.prepared import Changes, prepared, prepared_update
from portal.refused import Refused
from portal.seats import end, enter, lock_slots
from portal.slots import Signup, Slot

Status, Reason = Signup.Status, Signup.Reason


def refuse_unless_open(slot: Slot, *, seats: int, now: datetime, by_staff: bool) -> None:
    """Raise `Refused` where a party of this size cannot sign up now (rules 1, 8)."""
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


def join(signups: Sequence[Signup], *, now: datetime) -> bool:
    """Under the slots' locks: join, merge or end each sign-up, then one mail per form; False when all ended.

    The address that was proved is the one in `signups`: a row whose address was corrected
    meanwhile is not confirmed by a click on the old link.
    """
    slots = lock_slots(signups)
    proved = {signup.pk: signup.email_key for signup in signups}
    addresses = {key for key in proved.values() if key}
    # Locks the bookings too, after the slots: a correction of the address waits, or was first.
    _proved(bookings={s.booking_id for s in signups}, addresses=addresses, at=now)
    rows = _joining(type(signups[0]), keys=list(proved), slots=list(slots), addresses=addresses)
    standing = {(s.slot_id, s.email_key): s for s in rows if s.is_live}
    results: dict[Booking, list[Signup]] = {}
    for signup in rows:
        if signup.pk in proved and signup.email_key == proved[signup.pk] and not signup.is_live:
            signup.slot = slots[signup.slot_id]
            if _takes_nobody(signup.slot, by_staff=signup.booking.entered_by_id is not None, now=now):
                end(signup, Reason.CLOSED, now=now)
                continue
            same = (signup.slot_id, signup.email_key)
            standing[same] = enter(signup, earlier=standing.get(same) if same[1] else None, now=now)
            results.setdefault(signup.booking, []).append(standing[same])
    for booking, told in results.items():
        notices.tell_result(booking, told, now=now)
    return bool(results)


@prepared_update
def _proved(*, bookings: Collection[int], addresses: Collection[str], at: datetime) -> Changes:
    rows = Booking.objects.filter(pk__in=bookings, confirmed_at=None, email_key__in=addresses)
    return rows, {"confirmed_at": at}


@prepared
def _joining(
    model: Any, *, keys: Sequence[int], slots: Sequence[int], addresses: Collection[str]
) -> QuerySet:
    """These sign-ups that wait for their click, and what stands for their addresses on these slots."""
    rows = model.objects.filter(
        Q(pk__in=keys, status=Status.UNCONFIRMED)
        | Q(slot__pk__in=slots, email_key__in=addresses, status__in=Signup.LIVE)
    )
    return rows.select_related("booking__organisation").order_by("slot_id", "pk")  # type: ignore[no-any-return]


def _takes_nobody(slot: Slot, *, by_staff: bool, now: datetime) -> bool:
    try:
        refuse_unless_open(slot, seats=1, now=now, by_staff=by_staff)
    except Refused:
        return True
    return False
