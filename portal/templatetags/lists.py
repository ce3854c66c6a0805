"""`{% load lists %}`: the lists of the Redaktion where a row is a card: on a telephone each cell says what it is."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.template import Library
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext

register = Library()
_ICON = re.compile(r'<img src="[^"]*icon-[^"]+\.svg" alt="(True|False|None)">')
_EMPTY = re.compile(r"<td[^>]*>(-|\s|&nbsp;)*</td>")


@register.simple_tag
def cells(row: Iterable[str], headers: Iterable[dict[str, Any]]) -> Iterator[SafeString]:
    """Django's cells of a row, each with the name of its column; what is empty has none. Icons are words."""
    words = {"True": gettext("ja"), "False": gettext("nein"), "None": gettext("unbekannt")}
    for cell, header in zip(row, headers, strict=True):
        said = mark_safe(_ICON.sub(lambda icon: words[icon[1]], cell))  # noqa: S308  # Django's cell, and our words
        if cell.startswith("<td") and not _EMPTY.fullmatch(cell):
            yield format_html('<td data-label="{}"{}', capfirst(header["text"]), mark_safe(said[3:]))  # noqa: S308
        else:
            yield said
