"""Initiatives in the Redaktion: what a town shows, and what the association collected."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from initiatives import bulletin, lineage, statistics_admin
from initiatives.blueprint_admin import BlueprintInline, drop_empty
from initiatives.highlight_admin import HighlightAdmin
from initiatives.hint_admin import HintAdmin
from initiatives.idea_admin import IdeaAdmin
from initiatives.inquiry_admin import InquiryAdmin
from initiatives.link_admin import PageLinkAdmin
from initiatives.models import (
    Highlight,
    Hint,
    Idea,
    Initiative,
    Inquiry,
    PageLink,
    Proposal,
    Remark,
    Topic,
    Wish,
)
from initiatives.picture_admin import PicturedAdmin
from initiatives.proposal_admin import ProposalAdmin
from initiatives.review_admin import ReviewedAdmin
from initiatives.wish_admin import WishAdmin
from portal import accounts
from portal.bulletin import Notice
from portal.bulletin_admin import BulletinAdmin
from portal.models import Organisation
from portal.scoping import LATER, ScopedAdmin

admin.site.register(Proposal, ProposalAdmin)
admin.site.register(Hint, HintAdmin)
admin.site.register(Highlight, HighlightAdmin)
admin.site.register(PageLink, PageLinkAdmin)
admin.site.register(Idea, IdeaAdmin)
admin.site.register(Inquiry, InquiryAdmin)
admin.site.register(Wish, WishAdmin)
admin.site.add_page(  # type: ignore[attr-defined]
    "statistik/",
    statistics_admin.show,
    name="statistics",
    label=_("Statistik"),
    sees=statistics_admin.sees,
)


@admin.register(Topic)
class TopicAdmin(ScopedAdmin):
    place = 70
    menu = _("Themen")
    scope = None
    list_display = ("name", "slug", "order")


@admin.register(Initiative)
class InitiativeAdmin(PicturedAdmin, ReviewedAdmin, BulletinAdmin):
    place = 30
    menu = _("Initiativen")
    list_display = ("title", "municipality", "state", "life_state", "changed_at")
    list_filter = ("state", "life_state", "municipality")
    list_select_related = ("municipality",)
    search_fields = ("title", "summary")
    inlines = (BlueprintInline,)
    readonly_fields = ("state_in_words", "remarks_in_words", "lineage")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "state_in_words", "remarks_in_words", "title", "municipality", "topics", "summary", "life_state",
                    "contact", "contact_email", "contact_phone",
                ),
            },
        ),
        (
            _("Mehr erzählen (freiwillig)"),
            {"classes": ("collapse",), "fields": ("place", "carrier", "text", "website", "idea", "lineage")},
        ),
        (
            _("Quelle und Jahr (freiwillig)"),
            {
                "classes": ("collapse",),
                "fields": ("year", "year_estimated", "source_name", "source_url", "confirmed_on"),
            },
        ),
        (
            _("Ab wann? (freiwillig)"),
            {"classes": ("collapse",), "fields": ("public_from",)},
        ),
        (
            _("Adresse der Seite"),
            {
                "classes": ("collapse",),
                "fields": ("slug",),
                "description": _("Entsteht von selbst aus Titel und Ort. Frühere Adressen führen zur neuen."),
            },
        ),
        (
            _("Bemerkung"),
            {
                "fields": ("remark",),
                "description": _(
                    "Nur für die Redaktion. Sie steht oben auf dieser Seite, und die anderen in Ihrer Redaktion "
                    "bekommen sie als Mail."
                ),
            },
        ),
    )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Initiative, form: Any, change: bool) -> None:
        """What the association writes is collected, what a town writes is the town's (rule 20)."""
        super().save_model(request, obj, form, change)
        if not change and obj.organisation.kind == Organisation.Kind.ASSOCIATION:
            obj.origin = Initiative.Origin.COLLECTED
            Initiative.objects.filter(pk=obj.pk).update(origin=obj.origin)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        drop_empty(form.instance)
        form.instance.index()

    @admin.display(description=_("Nachgemacht"))
    def lineage(self, obj: Initiative) -> str:
        return lineage.in_words(obj)

    def notice(self, obj: Initiative) -> Notice:
        return bulletin.notice(obj)

    def limit(self, request: HttpRequest) -> Q:
        """What citizens propose is decided on its own page first (`proposal_admin.py`)."""
        return ~Q(state=Initiative.State.PROPOSED)

    def bulletin_rows(self, request: HttpRequest) -> QuerySet[Initiative]:
        return self.get_queryset(request).public()  # type: ignore[no-any-return,attr-defined]

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What is not finished, the latest on top; below what was noted elsewhere."""
        noted = lineage.noted_lines(accounts.person(request))
        return self.draft_lines(request) + noted + self._unconfirmed_lines(request)

    def _unconfirmed_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What says „läuft“ and nobody has confirmed for a year (rule 24), also where no contact can be asked."""
        rows = self.get_queryset(request).long_unsaid(timezone.now())  # type: ignore[attr-defined]
        if not (n := rows.count()):
            return []
        text = ngettext(
            "%(n)s Seite hat seit einem Jahr niemand bestätigt",
            "%(n)s Seiten hat seit einem Jahr niemand bestätigt",
            n,
        ) % {"n": n}
        url = reverse("admin:initiatives_initiative_changelist") + "?life_state__exact=running"
        return [{"url": url, "text": text, "note": "", "action": gettext("Ansehen"), "order": LATER}]

    def with_missing(self, rows: QuerySet[Initiative]) -> QuerySet[Initiative]:
        return rows.select_related("organisation").prefetch_related(
            "topics", Prefetch("remarks", Remark.objects.select_related("by")), "pictures"
        )

    def offers(self, request: HttpRequest) -> list[dict[str, str]]:
        url = reverse("admin:initiatives_initiative_add")
        may = self.has_add_permission(request)
        found = [
            {"url": url, "label": gettext("Initiative vorstellen")},
            {"url": reverse("ideas:list"), "label": gettext("Idee von anderswo übernehmen")},
        ]
        return found if may else []

    def page_facts(self, request: HttpRequest) -> list[str]:
        n = self.get_queryset(request).public().count()  # type: ignore[attr-defined]
        words = ngettext("%(n)s Initiative öffentlich", "%(n)s Initiativen öffentlich", n) % {"n": n}
        return [words if n else gettext("noch keine Initiative öffentlich")]
