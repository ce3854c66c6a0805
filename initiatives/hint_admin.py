"""Hints in the Redaktion: read, answered, done; a page that should go goes with one button."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives import hints
from initiatives.models import Hint
from portal import accounts, sure
from portal.asking_admin import AskingAdmin, StateFilter
from portal.models import Organisation


class AboutPageAdmin(AskingAdmin):
    """What is asked about a page belongs to whoever answers for it: the association, or the town that took it over."""

    scope = "initiative__organisation"
    town = "initiative__municipality"
    list_select_related = ("initiative",)

    def organisation_of(self, obj: Any) -> Organisation:
        return obj.initiative.organisation  # type: ignore[no-any-return]

    @admin.display(description=_("Seite"))
    def page(self, obj: Any) -> str:
        url = reverse("admin:initiatives_initiative_change", args=[obj.initiative_id])
        return format_html('<a href="{}">{}</a>', url, obj.initiative)

    def waiting(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("initiative__municipality")


class HintAdmin(AboutPageAdmin):
    place = 31
    menu = _("Hinweise")
    lead = _("Was Menschen zu Ihren Seiten melden: etwas stimmt nicht, oder eine Seite soll weg.")
    list_read = _("Hinweisen")
    row_read = _("Hinweis gelesen")
    list_display = ("kind", "initiative", "state_in_words", "entered_at")
    list_filter = (StateFilter, "kind")
    readonly_fields = ("kind", "page", "text", "email", "entered_at", "state_in_words")
    fields = (*readonly_fields, "answer")

    def heading(self, obj: Hint) -> str:
        return gettext("%(kind)s zu „%(title)s“") % {
            "kind": obj.get_kind_display(),
            "title": obj.initiative.title,
        }

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who left no address gets no answer."""
        return self.fields if obj is None or obj.email else self.readonly_fields

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or obj.settled_at:
            return []
        done = {"name": "_settle", "label": gettext("Erledigt")}
        remove = {"name": "_remove", "label": gettext("Seite entfernen …")}
        return [done, remove] if obj.initiative.is_public else [done]

    def response_change(self, request: HttpRequest, obj: Hint) -> HttpResponse:
        by, now, remove = accounts.person(request), timezone.now(), "_remove" in request.POST
        if remove and obj.settled_at is None and obj.initiative.is_public:
            deed = gettext("Ja, Seite entfernen")
            if page := sure.ask(self.admin_site, request, question=self._question(obj), deed=deed):
                return page
        if remove or "_settle" in request.POST:
            done = gettext("Erledigt. Die Seite ist entfernt.") if remove else gettext("Erledigt.")
            self.settle(
                request, lambda: hints.settle(obj, answer=obj.answer, by=by, now=now, remove=remove), done
            )
        return redirect(request.path)

    def _question(self, obj: Hint) -> str:
        return (
            gettext(
                "„%s“ von der Internetseite nehmen? Die Seite ist dann archiviert, und der Hinweis ist erledigt."
            )
            % obj.initiative.title
        )

    def todo(self, obj: Hint, since: str) -> tuple[str, str]:
        names = {"kind": obj.get_kind_display(), "title": obj.initiative.title, "since": since}
        text = gettext("%(kind)s zu „%(title)s“ wartet %(since)s") % names
        return text, obj.initiative.municipality.name
