"""The results that the declaration of accessibility reports: those of the last run that was written down.

`portal/data/accessibility.json` is written by `python -m tests.browser.declare` from what the browser tests
measured, and never by hand.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings

STALE = timedelta(days=365)  # HVBIT, EU 2018/1523: the declaration is reviewed at least once a year


@dataclass(frozen=True)
class Check:
    name: str
    expected: str
    looked: int
    wrong: int


@dataclass(frozen=True)
class Results:
    day: date
    addresses: int
    views: int  # pages and their states
    tools: dict[str, str]  # name → version
    checks: list[Check]

    def is_stale(self, today: date) -> bool:
        """Whether a year has passed since the run."""
        return today - self.day > STALE

    @property
    def looked(self) -> int:
        return sum(check.looked for check in self.checks)

    @property
    def wrong(self) -> int:
        return sum(check.wrong for check in self.checks)


def path() -> Path:
    return Path(settings.BASE_DIR) / "portal" / "data" / "accessibility.json"


@cache
def results() -> Results:
    """As they were written down; the file is part of the code."""
    found = json.loads(path().read_text(encoding="utf-8"))
    checks = [Check(**check) for check in found["checks"]]
    return Results(
        day=date.fromisoformat(found["day"]),
        addresses=found["addresses"],
        views=found["views"],
        tools=found["tools"],
        checks=checks,
    )
