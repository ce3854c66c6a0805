"""A date of help wanted as lists show it, and the list in weeks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal import slot_cards
from portal.slot_cards import Card
from volunteers.models import Shift


def card(shift: Shift, *, now: datetime) -> Card:
    """The row comes from `for_cards()`."""
    opportunity = shift.opportunity
    return slot_cards.card(
        shift,
        title=opportunity.title,
        label=opportunity.municipality.name,
        is_example=opportunity.is_example,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Group:
    heading: str
    shifts: list[Card]


def by_week(cards: Iterable[Card], *, today: date) -> list[Group]:
    """Cards in the order given under „Diese Woche", „Nächste Woche", then month by month."""
    groups: list[Group] = []
    for each in cards:
        heading = _heading(each.starts.date(), today)
        if not groups or groups[-1].heading != heading:
            groups.append(Group(heading, []))
        groups[-1].shifts.append(each)
    return groups


def _heading(day: date, today: date) -> str:
    monday = today - timedelta(days=today.weekday())
    if day < monday + timedelta(days=7):
        return _("Diese Woche")
    if day < monday + timedelta(days=14):
        return _("Nächste Woche")
    if (day.year, day.month) == (today.year, today.month):
        return _("Später im %s") % date_format(day, "F")
    return date_format(day, "F Y")
