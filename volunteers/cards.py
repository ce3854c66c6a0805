"""A date of help wanted as lists show it."""

from datetime import datetime

from portal import slot_cards
from portal.slot_cards import Card
from volunteers.models import Shift


def card(shift: Shift, *, now: datetime) -> Card:
    """Expects `with_seats()` and the opportunity with its municipality selected."""
    opportunity = shift.opportunity
    return slot_cards.card(
        shift,
        title=opportunity.title,
        label=opportunity.municipality.name,
        is_example=opportunity.is_example,
        now=now,
    )
