"""Addresses for machines: robots.txt, security.txt (RFC 9116)."""

from datetime import UTC, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.origin import shared
from portal.pages import service

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
