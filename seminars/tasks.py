"""What Celery runs for seminars: the work is found in the database, so twice is harmless."""

from datetime import datetime

from django.utils import timezone

from portal.celery import app
from portal.watches import warn_due
from seminars import watches
from seminars.models import SeriesWatch


@app.task
def tell_watches(now: datetime | None = None) -> None:
    """New dates of a series that somebody waits for, and what is about to end, are in the outbox."""
    now = now or timezone.now()
    watches.tell_due(now=now)
    warn_due(SeriesWatch, now=now)
