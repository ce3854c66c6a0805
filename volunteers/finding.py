"""Where help is wanted: which dates fit a place and a topic, and what else to offer when few do.

Statements of one list: the towns, the postal code (or the towns of a district), how many dates lie
near, how many each topic has, the rows of the page; an empty list shows other things instead of rows.
"""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import Count
from django.http import Http404
from django.utils import timezone

from initiatives.topics import TopicChip
from portal import places
from portal.models import Municipality
from portal.places import PlaceSearch
from portal.slot_cards import Card
from volunteers.cards import Group, by_week, card
from volunteers.models import Shift, ShiftQuerySet

PAGE_SIZE = 20
ELSEWHERE = 3  # dates to offer when none lies near


@dataclass
class Finding:
    """All that the page needs; `page` is None where there is nothing to list."""

    search: PlaceSearch
    km: int | None = None
    widened: str = ""
    total: int = 0
    topic: str = ""
    topics: list[TopicChip] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    page: Page | None = None
    all_topics_url: str = "?"
    query: str = ""  # „ort=35423&thema=umwelt&" for the links of the pager
    elsewhere: list[Card] = field(default_factory=list)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Towns to choose from, as (label, query), for an ambiguous or unknown name."""
        return [_choice(town) for town in self.search.ambiguous or self.search.suggestions]


def _choice(town: Municipality) -> tuple[str, str]:
    return town.official_name, urlencode({"ort": f"{town.postal_code} {town.name}".strip()})


def find(*, ort: str, umkreis: str, thema: str, page: str, now: datetime) -> Finding:
    """The dates near a place (all of Hessen without one) with a topic; Http404 for a page that is not there."""
    search = places.search_place(ort, places.radius(umkreis))
    everywhere = Shift.objects.public().open_for_signup(now)
    wanted = everywhere.filter(opportunity__topic__slug=thema) if thema else everywhere
    near = places.near(search, wanted, field="opportunity__municipality")
    found = Finding(search, km=near.km, widened=near.widened, topic=thema)
    given = {"ort": search.text, "umkreis": umkreis if places.radius(umkreis) else ""}
    found.query, found.all_topics_url = _query(**given, thema=thema, end="&"), "?" + _query(**given)
    counts = {} if near.total == 0 else _topic_counts(_all_topics(everywhere, search, near.km))
    found.total = sum(n for slug, (_name, n) in counts.items() if not thema or slug == thema)
    found.topics = _chips(counts, thema, given)
    if found.total:
        _fill(found, near.rows, page, now=now)
    else:
        nearest = everywhere.for_cards()[:ELSEWHERE]
        found.elsewhere = [card(shift, now=now) for shift in nearest]
    return found


def _all_topics(shifts: ShiftQuerySet, search: PlaceSearch, km: int | None) -> ShiftQuerySet:
    """All topics within the distance that was needed, for the filter by topic."""
    if search.point is None or km is None:
        return shifts
    ids = places.within(search.point, km, search.towns) | search.town_ids
    return shifts.filter(opportunity__municipality__in=ids)


def _topic_counts(shifts: ShiftQuerySet) -> dict[str, tuple[str, int]]:
    """Slug → (name, dates), in the order of the topics."""
    rows = (
        shifts.order_by("opportunity__topic__order", "opportunity__topic__name")
        .values_list("opportunity__topic__slug", "opportunity__topic__name")
        .annotate(n=Count("pk"))
    )
    return {slug: (name, n) for slug, name, n in rows}


def _chips(counts: dict[str, tuple[str, int]], topic: str, given: dict[str, str]) -> list[TopicChip]:
    """A filter appears only where it divides (mission.md), or to take it off again."""
    if len(counts) < 2 and topic not in counts:
        return []
    return [
        TopicChip(slug, name, n, "?" + _query(**given, thema=slug), slug == topic)
        for slug, (name, n) in counts.items()
    ]


def _query(*, end: str = "", **values: str) -> str:
    given = urlencode({name: value for name, value in values.items() if value})
    return given + end if given else ""


def _fill(found: Finding, rows: ShiftQuerySet, page: str, *, now: datetime) -> None:
    rows = rows.for_cards()
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.count = found.total  # type: ignore[misc]  # known already: saves a statement
    try:
        found.page = paginator.page(page or 1)
    except (EmptyPage, PageNotAnInteger):
        raise Http404 from None
    cards = [card(shift, now=now) for shift in found.page]
    found.groups = by_week(cards, today=timezone.localtime(now).date())
