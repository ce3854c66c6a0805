"""Where an idea is shown already: „in 5 Orten, der nächste 12 km entfernt" (mission.md)."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from initiatives.models import Initiative
from portal import places
from portal.place_names import Town
from portal.places import PlaceSearch


@dataclass(frozen=True)
class Spread:
    """The towns that show one idea in public."""

    towns: int = 0
    initiatives: int = 0
    copies: int = 0  # of these with „Nachmachen"
    nearest: str = ""  # the name of a town, where a place was searched
    km: int = 0
    is_here: bool = False  # the place that was searched shows it itself

    @property
    def sentence(self) -> str:
        """„in 5 Orten, der nächste 12 km entfernt: Lich"; without a place „in 5 Orten"."""
        if not self.towns:
            return _("noch in keinem Ort")
        many = ngettext("in einem Ort", "in %(n)s Orten", self.towns) % {"n": self.towns}
        where = {"places": many, "town": self.nearest, "km": self.km}
        if self.is_here:
            return _("%(places)s, auch in %(town)s") % where
        if self.nearest:
            return _("%(places)s, der nächste %(km)s km entfernt: %(town)s") % where
        return many


def spreads(search: PlaceSearch, **only: object) -> dict[int, Spread]:
    """Of each idea by its key, those that nobody shows left out; `only` narrows the initiatives. One statement."""
    rows = Initiative.objects.public().filter(idea__isnull=False, **only).order_by()
    counted = rows.values_list("idea", "municipality").annotate(n=Count("pk"), copied=Count("copied_at"))
    by_idea: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for idea, *town in counted:
        by_idea[idea].append(tuple(town))
    known = {town.pk: town for town in search.towns}
    return {idea: _spread(search, known, towns) for idea, towns in by_idea.items()}


def _spread(search: PlaceSearch, known: dict[int, Town], counted: list[tuple[int, int, int]]) -> Spread:
    towns = [pk for pk, _n, _copies in counted]
    found = _nearest(search, [known[pk] for pk in towns if pk in known])
    name, km, is_here = found or ("", 0, False)
    return Spread(
        towns=len(towns),
        initiatives=sum(n for _pk, n, _copies in counted),
        copies=sum(copies for _pk, _n, copies in counted),
        nearest=name,
        km=km,
        is_here=is_here,
    )


def _nearest(search: PlaceSearch, towns: list[Town]) -> tuple[str, int, bool] | None:
    if search.point is None or not towns:
        return None
    point = search.point
    away, town = min((places.distance(point, (town.lat, town.lon)), town) for town in towns)
    here = next((each for each in towns if each.pk in search.town_ids), None)
    return (here.name, 0, True) if here else (town.name, max(1, round(away)), False)
