"""What Celery runs, three lines each: the work is found in the database, so twice is harmless."""

from django.utils import timezone

from portal import delivery, privacy, reminders
from portal.celery import app


@app.task
def deliver_due() -> None:
    """Mails whose time has come leave: after each nudge, and every minute anyway."""
    delivery.deliver()


@app.task
def queue_due() -> None:
    """Reminders, nudges, open seats, thanks and digests that are due are in the outbox."""
    reminders.queue_due(now=timezone.now())


@app.task
def enforce_deletion() -> None:
    """What the deletion classes of trust.md say must go is gone."""
    privacy.enforce(now=timezone.now())
