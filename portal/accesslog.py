"""Who exported, read a list of people or changed a status, and when (rule 34)."""

from datetime import datetime

from portal.models import AccessLog, Organisation, User


def record(
    user: User | None, *, action: str, about: str, now: datetime, organisation: Organisation | None = None
) -> None:
    """One entry; `action` in German for staff, `about` a label such as „Termin 12", never a name.

    Without `user` the action says who it was: a contact without an account.
    """
    AccessLog.objects.create(at=now, user=user, organisation=organisation, action=action, about=about)
