"""In the demo no real mail leaves: the visitor may read here what was written to them, of this form or row only.

Only in the demo: the link in the mail proves an address, and whoever typed it has proved nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from portal import outbox
from portal.models import Booking, Mail


@dataclass(frozen=True)
class LocalMail:
    subject: str
    to: str
    at: datetime
    text: str


def shown() -> bool:
    """Whether pages show mails at all."""
    return settings.DEMO and outbox.no_real_mail()


def of(booking: Booking, request: HttpRequest) -> list[LocalMail]:
    """The newest first; their links lead to the host that the visitor is on."""
    return _newest(request, booking=booking)


def about(label: str, request: HttpRequest) -> list[LocalMail]:
    """The same for mails that belong to no form: about the row of this label."""
    return _newest(request, about=label)


def _newest(request: HttpRequest, **of: Any) -> list[LocalMail]:
    if not shown():
        return []
    here = request.build_absolute_uri("/").rstrip("/")
    rows = Mail.objects.filter(secret=False, withdrawn_at=None, **of).order_by("-queued_at", "-pk")[:5]
    return [
        LocalMail(mail.subject, mail.to, mail.queued_at, mail.text.replace(settings.SITE_URL, here))
        for mail in rows
    ]
