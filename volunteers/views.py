"""Public pages of help wanted: session-blind, cacheable, their one form protected by its origin."""

from django.http import (
    HttpRequest,
    HttpResponse,
)
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from initiatives.models import Initiative
from portal import places, signup_pages, slugs, throttle
from portal.models import OldSlug
from portal.origin import guarded, shared
from volunteers import action, finding, watch_pages
from volunteers.models import Opportunity


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Help wanted, soonest first, near a place and about a topic."""
    now = timezone.now()
    found = finding.find(
        ort=request.GET.get("ort", "").strip(),
        umkreis=request.GET.get("umkreis", ""),
        thema=request.GET.get("thema", ""),
        page=request.GET.get("page", ""),
        now=now,
    )
    return render(
        request,
        "volunteers/index.html",
        watch_pages.form_for(found.search, now)
        | {
            "found": found,
            "search": found.search,
            "error": found.search.sentence if found.search.unknown or found.search.ambiguous else "",
            "radii": places.RADII if found.search.point else None,
            "hidden": [("thema", found.topic)] if found.topic else [],
            "examples": []
            if found.total or found.elsewhere
            else Initiative.objects.public().ranked().for_cards()[:3],
            "crumbs": [(_("Mitmachen"), "")],
        },
    )


@guarded
@throttle.limited("signup", limit=30, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One action with its dates and the form; a POST signs up."""
    found, now = action.find(slug), timezone.now()
    if found is None:
        return slugs.lead_on(
            OldSlug.Kind.OPPORTUNITY, slug, view="volunteers:detail", public=Opportunity.objects.public()
        )
    page = action.signup_page(*found, now)
    if request.method == "POST":
        return signup_pages.enter(request, page, now=now)
    return signup_pages.show(request, page, now=now)
