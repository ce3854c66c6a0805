"""When people of a date are reminded; each kind of slot names its own (`Slot.reminders`, mail table)."""

from dataclasses import dataclass
from datetime import time, timedelta
from typing import ClassVar


@dataclass(frozen=True)
class DaysBefore:
    """A reminder on a day before the date, at a fixed time; not at night (rule 16)."""

    column: str  # of the sign-up: the `starts_revision` that was reminded
    days: int
    clock: time
    switch: str = ""  # column, seen from the slot, by which staff switch it off
    kind: ClassVar[str] = "reminder"


@dataclass(frozen=True)
class ShortlyBefore:
    """A reminder so long before the start; urgent, so also at night (rule 16)."""

    column: str
    before: timedelta
    switch: str = ""
    kind: ClassVar[str] = "reminder-soon"


Reminder = DaysBefore | ShortlyBefore
