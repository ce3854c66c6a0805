"""One action as its page shows it: loaded once, with its dates, and what the templates need to say."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import columns, dates
from portal.models import Organisation
from portal.prepared import prepared
from portal.signup_pages import SignupPage
from portal.slot_cards import Card
from portal.slot_lists import all_full, seats_state, seats_text
from volunteers import linked_data
from volunteers.cards import card
from volunteers.forms import SignupForm
from volunteers.models import Opportunity, Shift, ShiftSignup

NEXT, NEXT_READ = 3, 12  # actions to offer, each with its soonest date; dates read for that
# What the page reads of the rows that belong to an action.
SHOWN = (
    *columns.at("organisation", *columns.own(Organisation)),
    *columns.at("municipality", "name", "slug", "postal_code"),
    "topic__name",
    *columns.at("initiative", "title", "slug", "state", "public_from"),
)
WORTH_TELLING = 10  # people: a smaller figure is no success story (mission.md)


def find(slug: str) -> tuple[Opportunity, list[Shift]] | None:
    """The published action with all its dates and their seats, in two statements; None if there is none."""
    for opportunity in _public(slug=slug):
        shifts: list[Shift] = _shifts(opportunity=opportunity.pk)
        for shift in shifts:
            shift.opportunity = opportunity
        return opportunity, shifts
    return None


@prepared
def _public(*, slug: str) -> QuerySet:
    rows = Opportunity.objects.public().select_related("organisation", "municipality", "topic", "initiative")
    return rows.only(*columns.own(Opportunity), *SHOWN).filter(slug=slug).order_by()


@prepared
def _shifts(*, opportunity: int) -> QuerySet:
    return Shift.objects.filter(opportunity=opportunity).with_seats().order_by("starts", "pk")


def signup_page(opportunity: Opportunity, shifts: Sequence[Shift], now: datetime) -> SignupPage:
    """The page with the form for the open dates."""
    slots_open = [shift for shift in shifts if shift.is_open(now)]
    return SignupPage(
        template="volunteers/detail.html",
        button=_("Auf die Warteliste") if all_full(slots_open) else _("Ich helfe mit"),
        context=partial(page, opportunity, shifts, now),
        form=partial(SignupForm, opportunity=opportunity, slots_open=slots_open, now=now),
        said=said,
    )


def said(form: SignupForm) -> dict[str, Any]:
    """The clean answers as `signups.register` takes them."""
    answers = dict(form.cleaned_data)
    answers["age_confirmed"] = answers.pop("age")
    return answers


def page(opportunity: Opportunity, shifts: Sequence[Shift], now: datetime) -> dict[str, object]:
    """What volunteers/detail.html reads, the form aside; one or two statements more when no date is open."""
    open_shifts = [shift for shift in shifts if shift.is_open(now)]
    initiative, reasons = opportunity.initiative, {shift.cancel_reason for shift in shifts}
    shown: dict[str, object] = {
        "opportunity": opportunity,
        "linked": linked_data.data(opportunity, shifts, now=now),
        "soonest": _date(open_shifts[0], now) if open_shifts else None,
        "more_dates": len(open_shifts) - 1,
        # In the form stand the open ones; cancelled and closed ones are said too.
        "closed_dates": [_date(s, now) for s in shifts if s.ends > now and s not in open_shifts],
        "initiative": initiative if initiative and initiative.is_public else None,
        "phone_link": _dialled(opportunity.contact_phone),
        "near": opportunity.municipality.postal_code or opportunity.municipality.name,
        "is_open": bool(open_shifts),
        "all_full": all_full(open_shifts),
        "is_cancelled": bool(shifts) and all(shift.cancelled_at for shift in shifts),
        "cancel_reason": reasons.pop() if len(reasons) == 1 else "",
        "is_past": bool(shifts) and all(shift.ends <= now for shift in shifts),
        "crumbs": [(_("Mitmachen"), reverse("volunteers:list")), (opportunity.title, "")],
    }
    if not open_shifts:
        shown["next"] = _next(opportunity, now)
    if shown["is_past"]:
        held = [shift for shift in shifts if not shift.cancelled_at]
        shown["last_date"] = _date(held[-1], now) if held else None
        shown["thanks"] = _thanks(shifts)
    return shown


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
    rows = Shift.objects.public().open_for_signup(now).for_cards()
    near = rows.filter(opportunity__municipality=opportunity.municipality_id) | rows.filter(
        opportunity__organisation=opportunity.organisation_id
    )
    soonest = {shift.opportunity_id: shift for shift in reversed(near[:NEXT_READ])}
    shown = sorted(soonest.values(), key=lambda shift: (shift.starts, shift.pk))[:NEXT]
    return [card(shift, now=now) for shift in shown]


def _thanks(shifts: Sequence[Shift]) -> str:
    """How many came, where that is known and worth telling; else how many had signed up (rule 11)."""
    came = ShiftSignup.objects.filter(slot__in=shifts).came() + sum(shift.walk_ins for shift in shifts)
    if came >= WORTH_TELLING:
        return _("%(n)s Menschen haben geholfen. Danke!") % {"n": came}
    signed_up = sum(shift.n_taken for shift in shifts if not shift.cancelled_at)  # type: ignore[attr-defined]
    if signed_up >= WORTH_TELLING:
        return _("%(n)s Menschen hatten sich zum Helfen angemeldet. Danke!") % {"n": signed_up}
    return ""
