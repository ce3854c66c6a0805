"""A row enters as a draft, is published once nothing is missing, and may go back."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from portal.refused import Refused


def publish(obj: Any, *, now: datetime) -> None:
    """The row is public. Raises Refused and names what is missing (rules 20, 35)."""
    if missing := obj.missing_for_publication():
        raise Refused(gettext("Noch nicht veröffentlicht. Es fehlt: %s.") % ", ".join(missing))
    obj.state = obj.State.PUBLISHED
    obj.published_at = obj.published_at or now
    obj.save(update_fields=["state", "published_at"])


def take_down(obj: Any, *, state: str) -> None:
    """The row is a draft or archived and no longer public."""
    obj.state = state
    obj.save(update_fields=["state"])


def refuse_gaps(obj: Any) -> None:
    """What is public has what a public page needs. Raises Refused and names what is missing (rules 20, 35)."""
    if obj.state == obj.State.PUBLISHED and (missing := obj.missing_for_publication()):
        raise Refused(gettext("Die Seite ist öffentlich. Es fehlt: %s.") % ", ".join(missing))
