"""Duties and service: imprint, data protection, accessibility, plain language, for towns."""

from email.utils import parseaddr

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import accessibility as declared
from portal import traps
from portal.access_form import AccessForm
from portal.association import known
from portal.models import OPEN_IMPRINT
from portal.origin import shared
from portal.retention import RULES
from portal.who_sees import overview
from seminars import programme

SEMINARS = 3  # dates on the page for towns


@shared
@require_safe
def imprint(request: HttpRequest) -> HttpResponse:
    """Who answers for the portal, with the open points marked, and where its data come from."""
    association = known()
    page = {
        "association_row": association,
        "text": association.imprint.replace(OPEN_IMPRINT, "").strip() if association else "",
        "is_open": association is None or association.imprint_is_open,
        "crumbs": [(_("Impressum"), "")],
    }
    return render(request, "portal/imprint.html", page)


@shared
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is stored, why, for how long, and one's rights; the controllers' own texts are theirs."""
    page = {
        "association_row": known(),
        "rules": [rule for rule in RULES if rule.for_citizens],
        "staff_rules": [rule for rule in RULES if rule.span and not rule.for_citizens],
        "crumbs": [(_("Datenschutz"), "")],
    }
    return render(request, "portal/privacy.html", page)


def security_contact() -> str:
    """Where weaknesses are reported, as a URL: SECURITY_CONTACT, else the association, else the sender of mails."""
    if settings.SECURITY_CONTACT.startswith("https://"):
        return settings.SECURITY_CONTACT
    association = known()
    address = settings.SECURITY_CONTACT or (association.contact_email if association else "")
    return f"mailto:{address or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"


@shared
@require_safe
def report_weakness(request: HttpRequest) -> HttpResponse:
    """How to tell us of a weakness, what we promise and what we ask for; security.txt leads here."""
    contact = security_contact()
    page = {
        "contact_url": contact,
        "contact": contact.removeprefix("mailto:"),
        "crumbs": [(_("Sicherheitslücke melden"), "")],
    }
    return render(request, "portal/security.html", page)


@shared
@require_safe
def who_sees(request: HttpRequest) -> HttpResponse:
    """Every role with what it may see and do, from `roles.py`."""
    crumbs = [(_("Datenschutz"), reverse("privacy")), (_("Wer sieht was?"), "")]
    return render(request, "portal/who_sees.html", {"roles": overview(), "crumbs": crumbs})


@shared
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The declaration of accessibility (HVBIT, EN 301 549): status, results, feedback, enforcement."""
    results = declared.results()
    page = {
        "association_row": known(),
        "results": results,
        "stale": results.is_stale(timezone.localdate()),
        "crumbs": [(_("Barrierefreiheit"), "")],
    }
    return render(request, "portal/accessibility.html", page)


@shared
@require_safe
def plain_language(request: HttpRequest) -> HttpResponse:
    """What the portal is and how to help, in short sentences."""
    return render(request, "portal/plain_language.html", {"crumbs": [(_("Einfach erklärt"), "")]})


@shared
@require_safe
def for_towns(request: HttpRequest) -> HttpResponse:
    """What the portal brings a town and what it costs, an example, and the form for access."""
    now = timezone.now()
    page = {
        "association_row": known(),
        "seminars": programme.soon(now, SEMINARS),
        "form": AccessForm(),
        "issued": traps.issue_by_the_hour(now),
        "controller": known(),
        "crumbs": [(_("Für Kommunen"), "")],
    }
    return render(request, "portal/for_towns.html", page)
