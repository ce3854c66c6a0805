"""The seats engine: every verb that changes who has a seat (domain.md, rules 1–10).

The form is in `registering.py`, what happens on a locked slot in `joining.py` and `seats.py`, what
staff change on a slot itself in `rescheduling.py`, what is written to people in `notices.py`
and `confirmations.py`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from portal import broadcasts, confirmations, notices
from portal.joining import join, refuse_unless_open
from portal.models import Booking, User
from portal.refused import Refused
from portal.registering import correct, correct_address, other_open, register, resend
from portal.seats import deciding, end, enter_again, fill_seats, fits, lock, locked, resize, take_open_seat
from portal.slots import Signup
from portal.standing import signup_models, signups_of

__all__ = [
    "Refused",
    "change_party",
    "claim_seat",
    "confirm",
    "correct",
    "correct_address",
    "fill_seats",
    "give_back",
    "lock",
    "other_open",
    "register",
    "resend",
    "signup_models",
    "signups_of",
]

Status, Reason = Signup.Status, Signup.Reason
LATE_RETURN = timedelta(hours=24)  # rule 9


@deciding
def confirm(booking: Booking, *, signups: Sequence[Signup], now: datetime) -> bool:
    """Each ticked sign-up of this address joins its queue and gets a seat or a place in it (rule 3).

    False when none of them could (any more). Sign-ups of other addresses are ignored, confirmed ones stay as
    they are: a repeat changes nothing and sends nothing (rule 10).
    """
    mine = [signup for signup in signups if signup.email_key and signup.email_key == booking.email_key]
    joined = False
    for model in signup_models():  # in the same order everywhere, as the locks are
        if ticked := [signup for signup in mine if type(signup) is model]:
            joined |= join(ticked, now=now)
    return joined


@deciding
def claim_seat(signup: Signup, *, now: datetime) -> bool:
    """Take an open seat (rule 6): True with a seat, False when somebody was faster.

    Before the open phase it gives only what the queue would give: nothing while others wait.
    Who gave the seat back takes it again while seats last (mail cancelled-by-you).
    """
    current = locked(signup)
    if current.ended_reason == Reason.GIVEN_BACK and current.email_key:
        current = _again(current)
    if current.status == Status.CONFIRMED:
        return True
    slot = current.slot
    if slot.cancelled_at or now >= slot.starts or not fits(current, slot.free()):
        return False
    if current.status == Status.WAITING and not slot.in_open_phase(now):
        fill_seats(slot, now=now)
        current.refresh_from_db(fields=["status"])
        return current.status == Status.CONFIRMED
    if current.status == Status.WAITING:
        take_open_seat(current, now=now)
    elif current.pk is None:
        slot.refuse_unless_open()
        enter_again(current, now=now)
    else:
        return False
    notices.tell_result(current.booking, [current], now=now)
    return True


def _again(given_back: Signup) -> Signup:
    """The live sign-up of the same address, or a new row: the calendar entry of the old one is cancelled."""
    model, slot = type(given_back), given_back.slot
    live = model.objects.live().filter(slot=slot, email_key=given_back.email_key)  # type: ignore[attr-defined]
    found = live.select_related("booking__organisation").first() or model(
        booking=given_back.booking,  # type: ignore[misc]
        email_key=given_back.email_key,
        seats=given_back.seats,
        **given_back.answered(),
    )
    found.slot = slot
    return found  # type: ignore[no-any-return]


@deciding
def give_back(signup: Signup, *, now: datetime, by: User | None = None) -> None:
    """The seat (or the place in the queue) is free again, the next are seated (rule 9).

    Possible until the start, by the person or by staff (`by`); a repeat changes nothing.
    """
    current = locked(signup)
    if current.status == Status.ENDED:
        return
    slot = current.slot
    if now >= slot.starts:
        raise Refused(_("Der Termin hat schon begonnen. Bitte rufen Sie uns an."))
    was_live, had_seat = current.is_live, current.status in Signup.SEATED
    was_waiting = current.status == Status.WAITING
    end(current, Reason.REMOVED if by else Reason.GIVEN_BACK, now=now)
    notices.take_back(current, now=now)
    broadcasts.retell(current.booking, now=now)
    if not was_live:
        still_open = [s for s in signups_of(current.booking) if s.status == Status.UNCONFIRMED]
        confirmations.ask_again(current.booking, still_open, now=now)
    else:
        more = {"by_staff": "1" if by else "", "was_waiting": "1" if was_waiting else ""}
        notices.tell_one(current, "cancelled-by-you", now=now, more=more)
    if had_seat:
        fill_seats(slot, now=now)
        if not by and now >= slot.starts - LATE_RETURN:
            notices.tell_contact_of_late_return(current, now=now)


@deciding
def change_party(signup: Signup, *, seats: int, now: datetime) -> None:
    """The party is now `seats` people: fewer always, more only where they fit (rule 8)."""
    if seats < 1:
        raise Refused(_("Bitte melden Sie mindestens eine Person an, oder geben Sie den Platz frei."))
    current = locked(signup)
    if not current.is_live or now >= current.slot.starts:
        raise Refused(_("Diese Anmeldung lässt sich nicht mehr ändern."))
    if seats > current.slot.max_party and seats > current.seats:
        refuse_unless_open(current.slot, seats=seats, now=now, by_staff=False)
    if seats != current.seats and not resize(current, seats=seats, now=now):
        raise Refused(_("So viele Plätze sind leider nicht mehr frei. Ihre Anmeldung bleibt, wie sie war."))
