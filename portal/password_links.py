"""How long a link that sets a password works: the first one 14 days (an invitation), any later one three.

Single use: the link holds a hash of the password, so setting one ends it. This module knows no model and
nothing of allauth, which loads it from the settings before its own forms are there.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.http import base36_to_int

INVITED = timedelta(days=14)  # PASSWORD_RESET_TIMEOUT in the settings
FORGOTTEN = timedelta(days=3)


class PasswordLinks(PasswordResetTokenGenerator):
    """The keys of these links; Django's base asks for the address, the password and the last login."""

    def check_token(self, user: Any, token: str | None) -> bool:
        """Whether the key is this account's, unused, and young enough."""
        if not user or not token or not super().check_token(user, token):
            return False
        age = self._num_seconds(self._now()) - base36_to_int(token.partition("-")[0])  # type: ignore[attr-defined]
        return not user.has_usable_password() or age <= FORGOTTEN.total_seconds()

    def _now(self) -> datetime:
        """By the world's clock; by the local one of Django's base a link would live an hour more, or less, twice a year."""
        return datetime.now(UTC).replace(tzinfo=None)
