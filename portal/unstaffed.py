"""Towns that have an organisation of their own and nobody who works for it, while something waits for them."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext

from portal.models import Membership, Municipality

MOST = 10  # lines of the start page


def todo_lines(towns: QuerySet[Municipality]) -> list[dict[str, Any]]:
    """One line for each such town with a proposal, for who may invite somebody; it names no person."""
    staffed = Membership.objects.filter(organisation=OuterRef("organisation"), user__is_active=True)
    left = towns.filter(~Exists(staffed), organisation__isnull=False, initiatives__state="proposed")
    return [
        {
            "url": reverse("admin:portal_municipality_change", args=[town.pk]),
            "text": gettext("In %s wartet ein Vorschlag, und niemand arbeitet dort in der Redaktion")
            % town.name,
            "note": gettext("Bitte laden Sie jemanden ein, oder betreuen Sie den Ort selbst."),
            "action": gettext("Ansehen"),
        }
        for town in left.distinct().order_by("name")[:MOST]
    ]
