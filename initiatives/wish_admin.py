"""Wishes of citizens in the Redaktion: who wishes what, and how often (rule 23)."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from initiatives import wishes
from initiatives.models import Wish
from portal.asking_admin import LoggedAdmin
from portal.models import Organisation
from portal.scoping import LATER

NEW = timedelta(days=7)


class WishAdmin(LoggedAdmin):
    """Confirmed ones of one's own town; of another town's nobody sees more than a number."""

    place = 33
    menu = _("Wünsche")
    list_read = _("Wünschen")
    row_read = _("Wunsch gelesen")
    change_list_template = "admin/wishes.html"
    list_display = ("thing", "municipality", "email", "confirmed_at")
    list_filter = ("municipality",)
    list_select_related = ("initiative", "idea", "municipality")
    readonly_fields = fields = ("thing", "municipality", "email", "confirmed_at")

    def limit(self, request: HttpRequest) -> Q:
        return Q(confirmed_at__isnull=False, ended_at=None)

    def heading(self, obj: Wish) -> str:
        return gettext("Wunsch: %s") % obj.title

    def organisation_of(self, obj: Any) -> Organisation:
        return obj.organisation  # type: ignore[no-any-return]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wish]:
        return super().get_queryset(request).select_related("initiative", "idea", "municipality")

    @admin.display(description=_("Was gewünscht wird"))
    def thing(self, obj: Wish) -> str:
        return obj.title

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Headed by how often each thing is wished for."""
        counted = {"wished": wishes.counts(self.get_queryset(request))}
        return super().changelist_view(request, counted | (extra_context or {}))

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        """New ones of the last week, in one line."""
        n = self.get_queryset(request).filter(confirmed_at__gt=timezone.now() - NEW).count()
        if not n:
            return []
        words = ngettext("%(n)s neuer Wunsch aus Ihrem Ort", "%(n)s neue Wünsche aus Ihrem Ort", n) % {"n": n}
        url = reverse("admin:initiatives_wish_changelist")
        return [{"url": url, "text": words, "note": "", "action": str(_("Ansehen")), "order": LATER}]
