"""„Sagen Sie mir Bescheid": an address that is told of news (class K4), whatever the news are about.

An address is told only after its click (double opt-in), never at night (rule 16), and of each thing
once: `told_until` is the publication up to which it was told. The verbs are in `watches.py`; what
publishes news writes the mails (`volunteers/watches.py`, `seminars/watches.py`).
"""

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.asking import any_number
from portal.models import Organisation


class WatchQuerySet(models.QuerySet[Any]):
    def live(self) -> Self:
        """Confirmed or still to be confirmed."""
        return self.filter(ended_at=None)

    def confirmed(self) -> Self:
        """Those who are told."""
        return self.live().filter(confirmed_at__isnull=False)


class Watching(models.Model):
    """One address with one wish; a concrete model says what for, and holds the person in K4 columns."""

    id = models.BigIntegerField(primary_key=True, default=any_number, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("Herausgeber")
    )
    email = models.EmailField(_("E-Mail"), blank=True)
    email_key = models.CharField(  # noqa: DJ001
        _("E-Mail zum Vergleichen"), max_length=254, null=True, blank=True, editable=False
    )
    wording = models.CharField(_("Fassung der Einwilligung"), max_length=20)
    entered_at = models.DateTimeField(_("eingetragen"))
    mailed_at = models.DateTimeField(_("Bestätigungsmail"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("bestätigt"), null=True, blank=True)
    active_at = models.DateTimeField(_("zuletzt aktiv"), null=True, blank=True)
    warned_at = models.DateTimeField(_("an das Ende erinnert"), null=True, blank=True)
    told_until = models.DateTimeField(_("Neues gemeldet bis"), null=True, blank=True)
    told_at = models.DateTimeField(_("zuletzt benachrichtigt"), null=True, blank=True)
    ended_at = models.DateTimeField(_("beendet"), null=True, blank=True)
    erased_hash = models.CharField(_("Nachweis der Löschung"), max_length=64, blank=True, editable=False)
    link_version = models.PositiveIntegerField(default=0, editable=False)

    privacy = {"email": "K4", "email_key": "K4", "erased_hash": "K5"}
    objects = WatchQuerySet.as_manager()
    # Folder of its letters: confirm, ending and what its news need.
    letters: ClassVar[str]
    pages: ClassVar[str] = "watch"  # folder of the pages behind its links

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"Benachrichtigung {self.pk}"

    @property
    def label(self) -> str:
        """How a mail names this row in `about`."""
        return f"{self._meta.model_name}:{self.pk}"

    def facts(self) -> dict[str, str]:
        """What its letters say of the wish."""
        raise NotImplementedError

    def wish(self, typed: Any) -> dict[str, Any]:
        """Columns that the click may set, read from the link or the form of its page (a QueryDict)."""
        return {}

    def asks(self, wish: dict[str, Any]) -> dict[str, str]:
        """The same as parameters of the link."""
        return {}

    def clause(self, **wish: Any) -> str:
        """„im Umkreis von 15 km um Lich neue Hilfe gesucht wird": what „sobald …" goes on with."""
        raise NotImplementedError

    def words(self) -> list[tuple[str, str]]:
        """What is stored beside the address, as (name, value)."""
        raise NotImplementedError

    def next_step(self) -> tuple[str, str]:
        """Where to go from its page: words and address."""
        raise NotImplementedError

    def start_over(self) -> tuple[str, str]:
        """Where to enter an address again: words and address."""
        raise NotImplementedError
