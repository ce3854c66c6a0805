"""A date as lists show it: words and colours made once per row, so that templates only print.

(performance.md: precomputed strings, few nested includes. `Card` has the names that
templates/components/shift_card.html reads; the start page and the pages of towns use it too.)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal import dates
from portal.slot_lists import seats_state, seats_text
from volunteers.models import Shift


@dataclass(frozen=True, slots=True)
class Card:
    opportunity_title: str
    get_absolute_url: str
    place_name: str
    starts: datetime  # local time
    ends: datetime
    day_text: str  # „Sa., 28. Nov."
    time_text: str  # „9–12 Uhr"
    iso: str  # „2026-11-28T09:00"; this and the next three are the calendar leaf
    weekday: str  # „Sa."
    day: int
    month: str  # „Nov"
    seats_text: str  # „noch 4 Plätze"
    seats_state: str  # free, few, waiting, unlimited or past
    is_example: bool


def card(shift: Shift, *, now: datetime) -> Card:
    """Expects `with_seats()` and the opportunity with its municipality selected."""
    opportunity = shift.opportunity
    starts = timezone.localtime(shift.starts)
    return Card(
        opportunity_title=opportunity.title,
        get_absolute_url=opportunity.get_absolute_url(),
        place_name=opportunity.municipality.name,
        starts=starts,
        ends=timezone.localtime(shift.ends),
        day_text=dates.day(shift.starts),
        time_text=dates.span(shift.starts, shift.ends),
        iso=f"{starts:%Y-%m-%dT%H:%M}",
        weekday=f"{WEEKDAYS_ABBR[starts.weekday()]}.",
        day=starts.day,
        month=str(MONTHS_3[starts.month]),
        seats_text=seats_text(shift, now=now),
        seats_state=seats_state(shift, now=now),
        is_example=opportunity.is_example,
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
