"""Tables as files for Excel and LibreOffice, CSV or XLSX, in which nothing that anybody typed does anything (trust.md).

Every export of the product is written here. A text that begins like a formula (= + - @, TAB, CR) is no formula:
in XLSX each text is a cell of the type text, marked as such also for whoever edits it; CSV knows no types, so an
apostrophe stands before it. Control and bidirectional characters, line ends included, are gone; a separator inside a
text ends no cell, because every cell is quoted; and the name of a file is made of a-z, 0-9 and „-".

CSV is UTF-8 with a byte order mark and semicolons: a German Excel opens it with a double click. Rejected: a cleaning
filter per column (the next column forgets it), and tab-separated text (Excel asks three questions first).
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from portal import slugs

CSV, XLSX = "csv", "xlsx"
TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Row = Sequence[str | int]  # numbers are our own counts; whatever a person typed is text
_FORMULA = tuple("=+-@＝＋－＠")
_LONGEST = 32_767  # characters of a cell in Excel
_WIDEST = 60  # characters of a column


def plain(text: object) -> str:
    """The text in one line of characters that show: no control, bidirectional or otherwise invisible ones."""
    spaced = ("".join(" " if unicodedata.category(c) == "Cc" else c for c in str(text))).split()
    seen = ("".join(c for c in word if unicodedata.category(c)[0] != "C") for word in spaced)
    return " ".join(filter(None, seen))[:_LONGEST]


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could take this plain text for an order."""
    return text.startswith(_FORMULA)


def as_csv(head: Row, rows: Iterable[Row]) -> bytes:
    """The table as CSV, every cell quoted."""
    return b"".join(csv_lines(head, rows))


def csv_lines(head: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """The same line by line, for a table of any length."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    yield b"\xef\xbb\xbf"
    for row in chain([head], rows):
        writer.writerow([_csv_cell(value) for value in row])
        yield file.getvalue().encode()
        file.seek(0)
        file.truncate()


def _csv_cell(value: str | int) -> str:
    text = plain(value)
    return f"'{text}" if isinstance(value, str) and is_formula(text) else text


def as_xlsx(head: Row, rows: Iterable[Row], *, title: str) -> bytes:
    """The table as XLSX: headings that stay, columns as wide as what is in them, printed on A4."""
    # Loaded by whoever exports: 9 MiB of each process, and 0.1 s of each start.
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book, wrapped = Workbook(), Alignment(vertical="top", wrap_text=True)
    sheet: Any = book.active
    sheet.title = "Liste"  # of a sheet's name Excel takes little
    book.properties.creator, book.properties.title = settings.SITE_NAME, plain(title)
    table = [head, *rows]
    for number, row in enumerate(table, start=1):
        for column, value in enumerate(row, start=1):
            _fill(sheet.cell(number, column), value, wrapped)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column, values in enumerate(zip(*table, strict=True), start=1):
        width = max(len(plain(value)) for value in values)
        sheet.column_dimensions[get_column_letter(column)].width = min(width, _WIDEST) + 3
    sheet.freeze_panes = "A2"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage = 0, True
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _fill(cell: Any, value: str | int, wrapped: Any) -> None:
    if isinstance(value, int):
        cell.value = value
        return
    cell.value = plain(value) or None
    if cell.value is None:
        return
    cell.data_type = "s"  # openpyxl takes „=…" for a formula and „#N/A" for an error
    cell.number_format = "@"
    cell.quotePrefix = is_formula(cell.value)
    cell.alignment = wrapped


def download(kind: str, *, name: str, day: datetime, head: Row, rows: Iterable[Row]) -> HttpResponse:
    """The table as a file to save, „bachputz-2026-11-28.xlsx"; `kind` is CSV or XLSX."""
    content = as_csv(head, rows) if kind == CSV else as_xlsx(head, rows, title=name)
    file = f"{slugs.compose(name, f'{timezone.localtime(day):%Y-%m-%d}', max_length=80)}.{kind}"
    disposition = content_disposition_header(True, file)
    return HttpResponse(content, content_type=TYPES[kind], headers={"Content-Disposition": disposition})
