"""Pages of a list for programs: by key, not by number (the thousandth page costs what the first does).

What is published or taken down while somebody reads makes no row appear twice and leaves none out. A cursor
says after (`a`) or before (`b`) which key the page lies: „a123", „b1764205200000000-123".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from portal.problems import Problem

USUAL, MOST = 50, 100  # rows of a page
_CURSOR = re.compile(r"([ab])(?:(\d{1,16})-)?(\d{1,18})", re.ASCII)
_LIMIT = re.compile(r"\d{1,4}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    next: str | None
    prev: str | None


def limit(given: str) -> int:
    """How many rows a page has. Raises Problem 400."""
    if not given:
        return USUAL
    if not _LIMIT.fullmatch(given) or not 1 <= int(given) <= MOST:
        raise Problem(400, _("„limit“ ist eine Zahl von 1 bis %(most)s.") % {"most": MOST})
    return int(given)


def page(rows: QuerySet, *, by: str, cursor: str, limit: int) -> Page:
    """The rows of one page in ascending order of `by` (a time, or "pk") and key. Raises Problem 400."""
    keys = ["pk"] if by == "pk" else [by, "pk"]
    back, where = _read(cursor, by)
    order = [f"-{key}" for key in keys] if back else keys
    found = list(rows.filter(where).order_by(*order)[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    if back:
        found.reverse()
    forward, backward = (bool(found), more) if back else (more, bool(cursor and found))
    return Page(
        found,
        next=_write("a", found[-1], by) if forward else None,
        prev=_write("b", found[0], by) if backward else None,
    )


def _read(cursor: str, by: str) -> tuple[bool, Q]:
    """Whether it goes backwards, and which rows lie on that side."""
    if not cursor:
        return False, Q()
    parts = _CURSOR.fullmatch(cursor)
    if parts is None or (by == "pk") != (parts[2] is None):
        raise Problem(
            400, _("„cursor“ stammt aus „next“ oder „prev“ einer Antwort und wird unverändert benutzt.")
        )
    side, key = ("gt" if parts[1] == "a" else "lt"), int(parts[3])
    if by == "pk":
        return side == "lt", Q(**{f"pk__{side}": key})
    at = _EPOCH + int(parts[2]) * _TICK
    return side == "lt", Q(**{f"{by}__{side}": at}) | Q(**{by: at, f"pk__{side}": key})


def _write(side: str, row: Any, by: str) -> str:
    if by == "pk":
        return f"{side}{row.pk}"
    return f"{side}{(getattr(row, by) - _EPOCH) // _TICK}-{row.pk}"


def rels(page: Page, address: str, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Relation → address of the pages beside this one; `given` are the further parameters, ready to be put in."""
    query = "".join(f"&{name}={value}" for name, value in given)
    beside = {"next": page.next, "prev": page.prev}
    return {rel: f"{address}?cursor={cursor}{query}" for rel, cursor in beside.items() if cursor}
