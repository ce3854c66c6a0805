"""Questions about experience in the Redaktion: read, and answered in one's own words."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives import inquiries
from initiatives.hint_admin import AboutPageAdmin
from initiatives.models import Inquiry
from portal import accounts
from portal.asking_admin import StateFilter


class InquiryAdmin(AboutPageAdmin):
    """Confirmed ones only: an address that nobody proved is nobody's question."""

    place = 31
    menu = _("Fragen")
    list_read = _("Fragen nach Erfahrungen")
    row_read = _("Frage gelesen")
    lead = _(
        "Andere Orte fragen nach Ihren Erfahrungen. Ihre Antwort geht als Mail an die Person, die gefragt hat."
    )
    list_display = ("initiative", "who", "state_in_words", "confirmed_at")
    list_filter = (StateFilter,)
    readonly_fields = ("page", "text", "who", "email", "confirmed_at", "state_in_words")
    fields = (*readonly_fields, "answer")

    def limit(self, request: HttpRequest) -> Q:
        return Q(confirmed_at__isnull=False)

    @admin.display(description=_("Wer fragt"), ordering="name")
    def who(self, obj: Inquiry) -> str:
        return ", ".join(filter(None, (obj.name, obj.organisation)))

    def heading(self, obj: Inquiry) -> str:
        return gettext("Frage zu „%s“") % obj.initiative.title

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or obj.settled_at:
            return []
        return [
            {"name": "_answer", "label": gettext("Antwort senden")},
            {"name": "_close", "label": gettext("Ohne Antwort erledigen")},
        ]

    def response_change(self, request: HttpRequest, obj: Inquiry) -> HttpResponse:
        by, now, silently = accounts.person(request), timezone.now(), "_close" in request.POST
        if silently or "_answer" in request.POST:
            done = gettext("Erledigt, ohne Mail.") if silently else gettext("Ihre Antwort ist unterwegs.")
            self.settle(
                request,
                lambda: inquiries.settle(obj, answer=obj.answer, by=by, now=now, silently=silently),
                done,
            )
        return redirect(request.path)

    def todo(self, obj: Inquiry, since: str) -> tuple[str, str]:
        names = {"title": obj.initiative.title, "since": since}
        text = gettext("Frage nach Erfahrungen mit „%(title)s“ wartet %(since)s") % names
        return text, obj.organisation or obj.initiative.municipality.name
