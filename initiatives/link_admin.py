"""Broken links in the Redaktion: on which page, what is wrong, since when. Read only: one mends the page."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from initiatives.models import PageLink
from portal.scoping import LATER, ScopedAdmin


class PageLinkAdmin(ScopedAdmin):
    """Only what failed twice, a week apart, on pages that are public. The start page leads here, no menu does."""

    place = 32
    scope = "initiative__organisation"
    town = "initiative__municipality"
    has_history = False
    lead = _(
        "Das Portal prüft jede Woche, wohin die Links auf Ihren Seiten führen. Was nicht mehr stimmt, steht hier. Ändern "
        "Sie den Link auf der Seite selbst; dann verschwindet er aus der Liste."
    )
    list_display = ("url", "page", "reason", "failing_since")
    list_filter = ("reason",)
    list_select_related = ("initiative",)
    fields = ("page", "where", "reason", "status", "failing_since", "checked_at")
    readonly_fields = ("page", "where")

    def limit(self, request: HttpRequest) -> Q:
        return Q(pk__in=PageLink.objects.broken().values("pk"))

    @admin.display(description=_("Seite"))
    def page(self, obj: PageLink) -> str:
        url = reverse("admin:initiatives_initiative_change", args=[obj.initiative_id])
        return format_html('<a href="{}">{}</a>', url, obj.initiative)

    @admin.display(description=_("Link"))
    def where(self, obj: PageLink) -> str:
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', obj.url, obj.url)

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        n = self.get_queryset(request).count()
        if not n:
            return []
        text = ngettext("%(n)s Link führt ins Leere", "%(n)s Links führen ins Leere", n) % {"n": n}
        url = reverse("admin:initiatives_pagelink_changelist")
        return [{"url": url, "text": text, "note": "", "action": _("Ansehen"), "order": LATER}]
