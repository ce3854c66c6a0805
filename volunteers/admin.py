"""Actions and their dates in the Redaktion: an action with its dates is one page.

What a date's change means to people who signed up is decided by the verbs, never by a plain save.
The people of one date are on the page of `desk.py`.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Count, Min, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from initiatives.models import Initiative
from portal import accounts, attendance_mail, dates, desk, desk_changes, rescheduling, roles
from portal.bulletin import Notice
from portal.bulletin_admin import BulletinAdmin
from portal.desk_admin import DeskAdmin, SlotForm, WhenFilter
from portal.models import User
from portal.refused import Refused
from portal.scoping import ScopedInline
from portal.settled import SettledForm, counted_on
from portal.versions_admin import VersionedAdmin
from volunteers import bulletin, calling, calling_pages, relocating, spot_admin, year_admin
from volunteers.models import Opportunity, Shift, ShiftSignup

SIGNUPS = ShiftSignup._meta.label_lower

admin.site.add_page(  # type: ignore[attr-defined]
    "jahresblick/", year_admin.show, name="year", label=_("Jahresblick"), sees=year_admin.sees
)


class ShiftInline(ScopedInline, admin.StackedInline):
    model = Shift
    form = SlotForm
    verbose_name = _("Termin")
    verbose_name_plural = _("Wann? Die Termine")
    readonly_fields = ("people",)
    fieldsets = (
        (None, {"fields": (("starts", "ends"), "capacity", "people")}),
        (_("Mehr zum Termin"), {"classes": ("collapse",), "fields": ("note", "deadline", "max_party")}),
    )

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """An empty date to fill in, also where no script adds one."""
        return 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shift]:
        n_people = Count("signups", filter=~Q(signups__status=ShiftSignup.Status.ENDED))
        found = super().get_queryset(request).with_seats().annotate(n_people=n_people)  # type: ignore[attr-defined]
        desk_admin: DeskAdmin = self.admin_site._registry[Shift]  # type: ignore[assignment]
        return desk_admin.with_rights(request, found)

    @admin.display(description=_("Anmeldungen"))
    def people(self, obj: Any) -> str:
        if obj.pk is None:
            return gettext("Noch keine. Sie sehen sie hier, sobald sich jemand anmeldet.")
        link = reverse("admin:volunteers_shift_change", args=[obj.pk])
        words = desk.seats_words(obj)
        if not obj.may_view:
            return words
        return format_html(
            '<a href="{}">{}</a> {}', link, gettext("Wer kommt? Verschieben, Plätze, Absage"), words
        )


class OpportunityForm(SettledForm):
    """Where to meet stands firm once somebody signed up for a coming date."""

    SETTLED = ("meeting_point", "municipality")
    settled_help = _("Steht fest, weil schon jemand angemeldet ist. Ändern: oben über „Treffpunkt ändern“")
    settled_words = _(
        "Inzwischen ist jemand angemeldet. Bitte ändern Sie das über „Treffpunkt ändern“: Dort sehen Sie vorher, wer "
        "welche Mail bekommt."
    )

    def has_people(self) -> bool:
        coming = Shift.objects.filter(
            opportunity=self.instance.pk, starts__gt=timezone.now(), cancelled_at=None
        )
        return counted_on(ShiftSignup.objects.filter(slot__in=coming)).exists()


@admin.register(Opportunity)
class OpportunityAdmin(VersionedAdmin, BulletinAdmin):
    place = 10
    form = OpportunityForm
    menu = _("Aktionen")
    begins_at = "admin:volunteers_opportunity_call"
    list_display = ("title", "municipality", "state", "next_date", "changed_at")
    list_filter = ("state", "municipality")
    list_select_related = ("municipality",)
    search_fields = ("title", "summary")
    inlines = (ShiftInline,)
    readonly_fields = ("state_in_words",)
    # The seven questions of „Hilfe suchen", and folded away what has a good answer already.
    fieldsets = (
        (
            None,
            {
                "description": _(
                    "Antworten Sie so, wie Sie es am Telefon erzählen würden. Die Termine stehen darunter."
                ),
                "fields": (
                    "state_in_words", "title", "summary", "municipality", "meeting_point", "bring", "organiser",
                    "contact", "contact_phone", "contact_email",
                ),
            },
        ),
        (
            _("Mehr einstellen (freiwillig)"),
            {
                "classes": ("collapse",),
                "fields": ("topic", "age", "insurance", "initiative", "remind_early", "remind_late", "slug"),
                "description": _(
                    "Zur Versicherung steht auf der Seite nur, was Sie hier auswählen. Die Adresse der Seite "
                    "entsteht von selbst aus Titel, Ort und Jahr."
                ),
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Opportunity]:
        """With all dates as `all_dates`; what a form changes is not read from there."""
        return super().get_queryset(request).prefetch_related(Prefetch("shifts", to_attr="all_dates"))

    @admin.display(description=_("Nächster Termin"))
    def next_date(self, obj: Any) -> str:
        now = timezone.now()
        coming = [s.starts for s in obj.all_dates if s.starts > now and not s.cancelled_at]
        return dates.short(min(coming)) if coming else gettext("keiner")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor one that somebody signed up for."""
        return super().has_delete_permission(request, obj) and (
            obj is None or not ShiftSignup.objects.filter(slot__opportunity=obj).exists()
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """An action may belong only to a running initiative of the same organisation (rule 21)."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if "initiative" in form.base_fields:
            field = form.base_fields["initiative"]
            fits = Q(life_state=Initiative.LifeState.RUNNING)
            if obj:
                fits = fits & Q(organisation=obj.organisation) | Q(pk=obj.initiative_id)
            field.queryset = field.queryset.filter(fits)
        return form

    def get_urls(self) -> list[Any]:
        """„Hilfe suchen", copy, repeat, „Treffpunkt ändern", „Kontakt vor Ort", before Django's own."""
        pages: dict[str, tuple[Any, str]] = {
            "hilfe-suchen/": (partial(calling_pages.call, self), "call"),
            "<int:object_id>/kopieren/": (partial(calling_pages.copy, self), "copy"),
            "<int:object_id>/wiederholen/": (partial(calling_pages.repeat, self), "repeat"),
            "<int:object_id>/treffpunkt/": (self.place_view, "place"),
            "<int:object_id>/vor-ort/": (self.spot_view, "spot"),
        }
        own = [
            path(route, self.admin_site.admin_view(view), name=self._named(name))
            for route, (view, name) in pages.items()
        ]
        return [*own, *super().get_urls()]

    def spot_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Contacts on the spot see people, so who may not change sign-ups names none."""
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        user = accounts.person(request)
        if not (self.has_change_permission(request, obj) and roles.may(user, "change", SIGNUPS)):
            raise Http404
        return spot_admin.contacts(request, obj, self.admin_site.each_context(request))

    def place_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Another meeting point for all coming dates, with what that means to the people on them."""
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        coming = relocating.coming(obj, now=timezone.now())
        if (
            not self.has_change_permission(request, obj)
            or not coming
            or not desk.may(accounts.person(request), "change", coming[0])
        ):
            raise Http404
        towns = self.towns(request, obj)
        change = replace(relocating.CHANGE, form=partial(relocating.PlaceForm, towns=towns))
        context = self.admin_site.each_context(request)
        back = reverse("admin:volunteers_opportunity_change", args=[obj.pk])
        return desk_changes.page(request, coming[0], change, context, slots=coming, back_url=back)

    def wanted_slug(self, obj: Opportunity) -> str:
        first = obj.shifts.order_by("starts").first() if obj.pk else None
        return calling.address(obj, first.starts if first else timezone.now())

    def save_model(self, request: HttpRequest, obj: Opportunity, form: Any, change: bool) -> None:
        """People on coming dates are told when the meeting point changed."""
        old_where = Shift(opportunity=Opportunity.objects.get(pk=obj.pk)).where if change else ""
        super().save_model(request, obj, form, change)
        if obj.initiative and obj.initiative.organisation_id != obj.organisation_id:
            raise Refused(gettext("Diese Initiative gehört einem anderen Herausgeber."))
        if change and "contact_email" in form.changed_data:
            attendance_mail.new_contact(obj.shifts.all(), now=timezone.now())
        if change and Shift(opportunity=obj).where != old_where:
            rescheduling.relocate(list(obj.shifts.all()), old_where=old_where, now=timezone.now())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Only now the dates are known, and with them the year in an address that nobody typed."""
        super().save_related(request, form, formsets, change)
        is_typed = form.cleaned_data.get("slug") and "slug" in form.changed_data
        if not is_typed:
            calling.correct_year(form.instance)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """New dates are saved, changed ones go through the verbs, deleted ones had no sign-ups (rule 1)."""
        formset.save(commit=False)
        for shift in formset.deleted_objects:
            shift.delete()
        for shift in formset.new_objects:
            shift.save()
        for shift, changed in sorted(formset.changed_objects, key=lambda item: item[0].pk):
            change_shift(accounts.person(request), shift, set(changed))

    def take_down(self, obj: Opportunity, state: str) -> None:
        """Not while people count on it: cancelling tells them, hiding the page does not."""
        coming = obj.shifts.filter(cancelled_at=None, starts__gt=timezone.now())
        if ShiftSignup.objects.live().filter(slot__in=coming).exists():  # type: ignore[misc]
            raise Refused(
                gettext("Zu dieser Aktion sind Menschen angemeldet. Bitte sagen Sie zuerst die Termine ab.")
            )
        super().take_down(obj, state)

    def notice(self, obj: Opportunity) -> Notice:
        return bulletin.notice(obj, now=timezone.now())

    def bulletin_rows(self, request: HttpRequest) -> QuerySet[Opportunity]:
        """Those with a date to come, soonest first."""
        coming = Q(shifts__starts__gt=timezone.now(), shifts__cancelled_at=None)
        rows = super().bulletin_rows(request).annotate(soonest=Min("shifts__starts", filter=coming))
        return rows.filter(soonest__isnull=False).order_by("soonest", "pk")  # type: ignore[no-any-return]

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        return self.draft_lines(request)

    def with_missing(self, rows: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
        rows = rows.select_related("organisation", "initiative")
        return rows.prefetch_related(None).prefetch_related("shifts")

    def tools(self, request: HttpRequest, obj: Opportunity) -> list[dict[str, str]]:
        may = self.has_add_permission(request) and self.has_change_permission(request, obj)
        url = reverse("admin:volunteers_opportunity_spot", args=[obj.pk])
        own = [*calling_pages.tools(obj), {"url": url, "label": gettext("Kontakt vor Ort")}] if may else []
        if may and relocating.coming(obj, now=timezone.now()):
            url = reverse("admin:volunteers_opportunity_place", args=[obj.pk])
            own = [{"url": url, "label": gettext("Treffpunkt ändern")}, *own]
        return [*own, *super().tools(request, obj)]

    def offers(self, request: HttpRequest) -> list[dict[str, str]]:
        url = reverse("admin:volunteers_opportunity_call")
        may = self.has_add_permission(request)
        return [{"url": url, "label": gettext("Hilfe suchen: neuer Termin")}] if may else []

    def page_facts(self, request: HttpRequest) -> list[str]:
        n = self.get_queryset(request).filter(state=Opportunity.State.PUBLISHED).count()
        words = ngettext("%(n)s Aktion öffentlich", "%(n)s Aktionen öffentlich", n) % {"n": n}
        return [words if n else gettext("noch keine Aktion öffentlich")]


def change_shift(user: User, shift: Shift, changed: set[str]) -> None:
    """Only what the form changed is changed, by the verb that tells people, and logged; Refused, Busy."""
    desk.change_slot(user, shift, changed)
    plain = changed & {"note", "max_party"}
    if plain:
        Shift.objects.filter(pk=shift.pk).update(**{name: getattr(shift, name) for name in plain})


@admin.register(Shift)
class ShiftAdmin(DeskAdmin):
    """The dates of all one's actions; each leads to its people."""

    place = 20
    menu = _("Termine und Anmeldungen")
    scope = "opportunity__organisation"
    town = "opportunity__municipality"
    list_display = ("when", "title", "seats", "unconfirmed")
    list_filter = (WhenFilter, "opportunity__municipality")
    list_select_related = ("opportunity",)
    search_fields = ("opportunity__title",)
    ordering = ("starts", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shift]:
        open_ones = Count("signups", filter=Q(signups__status=ShiftSignup.Status.UNCONFIRMED))
        return super().get_queryset(request).with_seats().annotate(n_unconfirmed=open_ones)  # type: ignore[attr-defined,no-any-return]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Dates are made on the page of their action."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("Termin"), ordering="starts")
    def when(self, obj: Shift) -> str:
        return dates.short(obj.starts)

    @admin.display(description=_("Aktion"))
    def title(self, obj: Shift) -> str:
        return obj.opportunity.title

    @admin.display(description=_("Plätze"))
    def seats(self, obj: Shift) -> str:
        return desk.seats_words(obj)

    @admin.display(description=_("Offen"), empty_value="")
    def unconfirmed(self, obj: Any) -> str:
        return gettext("%s noch nicht bestätigt") % obj.n_unconfirmed if obj.n_unconfirmed else ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The people of a date instead of Django's form: times and seats stand with the action."""
        return self.people_view(request, object_id)

    def coming(self, request: HttpRequest) -> QuerySet[Shift]:
        rows = super().coming(request).filter(opportunity__state=Opportunity.State.PUBLISHED)
        return rows.select_related("opportunity")
