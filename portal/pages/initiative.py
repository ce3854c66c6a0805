"""One initiative, with the help it looks for and others like it."""

from typing import Any

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
from portal.models import OldSlug
from portal.origin import shared
from portal.slot_cards import Card
from volunteers.cards import card
from volunteers.models import Shift

SIMILAR, DATES = 3, 5


@shared
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A published initiative; an address that it had once leads there."""
    rows = Initiative.objects.public().select_related(
        "municipality__district", "organisation", "idea", "blueprint", "copied_from__municipality"
    )
    initiative = slugs.find(rows, slug)
    if initiative is None:
        return slugs.lead_on(OldSlug.Kind.INITIATIVE, slug, view="initiatives:detail", public=rows)
    return render(request, "initiatives/detail.html", page(initiative))


def page(initiative: Initiative, *, address: pictures.Address = pictures.public_address) -> dict[str, Any]:
    """What initiatives/detail.html reads; `address` is where its pictures are seen."""
    topics = list(initiative.topics.all())
    rows = initiative.pictures.all() if initiative.card_picture else []  # type: ignore[attr-defined]
    shown = [pictures.shown(row, address) for row in rows]
    return {
        "initiative": initiative,
        "topics": topics,
        "linked": linked_data.data(initiative, topics, images=[each.src for each in shown]),
        "pictures": shown,
        "drawing": drawing(initiative.title, topics[0].slug) if topics else "",
        "shifts": _help_wanted(initiative),
        "similar": _similar(initiative, topics),
        "blueprint": getattr(initiative, "blueprint", None),
        "copies": list(initiative.copies.public().select_related("municipality").order_by("copied_at")),
        "crumbs": [(_("Initiativen"), reverse("initiatives:list")), (initiative.title, "")],
    }


def _help_wanted(initiative: Initiative) -> list[Card]:
    """Coming dates; only what is running may look for help (rule 21)."""
    if initiative.life_state != Initiative.LifeState.RUNNING:
        return []
    now = timezone.now()
    rows = Shift.objects.public().open_for_signup(now).filter(opportunity__initiative=initiative)
    rows = rows.for_cards()
    return [card(shift, now=now) for shift in rows[:DATES]]


def _similar(initiative: Initiative, topics: list[Topic]) -> list[Initiative]:
    """Others of a topic of this one, nearest first."""
    here = initiative.municipality
    rows = Initiative.objects.public().exclude(pk=initiative.pk).filter(topics__in=topics).distinct()
    return list(rows.nearest_first((here.lat, here.lon)).for_cards()[:SIMILAR])
