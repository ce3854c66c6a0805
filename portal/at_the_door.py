"""Somebody comes without having signed up: entered on the spot, and noted as there (rules 4 and 11)."""

from datetime import datetime

from portal import attendance
from portal.models import Booking, User
from portal.seats import deciding, enter_again, lock
from portal.slots import Signup, Slot
from portal.standing import signup_model

DOOR_WORDING = "vor-ort-2026-12"  # what is said on the spot (templates/spot/_consent.html)


@deciding
def enter(slot: Slot, *, name: str, phone: str, seats: int, by: User, now: datetime) -> Signup:
    """The party has a seat, also on a full date, for it is there; who entered it and that it came is recorded.

    Raises Refused when nobody's attendance can be noted (yet, any more), Busy.
    """
    (current,) = lock(type(slot), [slot.pk])
    attendance.refuse_unless_open(current, now)
    booking = Booking.objects.create(
        organisation=current.organisation,
        name=name,
        phone=phone,
        source=Booking.Source.DOOR,
        entered_by=by,
        slot_kind=current.kind,
        wording=DOOR_WORDING,
        age_confirmed=True,
        entered_at=now,
        confirmed_at=now,
    )
    signup: Signup = signup_model(current)(booking=booking, slot=current, seats=seats)
    enter_again(signup, now=now)
    attendance.note(current, came={signup.pk: True}, by=str(by)[:120], now=now)
    return signup
