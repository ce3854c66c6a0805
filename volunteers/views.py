"""Public pages of help wanted: session-blind, cacheable, their one form protected by its origin."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from initiatives.models import Initiative
from portal import links, places, signups, slugs, throttle, traps
from portal.models import OldSlug
from portal.origin import guarded, shared
from portal.refused import Busy, Refused
from volunteers import action, finding, watch_pages
from volunteers.models import Opportunity, Shift

RETRY_AFTER = "5"  # seconds, when the database was too busy to decide


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
        return _moved(slug)
    opportunity, shifts = found
    if request.method == "POST":
        return _sign_up(request, opportunity, shifts, now)
    return _show(request, opportunity, shifts, now)


def _moved(slug: str) -> HttpResponse:
    """A published address never breaks (mission.md): old ones lead to today's for ever."""
    current = slugs.moved(OldSlug.Kind.OPPORTUNITY, slug)
    if current is None:
        raise Http404
    return HttpResponsePermanentRedirect(reverse("volunteers:detail", args=[current]))


@shared
def _show(
    request: HttpRequest, opportunity: Opportunity, shifts: Sequence[Shift], now: datetime
) -> HttpResponse:
    issued = traps.issue(now)
    page = action.page(opportunity, shifts, now) | {
        "form": action.form(opportunity, shifts, now),
        "issued": issued,
    }
    response = render(request, "volunteers/detail.html", page)
    # The moment of issue is no change of the page: without it the ETag stays, and caches stay warm.
    fixed = response.content.replace(issued.encode(), b"")
    response["ETag"] = f'"{hashlib.sha256(fixed).hexdigest()[:32]}"'
    return response


@never_cache
def _sign_up(
    request: HttpRequest, opportunity: Opportunity, shifts: Sequence[Shift], now: datetime
) -> HttpResponse:
    form, status = action.form(opportunity, shifts, now, request.POST), 422
    if traps.caught(request, now=now):
        form.add_error(None, _("Das ging sehr schnell. Bitte drücken Sie noch einmal auf „Ich helfe mit“."))
    elif form.is_valid():
        try:
            booking = signups.register(**action.said(form), now=now)
            return HttpResponseRedirect(
                reverse("booking:sent", args=[links.make(links.SENT, booking)]), status=303
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        except Busy:
            status = 503
            form.add_error(
                None,
                _(
                    "Gerade melden sich sehr viele an. Bitte drücken Sie in ein paar Sekunden noch einmal auf „Ich helfe mit“."
                ),
            )
    page = action.page(opportunity, shifts, now) | {"form": form, "issued": traps.issue(now)}
    response = render(request, "volunteers/detail.html", page, status=status)
    if status == 503:
        response["Retry-After"] = RETRY_AFTER
    return response
