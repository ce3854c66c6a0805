"""The Redaktion of the kernel: organisations, towns, staff accounts, mails, the log."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accounts, first_steps, leaving, roles, trust, unstaffed
from portal.access_admin import AccessRequestAdmin
from portal.factor_admin import ResetsFactors
from portal.mail_admin import MailAdmin
from portal.models import (
    AccessLog,
    AccessRequest,
    Mail,
    Membership,
    Municipality,
    Organisation,
    User,
    email_key,
)  # fmt: skip
from portal.records_admin import AccessLogAdmin
from portal.scoping import EVERY, FIRST, ScopedAdmin, ScopedInline, rows
from portal.versions_admin import VersionedAdmin

admin.site.register(AccessRequest, AccessRequestAdmin)
admin.site.register(AccessLog, AccessLogAdmin)
admin.site.register(Mail, MailAdmin)


@admin.register(Organisation)
class OrganisationAdmin(VersionedAdmin):
    place = 36
    menu = _("Impressum und Kontakt")
    scope = "pk"
    list_display = ("name", "kind", "contact_email", "may_publish")
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "kind", "address", "contact_email", "contact_phone")}),
        (
            _("Impressum und Datenschutz"),
            {
                "fields": ("imprint", "privacy_text", "reply_to"),
                "description": _(
                    "Ohne Impressum und E-Mail für Rückfragen kann nichts veröffentlicht werden."
                ),
            },
        ),
        (_("Wünsche von Bürgerinnen und Bürgern"), {"fields": ("shows_wishes",)}),
    )

    @admin.display(description=_("darf veröffentlichen"), boolean=True)
    def may_publish(self, obj: Organisation) -> bool:
        return obj.may_publish

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A town writes its imprint; its name and kind are the association's business."""
        return () if self.has_add_permission(request) else ("name", "kind")

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The association's own imprint; a town has its three steps (`first_steps.py`) or published already."""
        own = self.get_queryset(request).filter(rows(request, "change", self), memberships__user=request.user)
        own = own.exclude(pk__in=first_steps.beginners().values("pk")).distinct()
        return [
            {
                "url": reverse("admin:portal_organisation_change", args=[organisation.pk]),
                "text": gettext("%s: Impressum oder E-Mail fehlt noch") % organisation.name,
                "note": gettext("Erst damit können Sie veröffentlichen."),
                "action": gettext("Ergänzen"),
                "order": FIRST,
            }
            for organisation in own
            if not organisation.may_publish
        ]


@admin.register(Municipality)
class MunicipalityAdmin(ScopedAdmin):
    place = 32
    menu = _("Kommunen")
    list_display = ("name", "kind", "district", "organisation", "is_member")
    list_filter = ("level", "is_member")
    list_select_related = ("district", "organisation")
    search_fields = ("name", "ags")
    view_on_site = True
    fields = ("name", "official_name", "kind", "ags", "organisation", "is_member", "help_desk")
    readonly_fields = ("name", "official_name", "kind", "ags")

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        return unstaffed.todo_lines(self.get_queryset(request))

    def save_model(self, request: HttpRequest, obj: Municipality, form: Any, change: bool) -> None:
        """A town that gets staff gets what the association did for it in trust (rule 25)."""
        super().save_model(request, obj, form, change)
        if "organisation" in form.changed_data and obj.organisation:
            trust.hand_over(obj, organisation=obj.organisation)


class MembershipForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        organisation = data.get("organisation")
        if organisation and not roles.holds(Membership(organisation=organisation, role=data.get("role", ""))):
            self.add_error("role", gettext("Diese Rolle gibt es nur beim Verband."))
        return data


class MembershipInline(ScopedInline, admin.StackedInline):
    model = Membership
    form = MembershipForm
    extra = 1
    fields = ("organisation", "role")
    verbose_name_plural = _("Was diese Person darf")

    def _is_other(self, request: HttpRequest, obj: Any) -> bool:
        """Nobody gives rights to themselves: the network would reach every town's people."""
        return bool(accounts.person(request).is_superuser or obj is None or obj.pk != request.user.pk)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and self._is_other(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_other(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_other(request, obj)


class UserForm(forms.ModelForm):
    def clean_email(self) -> str:
        """As it is stored, so that an account that is there already is noticed in any capitals."""
        return email_key(self.cleaned_data["email"]) or ""


@admin.register(User)
class UserAdmin(ResetsFactors):
    """Staff accounts: created by the network, invited by mail, deactivated, never deleted."""

    place = 34
    menu = _("Zugänge")
    scope = None
    form = UserForm
    list_display = ("email", "name", "is_active", "roles_in_words")
    list_filter = ("is_active",)
    search_fields = ("email", "name")
    inlines = (MembershipInline,)
    fields = ("email", "name", "is_active")

    def limit(self, request: HttpRequest) -> Q:
        """The operator's accounts are the operator's."""
        return EVERY if accounts.person(request).is_superuser else Q(is_superuser=False)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__organisation")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("email", "is_active") if obj.pk == request.user.pk else ("email",)

    @admin.display(description=_("Rollen"))
    def roles_in_words(self, obj: User) -> str:
        return ", ".join(str(membership) for membership in obj.memberships.all()) or gettext("keine")

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or not obj.is_active or obj.is_demo:
            return []
        return [
            {"name": "_invite", "label": gettext("Einladung schicken (Passwort setzen)")},
            {"name": "_reset_factor", "label": gettext("Zweiten Faktor zurücksetzen …")},
        ]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and (said := leaving.reminder(obj)):
            messages.warning(request, said)

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> Any:
        return self._without_name(super().log_addition(request, obj, message))

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        return self._without_name(super().log_change(request, obj, message))

    def _without_name(self, entry: Any) -> Any:
        """Django's log outlives the account: a number, never a name (trust.md, class K8)."""
        entry.object_repr = gettext("Zugang %s") % entry.object_id
        entry.save(update_fields=["object_repr"])
        return entry

    def response_add(
        self, request: HttpRequest, obj: User, post_url_continue: str | None = None
    ) -> HttpResponse:
        accounts.invite(request, obj)
        messages.success(request, gettext("Die Einladung geht an %s.") % obj.email)
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: User) -> HttpResponse:
        if "_invite" in request.POST:
            accounts.invite(request, obj)
            messages.success(request, gettext("Die Einladung geht an %s.") % obj.email)
            return redirect(request.path)
        if "_reset_factor" in request.POST:
            return redirect("admin:portal_user_reset", obj.pk)
        return super().response_change(request, obj)
