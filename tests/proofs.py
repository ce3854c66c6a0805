"""What a run has proved, printed as tables at its end (issue „Proof“): a row says what was tried, expected and seen.

A test calls the fixture `proof` while it goes; rows travel with the report of the test, also between the
processes of pytest-xdist. Rows that say the same are one, with a count. With PROOFS_DIR set each table is also
written there as JSON, for papers that are generated from real results.
"""

import json
import os
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.cases import CASES

TABLES = {
    "faults": "Störungen",
    "attacks": "Angriffe",
    "access": "Zugang",
    "privacy": "Datenschutz",
    "tasks": "Aufgaben",
    "search": "Suche",
}
COLUMNS = {"case": "Fall", "tried": "versucht", "expected": "erwartet", "seen": "gesehen"}
WIDTHS = (34, 40, 40, 48)


@pytest.fixture
def proof(request, record_property):
    """A function that notes one row: `proof("faults", case, tried=…, expected=…, seen=…)`.

    `seen` is what the test measured, never a copy of what it expected; call it before the assertions, so that
    the row of a broken promise is printed, too. Columns are short German text; numbers may be given as they are.
    """

    def note(table, case, *, tried, expected, seen):
        assert table in TABLES, table
        assert table != "faults" or case in CASES, f"{case}: not in tests/faults/cases.py"
        row = {"case": case, "tried": tried, "expected": expected, "seen": seen}
        record_property("proof", [table, {name: str(value) for name, value in row.items()}])

    return note


def rows(reports):
    """{table: Counter of (case, tried, expected, seen, held)} of finished reports, in the order of their coming."""
    found = {}
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == "proof":
                table, row = value
                key = (*(row[column] for column in COLUMNS), report.passed)
                found.setdefault(table, Counter())[key] += 1
    return found


def _line(cells, mark, count):
    columns = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    for number in range(max(map(len, columns))):
        parts = [
            (column[number] if number < len(column) else "").ljust(width)
            for column, width in zip(columns, WIDTHS, strict=True)
        ]
        tail = f"{mark}{f' ({count}×)' if count > 1 else ''}" if number == 0 else ""
        yield " | ".join([*parts, tail]).rstrip()


def show(terminal, reports):
    """Print every table that has rows, sorted by case, and write them to PROOFS_DIR if it is set."""
    for table, counted in sorted(rows(reports).items()):
        terminal.write_sep("=", f"{TABLES[table]}: {len(counted)} Zeilen")
        for line in _line(COLUMNS.values(), "", 1):
            terminal.write_line(line)
        terminal.write_line("-" * (sum(WIDTHS) + 3 * len(WIDTHS)))
        for (*cells, held), count in sorted(counted.items()):
            for line in _line(cells, "ja" if held else "NEIN", count):
                terminal.write_line(line, red=not held)
        if folder := os.environ.get("PROOFS_DIR"):
            keep = [
                dict(zip(COLUMNS, cells, strict=True)) | {"held": held, "times": count}
                for (*cells, held), count in sorted(counted.items())
            ]
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / f"{table}.json").write_text(json.dumps(keep, ensure_ascii=False, indent=1))
