"""How many of the initiatives that fit have which topic, Landkreis, town and state of life: one statement.

Written out, because Django has no grouping by several columns at once; what fits comes from its queryset.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db import connection
from django.utils.translation import gettext_lazy as _

from initiatives.filters import STATES, YES, Filters
from initiatives.models import Blueprint, Idea, Initiative, InitiativeQuerySet, Topic
from portal import search
from portal.models import Municipality
from portal.remembering import Recent

ALL = "all"
MANY, SECONDS = 500, 30  # so many are counted once in so many seconds
FEW_TOWNS = 12  # more are found by their Landkreis

_TOWN, _TOPIC = Municipality._meta.db_table, Topic._meta.db_table
_IDEA, _BLUEPRINT = Idea._meta.db_table, Blueprint._meta.db_table
_TOPICS = Initiative.topics.through._meta.db_table
# Each row: facet, value in the address, name, position, how many.
_SQL = f"""
WITH fit(id, town, life_state, idea) AS ({{fit}}), towns AS (SELECT town, COUNT(*) AS n FROM fit GROUP BY town)
SELECT '{ALL}' AS facet, '' AS value, '' AS name, 0 AS position, COUNT(*) AS n FROM fit
UNION ALL SELECT 'thema', t.slug, t.name, t."order", COUNT(*)
  FROM fit JOIN "{_TOPICS}" x ON x.initiative_id = fit.id JOIN "{_TOPIC}" t ON t.id = x.topic_id
  GROUP BY t.slug, t.name, t."order"
UNION ALL SELECT 'kreis', d.slug, d.name, 0, SUM(towns.n)
  FROM towns JOIN "{_TOWN}" m ON m.id = towns.town JOIN "{_TOWN}" d ON d.id = COALESCE(m.district_id, m.id)
  GROUP BY d.slug, d.name
UNION ALL SELECT 'gemeinde', m.slug, m.name, 0, towns.n FROM towns JOIN "{_TOWN}" m ON m.id = towns.town
UNION ALL SELECT 'stand', fit.life_state, '', 0, COUNT(*) FROM fit GROUP BY fit.life_state
UNION ALL SELECT 'idee', i.slug, i.name, i."order", COUNT(*)
  FROM fit JOIN "{_IDEA}" i ON i.id = fit.idea GROUP BY i.slug, i.name, i."order"
UNION ALL SELECT 'steckbrief', '{YES}', '', 0, COUNT(*) FROM fit JOIN "{_BLUEPRINT}" b ON b.initiative_id = fit.id
UNION ALL SELECT 'hilfe', '{YES}', '', 0, COUNT(*) FROM fit WHERE fit.id IN ({{hilfe}})
"""  # noqa: S608  # our own names; values are parameters
_HEADINGS = {
    "thema": _("Thema"),
    "kreis": _("Landkreis"),
    "gemeinde": _("Ort"),
    "idee": _("Idee"),
    "stand": _("Stand"),
    "steckbrief": _("Steckbrief"),
    "hilfe": _("Zum Mitmachen"),
}
_WORDS = {
    ("stand", "laeuft"): _("läuft, vor Ort bestätigt"),
    ("stand", "beispiel"): _("Beispiel"),
    ("stand", "abgeschlossen"): _("abgeschlossen"),
    ("steckbrief", YES): _("mit Steckbrief"),
    ("hilfe", YES): _("sucht gerade Hilfe"),
}
_STATE_SLUGS = {state.value: slug for slug, state in STATES.items()}


@dataclass(frozen=True)
class Choice:
    """One value of a filter: how many it leaves, and the address that sets it."""

    value: str
    name: str
    count: int
    url: str


@dataclass(frozen=True)
class Facet:
    """A filter that divides what was found."""

    name: str
    heading: str
    choices: list[Choice]


@dataclass(frozen=True)
class Counts:
    """How many initiatives fit, in all and for each value: facet → value → (name, how many)."""

    FACETS: ClassVar[tuple[str, ...]] = tuple(_HEADINGS)

    total: int
    values: dict[str, dict[str, tuple[str, int]]]

    @classmethod
    def none(cls) -> "Counts":
        """Nothing fits."""
        return cls(0, {name: {} for name in _HEADINGS})

    def name(self, facet: str, value: str) -> str:
        """What people call a value; the value itself where nothing found has it."""
        return str(_WORDS.get((facet, value)) or self.values.get(facet, {}).get(value, (value, 0))[0])

    def facets(self, filters: Filters) -> list[Facet]:
        """Only what divides: a filter that is set already, or that all rows or none have, is no choice."""
        return [
            Facet(name, str(heading), choices)
            for name, heading in _HEADINGS.items()
            if not getattr(filters, name) and (choices := self._choices(name, filters))
        ]

    def _choices(self, facet: str, filters: Filters) -> list[Choice]:
        values = self.values.get(facet, {})
        sizes = [n for _name, n in values.values()]
        if not any(0 < n < self.total for n in sizes):
            return []
        if facet == "gemeinde" and len(values) > FEW_TOWNS and not filters.kreis:
            return []
        return [
            Choice(value, self.name(facet, value), n, "?" + filters.but(**{facet: value}).query())
            for value, (_name, n) in values.items()
        ]


_large: Recent[Counts] = Recent(SECONDS, 256)


def count(rows: InitiativeQuerySet, filters: Filters, *, now: datetime) -> Counts:
    """One statement, however many facets there are; none where very many were counted a moment ago.

    `rows` are those that fit the filters. Counting 200,000 takes a second (docs/leistung.md), and the page itself may be
    thirty seconds old (`origin.shared`), so that its numbers may be, too. Few are counted each time.
    """
    if known := _large.get(filters):
        return known
    counts = _count(rows, now=now)
    return _large.keep(filters, counts) if counts.total >= MANY else counts


def _count(rows: InitiativeQuerySet, *, now: datetime) -> Counts:
    fit, params = (
        rows.order_by().values_list("pk", "municipality", "life_state", "idea").query.sql_with_params()
    )
    helped, more = Initiative.objects.wanting_help(now).order_by().values_list("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(fit=fit, hilfe=helped), [*params, *more])
        found = sorted(cursor.fetchall(), key=_place_in_list)
    counts = Counts.none()
    for facet, value, name, _position, n in found:
        if facet == ALL:
            counts = Counts(int(n), counts.values)
        else:
            counts.values[facet][_STATE_SLUGS.get(value, value)] = (name, int(n))
    return counts


def _place_in_list(row: tuple[Any, ...]) -> tuple[int, str]:
    """Topics and states in their own order, places by their name."""
    facet, value, name, position, _n = row
    if facet == "stand":
        position = Initiative.RANK[Initiative.LifeState(value)]
    return position, search.fold(name.removeprefix("Landkreis "))
