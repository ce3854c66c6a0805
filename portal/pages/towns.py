"""One town or Landkreis with all that it offers: useful also when it has entered nothing."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Case, Count, F, IntegerField, Q, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives import wishes
from initiatives.models import Initiative, InitiativeQuerySet
from portal import outlines, places, search, slugs
from portal.models import Municipality, OldSlug
from portal.origin import shared
from portal.pages import embeds
from portal.place_names import Town
from portal.places import PlaceSearch
from portal.slot_cards import Card
from volunteers.cards import card
from volunteers.models import Shift, ShiftQuerySet

DATES, HERE, NEARBY = 5, 24, 4
# Districts with a „Koordinierungszentrum für Bürgerengagement" funded by the state (data/SOURCES.md).
COORDINATION = {
    *("06431", "06432", "06434", "06435", "06436", "06437", "06438", "06440"),
    *("06532", "06533", "06534", "06535", "06631", "06632", "06633", "06634", "06635", "06636"),
}


class Member(NamedTuple):
    """A town of a Landkreis with what it has."""

    town: Town
    initiatives: int
    dates: int


@dataclass
class Offer:
    """What there is in a place and around it."""

    shifts: list[Card] = field(default_factory=list)
    shifts_nearby: list[Card] = field(default_factory=list)
    here: list[Initiative] = field(default_factory=list)
    has_more: bool = False  # than `here`
    nearby: list[Initiative] = field(default_factory=list)
    km: int | None = None  # how far „nearby" is
    members: list[Member] = field(default_factory=list)

    @property
    def running(self) -> list[Initiative]:
        return [row for row in self.here if row.life_state == Initiative.LifeState.RUNNING]

    @property
    def examples(self) -> list[Initiative]:
        """Not confirmed by the town, or over (rule 21)."""
        return [row for row in self.here if row.life_state != Initiative.LifeState.RUNNING]

    @property
    def is_empty(self) -> bool:
        """Nothing of its own: such a page is for people, not for search engines."""
        return not self.here and not self.shifts


@shared
@require_safe
def town(request: HttpRequest, slug: str) -> HttpResponse:
    """One town or Landkreis with help wanted, initiatives, whom to ask, and what is near."""
    rows = Municipality.objects.select_related("district__organisation", "organisation", "successor")
    here = slugs.find(rows, slug)
    if here is None or here.successor:
        return _moved(slug, here)
    around = places.around(here, km=1 if here.is_district else places.RADII[0])
    offer = _offer(here, around)
    page = {
        "town": here,
        "kreis": here.district or here,
        "offer": offer,
        "help_desk": here.help_desk or (here.district.help_desk if here.district else ""),
        "wishes": wishes.public_counts(here),
        "locator": outlines.locator(here.ags),
        "coordination": _coordination(here),
        "embed": embeds.offer(here),
        "noindex": offer.is_empty,
        "crumbs": _crumbs(here),
    }
    return render(request, "portal/town.html", page)


def _moved(slug: str, merged: Municipality | None) -> HttpResponse:
    """A published address never breaks (mission.md): the successor's, or today's of the same town."""
    if merged and merged.successor:
        return HttpResponsePermanentRedirect(reverse("town", args=[merged.successor.slug]))
    return slugs.lead_on(OldSlug.Kind.MUNICIPALITY, slug, view="town", public=Municipality.objects.all())


def _crumbs(here: Municipality) -> list[tuple[str, str]]:
    above = [(here.district.name, here.district.get_absolute_url())] if here.district else []
    return [(_("Orte"), reverse("towns")), *above, (here.name, "")]


def _coordination(here: Municipality) -> Municipality | None:
    """The Landkreis whose coordination centre helps here."""
    district = here if here.is_district else here.district
    return district if district and district.ags[:5] in COORDINATION else None


def _offer(here: Municipality, around: PlaceSearch) -> Offer:
    """Its own first, then the nearest: within 15, 30, 50 km until there is something to show.

    A Landkreis that has something shows its towns instead of neighbours.
    """
    now = timezone.now()
    dates = places.near(
        around, Shift.objects.public().open_for_signup(now), field="opportunity__municipality"
    )
    rows = Initiative.objects.public().filter(municipality__in=around.town_ids)
    found = list(rows.ranked().for_cards()[: HERE + 1])
    offer = Offer(here=found[:HERE], has_more=len(found) > HERE)
    own = around.town_ids
    for shift in _own_first(dates.rows.for_cards(), own)[:DATES] if dates.total else ():
        at_home = shift.opportunity.municipality_id in own
        (offer.shifts if at_home else offer.shifts_nearby).append(card(shift, now=now))
    if here.is_district:
        offer.members = _members(here, around, rows if found else rows.none(), dates.counts)
    if not (here.is_district and found):
        offer.nearby, offer.km = _neighbours(around, rows)
    return offer


def _own_first(rows: ShiftQuerySet, own: frozenset[int]) -> ShiftQuerySet:
    is_own = When(opportunity__municipality__in=own, then=Value(0))
    return rows.annotate(elsewhere=Case(is_own, default=Value(1), output_field=IntegerField())).order_by(
        "elsewhere", "starts", "pk"
    )


def _neighbours(around: PlaceSearch, own: InitiativeQuerySet) -> tuple[list[Initiative], int | None]:
    """What others do within so many km, without the ideas that are at work here already."""
    known = own.order_by().exclude(idea=None).values("idea")
    others = Initiative.objects.public().exclude(municipality__in=around.town_ids)
    near = places.near(around, others.filter(Q(idea=None) | ~Q(idea__in=known)))
    return (_different(near.rows) if near.total else []), near.km


def _different(rows: InitiativeQuerySet) -> list[Initiative]:
    """Some, each idea once; first those that show one: they are made to be copied (rule 22).

    Sorted by a sum, PostgreSQL begins with the few of these towns; by the column itself with all that have an idea.
    """
    rows = rows.annotate(idea_key=F("idea")).order_by(
        (F("idea") + 0).asc(nulls_last=True), "life_rank", "-is_rich", "-year", "pk"
    )
    found: dict[object, Initiative] = {}
    for row in rows.for_cards()[: NEARBY * 5]:
        found.setdefault(row.idea_key or f"row {row.pk}", row)  # type: ignore[attr-defined]
    return list(found.values())[:NEARBY]


def _members(
    district: Municipality, around: PlaceSearch, rows: InitiativeQuerySet, dates: Mapping[int, int]
) -> list[Member]:
    """Its towns from A to Z, each with what those have that became part of it."""
    counted = rows.order_by().values_list("municipality").annotate(n=Count("*"))
    here: dict[int, int] = defaultdict(int)
    wanted: dict[int, int] = defaultdict(int)
    now = {town.pk: town.successor or town.pk for town in around.towns}
    for counts, sums in ((dict(counted), here), (dates, wanted)):
        for pk, n in counts.items():
            sums[now[pk]] += n
    towns = [town for town in around.towns if town.district == district.pk and not town.successor]
    return [
        Member(town, here[town.pk], wanted[town.pk])
        for town in sorted(towns, key=lambda town: search.fold(town.name))
    ]
