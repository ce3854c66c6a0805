"""What Celery runs for help wanted: the work is found in the database, so twice is harmless."""

from datetime import datetime

from django.utils import timezone

from portal.celery import app
from portal.watches import warn_due
from volunteers import coordination, watches
from volunteers.models import Watch


@app.task
def end_coordinations() -> None:
    """Contacts on the spot of actions that are long over are none any more."""
    coordination.end_old(timezone.now())


@app.task
def tell_watches(now: datetime | None = None) -> None:
    """New help wanted near somebody, and what is about to end, are in the outbox."""
    now = now or timezone.now()
    watches.tell_due(now=now)
    warn_due(Watch, now=now)
