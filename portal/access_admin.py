"""Requests for access in the Redaktion: who asks, does the address fit the town, one click to let them in."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import access_requests, accounts, mail_domains
from portal.asking_admin import AskingAdmin
from portal.association import association
from portal.models import AccessRequest, Organisation
from portal.password_links import INVITED
from portal.retention import words


class AccessRequestAdmin(AskingAdmin):
    """Confirmed ones only: an address that nobody proved is nobody's request."""

    place = 20
    menu = _("Anfragen nach Zugang")
    list_read = _("Anfragen nach Zugang")
    row_read = _("Anfrage gelesen")
    scope = None
    list_display = ("municipality", "name", "email", "domain_in_words", "state", "confirmed_at")
    list_filter = ("state",)
    list_select_related = ("municipality__organisation",)
    search_fields = ("municipality__name",)
    readonly_fields = (
        "state", "municipality", "editors_in_words", "name", "function", "email", "domain_in_words",
        "second_in_words", "page_in_words", "confirmed_at",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": readonly_fields}),
        (
            _("Ablehnen"),
            {
                "fields": ("answer",),
                "description": _("Nur wenn Sie ablehnen: Der Satz geht als Mail an die anfragende Person."),
            },
        ),
    )

    def limit(self, request: HttpRequest) -> Q:
        return ~Q(state=AccessRequest.State.REQUESTED)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessRequest]:
        rows = super().get_queryset(request).select_related("municipality__organisation")
        return rows.prefetch_related("municipality__organisation__memberships__user")

    def heading(self, obj: AccessRequest) -> str:
        return gettext("Anfrage für %s") % obj.municipality.name

    def organisation_of(self, obj: AccessRequest) -> Organisation:
        return association()

    @admin.display(description=_("Passt die Adresse?"))
    def domain_in_words(self, obj: AccessRequest) -> str:
        found = mail_domains.assess(obj.email, obj.municipality)
        if found.is_warning:
            return format_html('<strong class="remark">{}</strong>', found.sentence)
        return found.sentence

    @admin.display(description=_("Zweite Person"))
    def second_in_words(self, obj: AccessRequest) -> str:
        if not obj.second_email:
            return gettext("keine genannt")
        found = mail_domains.assess(obj.second_email, obj.municipality)
        return f"{obj.second_name}, {obj.second_email}. {found.sentence}"

    @admin.display(description=_("Redaktion heute"))
    def editors_in_words(self, obj: AccessRequest) -> str:
        organisation = obj.municipality.organisation
        people = access_requests.editors(organisation) if organisation else []
        if not people:
            return gettext("keine, der Verband betreut den Ort")
        names = ", ".join(f"{user} ({user.email})" for user in people)
        return gettext("%s. Sie wissen, dass jemand angefragt hat.") % names

    @admin.display(description=_("Will diese Seite übernehmen"))
    def page_in_words(self, obj: AccessRequest) -> str:
        if not obj.page:
            return gettext("keine genannt")
        return format_html('<a href="{}">{}</a>', reverse("initiatives:detail", args=[obj.page]), obj.page)

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or obj.settled_at:
            return []
        return [
            {"name": "_approve", "label": gettext("Freigeben und einladen")},
            {"name": "_decline", "label": gettext("Ablehnen und Satz schicken")},
        ]

    def response_change(self, request: HttpRequest, obj: AccessRequest) -> HttpResponse:
        by, now, answer = accounts.person(request), timezone.now(), obj.answer
        verbs = {
            "_approve": (
                lambda: access_requests.approve(obj, by=by, now=now),
                gettext("Freigegeben. Die Einladung ist unterwegs und gilt %s.") % words(INVITED),
            ),
            "_decline": (
                lambda: access_requests.decline(obj, answer=answer, by=by, now=now),
                gettext("Abgelehnt. Ihr Satz ist unterwegs."),
            ),
        }
        for name, (verb, done) in verbs.items():
            if name in request.POST:
                self.settle(request, verb, done)
        return redirect(request.path)

    def todo(self, obj: AccessRequest, since: str) -> tuple[str, str]:
        names = {"town": obj.municipality.name, "since": since}
        text = gettext("Anfrage nach Zugang für %(town)s wartet %(since)s") % names
        return text, mail_domains.assess(obj.email, obj.municipality).sentence
