"""Proposals in the Redaktion: what a citizen wrote, what resembles it, taken over as a draft or declined with a text."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
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
from portal import accesslog, accounts, welcome
from portal.scoping import ScopedAdmin, atomically

LINES = 20  # on the start page


class ProposalAdmin(ScopedAdmin):
    """Confirmed ones only: an address that nobody proved is nobody's proposal."""

    place = 29
    menu = _("Vorschläge")
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

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "answer") if obj and obj.settled_at else self.readonly_fields

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

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Nothing is saved here, only decided."""
        no_save = {"show_save": False, "show_save_and_continue": False, "title": gettext("Vorschlag")}
        return super().changeform_view(request, object_id, form_url, no_save | (extra_context or {}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        user, about = accounts.person(request), gettext("Vorschläge")
        accesslog.list_read(user, model=self.opts.label_lower, about=about, now=timezone.now())
        return super().changelist_view(request, extra_context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = context["original"]
        accesslog.record(
            accounts.person(request),
            action=gettext("Vorschlag gelesen"),
            about=row.label,
            organisation=row.organisation,
            now=timezone.now(),
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or obj.settled_at:
            return []
        return [
            {"name": "_accept", "label": gettext("Als Entwurf übernehmen")},
            {"name": "_decline", "label": gettext("Ablehnen und Satz schicken")},
        ]

    def save_model(self, request: HttpRequest, obj: Proposal, form: Any, change: bool) -> None:
        """The verbs write."""

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

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        rows = self.get_queryset(request).filter(settled_at=None).select_related("municipality")
        return [self._line(row) for row in rows.order_by("confirmed_at", "pk")[:LINES]]

    def _line(self, row: Proposal) -> dict[str, str]:
        since = welcome.waiting_words(row.confirmed_at or row.entered_at, now=timezone.now())
        return {
            "url": reverse("admin:initiatives_proposal_change", args=[row.pk]),
            "text": gettext("Vorschlag „%(title)s“ wartet %(since)s") % {"title": row.title, "since": since},
            "note": row.municipality.name,
            "action": gettext("Ansehen"),
        }
