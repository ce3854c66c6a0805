"""Seminars in the Redaktion: series, sessions with their speakers on one page, and who takes part.

What a session's change means to people who registered is decided by the verbs, never by a plain save.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accounts, attendance_mail, dates, desk, rescheduling, slugs
from portal.association import association
from portal.desk_admin import DeskAdmin, SlotForm, WhenFilter
from portal.models import Organisation
from portal.published_admin import PublishedAdmin
from portal.refused import Refused
from portal.scoping import ScopedInline
from portal.versions_admin import VersionedAdmin
from seminars.models import Series, Session, SessionSignup, Speaker


@admin.register(Series)
class SeriesAdmin(VersionedAdmin):
    place = 14
    menu = _("Seminarreihen")
    list_display = ("title", "run_by", "only_points")
    fieldsets = (
        (None, {"fields": ("title", "summary", "audience", "run_by", "only_points")}),
        (
            _("Ansprechstelle"),
            {"fields": ("contact", "contact_email", "contact_phone")},
        ),
        (
            _("Wer bekommt die Daten?"),
            {
                "fields": ("passes_to", "controller_elsewhere"),
                "description": _(
                    "Steht am Formular. Für Anmeldungen hier im Portal ist der Verband verantwortlich."
                ),
            },
        ),
        (_("Mehr dazu (freiwillig)"), {"classes": ("collapse",), "fields": ("website",)}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor one that has dates."""
        return super().has_delete_permission(request, obj) and (obj is None or not obj.sessions.exists())

    def save_model(self, request: HttpRequest, obj: Series, form: Any, change: bool) -> None:
        """What its public dates need to say may not go."""
        super().save_model(request, obj, form, change)
        if change and "contact_email" in form.changed_data:
            attendance_mail.new_contact(obj.sessions.all(), now=timezone.now())
        for session in obj.sessions.filter(
            state=Session.State.PUBLISHED, ends__gt=timezone.now(), cancelled_at=None
        ):
            session.series = obj
            if missing := session.missing_for_publication():
                raise Refused(
                    gettext("Zu dieser Reihe sind Termine öffentlich. Es fehlt: %s.") % ", ".join(missing)
                )

    def organisation_for(self, request: HttpRequest, obj: Series) -> Organisation:
        """Series are the association's."""
        return association()


class SpeakerInline(ScopedInline, admin.StackedInline):
    model = Speaker
    scope = "session__series__organisation"
    fields = (("name", "order"), "function", "is_asked")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """An empty line to fill in, also where no script adds one."""
        return 1


class SessionForm(SlotForm):
    """Only what is known exactly takes registrations, and only what is over may be known vaguely."""

    DECIDED = (*SlotForm.DECIDED, "registration", "join_url", "dial_in")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        here = data.get("registration") == Session.Registration.HERE
        is_vague = data.get("precision", Session.Precision.TIME) != Session.Precision.TIME
        if here and is_vague:
            self.add_error("precision", gettext("Wer sich hier anmeldet, braucht einen Beginn und ein Ende."))
        elif is_vague and data.get("ends") and data["ends"] > timezone.now():
            self.add_error("precision", gettext("Ein kommender Termin braucht einen Beginn und ein Ende."))
        if not here and self.instance.pk and self.instance.signups.live().exists():
            self.add_error("registration", gettext("Zu diesem Termin sind schon Menschen angemeldet."))
        return data


@admin.register(Session)
class SessionAdmin(VersionedAdmin, DeskAdmin, PublishedAdmin):
    """A session with its speakers on one page; its people are on the page of the desk."""

    place = 12
    menu = _("Seminartermine")
    scope = "series__organisation"
    form = SessionForm
    list_display = ("when", "name", "series", "state", "seats", "unconfirmed")
    list_display_links = ("name",)
    list_filter = (WhenFilter, "state", "series")
    list_select_related = ("series",)
    search_fields = ("name", "summary")
    ordering = ("starts", "pk")
    inlines = (SpeakerInline,)
    readonly_fields = ("state_in_words", "people")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "state_in_words", "series", "name", "summary", ("starts", "ends"), "registration",
                    "capacity", "people",
                ),
            },
        ),
        (
            _("Zugang zum Online-Raum"),
            {
                "fields": ("join_url", "dial_in"),
                "description": _(
                    "Den Zugang sehen nur Menschen mit Platz. Ändern Sie ihn, nachdem eine Erinnerung hinaus "
                    "ist, bekommt eine Mail mit dem neuen, wer den alten schon hat."
                ),
            },
        ),
        (_("Danach: Aufzeichnung und Unterlagen"), {
            "classes": ("collapse",),
            "fields": ("recording_url", "recording_is_public", "materials_url"),
        }),
        (
            _("Anmeldeschluss, Erinnerungen, Link, Adresse der Seite (freiwillig)"),
            {
                "classes": ("collapse",),
                "fields": ("deadline", "remind_day", "remind_hour", "link", "precision", "slug"),
                "description": _("Die Adresse der Seite entsteht von selbst aus Titel und Jahr."),
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        open_ones = Count("signups", filter=Q(signups__status=SessionSignup.Status.UNCONFIRMED))
        rows = super().get_queryset(request).select_related("series")
        return rows.with_seats().annotate(n_unconfirmed=open_ones)  # type: ignore[attr-defined,no-any-return]

    @admin.display(description=_("Termin"), ordering="starts")
    def when(self, obj: Session) -> str:
        return dates.short(obj.starts) if obj.precision == Session.Precision.TIME else obj.when_words

    @admin.display(description=_("Plätze"))
    def seats(self, obj: Session) -> str:
        return desk.seats_words(obj) if obj.is_here else gettext("Anmeldung anderswo")

    @admin.display(description=_("Offen"), empty_value="")
    def unconfirmed(self, obj: Any) -> str:
        return gettext("%s noch nicht bestätigt") % obj.n_unconfirmed if obj.n_unconfirmed else ""

    @admin.display(description=_("Anmeldungen"))
    def people(self, obj: Session) -> str:
        if not obj.is_here:
            return gettext("Die Anmeldung ist anderswo.")
        if obj.pk is None:
            return gettext("Noch keine. Sie sehen sie hier, sobald sich jemand anmeldet.")
        words = desk.seats_words(obj)
        return format_html(
            '<a href="{}">{}</a> {}', obj.staff_path, gettext("Wer kommt? Verschieben, Plätze, Absage"), words
        )

    def get_urls(self) -> list[Any]:
        return [self._at("personen/", self.people_view, "people"), *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor one that somebody signed up for (rule 1)."""
        return super().has_delete_permission(request, obj) and (obj is None or not obj.signups.exists())

    def wanted_slug(self, obj: Session) -> str:
        return slugs.compose(obj.name, str(timezone.localtime(obj.starts).year))

    def store(self, obj: Session, form: Any, change: bool) -> None:
        """Of a session that is there only what the form changed, without what the verbs decide on."""
        if not change:
            obj.save()
            return
        own = {field.name for field in Session._meta.concrete_fields} - set(SlotForm.DECIDED)
        obj.save(update_fields=[*(own & set(form.changed_data)), "slug", "changed_at"])

    def save_model(self, request: HttpRequest, obj: Session, form: Any, change: bool) -> None:
        """Times and seats are changed by the verbs that tell people; a new way in is told, too."""
        known = Session.objects.filter(pk=obj.pk)
        before = known.values_list("join_url", "dial_in").first()
        super().save_model(request, obj, form, change)
        if not change:
            return
        user = accounts.person(request)
        desk.change_slot(user, obj, set(form.changed_data))
        # Saved twice, or by two colleagues, it is told once.
        if before != known.values_list("join_url", "dial_in").first():
            rescheduling.change_access(obj, now=timezone.now())
            desk.log(user, gettext("Zugang geändert"), obj)

    def take_down(self, obj: Session, state: str) -> None:
        """Not while people count on it: cancelling tells them, hiding the page does not."""
        if obj.starts > timezone.now() and not obj.cancelled_at and obj.signups.live().exists():
            raise Refused(
                gettext("Zu diesem Termin sind Menschen angemeldet. Bitte sagen Sie ihn zuerst ab.")
            )
        super().take_down(obj, state)

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        return super().todo_lines(request) + self.draft_lines(request)

    def with_missing(self, rows: QuerySet[Session]) -> QuerySet[Session]:
        return rows.select_related("series__organisation")

    def offers(self, request: HttpRequest) -> list[dict[str, str]]:
        url = reverse("admin:seminars_session_add")
        may = self.has_add_permission(request)
        own = [{"url": url, "label": gettext("Neuer Seminartermin")}] if may else []
        return own + super().offers(request)

    def coming(self, request: HttpRequest) -> QuerySet[Session]:
        return super().coming(request).filter(state=Session.State.PUBLISHED)

    def choosable(self, request: HttpRequest) -> QuerySet[Session]:
        return super().choosable(request).filter(registration=Session.Registration.HERE)

    def date_line(self, slot: Session) -> dict[str, Any]:
        """Of a session elsewhere there are no people here; one without a way in says so."""
        line = super().date_line(slot)
        if not slot.is_here:
            return line | {"url": slot.edit_path, "facts": [gettext("Anmeldung anderswo")], "links": []}
        if not slot.join_url:
            line["facts"].append(gettext("Zugang zum Online-Raum fehlt noch"))
        return line
