"""What every import shares: a table read with line numbers, all its errors at once, and a report.

A file is checked whole before the first row is written, and written in one transaction, so a
broken file changes nothing. The imports themselves: `gazetteer.py` and `initiatives/collected.py`.
"""

import csv
import datetime
import io
import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from django.utils.translation import gettext as _

DATA = Path(__file__).parent / "data"
MAX_ERRORS = 20  # shown; more are counted
MAX_NAMES = 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BrokenFile(Exception):
    """A file that cannot be imported; the message names each place and what is wrong there, in German."""

    def __init__(self, path: Path, errors: list[str]) -> None:
        shown = errors[:MAX_ERRORS]
        if len(errors) > MAX_ERRORS:
            shown.append(_("… und %(n)s weitere Fehler") % {"n": len(errors) - MAX_ERRORS})
        intro = _("%(file)s wurde nicht eingelesen, es wurde nichts geändert:") % {"file": path.name}
        super().__init__("\n".join([intro, *(f"  {error}" for error in shown)]))
        self.errors = errors


@dataclass
class Report:
    """What an import did; every list holds names (with what changed) for a person to read."""

    what: str
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The counts in one line, then the names behind each figure (not of what is unchanged)."""
        labels = [
            (self.new, _("neu")),
            (self.changed, _("geändert")),
            (self.unchanged, _("unverändert")),
            (self.merged, _("zusammengeführt")),
            (self.removed, _("entfernt")),
            (self.kept, _("nicht angefasst")),
            (self.missing, _("nicht mehr in der Datei, bleibt")),
        ]
        always = (self.new, self.changed, self.unchanged)
        counts = [
            f"{len(names)} {label}" for names, label in labels if names or any(names is a for a in always)
        ]
        details = [
            f"  {label}: {_listed(names)}" for names, label in labels if names and names is not self.unchanged
        ]
        return [f"{self.what}: {', '.join(counts)}", *details]


def _listed(names: list[str]) -> str:
    more = len(names) - MAX_NAMES
    tail = _(" … und %(n)s weitere") % {"n": more} if more > 0 else ""
    return "; ".join(names[:MAX_NAMES]) + tail


def read_text(path: Path) -> str:
    """The file as text; raises `BrokenFile` with the line where it is not UTF-8."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BrokenFile(path, [_("Die Datei lässt sich nicht lesen: %s") % error.strerror]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        sentence = _("Zeile %s: kein UTF-8. Bitte die Datei mit der Zeichenkodierung UTF-8 speichern.")
        raise BrokenFile(path, [sentence % line]) from None


@dataclass
class Line:
    """One row with its place in the file; each method returns a checked value or notes an error."""

    where: str
    values: dict[str, str]
    errors: list[str]

    def error(self, sentence: str) -> None:
        self.errors.append(f"{self.where}: {sentence}")

    def text(self, column: str, *, longest: int, required: bool = True) -> str:
        value = self.values[column].strip()
        if not value and required:
            self.error(_("„%s“ ist leer.") % column)
        elif len(value) > longest:
            self.error(_("„%(c)s“ ist länger als %(n)s Zeichen.") % {"c": column, "n": longest})
        elif _CONTROL.search(value):
            self.error(_("„%s“ enthält Steuerzeichen.") % column)
        return value

    def matching(self, column: str, pattern: str, complaint: str, *, required: bool = True) -> str:
        value = self.values[column].strip()
        if (value or required) and not re.fullmatch(pattern, value, re.ASCII):
            self._bad(column, complaint)
        return value

    def number(self, column: str, *, low: float, high: float) -> float:
        """A number within the limits; 0.0 where an error was noted."""
        try:
            value = float(self.values[column])
        except ValueError:
            value = math.nan
        if not low <= value <= high:  # also NaN
            self._bad(column, _("keine Zahl zwischen %(low)s und %(high)s") % {"low": low, "high": high})
            return 0.0
        return value

    def count(self, column: str) -> int | None:
        """A whole number from 0; None where the field is empty."""
        value = self.values[column].strip()
        if not value:
            return None
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
            self._bad(column, _("keine ganze Zahl"))
            return None
        return int(value)

    def hundredths(self, column: str) -> Decimal | None:
        """A number with at most six digits before and two behind the point; None where the field is empty."""
        value = self.values[column].strip()
        if not value:
            return None
        if not re.fullmatch(r"\d{1,6}(\.\d{1,2})?", value, re.ASCII):
            self._bad(column, _("keine Zahl der Form 123.45"))
            return None
        return Decimal(value).quantize(Decimal("0.01"))

    def date(self, column: str) -> datetime.date | None:
        """A day as 2024-12-31; None where the field is empty."""
        value = self.values[column].strip()
        if not value:
            return None
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            self._bad(column, _("kein Tag der Form 2024-12-31"))
            return None

    def _bad(self, column: str, complaint: str) -> None:
        value = self.values[column].strip()[:40]
        self.error(
            _("„%(value)s“ in „%(column)s“ ist %(complaint)s.")
            % {"value": value, "column": column, "complaint": complaint}
        )


def read_table(path: Path, columns: list[str]) -> list[Line]:
    """The rows of a comma-separated file with at least these columns; all share one list of errors."""
    reader = csv.reader(io.StringIO(read_text(path)), strict=True)
    errors: list[str] = []
    lines: list[Line] = []
    try:
        head = [name.strip() for name in next(reader, [])]
        absent = [name for name in columns if name not in head]
        if absent:
            sentence = _(
                "Zeile 1: Es fehlen die Spalten %(absent)s. Erwartet wird, mit Komma getrennt: %(all)s"
            )
            raise BrokenFile(path, [sentence % {"absent": ", ".join(absent), "all": ",".join(columns)}])
        for values in reader:
            where = _("Zeile %s") % reader.line_num
            if not values:
                continue
            if len(values) != len(head):
                numbers = {"found": len(values), "wanted": len(head)}
                errors.append(f"{where}: " + _("%(found)s statt %(wanted)s Spalten.") % numbers)
                continue
            lines.append(Line(where, dict(zip(head, values, strict=True)), errors))
    except csv.Error as error:
        errors.append(_("Zeile %(line)s: %(error)s") % {"line": reader.line_num, "error": error})
    if errors:
        raise BrokenFile(path, errors)
    if not lines:
        raise BrokenFile(path, [_("Die Datei enthält keine Zeilen mit Daten.")])
    return lines
