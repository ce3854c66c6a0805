"""What Celery runs, three lines each: the work is found in the database, so twice is harmless."""

from datetime import datetime

from django.utils import timezone

from portal import delivery, heartbeat, journal, overdue, privacy, reminders
from portal.celery import app
from portal.models import Heartbeat


@app.task
def deliver_due() -> None:
    """Mails whose time has come leave: after each nudge, and every minute anyway."""
    delivery.deliver()


@app.task
def queue_due(now: datetime | None = None) -> None:
    """Reminders, nudges, open seats, thanks and digests that are due are in the outbox."""
    reminders.queue_due(now=now or timezone.now())
    heartbeat.beat(Heartbeat.Name.REMINDERS, now=timezone.now())


@app.task
def tell_overdue(now: datetime | None = None) -> None:
    """Whoever waits too long for an access, and whoever should decide, hears of it."""
    overdue.tell_about_access(now=now or timezone.now())


@app.task
def enforce_deletion() -> None:
    """What the deletion classes of trust.md say must go is gone."""
    privacy.enforce(now=timezone.now())
    heartbeat.beat(Heartbeat.Name.DELETION, now=timezone.now())


@app.task
def beat() -> None:
    """Staff can see that the clock and a worker live, and the journal until when; no mail waits for a wrong clock."""
    delivery.mend_times(now=timezone.now())
    heartbeat.beat(Heartbeat.Name.CLOCK, now=timezone.now())
    journal.alive()
    heartbeat.beat(Heartbeat.Name.JOURNAL, now=timezone.now())
