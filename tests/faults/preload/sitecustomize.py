"""Python's sleep, for processes whose clock is moved (tests/faults/clock.py puts this folder on their path).

Since Python 3.11 it calls clock_nanosleep with a moment of the monotonic clock, from which Debian 12's libfaketime
subtracts the moved time all the same: EINVAL (its issue 426). `select` takes a duration.
"""

import select
import time


def _sleep(seconds):
    select.select([], [], [], seconds)


time.sleep = _sleep
