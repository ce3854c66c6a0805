"""What was public once and is no more: its contacts go with deletion class K7, six months later."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Withdrawable(models.Model):
    """A row with contacts and the moment since when it is withdrawn; None while it is public or in the making.

    Saving notes the moment; the nightly run notes what came about in another way (`privacy.py`).
    """

    withdrawn_at = models.DateTimeField(_("zurückgezogen am"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def withdrawn(cls) -> Q:
        """Which rows are no longer public."""
        raise NotImplementedError


class PublishedOnce(Withdrawable):
    """With a state: withdrawn when archived, or taken back to a draft after it was public."""

    class Meta:
        abstract = True

    @classmethod
    def withdrawn(cls) -> Q:
        return ~Q(state="published") & (Q(state="archived") | Q(published_at__isnull=False))

    def save(self, **kwargs: Any) -> None:
        """Notes since when it is withdrawn."""
        state, published_at = self.state, self.published_at  # type: ignore[attr-defined]
        if state == "archived" or (state != "published" and published_at):
            self.withdrawn_at = self.withdrawn_at or timezone.now()
        else:
            self.withdrawn_at = None
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "withdrawn_at"}
        super().save(**kwargs)
