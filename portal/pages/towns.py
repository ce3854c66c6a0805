"""One town or Landkreis with all that it offers: useful also when it has entered nothing."""

from dataclasses import dataclass, field

from django.db.models import Case, IntegerField, Q, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives import wishes
from initiatives.models import Initiative
from portal import places, search, slugs
from portal.models import Municipality, OldSlug
from portal.origin import shared
from portal.pages import embeds
from portal.place_names import Town
from portal.places import PlaceSearch, Rows
from portal.slot_cards import Card
from volunteers.cards import card
from volunteers.models import Shift

DATES, HERE, NEARBY = 5, 24, 4
# Districts with a „Koordinierungszentrum für Bürgerengagement" funded by the state (data/SOURCES.md).
COORDINATION = {
    *("06431", "06432", "06434", "06435", "06436", "06437", "06438", "06440"),
    *("06532", "06533", "06534", "06535", "06631", "06632", "06633", "06634", "06635", "06636"),
}


@dataclass
class Offer:
    """What there is in a place and around it."""

    shifts: list[Card] = field(default_factory=list)
    shifts_nearby: list[Card] = field(default_factory=list)
    here: list[Initiative] = field(default_factory=list)
    nearby: list[Initiative] = field(default_factory=list)

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
    offer = _offer(around)
    page = {
        "town": here,
        "offer": offer,
        "towns": _towns_of(here, around),
        "help_desk": here.help_desk or (here.district.help_desk if here.district else ""),
        "wishes": wishes.public_counts(here),
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


def _towns_of(district: Municipality, around: PlaceSearch) -> list[Town]:
    towns = [town for town in around.towns if town.district == district.pk and not town.successor]
    return sorted(towns, key=lambda town: search.fold(town.name))


def _offer(around: PlaceSearch) -> Offer:
    """Its own first, then the nearest: within 15, 30, 50 km until there is something to show."""
    now = timezone.now()
    wanted = places.near(
        around, Shift.objects.public().open_for_signup(now), field="opportunity__municipality"
    )
    shifts = wanted.rows.for_cards()
    soonest = _own_first(shifts, "opportunity__municipality", around, ["starts", "pk"])[:DATES]
    dates = list(soonest) if wanted.total else []
    own = around.town_ids
    initiatives = places.near(around, Initiative.objects.public())
    ranked = _own_first(initiatives.rows, "municipality", around, ["life_rank", "-is_rich", "-year", "pk"])
    examples = list(ranked.for_cards()[: HERE + NEARBY])
    return Offer(
        shifts=[card(shift, now=now) for shift in dates if shift.opportunity.municipality_id in own],
        shifts_nearby=[
            card(shift, now=now) for shift in dates if shift.opportunity.municipality_id not in own
        ],
        here=[row for row in examples if row.municipality_id in own][:HERE],
        nearby=[row for row in examples if row.municipality_id not in own][:NEARBY],
    )


def _own_first(rows: Rows, column: str, around: PlaceSearch, order: list[str]) -> Rows:
    own = When(Q(**{f"{column}__in": around.town_ids}), then=Value(0))
    return rows.annotate(elsewhere=Case(own, default=Value(1), output_field=IntegerField())).order_by(
        "elsewhere", *order
    )
