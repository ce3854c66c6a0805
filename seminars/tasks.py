"""What Celery runs for seminars: the work is found in the database, so twice is harmless."""

from django.utils import timezone

from portal.celery import app
from portal.watches import warn_due
from seminars import watches
from seminars.models import SeriesWatch


@app.task
def tell_watches() -> None:
    """New dates of a series that somebody waits for, and what is about to end, are in the outbox."""
    watches.tell_due(now=timezone.now())
    warn_due(SeriesWatch, now=timezone.now())
