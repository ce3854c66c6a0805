"""How long whoever asks the database waits for its answer, should it be silent.

A request has not quite nine seconds, so that its visitor has a page within ten (trust.md „Reliability"). A request of
many quick statements is not cut: when they are over, each further one still has `GRACE`; a statement that takes longer
than what is left is, for slow and silent look the same. Elsewhere (worker, commands) every statement has a little
longer than `statement_timeout`, with which the server itself ends it; who lifts that, for a migration that takes long,
says `within(seconds)` as well.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings

ANSWER = 8.8  # seconds: twice a lock_timeout (seats.py), and what a page needs beside it
GRACE = 1.0
SILENCE = settings.STATEMENT_TIMEOUT + 5.0

_end: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Nobody waits in here for more than so many seconds from now, nor longer than around it."""
    end, outer = time.monotonic() + seconds, _end.get()
    before = _end.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _end.reset(before)


def left() -> float:
    """Seconds for the next answer."""
    end = _end.get()
    return SILENCE if end is None else max(GRACE, end - time.monotonic())
