"""Invented people on the example dates of the demo, seated by the engine as they came."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from portal import seats
from portal.models import Booking
from portal.slots import Slot
from portal.standing import signup_model

DOMAIN = "beispiel.example"


def seat(
    slot: Slot, parties: Sequence[int], *, now: datetime, answers: Sequence[dict[str, Any]] = ({},)
) -> None:
    """Parties of these sizes on a date, without mails about it; `answers` are given in turn."""
    before = min(now, slot.starts) - timedelta(days=6)
    model = signup_model(slot)
    seats.lock(type(slot), [slot.pk])
    for number, size in enumerate(parties, start=1):
        # Every third helper phoned; who registers for a seminar has an address.
        address = f"gast{slot.kind}{slot.pk}-{number}@{DOMAIN}" if number % 3 or slot.is_online else ""
        booking = Booking.objects.create(
            organisation=slot.organisation,
            name=f"Beispiel Gast {number}",
            email=address,
            email_key=address or None,
            source=Booking.Source.WEB if address else Booking.Source.PHONE,
            slot_kind=slot.kind,
            wording="Beispiel",
            age_confirmed=slot.asks_age,
            entered_at=before,
            confirmed_at=before,
        )
        said = answers[number % len(answers)]
        signup = model.objects.create(
            booking=booking, slot=slot, email_key=booking.email_key, seats=size, **said
        )
        seats.enter(signup, earlier=None, now=before)
    # Nobody reads the mails of invented people: var/mail shows the visitor's own.
    slot.signups.update(reminded_early=0, reminded_late=0, thanked_at=now)
    type(slot)._default_manager.filter(pk=slot.pk).update(contact_told_at=now)
