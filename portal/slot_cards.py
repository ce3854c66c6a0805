"""A date as lists show it: words and colours made once per row, so that templates only print.

(performance.md: precomputed strings, few nested includes. `Card` has the names that
templates/components/shift_card.html reads; lists of every kind of date use it.)
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR

from portal import dates
from portal.slot_lists import seats_state, seats_text
from portal.slots import Slot


@dataclass(frozen=True, slots=True)
class Card:
    title: str
    get_absolute_url: str
    label: str  # the town, or the series
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


def card(
    slot: Slot,
    *,
    title: str,
    label: str,
    is_example: bool,
    now: datetime,
    seats: tuple[str, str] | None = None,
) -> Card:
    """The slot comes from `with_seats()`, unless `seats` says words and colour."""
    words, state = seats or (seats_text(slot, now=now), seats_state(slot, now=now))
    starts = timezone.localtime(slot.starts)
    return Card(
        title=title,
        get_absolute_url=slot.get_absolute_url(),
        label=label,
        starts=starts,
        ends=timezone.localtime(slot.ends),
        day_text=dates.day(slot.starts),
        time_text=dates.span(slot.starts, slot.ends),
        iso=f"{starts:%Y-%m-%dT%H:%M}",
        weekday=f"{WEEKDAYS_ABBR[starts.weekday()]}.",
        day=starts.day,
        month=str(MONTHS_3[starts.month]),
        seats_text=words,
        seats_state=state,
        is_example=is_example,
    )
