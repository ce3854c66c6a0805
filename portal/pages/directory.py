"""All towns and counties, with a search by name, postal code or Landkreis."""

from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import place_names, places, search
from portal.models import Municipality
from portal.origin import shared


class Entry(NamedTuple):
    """A town or Landkreis in the list."""

    pk: int
    name: str
    slug: str
    level: str
    kind: str
    district: str | None

    @property
    def is_district(self) -> bool:
        return self.level == Municipality.Level.DISTRICT

    @property
    def url(self) -> str:
        return f"{reverse('towns')}{self.slug}/"

    @property
    def letter(self) -> str:
        return search.fold(self.name)[:1].upper()


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Search by name, postal code or Landkreis; below it all, by Landkreis and from A to Z."""
    typed = request.GET.get("ort", "")
    rows = Municipality.objects.current().values_list("pk", "name", "slug", "level", "kind", "district__name")
    entries = tuple(sorted(map(Entry._make, rows), key=_alphabetical))
    found, guess = _found(typed, entries) if typed.strip() else ([], False)
    page = {
        "ort": typed[: places.MAX_TEXT],
        "is_search": bool(typed.strip()),
        "found": found,
        "guess": guess,
        "directory": _directory(entries),
        "noindex": bool(typed),
        "crumbs": [(_("Orte"), "")],
    }
    return render(request, "portal/towns.html", page)


def _alphabetical(entry: Entry) -> str:
    return search.fold(entry.name)


@lru_cache(maxsize=2)
def _directory(entries: tuple[Entry, ...]) -> str:
    """The long list, rendered once for the same content: a memory that cannot be out of date."""
    towns = [entry for entry in entries if not entry.is_district]
    page = {
        "districts": [entry for entry in entries if entry.is_district],
        "letters": [(letter, list(group)) for letter, group in groupby(towns, lambda town: town.letter)],
        "n_towns": len(towns),
    }
    return get_template("portal/_directory.html").render(page)


def _found(typed: str, entries: tuple[Entry, ...]) -> tuple[list[Entry], bool]:
    """The towns that were meant, a Landkreis with all of its towns; True if that is a guess."""
    understood = places.search_place(typed)
    named = {town.pk for town in (*understood.ambiguous, *understood.suggestions)} | understood.town_ids
    parts = place_names.tokens(typed)
    matching = [
        entry
        for entry in entries
        if entry.pk in named or (parts and all(part in _alphabetical(entry) for part in parts))
    ]
    matching.sort(key=lambda entry: not entry.is_district)
    return matching, understood.corrected or (understood.unknown and bool(understood.suggestions))
