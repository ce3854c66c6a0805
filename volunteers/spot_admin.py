"""„Kontakt vor Ort" in the Redaktion: on the page of an action a clerk names who is there, and ends it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import accesslog, accounts, inputs
from portal.scoping import atomically
from volunteers import coordination
from volunteers.models import Coordination, Opportunity
from volunteers.spot_forms import ContactForm


def contacts(request: HttpRequest, opportunity: Opportunity, context: dict[str, Any]) -> HttpResponse:
    """Who is the contact on the spot of an action that is the clerk's: name, invite again, end."""
    here = redirect("admin:volunteers_opportunity_spot", opportunity.pk)
    if request.method == "POST" and "end" in request.POST:
        key = inputs.key(request.POST["end"])
        found = get_object_or_404(opportunity.coordinations, pk=key, ended_at=None)
        coordination.end(found, now=timezone.now())
        _log(request, found, _("Kontakt vor Ort beendet"))
        messages.success(request, _("Der Zugang vor Ort ist beendet."))
        return here
    form = ContactForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        refused = _name(request, opportunity, form)
        if not refused:
            messages.success(request, _("Die Einladung ist unterwegs."))
            return here
        form.add_error(None, refused)
    live = Coordination.objects.live(timezone.now()).filter(opportunity=opportunity).select_related("user")
    more = {
        "title": _("Kontakt vor Ort"),
        "opportunity": opportunity,
        "opts": opportunity._meta,
        "form": form,
        "live": live,
        "back": reverse("admin:volunteers_opportunity_change", args=[opportunity.pk]),
    }
    return render(request, "admin/desk/spot.html", context | more)


def _name(request: HttpRequest, opportunity: Opportunity, form: ContactForm) -> str:
    """The person is named and it is logged; the sentence of a refusal, or empty."""
    user, data = accounts.person(request), form.cleaned_data

    def named() -> None:
        found = coordination.name(
            opportunity, email=data["email"], person=data["name"], by=user, now=timezone.now()
        )
        _log(request, found, _("Kontakt vor Ort benannt"))

    return atomically(named)


def _log(request: HttpRequest, found: Coordination, action: str) -> None:
    accesslog.record(
        accounts.person(request),
        action=action,
        about=found.label,
        organisation=found.opportunity.organisation,
        now=timezone.now(),
    )
