"""What processes cost, as the kernel counts it: CPU seconds and private memory, children included."""

import contextlib
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid):
    """This process and all that it started, itself first."""
    found = [pid]
    for process in found:
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended since
                found += map(int, children.read_text().split())
    return found


def cpu(pids):
    """Seconds in user and kernel mode so far, threads and children that have ended included."""
    seconds = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended since, as nginx's cache loader does after a minute: its parent has its seconds
        seconds += sum(map(int, fields[11:15]))
    return seconds / TICKS


def private(pid):
    """Bytes of memory that this process shares with nobody: what one more of it costs."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024
