"""Public pages of help wanted: session-blind, cacheable, their one form protected by its origin."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Sum
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
from portal import dates, links, places, signups, slugs, throttle, traps
from portal.models import OldSlug
from portal.origin import guarded, shared
from portal.refused import Busy, Refused
from volunteers import finding
from volunteers.cards import Card, card, seats_state, seats_text
from volunteers.forms import SignupForm
from volunteers.models import Opportunity, Shift, ShiftSignup

WORTH_TELLING = 10  # people: a smaller figure is no success story (mission.md)
RETRY_AFTER = "5"  # seconds, when the database was too busy to decide


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Help wanted, soonest first, near a place and about a topic."""
    found = finding.find(
        ort=request.GET.get("ort", "").strip(),
        umkreis=request.GET.get("umkreis", ""),
        thema=request.GET.get("thema", ""),
        page=request.GET.get("page", ""),
        now=timezone.now(),
    )
    return render(
        request,
        "volunteers/index.html",
        {
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
    opportunity = (
        Opportunity.objects.public()
        .select_related("organisation", "municipality", "topic", "initiative")
        .filter(slug=slug)
        .first()
    )
    if opportunity is None:
        return _moved(slug)
    now = timezone.now()
    shifts = list(opportunity.shifts.with_seats().order_by("starts", "pk"))
    for shift in shifts:
        shift.opportunity = opportunity
    if request.method == "POST":
        return _sign_up(request, opportunity, shifts, now)
    return _show(request, opportunity, shifts, now)


def _moved(slug: str) -> HttpResponse:
    """A published address never breaks (mission.md): old ones lead to today's for ever."""
    current = slugs.moved(OldSlug.Kind.OPPORTUNITY, slug)
    if current is None:
        raise Http404
    return HttpResponsePermanentRedirect(reverse("volunteers:detail", args=[current]))


def _form(
    opportunity: Opportunity, shifts: Sequence[Shift], now: datetime, data: object = None
) -> SignupForm:
    return SignupForm(data, opportunity=opportunity, shifts=[s for s in shifts if s.is_open(now)], now=now)


@shared
def _show(
    request: HttpRequest, opportunity: Opportunity, shifts: Sequence[Shift], now: datetime
) -> HttpResponse:
    issued = traps.issue(now)
    page = _page(opportunity, shifts, now) | {"form": _form(opportunity, shifts, now), "issued": issued}
    response = render(request, "volunteers/detail.html", page)
    # The moment of issue is no change of the page: without it the ETag stays, and caches stay warm.
    fixed = response.content.replace(issued.encode(), b"")
    response["ETag"] = f'"{hashlib.sha256(fixed).hexdigest()[:32]}"'
    return response


@never_cache
def _sign_up(
    request: HttpRequest, opportunity: Opportunity, shifts: Sequence[Shift], now: datetime
) -> HttpResponse:
    form, status = _form(opportunity, shifts, now, request.POST), 422
    if traps.caught(request, now=now):
        form.add_error(None, _("Das ging sehr schnell. Bitte drücken Sie noch einmal auf „Ich helfe mit“."))
    elif form.is_valid():
        try:
            booking = signups.register(**_said(form), now=now)
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
    page = _page(opportunity, shifts, now) | {"form": form, "issued": traps.issue(now)}
    response = render(request, "volunteers/detail.html", page, status=status)
    if status == 503:
        response["Retry-After"] = RETRY_AFTER
    return response


def _said(form: SignupForm) -> dict[str, object]:
    """The clean answers as `signups.register` takes them."""
    said = dict(form.cleaned_data)
    said["age_confirmed"] = said.pop("age")
    return said


def _page(opportunity: Opportunity, shifts: Sequence[Shift], now: datetime) -> dict[str, object]:
    open_shifts = [shift for shift in shifts if shift.is_open(now)]
    initiative = opportunity.initiative
    page: dict[str, object] = {
        "opportunity": opportunity,
        "soonest": _date(open_shifts[0], now) if open_shifts else None,
        "more_dates": len(open_shifts) - 1,
        # In the form stand the open ones; cancelled and closed ones are said too.
        "closed_dates": [_date(s, now) for s in shifts if s.ends > now and s not in open_shifts],
        "initiative": initiative if initiative and initiative.is_public else None,
        "phone_link": _dialled(opportunity.contact_phone),
        "near": opportunity.municipality.postal_code or opportunity.municipality.name,
        "is_open": bool(open_shifts),
        "is_cancelled": bool(shifts) and all(shift.cancelled_at for shift in shifts),
        "is_past": bool(shifts) and all(shift.ends <= now for shift in shifts),
        "crumbs": [(_("Mitmachen"), reverse("volunteers:list")), (opportunity.title, "")],
    }
    if not open_shifts:
        page["next"] = _next(opportunity, now)
    if page["is_past"]:
        page["thanks"] = _thanks(shifts)
    return page


def _dialled(phone: str) -> str:
    """Digits only, for a link that a telephone dials."""
    return "".join(char for char in phone if char.isdigit() or char == "+")


def _date(shift: Shift, now: datetime) -> dict[str, object]:
    return {
        "shift": shift,
        "words": dates.long(shift.starts, shift.ends),
        "starts": timezone.localtime(shift.starts),
        "seats_text": seats_text(shift, now=now),
        "seats_state": seats_state(shift, now=now),
    }


def _next(opportunity: Opportunity, now: datetime) -> list[Card]:
    """What comes next in the same town or from the same organisation."""
    rows = (
        Shift.objects.public().open_for_signup(now).with_seats().select_related("opportunity__municipality")
    )
    near = rows.filter(opportunity__municipality=opportunity.municipality_id) | rows.filter(
        opportunity__organisation=opportunity.organisation_id
    )
    return [card(shift, now=now) for shift in near[:3]]


def _thanks(shifts: Sequence[Shift]) -> str:
    """How many came, where that is known and worth telling; else how many had signed up (rule 11)."""
    came = ShiftSignup.objects.filter(slot__in=shifts, attended=True).aggregate(n=Sum("seats"))["n"] or 0
    if came >= WORTH_TELLING:
        return _("%(n)s Menschen haben geholfen. Danke!") % {"n": came}
    signed_up = sum(shift.n_taken for shift in shifts if not shift.cancelled_at)  # type: ignore[attr-defined]
    if signed_up >= WORTH_TELLING:
        return _("%(n)s Menschen hatten sich zum Helfen angemeldet. Danke!") % {"n": signed_up}
    return ""
