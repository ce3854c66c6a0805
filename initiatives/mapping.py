"""The collection on the map: Hessen with its Landkreise, or one Landkreis with its towns (mission.md).

What is on the map stands in the list beside it, with the same links. One tint says that there is something, and
nothing is sorted by how much: no figure ranks a town (rule 23).

At most six statements: the towns, two for a place, what lies near it, how many each town has, the titles.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from initiatives import facets
from initiatives.filters import Filters
from initiatives.finding import Finding
from initiatives.models import Initiative, InitiativeQuerySet
from portal import search
from portal.models import Municipality
from portal.remembering import address

TITLES = 60  # of initiatives beside the map of a Landkreis; the list has all
PLACES = ("kreis", "gemeinde")  # facets that the map itself is
COLUMNS = ("pk", "ags", "name", "slug", "level", "district", "successor", "organisation", "lat", "lon")


class Town(NamedTuple):
    """What the map needs of a municipality; `district` is None for a Landkreis and a kreisfreie Stadt."""

    pk: int
    ags: str
    name: str
    slug: str
    level: str
    district: int | None
    successor: int | None
    organisation: int | None
    lat: float
    lon: float

    @property
    def is_district(self) -> bool:
        return self.level == Municipality.Level.DISTRICT


class Spot(NamedTuple):
    """An area of the map, and the same link in the list."""

    ags: str
    name: str
    url: str
    n: int  # initiatives
    says: str  # „Lich: 2 Initiativen“


class Marker(NamedTuple):
    """A point on the map with a link: a town where something is, or the place that somebody looks for."""

    lat: float
    lon: float
    url: str
    says: str
    is_pin: bool = False


@dataclass
class Entry:
    """A line of the list: a Landkreis with its towns, or a town with its initiatives."""

    spot: Spot
    towns: list[Spot] = field(default_factory=list)
    titles: list[Initiative] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many titles are left out."""
        return self.spot.n - len(self.titles)


@dataclass
class Chart:
    """All that the page needs. `kreis` is what is drawn: None for Hessen."""

    found: Finding
    kreis: Town | None
    areas: list[Spot]  # in the order of the list
    entries: list[Entry]  # something is there
    markers: list[Marker]

    @property
    def quiet(self) -> list[Spot]:
        """Nothing is there."""
        return [spot for spot in self.areas if not spot.n]

    @property
    def n_towns(self) -> int:
        return sum(len(entry.towns) or 1 for entry in self.entries)


def chart(filters: Filters, *, now: datetime) -> Chart | None:
    """What fits, by Landkreis or within the one that is asked for; None where that is not known."""
    towns = {town.pk: town for town in map(Town._make, Municipality.objects.values_list(*COLUMNS))}
    kreis = _drawn(filters, towns)
    if filters.kreis and kreis is None:
        return None
    near = filters.near(now=now)
    counts = facets.count(near.rows, filters, now=now)
    dividing = [facet for facet in counts.facets(filters) if facet.name not in PLACES]
    found = Finding(filters, counts, km=near.km, widened=near.widened, facets=dividing)
    sheet = _Sheet(filters, towns, _by_town(counts.values["gemeinde"], towns))
    if kreis is None:
        return Chart(found, None, *sheet.hessen())
    areas, entries, markers = sheet.within(kreis)
    _add_titles(entries, near.rows, towns)
    return Chart(found, kreis, areas, entries, markers)


def _drawn(filters: Filters, towns: dict[int, Town]) -> Town | None:
    """The Landkreis (or kreisfreie Stadt) that is asked for, or that of the town that is."""
    by_slug = {town.slug: town for town in towns.values()}
    asked = by_slug.get(filters.kreis or filters.gemeinde)
    above = towns.get(asked.district) if asked and asked.district and not filters.kreis else asked
    return above if above and not above.district and not above.successor else None


def _by_town(found: dict[str, tuple[str, int]], towns: dict[int, Town]) -> dict[int, int]:
    """How many each town has, with what it had from those that became part of it."""
    by_slug = {town.slug: town for town in towns.values()}
    counts: dict[int, int] = defaultdict(int)
    for slug, (_name, n) in found.items():
        counts[by_slug[slug].successor or by_slug[slug].pk] += n
    return counts


def _alphabetical(town: Town) -> str:
    return search.fold(town.name.removeprefix("Landkreis "))


Shown = tuple[list[Spot], list[Entry], list[Marker]]


class _Sheet:
    """Areas, lines and markers from what fits."""

    def __init__(self, filters: Filters, towns: dict[int, Town], counts: dict[int, int]) -> None:
        self.filters, self.counts = filters, counts
        self.asked = bool(filters.but(kreis=""))
        self.towns = sorted((town for town in towns.values() if not town.successor), key=_alphabetical)
        self.members: dict[int | None, list[Town]] = defaultdict(list)
        for town in self.towns:
            self.members[town.district].append(town)

    def hessen(self) -> Shown:
        """Every Landkreis and kreisfreie Stadt; a marker for each town of a Landkreis where something is."""
        areas, entries, markers = [], [], self._pin()
        for area in self.members[None]:
            having = [town for town in self.members[area.pk] if self.counts.get(town.pk)]
            towns = [self.spot(town, self.counts[town.pk]) for town in having]
            spot = self.spot(area, sum(town.n for town in towns) + self.counts.get(area.pk, 0))
            areas.append(spot)
            markers += [
                Marker(town.lat, town.lon, spot.url, spot.says)
                for town, spot in zip(having, towns, strict=True)
            ]
            if spot.n:
                entries.append(Entry(spot, towns))
        return areas, entries, markers

    def within(self, kreis: Town) -> Shown:
        """Its towns; first in the list, though not on the map, what the Landkreis does itself."""
        areas = [self.spot(town, self.counts.get(town.pk, 0)) for town in self.members[kreis.pk] or [kreis]]
        own = self.counts.get(kreis.pk, 0) if kreis.is_district else 0
        first = [Entry(self._own(kreis, own))] if own else []
        return areas, first + [Entry(spot) for spot in areas if spot.n], self._pin()

    def spot(self, town: Town, n: int) -> Spot:
        """Leads to the map of a Landkreis, to a town's initiatives in the list, or to its page."""
        if town.is_district:
            url = self._address("initiatives:map", self.filters.but(kreis=town.slug, gemeinde=""))
        elif n:
            url = self._address("initiatives:list", self.filters.but(kreis="", gemeinde=town.slug))
        else:
            url = address("town", town.slug)
        return Spot(town.ags, town.name, url, n, self._says(town, n))

    def _own(self, kreis: Town, n: int) -> Spot:
        url = self._address("initiatives:list", self.filters.but(kreis="", gemeinde=kreis.slug))
        return Spot("", _("Im ganzen Landkreis"), url, n, self._says(kreis, n))

    def _says(self, town: Town, n: int) -> str:
        if n:
            said = ngettext("%(town)s: eine Initiative", "%(town)s: %(n)s Initiativen", n)
        elif self.asked:
            said = _("%(town)s: nichts dazu gefunden")
        elif town.is_district or town.organisation:
            said = _("%(town)s: noch nichts eingetragen")
        else:
            said = _("%(town)s: noch nichts eingetragen, Zugang anfordern")
        return said % {"town": town.name, "n": n}

    def _pin(self) -> list[Marker]:
        place = self.filters.place
        if place.point is None:
            return []
        here = next((town for town in self.towns if {town.pk} == place.town_ids), None)
        url = address("town", here.slug) if here else self._address("towns", Filters(ort=place.text))
        return [Marker(*place.point, url, _("Sie suchen hier: %s") % place.label, is_pin=True)]

    def _address(self, view: str, filters: Filters) -> str:
        query = filters.query()
        return address(view) + (f"?{query}" if query else "")


def _add_titles(entries: list[Entry], rows: InitiativeQuerySet, towns: dict[int, Town]) -> None:
    """The best `TITLES` of the Landkreis, each at its town."""
    by_ags = {entry.spot.ags: entry for entry in entries}
    for row in rows.ranked().only("title", "slug", "municipality")[:TITLES] if entries else ():
        town = towns[row.municipality_id]
        town = towns[town.successor or town.pk]
        by_ags.get(town.ags, entries[0]).titles.append(row)
