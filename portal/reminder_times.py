"""When people of a date are reminded; each kind of slot names its own (`Slot.reminders`, mail table)."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import ClassVar

from django.utils import timezone

from portal import dates


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
