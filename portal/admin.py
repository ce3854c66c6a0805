"""The Redaktion of the kernel: organisations, towns, staff accounts, mails, the log."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from portal import accesslog, accounts, delivery, first_steps, roles, trust, undelivered, unstaffed
from portal.access_admin import AccessRequestAdmin
from portal.logs import mask
from portal.models import (
    AccessLog,
    AccessRequest,
    Mail,
    Membership,
    Municipality,
    Organisation,
    User,
    email_key,
)
from portal.records_admin import AccessLogAdmin
from portal.scoping import EVERY, FIRST, ScopedAdmin, ScopedInline, atomically
from portal.versions_admin import VersionedAdmin

admin.site.register(AccessRequest, AccessRequestAdmin)
admin.site.register(AccessLog, AccessLogAdmin)


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
    )

    @admin.display(description=_("darf veröffentlichen"), boolean=True)
    def may_publish(self, obj: Organisation) -> bool:
        return obj.may_publish

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A town writes its imprint; its name and kind are the association's business."""
        return () if self.has_add_permission(request) else ("name", "kind")

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The association's own imprint; a town has its three steps (`first_steps.py`) or published already."""
        own = self.get_queryset(request).filter(memberships__user=request.user)
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
class UserAdmin(ScopedAdmin):
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
            {"name": "_reset_factor", "label": gettext("Zweiten Faktor zurücksetzen (nach Rückruf)")},
        ]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            accounts.open_account(obj)

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
            now = timezone.now()
            accounts.reset_second_factor(obj)
            accounts.tell_factor_reset(obj, by=accounts.person(request), now=now)
            accesslog.record(
                accounts.person(request),
                action=gettext("Zweiten Faktor zurückgesetzt"),
                about=f"user:{obj.pk}",
                now=now,
            )
            messages.success(
                request,
                gettext(
                    "Der zweite Faktor ist zurückgesetzt. Beim nächsten Anmelden wird er neu eingerichtet."
                ),
            )
            return redirect(request.path)
        return super().response_change(request, obj)


class StateFilter(admin.SimpleListFilter):
    title = _("Stand")
    parameter_name = "stand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("wartet", _("wartet")),
            ("verschickt", _("verschickt")),
            ("gescheitert", _("gescheitert")),
            ("zurueckgezogen", _("zurückgezogen")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mail]) -> QuerySet[Mail]:
        """As `Mail.state` says."""
        conditions = {
            "wartet": Q(sent_at=None, failed_at=None, withdrawn_at=None),
            "verschickt": Q(sent_at__isnull=False),
            "gescheitert": Q(failed_at__isnull=False, withdrawn_at=None),
            "zurueckgezogen": Q(sent_at=None, withdrawn_at__isnull=False),
        }
        return queryset.filter(conditions.get(self.value() or "", EVERY))


@admin.register(Mail)
class MailAdmin(ScopedAdmin):
    """What was written to people: state, reason and, for what failed, „erneut senden" (rule 18)."""

    place = 60
    menu = _("Mails")
    town = "booking__shiftsignups__slot__opportunity__municipality"
    list_display = ("subject", "to", "state_in_words", "queued_at", "sent_at", "last_error")
    list_filter = (StateFilter, "kind")
    search_fields = ("subject", "to")
    fields = (
        "state_in_words", "last_error", "kind", "to", "subject", "text_without_links",
        "queued_at", "sent_at", "failed_at", "withdrawn_at", "attempts",
    )  # fmt: skip
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def limit(self, request: HttpRequest) -> Q:
        """Mails with a way into an account are for nobody else's eyes."""
        return Q(secret=False)

    @admin.display(description=_("Stand"))
    def state_in_words(self, obj: Mail) -> str:
        return obj.state

    @admin.display(description=_("Text (persönliche Links sind verdeckt)"))
    def text_without_links(self, obj: Mail) -> str:
        return mask(obj.text)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        for _reach, organisation, _only in roles.reaches(
            accounts.person(request), "view", self.opts.label_lower
        ):
            accesslog.record(
                accounts.person(request),
                action=gettext("Liste gelesen"),
                about=gettext("Mails"),
                organisation=organisation,
                now=timezone.now(),
            )
        return super().changelist_view(request, extra_context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Who reads the mail itself reads an address and, in the text, a name (rule 34)."""
        mail = context["original"]
        accesslog.record(
            accounts.person(request),
            action=gettext("Mail gelesen"),
            about=f"mail:{mail.pk}",
            organisation=mail.organisation,
            now=timezone.now(),
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        recent = timezone.now() - undelivered.RECENT
        failed = self.get_queryset(request).filter(failed_at__gt=recent, withdrawn_at=None)
        return undelivered.todo_lines(failed.order_by("-failed_at").values_list("to", "last_error"))

    def get_urls(self) -> list[Any]:
        again = self.admin_site.admin_view(require_POST(self.send_again))
        return [path("<int:object_id>/resend/", again, name="portal_mail_resend"), *super().get_urls()]

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or not obj.failed_at or obj.withdrawn_at or not self.allows(request, "resend", obj):
            return []
        url = reverse("admin:portal_mail_resend", args=[obj.pk])
        return [{"name": "_resend", "label": gettext("Erneut senden"), "formaction": url}]

    def send_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        mail = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.allows(request, "resend", mail):
            raise Http404
        now = timezone.now()
        if refused := atomically(lambda: delivery.resend(mail, now=now)):
            messages.error(request, refused)
        else:
            accesslog.record(
                accounts.person(request),
                action=gettext("Mail erneut gesendet"),
                about=f"mail:{mail.pk}",
                organisation=mail.organisation,
                now=now,
            )
            messages.success(request, gettext("Die Mail geht noch einmal hinaus."))
        return redirect("admin:portal_mail_change", mail.pk)
