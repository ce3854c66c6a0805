"""What Celery runs for help wanted: the work is found in the database, so twice is harmless."""

from django.utils import timezone

from portal.celery import app
from volunteers import watches


@app.task
def tell_watches() -> None:
    """New help wanted near somebody, and what is about to end, are in the outbox."""
    watches.tell_due(now=timezone.now())
    watches.warn_due(now=timezone.now())
