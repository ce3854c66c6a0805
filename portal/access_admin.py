"""Requests for access in the Redaktion: who asks, does the address fit the town, one click to let them in."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import access_requests, accesslog, accounts, mail_domains, welcome
from portal.association import association
from portal.models import AccessRequest
from portal.password_links import INVITED
from portal.retention import words
from portal.scoping import ScopedAdmin, atomically

LINES = 5  # on the start page


class AccessRequestAdmin(ScopedAdmin):
    """Confirmed ones only: an address that nobody proved is nobody's request."""

    place = 20
    menu = _("Anfragen nach Zugang")
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

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        decided = obj is not None and obj.settled_at is not None
        return (*self.readonly_fields, "answer") if decided else self.readonly_fields

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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        user, about = accounts.person(request), gettext("Anfragen nach Zugang")
        accesslog.list_read(user, model=self.opts.label_lower, about=about, now=timezone.now())
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Nothing is saved here, only decided."""
        no_save = {
            "show_save": False,
            "show_save_and_continue": False,
            "title": gettext("Anfrage nach Zugang"),
        }
        return super().changeform_view(request, object_id, form_url, no_save | (extra_context or {}))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        accesslog.record(
            accounts.person(request),
            action=gettext("Anfrage gelesen"),
            about=context["original"].label,
            organisation=association(),
            now=timezone.now(),
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The verbs write."""

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
                refused = atomically(verb)
                self.message_user(request, refused or done, messages.ERROR if refused else messages.SUCCESS)
        return redirect(request.path)

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        rows = self.get_queryset(request).filter(state=AccessRequest.State.CONFIRMED)
        return [self._line(row) for row in rows.order_by("confirmed_at", "pk")[:LINES]]

    def _line(self, row: AccessRequest) -> dict[str, str]:
        since = welcome.waiting_words(row.confirmed_at or row.entered_at, now=timezone.now())
        names = {"town": row.municipality.name, "since": since}
        domain = mail_domains.assess(row.email, row.municipality).sentence
        return {
            "url": reverse("admin:portal_accessrequest_change", args=[row.pk]),
            "text": gettext("Anfrage nach Zugang für %(town)s wartet %(since)s") % names,
            "note": domain,
            "action": gettext("Ansehen"),
        }
