"""One initiative, with the help it looks for and others like it."""

from datetime import date, datetime
from math import cos, radians
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives import linked_data, pictures
from initiatives.models import Initiative, Topic
from initiatives.topics import drawing
from portal import slugs
from portal.models import Municipality, OldSlug
from portal.origin import shared
from portal.prepared import prepared
from portal.slot_cards import Card
from volunteers.cards import card
from volunteers.models import Shift

SIMILAR, DATES = 3, 5


@shared
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A published initiative; an address that it had once leads there."""
    for initiative in _public(slug=slug, today=timezone.localdate()):
        return render(request, "initiatives/detail.html", page(initiative))
    return slugs.lead_on(
        OldSlug.Kind.INITIATIVE, slug, view="initiatives:detail", public=Initiative.objects.public()
    )


def page(initiative: Initiative, *, address: pictures.Address = pictures.public_address) -> dict[str, Any]:
    """What initiatives/detail.html reads; `address` is where its pictures are seen."""
    topics: list[Topic] = _topics(initiative=initiative.pk)
    rows = initiative.pictures.all() if initiative.card_picture else []  # type: ignore[attr-defined]
    shown = [pictures.shown(row, address) for row in rows]
    return {
        "initiative": initiative,
        "topics": topics,
        "linked": linked_data.data(initiative, topics, images=[each.src for each in shown]),
        "pictures": shown,
        "drawing": drawing(initiative.title, topics[0].slug) if topics else "",
        "shifts": _help_wanted(initiative),
        "similar": _near(initiative, topics),
        "blueprint": getattr(initiative, "blueprint", None),
        "copies": _copies(initiative=initiative.pk, today=timezone.localdate()),
        "crumbs": [(_("Initiativen"), reverse("initiatives:list")), (initiative.title, "")],
    }


def _help_wanted(initiative: Initiative) -> list[Card]:
    """Coming dates; only what is running may look for help (rule 21)."""
    if initiative.life_state != Initiative.LifeState.RUNNING:
        return []
    now = timezone.now()
    return [card(shift, now=now) for shift in _coming(initiative=initiative.pk, now=now)]


def _near(initiative: Initiative, topics: list[Topic]) -> list[Initiative]:
    """Others of a topic of this one, nearest first."""
    here = initiative.municipality
    return _similar(  # type: ignore[no-any-return]
        initiative=initiative.pk,
        topics=[topic.pk for topic in topics],
        lat=here.lat,
        lon=here.lon,
        narrow=cos(radians(here.lat)),
        today=timezone.localdate(),
    )


@prepared
def _public(*, slug: str, today: date) -> QuerySet:
    rows = Initiative.objects.public(today).filter(slug=slug).order_by()
    return rows.select_related(
        "municipality__district", "organisation", "idea", "blueprint", "copied_from__municipality"
    )


@prepared
def _topics(*, initiative: int) -> QuerySet:
    return Topic.objects.filter(initiatives=initiative)


@prepared
def _coming(*, initiative: int, now: datetime) -> QuerySet:
    rows = Shift.objects.public().open_for_signup(now).filter(opportunity__initiative=initiative)
    return rows.for_cards()[:DATES]


@prepared
def _similar(
    *, initiative: int, topics: list[int], lat: float, lon: float, narrow: float, today: date
) -> QuerySet:
    # Not a join and `distinct()`: that made the cards of all these rows first, 0.7 s with 200,000 of them. Nor all rows by
    # their distance, 0.3 s: the nearest three stand in the nearest three towns that have any.
    alike = Initiative.topics.through.objects.filter(topic__pk__in=topics)
    rows = Initiative.objects.public(today).exclude(pk=initiative).filter(pk__in=alike.values("initiative"))
    one = Subquery(rows.filter(municipality=OuterRef("pk")).order_by().values("pk")[:1])
    towns = Municipality.objects.annotate(one=one).filter(one__isnull=False).nearest_to(lat, lon, narrow)
    rows = rows.filter(municipality__in=towns.values("pk")[:SIMILAR])
    return rows.nearest_to(lat, lon, narrow).for_cards()[:SIMILAR]


@prepared
def _copies(*, initiative: int, today: date) -> QuerySet:
    rows = Initiative.objects.public(today).filter(copied_from=initiative)
    return rows.select_related("municipality").order_by("copied_at")
