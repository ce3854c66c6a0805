"""The form: storing it, correcting its address, sending its mail again (rules 2–5)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from portal import confirmations
from portal.joining import join, refuse_unless_open
from portal.models import Booking, User, email_key
from portal.prepared import add, prepared
from portal.refused import Refused
from portal.seats import deciding
from portal.slots import Signup, Slot
from portal.standing import signup_model, signup_models, signups_of, slot_model, with_slot

Status = Signup.Status
PHONE_WORDING = "telefon-2026-12"  # what staff say on the telephone (templates/admin/desk/_consent.html)
REPEAT_WINDOW = timedelta(minutes=15)  # the same form again is a double click or a reload


@deciding
def register(
    *,
    slots: Sequence[Slot],
    seats: int = 1,
    name: str,
    email: str,
    phone: str = "",
    age_confirmed: bool = False,
    answers: dict[str, Any] | None = None,
    now: datetime,
    source: Booking.Source = Booking.Source.WEB,
    entered_by: User | None = None,
    verified: bool = False,
) -> Booking:
    """One form or call for one or several slots of one kind is stored; returns its booking.

    A guest's sign-ups are UNCONFIRMED and hold no seat; a confirm-address mail is queued (rule 2).
    With `verified` (logged in) or `entered_by` (staff) they join the queues at once (rule 4).
    `answers` are further columns of the sign-up (`Signup.answers`). A known address is neither refused
    nor told here (rule 5). Raises Refused, Busy.
    """
    if not slots:
        raise Refused(_("Bitte wählen Sie mindestens einen Termin."))
    if seats < 1:
        raise Refused(_("Bitte melden Sie mindestens eine Person an."))
    if not age_confirmed and slots[0].asks_age:
        raise Refused(_("Bitte bestätigen Sie die Angabe zum Alter."))
    for slot in slots:
        refuse_unless_open(slot, seats=seats, now=now, by_staff=entered_by is not None)
    known_as, answers = email_key(email), answers or {}
    at_once, number = verified or entered_by is not None, 0
    if known_as and not at_once:
        confirmations.lock_address(known_as)
        said = {"seats": seats} | answers
        if twin := _twin(slots, said, name=name, email_key=known_as, phone=phone, now=now):
            return twin
        number = confirmations.next_number(known_as, now=now)
    booking = Booking(
        organisation=slots[0].organisation,
        name=name,
        email=email,
        email_key=known_as,
        phone=phone,
        source=source,
        entered_by=entered_by,
        slot_kind=slots[0].kind,
        wording=PHONE_WORDING if source == Booking.Source.PHONE else slots[0].wording,
        age_confirmed=age_confirmed,
        entered_at=now,
        mailed_at=now if number else None,
        confirmed_at=now if at_once else None,
    )
    add(booking)
    model = signup_model(slots[0])
    signups = [
        model(booking=booking, slot=slot, email_key=known_as, seats=seats, **answers) for slot in slots
    ]
    add(*signups)
    if at_once:
        join(signups, now=now)
    elif number:
        confirmations.write(booking, signups, number=number, now=now)
    return booking


def _twin(
    slots: Sequence[Slot], said: dict[str, Any], *, name: str, email_key: str, phone: str, now: datetime
) -> Booking | None:
    """The booking that the same form made a moment ago, if it still waits for its click.

    A double click or a reload is one form: one booking, one mail, and a corrected address
    leaves no second mail behind at the wrong one.
    """
    wanted = {(slot.pk, *said.values()) for slot in slots}
    typed = {"name": name, "email_key": email_key, "phone": phone, "since": now - REPEAT_WINDOW}
    found: dict[int, set[tuple[Any, ...]]] = {}
    for key, *date in _just_entered(signup_model(slots[0]), tuple(said), **typed):
        found.setdefault(key, set()).add(tuple(date))
    twin = next((key for key, dates in found.items() if dates == wanted), None)
    return Booking.objects.select_related("organisation").get(pk=twin) if twin else None


@prepared
def _just_entered(
    model: Any, said: tuple[str, ...], *, name: str, email_key: str, phone: str, since: datetime
) -> QuerySet:
    recent = Booking.objects.filter(email_key=email_key, name=name, phone=phone, entered_at__gt=since)
    recent = recent.filter(confirmed_at=None, erased_at=None, link_version=0)
    rows = model.objects.filter(booking__in=recent, status=Status.UNCONFIRMED)
    return rows.values_list("booking", "slot", *said)  # type: ignore[no-any-return]


def other_open(booking: Booking) -> list[Signup]:
    """Unconfirmed sign-ups of the same address from other forms (rule 3: below, unticked)."""
    if not booking.email_key:
        return []
    kinds = set(_other_kinds(email_key=booking.email_key, booking=booking.pk))  # usually none
    found = [
        signup
        for model in signup_models()
        if slot_model(model).kind in kinds
        for signup in with_slot(
            model.objects.filter(  # type: ignore[attr-defined]
                email_key=booking.email_key, status=Status.UNCONFIRMED
            ).exclude(booking=booking)
        )
    ]
    return sorted(found, key=lambda signup: (signup.booking.entered_at, signup.pk))


@prepared
def _other_kinds(*, email_key: str, booking: int) -> QuerySet:
    others = Booking.objects.filter(email_key=email_key).exclude(pk=booking)
    return others.values_list("slot_kind", flat=True)


@deciding
def correct_address(booking: Booking, *, email: str, now: datetime) -> None:
    """The mail goes to the corrected address; links sent to the wrong one are dead."""
    current = confirmations.lock_booking(booking)
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
def correct(
    booking: Booking,
    *,
    signups: Sequence[Signup],
    name: str,
    phone: str,
    answers: dict[str, Any],
    now: datetime,
) -> None:
    """Name, telephone and answers are as their owner wants them, for all these dates of the form.

    Raises Refused when the data were erased meanwhile.
    """
    current = confirmations.lock_booking(booking)
    if current.erased_at:
        raise Refused(_("Ihre Angaben sind inzwischen gelöscht."))
    current.name, current.phone = name, phone
    current.save(update_fields=["name", "phone"])
    if answers:
        rows = type(signups[0]).objects.filter(pk__in=[signup.pk for signup in signups])  # type: ignore[attr-defined]
        rows.exclude(email_key=None).update(**answers)


@deciding
def resend(booking: Booking, *, now: datetime) -> None:
    """Send the confirm-address mail once more, within the limit of three a day."""
    current = confirmations.lock_booking(booking)
    confirmations.ask(current, _open_signups(current), now=now)


def _open_signups(booking: Booking) -> list[Signup]:
    found = [signup for signup in signups_of(booking) if signup.status == Status.UNCONFIRMED]
    if not found:
        raise Refused(_("Diese Anmeldung ist nicht mehr offen."))
    return found
