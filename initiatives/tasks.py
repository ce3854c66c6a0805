"""What Celery runs for initiatives: the work is found in the database, so twice is harmless."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone

from initiatives import hints, inquiries, link_check, pictures, proposals, still_current, wishes
from portal.celery import app


@app.task
def sweep_pictures() -> None:
    """Files of pictures that no row names are gone."""
    pictures.sweep(now=timezone.now())


@app.task
def tell_overdue(now: datetime | None = None) -> None:
    """Whoever waits too long for an answer to a hint, a question or a proposal, and whoever should give it, hears of it."""
    now = now or timezone.now()
    hints.tell_overdue(now=now)
    inquiries.tell_overdue(now=now)
    proposals.tell_overdue(now=now)


@app.task
def warn_wishes(now: datetime | None = None) -> None:
    """Whoever's wish is about to end hears of it."""
    wishes.warn_due(now=now or timezone.now())


@app.task
def check_links() -> None:
    """Links on public pages that are due are looked at, where the operator lets the portal ask other servers."""
    if settings.CHECK_LINKS:
        link_check.read_pages(now=timezone.now())
        link_check.check(now=timezone.now())


@app.task
def ask_still_current(now: datetime | None = None) -> None:
    """Contacts that said nothing for half a year are asked; what nobody confirmed for a year ranks lower (rule 24)."""
    still_current.ask_due(now=now or timezone.now())
    still_current.lower(now=now or timezone.now())
