"""Which initiatives fit a word, a place and a topic, and what else to offer when none does.

At most five statements: the towns, the postal code, how many lie near (or the count), how many each
topic has, the rows of the page.
"""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import Count
from django.http import Http404

from initiatives.models import Initiative, InitiativeQuerySet
from initiatives.topics import NAMES, TopicChip
from portal import places
from portal import search as words
from portal.models import Municipality
from portal.places import Near, PlaceSearch

PAGE_SIZE = 24
ELSEWHERE = 3  # examples to offer when nothing fits


@dataclass
class Finding:
    """All that the page needs; `page` is None where there is nothing to list."""

    search: PlaceSearch
    suche: str = ""
    thema: str = ""
    km: int | None = None
    widened: str = ""
    total: int = 0
    topics: list[TopicChip] = field(default_factory=list)
    page: Page | None = None
    query: str = ""  # „ort=35423&thema=umwelt&" for the links of the pager
    all_topics_url: str = ""
    elsewhere: list[Initiative] = field(default_factory=list)

    @property
    def is_filtered(self) -> bool:
        return bool(self.suche or self.thema or self.search.text)

    @property
    def topic_name(self) -> str:
        names = {chip.slug: chip.name for chip in self.topics} | {"": ""}
        return names.get(self.thema) or NAMES.get(self.thema, "")

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Towns to choose from, as (label, query), for an ambiguous or unknown name."""
        towns = self.search.ambiguous or self.search.suggestions
        return [(label, _query(suche=self.suche, ort=label)) for label in map(_unmistakable, towns)]


def find(*, suche: str, ort: str, umkreis: str, thema: str, page: str) -> Finding:
    """The published initiatives that fit, best first (rule 21); Http404 for a page that is not there."""
    suche = " ".join(suche[: words.MAX_QUERY].split()) if words.words(suche[: words.MAX_QUERY]) else ""
    search = places.search_place(ort, places.radius(umkreis))
    fitting = Initiative.objects.public().filter(words.matches(suche))
    wanted = fitting.filter(topics__slug=thema) if thema else fitting
    near = places.near(search, wanted)
    found = Finding(search, suche=suche, thema=thema, km=near.km, widened=near.widened)
    found.total = near.rows.count() if near.total is None else near.total
    given = {"suche": suche, "ort": search.text, "umkreis": umkreis if places.radius(umkreis) else ""}
    found.query = _query(**given, thema=thema, end="&")
    found.all_topics_url = "?" + _query(**given)
    found.topics = _chips(_all_topics(fitting, search, near), thema, given)
    if found.total:
        found.page = _page(near.rows, found.total, page)
    else:
        found.elsewhere = list(Initiative.objects.public().ranked().for_cards()[:ELSEWHERE])
    return found


def _unmistakable(town: Municipality) -> str:
    return f"{town.postal_code} {town.name}".strip()


def _all_topics(
    rows: InitiativeQuerySet, search: PlaceSearch, near: Near[InitiativeQuerySet]
) -> InitiativeQuerySet:
    """All topics within the distance that was needed, for the filter by topic."""
    if search.point is None or near.km is None:
        return rows
    return rows.filter(municipality__in=places.within(search.point, near.km, search.towns) | search.town_ids)


def _chips(rows: InitiativeQuerySet, thema: str, given: dict[str, str]) -> list[TopicChip]:
    """A filter appears only where it divides (mission.md)."""
    counts = list(
        rows.order_by("topics__order", "topics__name")
        .values_list("topics__slug", "topics__name")
        .exclude(topics=None)
        .annotate(n=Count("pk"))
    )
    if len(counts) < 2:
        return []
    return [
        TopicChip(slug, name, n, "?" + _query(**given, thema=slug), slug == thema) for slug, name, n in counts
    ]


def _query(*, end: str = "", **values: str) -> str:
    given = {name: value for name, value in values.items() if value}
    return urlencode(given) + end if given else ""


def _page(rows: InitiativeQuerySet, total: int, page: str) -> Page:
    paginator = Paginator(rows.ranked().for_cards(), PAGE_SIZE)
    paginator.count = total  # type: ignore[misc]  # known already: saves a statement
    try:
        return paginator.page(page or 1)
    except (EmptyPage, PageNotAnInteger):
        raise Http404 from None
