"""What Celery runs for initiatives: the work is found in the database, so twice is harmless."""

from datetime import datetime

from django.utils import timezone

from initiatives import hints
from portal.celery import app


@app.task
def tell_overdue(now: datetime | None = None) -> None:
    """Whoever waits too long for an answer to a hint, and whoever should give it, hears of it."""
    hints.tell_overdue(now=now or timezone.now())
