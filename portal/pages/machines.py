"""Addresses for machines: robots.txt, sitemap.xml, security.txt (RFC 9116)."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from initiatives.models import Initiative
from portal.models import Municipality
from portal.origin import shared
from portal.pages import service
from seminars.models import Session
from volunteers.models import Opportunity

PAGES = [
    "start",
    "volunteers:list",
    "initiatives:list",
    "towns",
    "seminars:list",
    "for_towns",
    "handbook",
    "plain_language",
    "accessibility",
    "privacy",
    "imprint",
    "report_weakness",
]
MOST = 20_000  # rows of one kind; the protocol allows 50,000 addresses in a file
VALID = timedelta(days=180)


@shared
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """The demo asks for nothing to be read; else all but what is behind links in mails and the login."""
    if settings.DEMO:
        lines = ["User-agent: *", "Disallow: /"]
    else:
        hidden = ["/anmeldung/", "/konto/", "/verwaltung/"]
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in hidden), ""]
        lines.append(f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@shared
@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every page that search engines may show, towns only where there is something of their own."""
    initiatives = Initiative.objects.public().order_by("pk")
    opportunities = Opportunity.objects.public().filter(is_example=False).order_by("pk")
    with_something = Municipality.objects.current().filter(
        pk__in=initiatives.order_by()
        .values("municipality")
        .union(opportunities.order_by().values("municipality"))
    )
    rows: list[tuple[str, datetime | None]] = [(reverse(name), None) for name in PAGES]
    rows += [
        (row.get_absolute_url(), row.changed_at) for row in initiatives.only("slug", "changed_at")[:MOST]
    ]
    rows += [
        (row.get_absolute_url(), row.changed_at) for row in opportunities.only("slug", "changed_at")[:MOST]
    ]
    sessions = Session.objects.public().filter(series__is_example=False).order_by("pk")
    rows += [(row.get_absolute_url(), row.changed_at) for row in sessions.only("slug", "changed_at")[:MOST]]
    rows += [(town.get_absolute_url(), None) for town in with_something.only("slug").order_by("slug")]
    page = {"rows": [(settings.SITE_URL + path, changed) for path, changed in rows]}
    return render(request, "portal/sitemap.xml", page, content_type="application/xml")


@shared
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a weakness (RFC 9116); valid for half a year from each request on."""
    until = (timezone.now() + VALID).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {service.security_contact()}",
        f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: de, en",
        f"Canonical: {settings.SITE_URL}/.well-known/security.txt",
        f"Policy: {settings.SITE_URL}{reverse('report_weakness')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
