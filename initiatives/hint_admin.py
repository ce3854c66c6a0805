"""Hints in the Redaktion: read, answered, done; a page that should go goes with one button."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives import hints
from initiatives.models import Hint
from portal import accesslog, accounts, welcome
from portal.scoping import ScopedAdmin, atomically

LINES = 5  # on the start page


class StateFilter(admin.SimpleListFilter):
    title = _("Stand")
    parameter_name = "stand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("offen", _("offen")), ("beantwortet", _("beantwortet"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = {"offen": True, "beantwortet": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(settled_at__isnull=wanted)


class HintAdmin(ScopedAdmin):
    """Belongs to whoever answers for the page: the association, or the town that took it over."""

    place = 31
    menu = _("Hinweise")
    scope = "initiative__organisation"
    town = "initiative__municipality"
    list_display = ("kind", "initiative", "state_in_words", "entered_at")
    list_filter = (StateFilter, "kind")
    list_select_related = ("initiative",)
    readonly_fields = ("kind", "page", "text", "email", "entered_at", "state_in_words")
    fields = (*readonly_fields, "answer")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "answer") if obj and obj.settled_at else self.readonly_fields

    @admin.display(description=_("Stand"))
    def state_in_words(self, obj: Hint) -> str:
        return obj.state_in_words

    @admin.display(description=_("Seite"))
    def page(self, obj: Hint) -> str:
        url = reverse("admin:initiatives_initiative_change", args=[obj.initiative_id])
        return format_html('<a href="{}">{}</a>', url, obj.initiative)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Nothing is saved here, only settled."""
        no_save = {"show_save": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, no_save | (extra_context or {}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        user, about = accounts.person(request), gettext("Hinweise")
        accesslog.list_read(user, model=self.opts.label_lower, about=about, now=timezone.now())
        return super().changelist_view(request, extra_context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        hint = context["original"]
        accesslog.record(
            accounts.person(request),
            action=gettext("Hinweis gelesen"),
            about=hint.label,
            organisation=hint.initiative.organisation,
            now=timezone.now(),
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or obj.settled_at:
            return []
        done = {"name": "_settle", "label": gettext("Erledigt")}
        remove = {"name": "_remove", "label": gettext("Seite entfernen und erledigt")}
        return [done, remove] if obj.initiative.is_public else [done]

    def save_model(self, request: HttpRequest, obj: Hint, form: Any, change: bool) -> None:
        """The verb writes."""

    def response_change(self, request: HttpRequest, obj: Hint) -> HttpResponse:
        by, now, remove = accounts.person(request), timezone.now(), "_remove" in request.POST
        if remove or "_settle" in request.POST:
            refused = atomically(lambda: hints.settle(obj, answer=obj.answer, by=by, now=now, remove=remove))
            done = gettext("Erledigt. Die Seite ist entfernt.") if remove else gettext("Erledigt.")
            self.message_user(request, refused or done, messages.ERROR if refused else messages.SUCCESS)
        return redirect(request.path)

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        rows = self.get_queryset(request).filter(settled_at=None).select_related("initiative__municipality")
        return [self._line(row) for row in rows.order_by("entered_at", "pk")[:LINES]]

    def _line(self, row: Hint) -> dict[str, str]:
        since = welcome.waiting_words(row.entered_at, now=timezone.now())
        names = {"kind": row.get_kind_display(), "title": row.initiative.title, "since": since}
        return {
            "url": reverse("admin:initiatives_hint_change", args=[row.pk]),
            "text": gettext("%(kind)s zu „%(title)s“ wartet %(since)s") % names,
            "note": row.initiative.municipality.name,
            "action": gettext("Ansehen"),
        }
