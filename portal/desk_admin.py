"""The pages of `desk.py` in the Redaktion: for admins of slots, scoped like everything there."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accounts, desk
from portal.scoping import ScopedAdmin


class DeskAdmin(ScopedAdmin):
    """An admin of slots whose rows lead to their people: call, cancel, give back. Subclasses say how to scope."""

    def get_urls(self) -> list[Any]:
        """The pages of the desk, before Django's own."""
        return [
            self._at("anrufen/", self.phone_view, "phone"),
            self._at("absagen/", self.cancel_view, "cancel"),
            self._at("freigeben/<int:signup_id>/", self.give_back_view, "give_back"),
            *super().get_urls(),
        ]

    def _at(self, route: str, view: Any, name: str) -> Any:
        opts = self.opts
        return path(
            f"<int:object_id>/{route}",
            self.admin_site.admin_view(view),
            name=f"{opts.app_label}_{opts.model_name}_{name}",
        )

    def slot_of(self, request: HttpRequest, object_id: str | int, action: str = "view") -> Any:
        """A date whose people are mine to see (or, with `action`, to change); else 404."""
        if not str(object_id).isdecimal():
            raise Http404
        rows = self.get_queryset(request).select_related(*self.model.row_relations)
        slot = get_object_or_404(rows, pk=object_id)
        if not desk.may(accounts.person(request), action, slot) or not self.allows(request, "view", slot):
            raise Http404
        return slot

    def people_view(self, request: HttpRequest, object_id: str | int) -> HttpResponse:
        return desk.people(request, self.slot_of(request, object_id), self.admin_site.each_context(request))

    def phone_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return desk.phone(
            request, self.slot_of(request, object_id, "add"), self.admin_site.each_context(request)
        )

    def cancel_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        slot = self.slot_of(request, object_id, "change")
        return desk.cancel(request, slot, self.admin_site.each_context(request))

    def give_back_view(self, request: HttpRequest, object_id: int, signup_id: int) -> HttpResponse:
        slot = self.slot_of(request, object_id, "change")
        return desk.give_back(request, slot, signup_id, self.admin_site.each_context(request))


class WhenFilter(admin.SimpleListFilter):
    """Dates to come unless told otherwise."""

    title = _("Zeit")
    parameter_name = "zeit"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("vorbei", gettext("vorbei")), ("alle", gettext("alle"))]

    def choices(self, changelist: Any) -> Any:
        """„kommende" instead of Django's „alle" for no choice."""
        first, *others = super().choices(changelist)
        yield {**first, "display": gettext("kommende")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        if self.value() == "vorbei":
            return queryset.filter(ends__lte=now).order_by("-starts")
        return queryset if self.value() == "alle" else queryset.filter(ends__gt=now)
