"""A wall clock for real processes, which can be set while they run: Debian's libfaketime, loaded before their libc.

The monotonic clock goes on as it does on a machine whose time is set.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

PRELOAD = Path(__file__).parent / "preload"
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
LOOKS = 1  # seconds between two looks at the file


class Clock:
    """Right at first, and after `set(None)`."""

    def __init__(self, folder):
        if not LIBRARY:
            pytest.skip("braucht libfaketime (Debian: apt install faketime)")
        self.file = folder / "clock"
        self._write(0)

    def environment(self):
        """For the processes that go by this clock."""
        return {
            "LD_PRELOAD": LIBRARY,
            "PYTHONPATH": PRELOAD,
            "FAKETIME_TIMESTAMP_FILE": self.file,
            "FAKETIME_CACHE_DURATION": LOOKS,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,
            "NO_FAKE_STAT": 1,
        }

    def set(self, moment):
        """It is that moment now for all of them, and goes on from there; None: the real time."""
        self._write(round((moment - datetime.now(UTC)).total_seconds()) if moment else 0)
        time.sleep(LOOKS + 0.5)

    def _write(self, seconds):
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}")
        new.replace(self.file)
