"""A place that somebody types → a point → the municipalities within n kilometres.

Nothing is kept between requests: the 442 names come with one statement (about a millisecond) each time,
so every process is right the moment an import has ended. Rejected: a copy in each process, which would
need a stamp to ask the database for anyway.

A search costs at most two statements, `nearby` one more; the suggestions for a slip cost one.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import place_names
from portal.models import Municipality, PostalCode
from portal.place_names import Town

Rows = TypeVar("Rows", bound="QuerySet[Any]")

RADII = (15, 30, 50)  # km; the first is what a search begins with
ENOUGH = 3  # results until the search is widened no more
MAX_TEXT = 80  # characters; longer input is cut, not refused
MAX_SUGGESTIONS = 6
EARTH_KM = 6371.0
KM_PER_DEGREE = EARTH_KM * math.pi / 180  # of latitude
_FIVE_DIGITS = re.compile(r"(?<!\d)\d{5}(?!\d)", re.ASCII)
_ONLY_DIGITS = re.compile(r"\d{2,}", re.ASCII)


@dataclass(frozen=True)
class PlaceSearch:
    """What became of the text that somebody typed.

    Exactly one of these holds: the text is empty; `point` is set; `ambiguous` names the towns that share
    the name; `unknown`, with `suggestions` where there are any.
    """

    text: str  # as typed, for the field
    label: str = ""  # „35423 Lich": what was understood
    point: tuple[float, float] | None = None  # degrees of latitude and longitude
    ambiguous: list[Municipality] = field(default_factory=list)
    unknown: bool = False
    suggestions: list[Municipality] = field(default_factory=list)
    corrected: bool = False  # a slip was forgiven: show `label`
    umkreis: int = RADII[0]  # km to begin with
    town_ids: frozenset[int] = frozenset()  # belong to the place whatever the distance
    towns: tuple[Town, ...] = ()  # all of them, for distances

    @property
    def sentence(self) -> str:
        """What to say beside the field; empty where the place was simply found."""
        if self.ambiguous:
            return _("Diesen Namen gibt es mehrmals. Welchen Ort meinen Sie?")
        if self.unknown and self.suggestions:
            return _("Diesen Ort haben wir in Hessen nicht gefunden. Meinten Sie einen von diesen?")
        if self.unknown:
            return _(
                "Diesen Ort haben wir in Hessen nicht gefunden. Bitte geben Sie eine Postleitzahl "
                "oder den Namen einer Stadt oder Gemeinde ein."
            )
        return _("Verstanden als: %s") % self.label if self.corrected else ""


def radius(text: str | None) -> int | None:
    """The distance in km that a page offers, or None for anything else."""
    return next((km for km in RADII if str(km) == (text or "").strip()), None)


def search_place(ort: str, umkreis: int | None = None) -> PlaceSearch:
    """Read a postal code or a town's name; never raises, whatever the text is. `umkreis` in km."""
    text = " ".join("".join(char if char.isprintable() else " " for char in ort[:MAX_TEXT]).split())
    if not text:
        return PlaceSearch(text="")
    start = min(max(umkreis or RADII[0], 1), RADII[-1])
    towns = _towns()
    code = _FIVE_DIGITS.search(text)
    if code:
        return _by_code(text, code.group(), towns, start)
    if _ONLY_DIGITS.fullmatch(text):
        return PlaceSearch(text=text, unknown=True, suggestions=_near_code(text))
    return _by_name(text, towns, start)


def within(point: tuple[float, float], km: float, towns: tuple[Town, ...] | None = None) -> set[int]:
    """The ids of the municipalities whose middle is at most `km` kilometres from the point."""
    lat, lon = point
    d_lat = km / KM_PER_DEGREE
    d_lon = d_lat / math.cos(math.radians(lat))
    return {
        town.pk
        for town in (_towns() if towns is None else towns)
        # the box first: it is cheap and leaves few
        if abs(town.lat - lat) <= d_lat
        and abs(town.lon - lon) <= d_lon * 1.01
        and distance(point, (town.lat, town.lon)) <= km
    }


def distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Kilometres along the surface of the earth (haversine)."""
    lat_a, lon_a, lat_b, lon_b = map(math.radians, (*a, *b))
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(half))


@dataclass(frozen=True)
class Near(Generic[Rows]):
    """The rows near a place; without a point all rows, and `km` and `total` are None."""

    rows: Rows
    km: int | None = None  # what it took
    widened: str = ""  # a sentence, if that was more than asked for
    total: int | None = None
    counts: Mapping[int, int] = field(default_factory=dict)  # municipality → how many, wherever there are any


def near(search: PlaceSearch, queryset: Rows, *, field: str = "municipality") -> Near[Rows]:
    """The rows near the place; the distance grows (15, 30, 50 km) until three rows are there.

    `field` leads from a row to its municipality. Call it before annotations that cost something: it
    counts the rows, with one statement.
    """
    if search.point is None:
        return Near(queryset)
    steps = [search.umkreis, *(km for km in RADII if km > search.umkreis)]
    reach = [within(search.point, km, search.towns) | search.town_ids for km in steps]
    counts = _counts(queryset, field, reach[-1])
    sums = [sum(counts[pk] for pk in ids) for ids in reach]
    step = next((step for step, n in enumerate(sums) if n >= ENOUGH), len(steps) - 1)
    rows = queryset.filter(**{f"{field}__in": reach[step] & counts.keys()})
    return Near(rows, steps[step], _widened(search, steps[step], sums[0]), sums[step], counts)


def nearby(
    search: PlaceSearch, queryset: Rows, *, field: str = "municipality"
) -> tuple[Rows, int | None, str]:
    """`near` as rows, km and sentence."""
    found = near(search, queryset, field=field)
    return found.rows, found.km, found.widened


def around(town: Municipality, *, km: int, towns: tuple[Town, ...] | None = None) -> PlaceSearch:
    """A search that begins at a town (with what was merged into it) or at all towns of a district."""
    towns = _towns() if towns is None else towns
    here = next(other for other in towns if other.pk == town.pk)
    return replace(_found(town.name, here, towns, RADII[0]), umkreis=km)


def _counts(queryset: Rows, field: str, ids: set[int]) -> dict[int, int]:
    counted = queryset.filter(**{f"{field}__in": ids}).order_by().values_list(field)
    rows = counted.annotate(n=Count("*"))  # of rows, not of keys: an index alone answers
    counts: dict[int, int] = defaultdict(int)
    for pk, n in rows:  # an annotated queryset gives several rows for one municipality
        counts[pk] += n
    return counts


def _widened(search: PlaceSearch, km: int, first: int) -> str:
    if km == search.umkreis:
        return ""
    place = {"km": search.umkreis, "place": search.label, "wide": km, "n": first}
    if not first:
        return (
            _("Im Umkreis von %(km)s km um %(place)s ist nichts dabei, deshalb suchen wir bis %(wide)s km.")
            % place
        )
    return (
        ngettext(
            "Im Umkreis von %(km)s km um %(place)s gibt es nur einen Treffer, deshalb suchen wir bis %(wide)s km.",
            "Im Umkreis von %(km)s km um %(place)s gibt es nur %(n)s Treffer, deshalb suchen wir bis %(wide)s km.",
            first,
        )
        % place
    )


# --- reading the text ---------------------------------------------------------------------------


def _towns() -> tuple[Town, ...]:
    rows = Municipality.objects.order_by("name").values_list(
        "pk", "name", "slug", "level", "lat", "lon", "district", "successor"
    )
    return tuple(map(Town._make, rows))


def _by_code(text: str, code: str, towns: tuple[Town, ...], umkreis: int) -> PlaceSearch:
    rows = list(PostalCode.objects.filter(code=code).select_related("municipality").order_by("pk"))
    if not rows:
        return PlaceSearch(text=text, unknown=True, suggestions=_near_code(code))
    names = " / ".join(row.municipality.name for row in rows)
    return PlaceSearch(
        text=text,
        label=f"{code} {names}",
        point=(rows[0].lat, rows[0].lon),
        umkreis=umkreis,
        town_ids=frozenset(row.municipality_id for row in rows),
        towns=towns,
    )


def _near_code(digits: str) -> list[Municipality]:
    """Towns whose postal codes begin alike: the longest beginning that any of them has."""
    alike = PostalCode.objects.filter(code__startswith=digits[:2]).select_related("municipality")
    rows = list(alike.order_by("municipality__name"))
    for length in range(min(len(digits), 4), 1, -1):
        towns = {
            row.municipality_id: row.municipality for row in rows if row.code.startswith(digits[:length])
        }
        if towns:
            return list(towns.values())[:MAX_SUGGESTIONS]
    return []


def _by_name(text: str, towns: tuple[Town, ...], umkreis: int) -> PlaceSearch:
    found = _today(place_names.named(text, towns), towns)
    if len(found) > 1:
        return PlaceSearch(text=text, ambiguous=_municipalities(found))
    if found:
        return _found(text, found[0], towns, umkreis)
    meant, close = place_names.slips(text, tuple(town for town in towns if not town.successor))
    if meant:
        return _found(text, meant, towns, umkreis, corrected=True)
    return PlaceSearch(text=text, unknown=True, suggestions=_municipalities(close))


def _found(
    text: str, town: Town, towns: tuple[Town, ...], umkreis: int, *, corrected: bool = False
) -> PlaceSearch:
    """The town with those that became part of it; a district with all of its towns."""
    ids = {town.pk, *(other.pk for other in towns if town.pk in (other.successor, other.district))}
    return PlaceSearch(
        text=text,
        label=town.name,
        point=(town.lat, town.lon),
        umkreis=umkreis,
        town_ids=frozenset(ids),
        towns=towns,
        corrected=corrected,
    )


def _today(found: list[Town], towns: tuple[Town, ...]) -> list[Town]:
    """Each town once, and instead of one that was merged its successor."""
    by_pk = {town.pk: town for town in towns}
    return list(dict.fromkeys(by_pk[town.successor or town.pk] for town in found))


def _municipalities(towns: list[Town]) -> list[Municipality]:
    """The rows, in the order given."""
    rows: dict[int, Any] = Municipality.objects.in_bulk([town.pk for town in towns[:MAX_SUGGESTIONS]])
    return [rows[town.pk] for town in towns[:MAX_SUGGESTIONS]]
