"""How much work something is, counted instead of timed: the same number on every machine, however busy.

A time in a test says more of its neighbours than of the code (CONTRIBUTING.md); a count that doubles with the
input is linear, and one that does not grow with the table has no scan in it.
"""

import cProfile
import sys


def calls(work):
    """(what `work()` returns, how many functions were called on the way, those of C included)."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        result = work()
    finally:
        profile.disable()
    return result, sum(entry.callcount for entry in profile.getstats())


def lines(work):
    """How many lines of Python `work()` ran: sees loops that call nothing, and is five times slower than `calls`."""
    count = 0

    def traced(_frame, _event, _argument):
        nonlocal count
        count += 1
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
