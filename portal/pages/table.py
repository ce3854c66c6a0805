"""The collection as a table for Excel and LibreOffice, with the filters of its page; any number of rows."""

from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from initiatives.filters import Filters
from initiatives.models import Initiative, InitiativeQuerySet
from portal import sheets
from portal.pages.api.document import LICENCE, attribution
from portal.pages.opened import opened

AT_ONCE = 2000  # rows read with one statement, and their topics with one more


@opened
def initiatives(request: HttpRequest) -> StreamingHttpResponse:
    """What the list shows for the same address, line by line; texts that look like a formula are none (sheets.py)."""
    rows = Filters.from_query(request.GET).rows(now=timezone.now())
    lines = sheets.csv_lines(_head(), _lines(rows))
    name = f"initiativen-{timezone.localdate():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": content_disposition_header(True, name)}
    return StreamingHttpResponse(lines, content_type=sheets.TYPES[sheets.CSV], headers=headers)


def _head() -> list[str]:
    return [
        _("Nummer"), _("Titel"), _("Ort"), _("Ortsteil"), _("Landkreis"), _("AGS"), _("Themen"), _("Stand"),
        _("Zusammenfassung"), _("Wer macht das?"), _("Jahr"), _("Herausgeber"), _("Quelle"), _("Adresse der Quelle"),
        _("Adresse der Seite"), _("Lizenz und Quellenvermerk"),
    ]  # fmt: skip


def _lines(rows: InitiativeQuerySet) -> Iterator[list[str | int]]:
    wanted = rows.ranked().select_related("municipality__district", "organisation").prefetch_related("topics")
    licence = f"{LICENCE}; {attribution()}"
    for row in wanted.iterator(chunk_size=AT_ONCE):
        yield [*_line(row), licence]


def _line(row: Initiative) -> list[str | int]:
    town = row.municipality
    return [
        row.pk, row.title, town.name, row.place, town.district.name if town.district else "", town.ags,
        ", ".join(topic.name for topic in row.topics.all()), row.get_life_state_display(), row.summary, row.carrier,
        row.year_label, row.organisation.name, row.source_name, row.source_url,
        settings.SITE_URL + row.get_absolute_url(),
    ]  # fmt: skip
