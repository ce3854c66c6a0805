"""How the e-mail desk narrows its list: result, time, kind; and from a date's desk its mails, or one person's."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import mail_words
from portal.models import Mail
from portal.scoping import EVERY
from portal.standing import signup_models, slot_model


class StateFilter(admin.SimpleListFilter):
    """As `mail_words.result` says."""

    title = _("Ergebnis")
    parameter_name = "stand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("gescheitert", _("nicht angekommen")),
            ("wartet", _("wartet")),
            ("verschickt", _("zugestellt")),
            ("zurueckgezogen", _("zurückgezogen")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mail]) -> QuerySet[Mail]:
        conditions = {
            "wartet": Q(sent_at=None, failed_at=None, withdrawn_at=None),
            "verschickt": Q(sent_at__isnull=False),
            "gescheitert": Q(failed_at__isnull=False, withdrawn_at=None),
            "zurueckgezogen": Q(sent_at=None, withdrawn_at__isnull=False),
        }
        return queryset.filter(conditions.get(self.value() or "", EVERY))


class WhenFilter(admin.SimpleListFilter):
    """Written since when."""

    title = _("Geschrieben")
    parameter_name = "seit"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("0", gettext("heute")),
            ("1", gettext("seit gestern")),
            ("7", gettext("in den letzten 7 Tagen")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mail]) -> QuerySet[Mail]:
        if (days := self.value()) not in ("0", "1", "7"):
            return queryset
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        return queryset.filter(queued_at__gte=midnight - timedelta(days=int(days)))


class KindFilter(admin.SimpleListFilter):
    """By the German name; only kinds that one may see at all."""

    title = _("Art")
    parameter_name = "art"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = model_admin.get_queryset(request).order_by().values_list("kind", flat=True).distinct()
        return sorted(((name, mail_words.kind(name)) for name in kinds), key=lambda each: each[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mail]) -> QuerySet[Mail]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class _Given(admin.SimpleListFilter):
    """Offered only where a link of another page set it; it names nothing but „nur dies"."""

    words: Any

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        given = request.GET.get(str(self.parameter_name), "")
        return [(given, self.words)] if given else []


class AboutFilter(_Given):
    """Mails about one date: about it, its sign-ups, or to somebody on it („?termin=shift:12")."""

    title = _("Termin")
    parameter_name = "termin"
    words = _("nur zu diesem Termin")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mail]) -> QuerySet[Mail]:
        if not (label := self.value()):
            return queryset
        kind, _colon, key = label.partition(":")
        for model in signup_models():
            if slot_model(model).kind == kind and key.isdecimal() and len(key) < 16:
                signups = model._default_manager.filter(slot=int(key))  # type: ignore[misc]
                return queryset.filter(Q(about=label) | Q(booking__in=signups.values("booking")))
        return queryset.none()


class BookingFilter(_Given):
    """Mails to one person („?anmeldung=4711")."""

    title = _("Person")
    parameter_name = "anmeldung"
    words = _("nur an diese Person")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mail]) -> QuerySet[Mail]:
        if not (key := self.value()):
            return queryset
        return queryset.filter(booking=int(key)) if key.isdecimal() and len(key) < 16 else queryset.none()
