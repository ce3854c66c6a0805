"""How far the network has come, for the association: who published, copied, was asked, is wished something of.

Numbers of towns and never of people: a wish is counted here, its address stays with its town (rule 23). Three
statements, whatever there is. Staff of the association see it; nothing of it is public.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from initiatives.map_drawing import draw
from initiatives.mapping import Chart, Spot
from initiatives.models import Initiative, Wish
from portal import search
from portal.models import Municipality

# Word of the address → heading.
COLUMNS = {
    "ort": gettext_lazy("Ort"),
    "kreis": gettext_lazy("Landkreis"),
    "mitglied": gettext_lazy("Mitglied"),
    "veroeffentlicht": gettext_lazy("veröffentlicht"),
    "uebernommen": gettext_lazy("übernommen"),
    "gefragt": gettext_lazy("gefragt worden"),
    "wuensche": gettext_lazy("Wünsche"),
}
NUMBERS = ("veroeffentlicht", "uebernommen", "gefragt", "wuensche")


class Line(NamedTuple):
    """One town: how many of its own initiatives are public, were copied from elsewhere, questions, wishes."""

    ort: str
    kreis: str
    kreis_key: int
    mitglied: str
    veroeffentlicht: int
    uebernommen: int
    gefragt: int
    wuensche: int

    @property
    def is_quiet(self) -> bool:
        """Nothing of all this yet."""
        return not any(getattr(self, name) for name in NUMBERS)

    def cells(self) -> list[str | int]:
        """In the order of COLUMNS."""
        return [getattr(self, name) for name in COLUMNS]


@dataclass(frozen=True)
class Share:
    """„12 von 40 Mitgliedern haben veröffentlicht“: one number, and of how many."""

    label: str
    towns: int
    of: int


@dataclass
class Statistics:
    lines: list[Line] = field(default_factory=list)

    def shares(self) -> list[Share]:
        """How many towns have at least one, of the members where they are known, else of all."""
        members = [line for line in self.lines if line.mitglied == _member(True)] or self.lines
        return [
            Share(str(COLUMNS[name]), sum(bool(getattr(line, name)) for line in members), len(members))
            for name in NUMBERS
        ]

    def sorted(self, by: str, *, every: bool = False) -> list[Line]:
        """By a column of COLUMNS, numbers from above; without `every` only towns that have something."""
        rows = [line for line in self.lines if every or not line.is_quiet]
        rows.sort(key=lambda line: search.fold(line.ort))
        if by in NUMBERS:
            rows.sort(key=lambda line: -getattr(line, by))
        elif by in COLUMNS:
            rows.sort(key=lambda line: search.fold(getattr(line, by)))
        return rows

    def map(self, areas: Iterable[Municipality]) -> str:
        """The Landkreise as SVG: one tint where a town has published, each with its number in words."""
        counts = Counter(line.kreis_key for line in self.lines if line.veroeffentlicht)
        spots = [self._spot(area, counts[area.pk]) for area in areas]
        return draw(Chart(None, None, spots, [], []))  # type: ignore[arg-type]

    def _spot(self, area: Municipality, n: int) -> Spot:
        said = ngettext(
            "%(name)s: ein Ort hat veröffentlicht", "%(name)s: %(n)s Orte haben veröffentlicht", n
        )
        words = {"name": area.name, "n": n}
        says = said % words if n else _("%(name)s: noch nichts veröffentlicht") % words
        return Spot(area.ags, area.name, area.get_absolute_url(), n, says)


def collect() -> tuple[Statistics, list[Municipality]]:
    """Every town of today with its numbers, and the areas of the map: Landkreise and kreisfreie Städte."""
    rows = list(Municipality.objects.select_related("district").order_by("name"))
    today = {row.pk: row.successor_id or row.pk for row in rows}
    counts: dict[str, Counter[int]] = {name: Counter() for name in NUMBERS}
    for town, published, copied, asked in _of_initiatives():
        for name, n in (("veroeffentlicht", published), ("uebernommen", copied), ("gefragt", asked)):
            counts[name][today[town]] += n or 0
    wished = Wish.objects.confirmed().order_by().values_list("municipality")
    for town, n in wished.annotate(n=Count("pk")):
        counts["wuensche"][today[town]] += n
    here = [row for row in rows if row.successor_id is None]
    lines = [_line(row, {name: counts[name][row.pk] for name in NUMBERS}) for row in here]
    return Statistics(lines), [row for row in here if row.district_id is None]


def _of_initiatives() -> Iterable[tuple[int, int, int, int]]:
    public = Q(pk__in=Initiative.objects.public().values("pk"), origin=Initiative.Origin.TOWN)
    rows = Initiative.objects.order_by().values_list("municipality")
    return rows.annotate(
        published=Count("pk", filter=public),
        copied=Count("pk", filter=Q(copied_at__isnull=False)),
        asked=Sum("n_inquiries"),
    )


def _line(town: Municipality, numbers: dict[str, int]) -> Line:
    area = town.district or town
    return Line(town.name, area.name if town.district else "", area.pk, _member(town.is_member), **numbers)


def _member(known: bool | None) -> str:
    return {True: _("ja"), False: _("nein"), None: _("unbekannt")}[known]
