"""The seats engine: every verb that changes who has a seat (domain.md, rules 1–10).

What happens on a locked slot is in `seats.py`, what staff change on a slot itself in
`rescheduling.py`, what is written to people in `notices.py` and `confirmations.py`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import confirmations, notices
from portal.models import Booking, User, email_key
from portal.refused import Refused
from portal.seats import (
    announce_free_seat,
    deciding,
    end,
    enter,
    enter_again,
    fill_seats,
    fits,
    lock,
    lock_slots,
    locked,
    resize,
    take_open_seat,
)
from portal.slots import Signup, Slot
from portal.standing import signup_models, signups_of, with_slot

__all__ = [
    "announce_free_seat",
    "change_party",
    "claim_seat",
    "confirm",
    "correct_address",
    "fill_seats",
    "give_back",
    "lock",
    "lock_slots",
    "other_open",
    "register",
    "resend",
    "signup_models",
    "signups_of",
]

Status, Reason = Signup.Status, Signup.Reason
WORDING = "2026-11"  # version of the sentence beside the button; raise it with the sentence
REPEAT_WINDOW = timedelta(minutes=15)  # the same form again is a double click or a reload
LATE_RETURN = timedelta(hours=24)  # rule 9


def other_open(booking: Booking) -> list[Signup]:
    """Unconfirmed sign-ups of the same address from other forms (rule 3: below, unticked)."""
    if not booking.email_key:
        return []
    found = [
        signup
        for model in signup_models()
        for signup in with_slot(
            model.objects.filter(  # type: ignore[attr-defined]
                email_key=booking.email_key, status=Status.UNCONFIRMED
            ).exclude(booking=booking)
        )
    ]
    return sorted(found, key=lambda signup: (signup.booking.entered_at, signup.pk))


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
    known_as = email_key(email)
    at_once, number = verified or entered_by is not None, 0
    if known_as and not at_once:
        confirmations.lock_address(known_as)
        if twin := _twin(slots, seats=seats, name=name, email_key=known_as, phone=phone, now=now):
            return twin
        number = confirmations.next_number(known_as, now=now)
    booking = Booking.objects.create(
        organisation=slots[0].organisation,
        name=name,
        email=email,
        email_key=known_as,
        phone=phone,
        source=source,
        entered_by=entered_by,
        wording=WORDING,
        age_confirmed=age_confirmed,
        entered_at=now,
        mailed_at=now if number else None,
        confirmed_at=now if at_once else None,
    )
    model = _signups_on(slots)
    signups = model.objects.bulk_create(
        [model(booking=booking, slot=slot, email_key=known_as, seats=seats) for slot in slots]
    )
    if at_once:
        _join(signups, now=now)
    elif number:
        confirmations.write(booking, signups, number=number, now=now)
    return booking


def _signups_on(slots: Sequence[Slot]) -> Any:
    return type(slots[0]).signups.rel.related_model


def _twin(
    slots: Sequence[Slot], *, seats: int, name: str, email_key: str, phone: str, now: datetime
) -> Booking | None:
    """The booking that the same form made a moment ago, if it still waits for its click.

    A double click or a reload is one form: one booking, one mail, and a corrected address
    leaves no second mail behind at the wrong one.
    """
    wanted = {(slot.pk, seats) for slot in slots}
    recent = Booking.objects.filter(
        email_key=email_key, name=name, phone=phone, entered_at__gt=now - REPEAT_WINDOW
    ).filter(confirmed_at=None, erased_at=None, link_version=0)
    rows = _signups_on(slots).objects.filter(booking__in=recent, status=Status.UNCONFIRMED)  # type: ignore[attr-defined]
    said: dict[Booking, set[tuple[int, int]]] = {}
    for signup in rows.select_related("booking__organisation"):
        said.setdefault(signup.booking, set()).add((signup.slot_id, signup.seats))
    return next((booking for booking, dates in said.items() if dates == wanted), None)


@deciding
def confirm(booking: Booking, *, signups: Sequence[Signup], now: datetime) -> None:
    """Each ticked sign-up of this address joins its queue and gets a seat or a place in it (rule 3).

    Sign-ups of other addresses are ignored, confirmed ones stay as they are: a repeat changes
    nothing and sends nothing (rule 10).
    """
    mine = [signup for signup in signups if signup.email_key and signup.email_key == booking.email_key]
    for model in {type(signup) for signup in mine}:
        _join([signup for signup in mine if type(signup) is model], now=now)


def _join(signups: Sequence[Signup], *, now: datetime) -> None:
    """Under the slots' locks: join, merge or end each sign-up, then one mail per form.

    The address that was proved is the one in `signups`: a row whose address was corrected
    meanwhile is not confirmed by a click on the old link.
    """
    slots = lock_slots(signups)
    proved = {signup.pk: signup.email_key for signup in signups}
    addresses = {key for key in proved.values() if key}
    # Locks the bookings too, after the slots: a correction of the address waits, or was first.
    bookings = Booking.objects.filter(pk__in={s.booking_id for s in signups}, confirmed_at=None)
    bookings.filter(email_key__in=addresses).update(confirmed_at=now)
    rows = (
        type(signups[0])
        .objects.filter(  # type: ignore[attr-defined]
            Q(pk__in=proved, status=Status.UNCONFIRMED)
            | Q(slot__in=list(slots), email_key__in=addresses, status__in=Signup.LIVE)
        )
        .select_related("booking__organisation")
        .order_by("slot_id", "pk")
    )
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


def _takes_nobody(slot: Slot, *, by_staff: bool, now: datetime) -> bool:
    try:
        _refuse_unless_open(slot, seats=1, now=now, by_staff=by_staff)
    except Refused:
        return True
    return False


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
    end(current, Reason.REMOVED if by else Reason.GIVEN_BACK, now=now)
    notices.take_back(current, now=now)
    if was_live:
        notices.tell_one(current, "cancelled-by-you", now=now, more={"by_staff": "1"} if by else None)
    if had_seat:
        if not by and now >= slot.starts - LATE_RETURN:
            notices.tell_contact_of_late_return(current, now=now)
        fill_seats(slot, now=now)


@deciding
def change_party(signup: Signup, *, seats: int, now: datetime) -> None:
    """The party is now `seats` people: fewer always, more only where they fit (rule 8)."""
    if seats < 1:
        raise Refused(_("Bitte melden Sie mindestens eine Person an, oder geben Sie den Platz frei."))
    current = locked(signup)
    if not current.is_live or now >= current.slot.starts:
        raise Refused(_("Diese Anmeldung lässt sich nicht mehr ändern."))
    if seats > current.slot.max_party and seats > current.seats:
        _refuse_unless_open(current.slot, seats=seats, now=now, by_staff=False)
    if seats != current.seats and not resize(current, seats=seats, now=now):
        raise Refused(_("So viele Plätze sind leider nicht mehr frei. Ihre Anmeldung bleibt, wie sie war."))


@deciding
def correct_address(booking: Booking, *, email: str, now: datetime) -> None:
    """The mail goes to the corrected address; links sent to the wrong one are dead."""
    current = Booking.objects.select_for_update(no_key=True).get(pk=booking.pk)
    if current.confirmed_at or current.erased_at:
        raise Refused(_("Diese Anmeldung ist schon bestätigt."))
    open_signups = _open_signups(current)
    confirmations.withdraw(current, now=now)
    current.email = email
    current.email_key = email_key(email)
    current.link_version += 1
    current.save(update_fields=["email", "email_key", "link_version"])
    for signup in open_signups:
        signup.booking = current
        signup.email_key = current.email_key
        signup.save(update_fields=["email_key"])
    confirmations.ask(current, open_signups, now=now)


@deciding
def resend(booking: Booking, *, now: datetime) -> None:
    """Send the confirm-address mail once more, within the limit of three a day."""
    confirmations.ask(booking, _open_signups(booking), now=now)


def _open_signups(booking: Booking) -> list[Signup]:
    found = [signup for signup in signups_of(booking) if signup.status == Status.UNCONFIRMED]
    if not found:
        raise Refused(_("Diese Anmeldung ist nicht mehr offen."))
    return found
