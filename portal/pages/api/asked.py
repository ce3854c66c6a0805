"""The filters of the collection for programs: those of its page, but said back when they make no sense.

A page forgives („umkreis=abc" is no distance) and widens its search until there are three; a program would take
everything for what it asked for. So here a distance is exact, and what is no place, distance or state is a Problem.
"""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from initiatives.filters import STATES, YES, Filters
from portal import places
from portal.pages.api.parts import Resource
from portal.problems import Problem

PLACE = ("ort", "umkreis", "thema")  # of dates


def said() -> dict[str, tuple[str, dict[str, Any]]]:
    """Parameter → what it means, and its JSON Schema."""
    text = {"type": "string"}
    yes = {"type": "string", "enum": [YES]}
    return {
        "suche": (_("Wörter, die alle vorkommen."), text),
        "ort": (_("Postleitzahl oder Name eines Ortes oder Landkreises."), text),
        "umkreis": (
            _("Kilometer um „ort“."),
            {"type": "integer", "enum": list(places.RADII), "default": places.RADII[0]},
        ),
        "thema": (_("Kürzel eines Themas („topics“)."), text),
        "kreis": (_("Kürzel eines Landkreises („municipalities“)."), text),
        "gemeinde": (_("Kürzel einer Stadt oder Gemeinde („municipalities“)."), text),
        "stand": (
            _("Ob es läuft, ein Beispiel oder abgeschlossen ist."),
            {"type": "string", "enum": list(STATES)},
        ),
        "hilfe": (_("Nur was gerade Hilfe sucht."), yes),
        "idee": (_("Kürzel einer Idee."), text),
        "steckbrief": (_("Nur was einen Steckbrief hat."), yes),
    }


def names(kind: Resource) -> tuple[str, ...]:
    """Which of them this list knows."""
    known: dict[str, tuple[str, ...]] = {"initiatives": tuple(Filters.__dataclass_fields__), "shifts": PLACE}
    return known.get(kind.name, ())


def of(kind: Resource, query: QueryDict, *, now: datetime) -> QuerySet:
    """The rows of the list that fit. Raises Problem 400."""
    rows = kind.rows(now)
    if not names(kind):
        return rows
    filters = Filters.from_query(query)
    _refuse_nonsense(filters, query)
    field = "municipality" if kind.name == "initiatives" else "opportunity__municipality"
    if kind.name == "initiatives":
        rows = rows.filter(pk__in=filters.anywhere(now=now).order_by().values("pk")) if filters else rows
    elif filters.thema:
        rows = rows.filter(opportunity__topic__slug=filters.thema)
    place = filters.place
    if place.point is None:
        return rows
    near = places.within(place.point, place.umkreis, place.towns) | place.town_ids
    return rows.filter(**{f"{field}__in": near})


def _refuse_nonsense(filters: Filters, query: QueryDict) -> None:
    """Raises Problem for a value that the page would forgive."""
    if query.get("umkreis", "") and not filters.umkreis:
        radii = ", ".join(map(str, places.RADII))
        raise Problem(400, _("„umkreis“ ist eine Zahl von Kilometern: %s.") % radii)
    if filters.stand and filters.stand not in STATES:
        raise Problem(400, _("„stand“ ist eines von: %s.") % ", ".join(STATES))
    if query.get("suche", "").strip() and not filters.suche:
        raise Problem(400, _("„suche“ braucht Buchstaben oder Ziffern."))
    place = filters.place
    if place.unknown:
        raise Problem(400, _("Diesen Ort kennen wir nicht."))
    if place.ambiguous:
        towns = ", ".join(town.unmistakable for town in place.ambiguous)
        raise Problem(400, _("Diesen Ort gibt es mehrmals: %s.") % towns)
