"""A date as lists show it: words and colours made once per row, so that templates only print.

(performance.md: precomputed strings, few nested includes. `Card` has the names that
templates/components/shift_card.html reads; lists of every kind of date use it.)
"""

from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.safestring import SafeString

from portal import dates
from portal.remembering import Memory, worded
from portal.slot_lists import seats_state, seats_text
from portal.slots import Slot

REMEMBERED = 2048  # cards, about 1 kB each
_drawn = Memory(REMEMBERED)


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
    return Card(
        title,
        slot.get_absolute_url(),
        label,
        *_when(slot.starts, slot.ends),
        words,
        state,
        is_example,
    )


@worded
def _when(starts: datetime, ends: datetime) -> tuple[datetime, datetime, str, str, str, str, int, str]:
    """What a card says of its time, from `starts` to `month`, in the active language."""
    local = timezone.localtime(starts)
    return (
        local,
        timezone.localtime(ends),
        dates.day(starts),
        dates.span(starts, ends),
        f"{local:%Y-%m-%dT%H:%M}",
        f"{WEEKDAYS_ABBR[local.weekday()]}.",
        local.day,
        str(MONTHS_3[local.month]),
    )


def html(shown: Card) -> SafeString:
    """The card's markup, from its component template."""
    return _drawn.get(shown, lambda: render_to_string("components/shift_card.html", {"shift": shown}))
