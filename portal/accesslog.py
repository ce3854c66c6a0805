"""Who exported, read a list of people or changed a status, and when (rule 34)."""

from datetime import datetime

from django.utils.translation import gettext

from portal import roles
from portal.models import AccessLog, Organisation, User


def record(
    user: User | None, *, action: str, about: str, now: datetime, organisation: Organisation | None = None
) -> None:
    """One entry; `action` in German for staff, `about` a label such as „Termin 12", never a name.

    Without `user` the action says who it was: a contact without an account.
    """
    AccessLog.objects.create(at=now, user=user, organisation=organisation, action=action, about=about)


def list_read(user: User, *, model: str, about: str, now: datetime) -> None:
    """The list of a model („portal.mail") was read: an entry for each organisation whose rows it shows."""
    action = gettext("Liste gelesen")
    found = {organisation for _reach, organisation, _only in roles.reaches(user, "view", model)}
    for organisation in sorted(found, key=lambda each: each.pk if each else 0):
        record(user, action=action, about=about, organisation=organisation, now=now)
