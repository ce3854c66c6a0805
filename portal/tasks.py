"""What Celery runs, three lines each: the work is found in the database, so twice is harmless."""

from celery import shared_task
from django.utils import timezone

from portal import delivery, privacy, reminders


@shared_task
def deliver_due() -> None:
    """Mails whose time has come leave: after each nudge, and every minute anyway."""
    delivery.deliver()


@shared_task
def queue_due() -> None:
    """Reminders, nudges, open seats, thanks and digests that are due are in the outbox."""
    reminders.queue_due(now=timezone.now())


@shared_task
def enforce_deletion() -> None:
    """What the deletion classes of trust.md say must go is gone."""
    privacy.enforce(now=timezone.now())
