"""Proposals in the Redaktion: what a citizen wrote, what resembles it, taken over as a draft or declined with a text."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives import proposals
from initiatives.models import Proposal
from initiatives.resembling import resembling
from portal import accounts
from portal.asking_admin import AskingAdmin
from portal.models import Organisation
from portal.scoping import atomically


class ProposalAdmin(AskingAdmin):
    """Confirmed ones only: an address that nobody proved is nobody's proposal."""

    place = 29
    menu = _("Vorschläge")
    list_read = _("Vorschlägen")
    row_read = _("Vorschlag gelesen")
    lead = _(
        "Was Menschen für Ihren Ort vorschlagen. Sie entscheiden, und die Person bekommt Ihre Antwort als Mail."
    )
    list_display = ("title", "municipality", "decision_in_words", "confirmed_at")
    list_filter = ("decision", "municipality")
    list_select_related = ("municipality",)
    readonly_fields = (
        "decision_in_words", "title", "municipality", "text", "similar_ones", "name", "email", "confirmed_at",
        "page",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": readonly_fields}),
        (
            _("Ihre Antwort"),
            {
                "fields": ("answer",),
                "description": _(
                    "Geht als Mail an die Person, so wie Sie sie schreiben. Wenn Sie ablehnen, braucht sie einen Satz: "
                    "warum, und vielleicht, wer sonst weiterhilft."
                ),
            },
        ),
    )

    def limit(self, request: HttpRequest) -> Q:
        return Q(confirmed_at__isnull=False)

    def heading(self, obj: Proposal) -> str:
        return gettext("Vorschlag „%s“") % obj.title

    def organisation_of(self, obj: Proposal) -> Organisation:
        return obj.organisation

    @admin.display(description=_("Stand"))
    def decision_in_words(self, obj: Proposal) -> str:
        return str(obj.get_decision_display())

    @admin.display(description=_("Seite"))
    def page(self, obj: Proposal) -> str:
        if not obj.settled_at or not obj.initiative_id:
            return gettext("keine")
        url = reverse("admin:initiatives_initiative_change", args=[obj.initiative_id])
        return format_html('<a href="{}">{}</a>', url, obj.initiative)

    @admin.display(description=_("Ähnliches gibt es schon"))
    def similar_ones(self, obj: Proposal) -> str:
        found = resembling(obj.title, obj.municipality)
        links = ((row.get_absolute_url(), row.title, row.municipality.name) for row in found)
        return format_html_join(", ", '<a href="{}">{}</a> ({})', links) or gettext("nichts in der Nähe")

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or obj.settled_at:
            return []
        return [
            {"name": "_accept", "label": gettext("Als Entwurf übernehmen")},
            {"name": "_decline", "label": gettext("Ablehnen und Satz schicken")},
        ]

    def response_change(self, request: HttpRequest, obj: Proposal) -> HttpResponse:
        by, now, answer, accepts = (
            accounts.person(request), timezone.now(), obj.answer, "_accept" in request.POST
        )  # fmt: skip
        if not accepts and "_decline" not in request.POST:
            return redirect(request.path)
        verb = proposals.accept if accepts else proposals.decline
        if refused := atomically(lambda: verb(obj, answer=answer, by=by, now=now)):
            self.message_user(request, refused, messages.ERROR)
            return redirect(request.path)
        if not accepts:
            self.message_user(request, gettext("Abgelehnt. Ihr Satz ist unterwegs."), messages.SUCCESS)
            return redirect(request.path)
        done = gettext("Übernommen, die Person hat eine Mail. Bitte ergänzen Sie, was noch fehlt.")
        self.message_user(request, done, messages.SUCCESS)
        return redirect("admin:initiatives_initiative_change", obj.initiative_id)

    def waiting(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("municipality")

    def todo(self, obj: Proposal, since: str) -> tuple[str, str]:
        text = gettext("Vorschlag „%(title)s“ wartet %(since)s") % {"title": obj.title, "since": since}
        return text, obj.municipality.name
