"""Signs of life: when the clock, the reminders, the deletion, the journal and the backup last did their work."""

from datetime import datetime

from portal.models import Heartbeat


def beat(name: Heartbeat.Name, *, now: datetime) -> None:
    """It is written down that this happened now: one UPDATE, the first time a row."""
    if not Heartbeat.objects.filter(name=name).update(at=now):
        Heartbeat.objects.bulk_create([Heartbeat(name=name, at=now)], ignore_conflicts=True)
