"""One line per row of performance.md: each run, the median, our budget and what share of it is used."""

import statistics
import sys
from dataclasses import dataclass


@dataclass
class Row:
    """`budget` is in the unit of the runs; with `least` it is the least, else the most. None: only to compare with."""

    name: str
    runs: list[float]
    budget: float | None
    unit: str
    least: bool = False
    digits: int = 1
    note: str = ""

    @property
    def median(self):
        return statistics.median(self.runs)

    @property
    def ratio(self):
        """Of the budget; above 1 is too much (or too little, with `least`)."""
        if self.budget is None:
            return None
        return self.budget / self.median if self.least else self.median / self.budget

    @property
    def held(self):
        return self.ratio is None or self.ratio <= 1


def german(number, digits):
    return f"{number:,.{digits}f}".replace(",", " ").replace(".", ",")


def say(text=""):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def heading(title):
    say()
    say(f"{title}")
    say(f"{'Zeile':<58} {'Median':>14} {'Budget':>14} {'Anteil':>8}  Urteil      Läufe")
    say("-" * 132)


def show(row):
    """Print a row as soon as it is measured."""
    if row.budget is None:
        budget, ratio, verdict = "", "", "Maßstab"
    else:
        budget = f"{'≥' if row.least else '≤'} {german(row.budget, row.digits)} {row.unit}"
        ratio = f"{german(row.ratio * 100, 0)} %"
        verdict = "innerhalb" if row.held else "AUSSERHALB"
    runs = " ".join(german(run, row.digits) for run in row.runs)
    median = f"{german(row.median, row.digits)} {row.unit}"
    say(f"{row.name:<58} {median:>14} {budget:>14} {ratio:>8}  {verdict:<10}  {runs}")
    if row.note:
        say(f"    {row.note}")
