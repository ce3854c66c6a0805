"""Initiatives in the Redaktion: what a town shows, and what the association collected."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives import bulletin
from initiatives.models import Initiative, Topic
from portal.bulletin import Notice
from portal.bulletin_admin import BulletinAdmin
from portal.models import Organisation
from portal.scoping import ScopedAdmin


@admin.register(Topic)
class TopicAdmin(ScopedAdmin):
    place = 70
    scope = None
    list_display = ("name", "slug", "order")


@admin.register(Initiative)
class InitiativeAdmin(BulletinAdmin):
    place = 30
    list_display = ("title", "municipality", "state", "life_state", "changed_at")
    list_filter = ("state", "life_state", "municipality")
    list_select_related = ("municipality",)
    search_fields = ("title", "summary")
    readonly_fields = ("state_in_words",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "state_in_words", "title", "municipality", "topics", "summary", "life_state",
                    "contact", "contact_email", "contact_phone",
                ),
            },
        ),
        (
            _("Mehr erzählen (freiwillig)"),
            {"classes": ("collapse",), "fields": ("place", "carrier", "text", "website")},
        ),
        (
            _("Quelle und Jahr (freiwillig)"),
            {
                "classes": ("collapse",),
                "fields": ("year", "year_estimated", "source_name", "source_url", "confirmed_on"),
            },
        ),
        (
            _("Adresse der Seite"),
            {
                "classes": ("collapse",),
                "fields": ("slug",),
                "description": _("Entsteht von selbst aus Titel und Ort. Frühere Adressen führen zur neuen."),
            },
        ),
    )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Initiative, form: Any, change: bool) -> None:
        """What the association writes is collected, what a town writes is the town's (rule 20)."""
        super().save_model(request, obj, form, change)
        if not change and obj.organisation.kind == Organisation.Kind.ASSOCIATION:
            obj.origin = Initiative.Origin.COLLECTED
            obj.save(update_fields=["origin"])

    def notice(self, obj: Initiative) -> Notice:
        return bulletin.notice(obj)

    def start_blocks(self, request: HttpRequest) -> list[dict[str, Any]]:
        drafts = self.get_queryset(request).filter(state__in=["draft", "proposed", "in_review"])
        lines = [
            {
                "url": reverse("admin:initiatives_initiative_change", args=[row.pk]),
                "text": row.title,
                "note": row.get_state_display(),
            }
            for row in drafts.order_by("-changed_at")[:5]
        ]
        return [{"title": gettext("Initiativen in Arbeit"), "lines": lines}] if lines else []
