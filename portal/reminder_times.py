"""When people of a date are reminded; each kind of slot names its own (`Slot.reminders`, mail table)."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import reduce
from typing import TYPE_CHECKING, ClassVar

from django.utils import timezone

from portal import dates

if TYPE_CHECKING:
    from portal.slots import Slot


@dataclass(frozen=True)
class DaysBefore:
    """A reminder on a day before the date, at a fixed time; not at night (rule 16)."""

    column: str  # of the sign-up: the `starts_revision` that was reminded
    days: int
    clock: time
    switch: str = ""  # column, seen from the slot, by which staff switch it off
    kind: ClassVar[str] = "reminder"

    def due(self, starts: datetime) -> datetime:
        """When it leaves for a date that starts then."""
        return dates.at(timezone.localdate(starts) - timedelta(days=self.days), self.clock)


@dataclass(frozen=True)
class ShortlyBefore:
    """A reminder so long before the start; urgent, so also at night (rule 16)."""

    column: str
    before: timedelta
    switch: str = ""
    kind: ClassVar[str] = "reminder-soon"

    def due(self, starts: datetime) -> datetime:
        """When it leaves for a date that starts then."""
        return starts - self.before


Reminder = DaysBefore | ShortlyBefore


def to_come(slot: "Slot", now: datetime) -> list[Reminder]:
    """The reminders that somebody who has a seat now will get: not past, and not switched off by staff."""
    return [
        reminder
        for reminder in slot.reminders
        if now <= reminder.due(slot.starts) and _is_on(slot, reminder.switch)
    ]


def _is_on(slot: "Slot", switch: str) -> bool:
    """What the column says that is reached from the slot by this path; no path: always."""
    return not switch or bool(reduce(getattr, switch.split("__"), slot))
