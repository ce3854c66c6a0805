"""The lists of the Redaktion on a telephone: cells with the name of their column, and words instead of icons."""

import pytest

from portal.templatetags.lists import cells

HEADERS = [{"text": name} for name in ("titel", "seite", "geändert am", "mitglied", "offen")]
ICON = '<td class="field-m"><img src="/static/admin/img/icon-yes{}.svg" alt="True"></td>'


@pytest.mark.parametrize("digest", ["", ".d2f9035226a5"])
def test_each_cell_says_its_column_and_what_is_empty_says_nothing(digest):
    row = [
        '<th class="field-t"><a href="1/">Bach</a></th>',
        '<td class="field-s"><a href="2/">Bachpaten</a></td>',
        '<td class="field-g nowrap">27. November</td>',
        ICON.format(digest),
        '<td class="field-o">-</td>',
    ]
    assert list(cells(row, HEADERS)) == [
        row[0],
        '<td data-label="Seite" class="field-s"><a href="2/">Bachpaten</a></td>',
        '<td data-label="Geändert am" class="field-g nowrap">27. November</td>',
        '<td data-label="Mitglied" class="field-m">ja</td>',
        row[4],
    ]
