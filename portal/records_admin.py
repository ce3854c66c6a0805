"""„Protokoll": the access log in the Redaktion, in sentences; nobody changes it (rule 34)."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal import records
from portal.models import AccessLog
from portal.scoping import ScopedAdmin


class KindFilter(admin.SimpleListFilter):
    title = _("Was")
    parameter_name = "was"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, words) for name, (words, _rows) in records.KINDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AccessLog]) -> QuerySet[AccessLog]:
        """As `records.KINDS` says."""
        value = self.value() or ""
        return queryset.filter(records.KINDS[value][1]) if value in records.KINDS else queryset


class TimeFilter(admin.SimpleListFilter):
    title = _("Wann")
    parameter_name = "wann"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(records.TIMES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[AccessLog]) -> QuerySet[AccessLog]:
        return queryset.filter(records.since(self.value() or ""))


class Sentences(ChangeList):
    """A page of the log, with what its entries are about asked for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        entries = list(self.result_list)
        what = records.names(entry.about for entry in entries)
        for entry in entries:
            entry.sentence = records.sentence(entry, what)  # type: ignore[attr-defined]
        self.result_list = entries


class AccessLogAdmin(ScopedAdmin):
    """Read by everybody of the town's Redaktion, so that the second person sees what the first did."""

    place = 90
    menu = _("Protokoll")
    list_display = ("when", "sentence", "organisation")
    list_display_links = None
    list_filter = (KindFilter, TimeFilter, "organisation")
    list_select_related = ("user", "organisation")
    fields = ("when", "sentence", "organisation")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not even the operator: entries end by the clock alone."""
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return Sentences

    @admin.display(description=_("Wann"), ordering="at")
    def when(self, obj: AccessLog) -> str:
        return records.when(obj)

    @admin.display(description=_("Wer hat was getan?"))
    def sentence(self, obj: Any) -> str:
        return getattr(obj, "sentence", "") or records.sentence(obj, records.names([obj.about]))
