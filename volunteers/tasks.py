"""What Celery runs for help wanted: the work is found in the database, so twice is harmless."""

from datetime import datetime

from django.utils import timezone

from portal.celery import app
from volunteers import watches


@app.task
def tell_watches(now: datetime | None = None) -> None:
    """New help wanted near somebody, and what is about to end, are in the outbox."""
    now = now or timezone.now()
    watches.tell_due(now=now)
    watches.warn_due(now=now)
