"""What somebody from outside asks of the staff: it waits, is settled, and goes (classes K0 and K1).

Unconfirmed it goes after 72 hours, settled after 30 days, and what nobody settled after six months. The
row goes as a whole: who decided what stands in the access log, without the person (rule 34).
"""

import secrets

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def any_number() -> int:
    """Keys in a row would tell who enters an address whether it was there before (trust.md „No oracle")."""
    return secrets.randbelow(2**53 - 1) + 1


class Asking(models.Model):
    """One question; `confirmed_at` is None as long as its address has to be proved."""

    entered_at = models.DateTimeField(_("eingegangen"))
    confirmed_at = models.DateTimeField(_("bestätigt"), null=True, blank=True)
    settled_at = models.DateTimeField(_("erledigt"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def label(self) -> str:
        """How a mail names this row in `about`: „hint:17"."""
        return f"{self._meta.model_name}:{self.pk}"

    @property
    def state_in_words(self) -> str:
        return gettext("beantwortet") if self.settled_at else gettext("offen")
