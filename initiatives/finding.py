"""Which initiatives fit what somebody asks for, and what else to offer when few do (`related.py`).

At most six statements: the towns, the postal code, how many lie near, how many there are of each filter
(`facets.py`), the rows of the page, related ones. Where nothing is found: instead of the last three the words
of the collection, related ones, those near.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.http import Http404

from initiatives import related
from initiatives.facets import Counts, Facet, count
from initiatives.filters import Filters
from initiatives.models import InitiativeQuerySet
from initiatives.related import Offers
from portal import places
from portal.places import PlaceSearch

__all__ = ["Filters", "Finding", "find"]

PAGE_SIZE = 24


@dataclass
class Finding:
    """All that the page needs; `page` is None where there is nothing to list."""

    filters: Filters
    counts: Counts
    km: int | None = None
    widened: str = ""
    page: Page | None = None
    facets: list[Facet] = field(default_factory=list)
    offers: Offers = field(default_factory=Offers)

    @property
    def search(self) -> PlaceSearch:
        return self.filters.place

    @property
    def total(self) -> int:
        return self.counts.total

    @property
    def query(self) -> str:
        """„ort=35423&thema=umwelt&" for the links of the pager."""
        query = self.filters.query()
        return query + "&" if query else ""

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the search form keeps of the address beside its own fields: (name, value)."""
        return [(name, value) for name in Counts.FACETS if (value := getattr(self.filters, name))]

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """The filters that are set, as (label, query without it)."""
        return [
            (self.counts.name(name, value), "?" + self.filters.but(**{name: ""}).query())
            for name, value in self.kept
        ]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Towns to choose from, as (label, query), for an ambiguous or unknown name."""
        towns = self.search.ambiguous or self.search.suggestions
        return [
            (town.unmistakable, self.filters.but(ort=town.unmistakable, umkreis="").query()) for town in towns
        ]


def find(filters: Filters, *, page: str, now: datetime) -> Finding:
    """The public initiatives that fit, best first (rule 21); Http404 for a page that is not there."""
    near = filters.near(now=now)
    counts = Counts.none() if near.total == 0 else count(near.rows, filters, now=now)
    found = Finding(filters, counts, km=near.km, widened=near.widened)
    if counts.total:
        found.facets = counts.facets(filters)
        found.page = _page(filters.ranked(near.rows), counts.total, page)
        if counts.total < places.ENOUGH:
            found.offers = related.beside(found.page, filters.terms)
    else:
        found.offers = related.instead(filters)
    return found


def _page(rows: InitiativeQuerySet, total: int, page: str) -> Page:
    paginator = Paginator(rows.for_cards(), PAGE_SIZE)
    paginator.count = total  # type: ignore[misc]  # known already: saves a statement
    try:
        return paginator.page(page or 1)
    except (EmptyPage, PageNotAnInteger):
        raise Http404 from None
