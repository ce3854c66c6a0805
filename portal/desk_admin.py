"""The pages of `desk.py` in the Redaktion: for admins of slots, scoped like everything there."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import BooleanField, Case, Count, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal import (
    accounts,
    dates,
    desk,
    desk_calls,
    desk_changes,
    desk_lists,
    desk_messages,
    desk_rebooking,
    desk_todo,
    who_came,
)
from portal.scoping import ScopedAdmin, rows
from portal.settled import SettledForm, counted_on
from portal.widgets import StaffField

SOON = 8  # dates on the start page
CHOICES = 50  # for somebody who phones
PEOPLE_S = ("view", "add", "change")  # what a role may do with the people of a date


class SlotForm(SettledForm):
    """A date as staff change it: in order, in a year that exists, and no more once it is cancelled.

    Each field is compared with what the clerk saw: who had the page open while a colleague moved the date,
    and corrects a word, does not move it back. DECIDED is what the verbs decide on.
    """

    bound_field_class = StaffField
    DECIDED: ClassVar[tuple[str, ...]] = ("starts", "ends", "deadline", "capacity")
    SETTLED = DECIDED

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def has_people(self) -> bool:
        known: int | None = getattr(self.instance, "n_people", None)
        return counted_on(self.instance.signups.all()).exists() if known is None else known > 0

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        starts, ends, deadline = (data.get(name) for name in ("starts", "ends", "deadline"))
        for name in ("starts", "ends", "deadline"):
            if data.get(name) and data[name].year not in desk_changes.YEARS:
                self.add_error(name, gettext("Bitte prüfen Sie das Jahr."))
        if starts and ends and ends <= starts:
            self.add_error("ends", gettext("Das Ende muss nach dem Beginn liegen."))
        if starts and deadline and deadline > starts:
            self.add_error("deadline", gettext("Der Anmeldeschluss darf nicht nach dem Beginn liegen."))
        if self.instance.cancelled_at and set(self.DECIDED) & set(self.changed_data):
            raise forms.ValidationError(
                gettext("Dieser Termin ist abgesagt; Zeit und Plätze lassen sich nicht mehr ändern.")
            )
        return data


class _Dates(ChangeList):
    def url_for_result(self, result: Any) -> str:
        """A date leads to its people, for those who may see them; of a refusal Django makes no link."""
        if not result.may_view:
            raise NoReverseMatch
        return str(super().url_for_result(result))


class DeskAdmin(ScopedAdmin):
    """An admin of slots whose rows lead to their people: call, cancel, give back. Subclasses say how to scope."""

    has_dates = True
    # Pages of one date that the start page links beside it: the end of the URL name, what one must be allowed to
    # do with its sign-ups, and what the link says.
    LINKS: ClassVar[tuple[tuple[str, str, Any], ...]] = (
        ("print", "view", _("Liste drucken")),
        ("write", "change", _("Allen schreiben")),
        ("phone", "add", _("Jemanden eintragen")),
    )

    def get_urls(self) -> list[Any]:
        """The pages of the desk, before Django's own."""
        opts = self.opts
        choose = self.admin_site.admin_view(require_safe(self.choose_view))
        return [
            path("anrufen/", choose, name=f"{opts.app_label}_{opts.model_name}_choose"),
            self._at("anrufen/", self.phone_view, "phone"),
            *(
                self._at(f"{route}/", self.change_page(change), change.name)
                for route, change in desk_changes.PAGES.items()
            ),
            self._at("schreiben/", self.write_view, "write"),
            self._at("wer-war-da/", self.attendance_view, "attendance"),
            self._at("selbst-anrufen/", self.calls_view, "calls"),
            self._at("freigeben/<int:signup_id>/", self.give_back_view, "give_back"),
            self._at("liste/", self.print_view, "print"),
            self._at("export/", self.export_view, "export"),
            self._at("umbuchen/<int:signup_id>/", self.rebook_view, "rebook"),
            *super().get_urls(),
        ]

    def coming(self, request: HttpRequest) -> QuerySet[Any]:
        """My dates that take place and are not over, soonest first."""
        found = self.get_queryset(request).filter(ends__gt=timezone.now(), cancelled_at=None)
        by_phone = Count("signups", filter=desk_todo.BY_PHONE)
        return found.annotate(n_phone=by_phone).order_by("starts", "pk")

    @property
    def signups_label(self) -> str:
        return str(self.model.signups.rel.related_model._meta.label_lower)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.with_rights(request, super().get_queryset(request))

    def with_rights(self, request: HttpRequest, found: QuerySet[Any]) -> QuerySet[Any]:
        """With may_view, may_add and may_change: what the person may do with the people of each date.

        Who only reads in one town may write in another, so a list has both kinds.
        """
        return found.annotate(**{f"may_{action}": self._may(request, action) for action in PEOPLE_S})

    def _may(self, request: HttpRequest, action: str) -> Case:
        return Case(
            When(rows(request, action, self, label=self.signups_label), then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _Dates

    def choosable(self, request: HttpRequest) -> QuerySet[Any]:
        """Those that somebody who phones can be put on."""
        return self.coming(request).filter(may_add=True)

    def date_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        return [self.date_line(slot) for slot in self.coming(request)[:SOON]]

    def date_line(self, slot: Any) -> dict[str, Any]:
        """One date of the start page; who may not read its people is led to its public page."""
        return {
            "starts": slot.starts,
            "url": slot.staff_path if slot.may_view else slot.get_absolute_url(),
            "when": gettext("%(day)s %(span)s")
            % {"day": dates.day(slot.starts), "span": dates.span(slot.starts, slot.ends)},
            "title": slot.title,
            "facts": desk_todo.facts(slot),
            "links": [
                {"url": self._page(name, slot), "label": label}
                for name, action, label in self.LINKS
                if getattr(slot, f"may_{action}")
            ],
        }

    def _page(self, name: str, slot: Any) -> str:
        return reverse(f"admin:{desk.admin_name(slot)}_{name}", args=[slot.pk])

    def offers(self, request: HttpRequest) -> list[dict[str, str]]:
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_choose")
        offer = {"url": url, "label": gettext("Jemanden telefonisch anmelden")}
        return [offer] if desk.may(accounts.person(request), "add", self.model()) else []

    def choose_view(self, request: HttpRequest) -> HttpResponse:
        """Somebody phones: for which date? Those that still take people."""
        now = timezone.now()
        if not desk.may(accounts.person(request), "add", self.model()):
            raise Http404
        open_ones = [slot for slot in self.choosable(request)[:CHOICES] if slot.is_open(now)]
        lines = [self.date_line(slot) | {"phone": self._page("phone", slot)} for slot in open_ones]
        context = {"title": gettext("Jemand ruft an: zu welchem Termin?"), "opts": self.opts, "lines": lines}
        return render(request, "admin/desk/choose.html", self.admin_site.each_context(request) | context)

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        if not desk.may(accounts.person(request), "view", self.model()):
            return []
        return desk_todo.lines(self.get_queryset(request).filter(may_view=True), now=timezone.now())

    def _at(self, route: str, view: Any, name: str) -> Any:
        opts = self.opts
        return path(
            f"<int:object_id>/{route}",
            self.admin_site.admin_view(view),
            name=f"{opts.app_label}_{opts.model_name}_{name}",
        )

    def slot_of(self, request: HttpRequest, object_id: str | int, action: str = "view") -> Any:
        """A date whose people are mine to see (or, with `action`, to change); else 404."""
        if not str(object_id).isdecimal():
            raise Http404
        mine = self.get_queryset(request).filter(rows(request, action, self, label=self.signups_label))
        return get_object_or_404(mine.select_related(*self.model.row_relations), pk=object_id)

    def people_view(self, request: HttpRequest, object_id: str | int) -> HttpResponse:
        return desk.people_of(
            request, self.slot_of(request, object_id), self.admin_site.each_context(request)
        )

    def phone_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return desk.phone(
            request, self.slot_of(request, object_id, "add"), self.admin_site.each_context(request)
        )

    def change_page(self, change: desk_changes.Change) -> Any:
        """The view of one kind of change: preview, then deed."""

        def view(request: HttpRequest, object_id: int) -> HttpResponse:
            slot = self.slot_of(request, object_id, "change")
            return desk_changes.page(request, slot, change, self.admin_site.each_context(request))

        return view

    def write_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Only to people of dates that one may reach, and that one organisation answers for."""
        slot = self.slot_of(request, object_id, "change")
        rows = self.get_queryset(request).filter(**{str(self.scope): slot.organisation.pk})
        return desk_messages.page(request, slot, rows, self.admin_site.each_context(request))

    def attendance_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        slot = self.slot_of(request, object_id, "change")
        return who_came.desk_page(request, slot, self.admin_site.each_context(request))

    def calls_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        slot = self.slot_of(request, object_id, "change")
        return desk_calls.page(request, slot, self.admin_site.each_context(request))

    def give_back_view(self, request: HttpRequest, object_id: int, signup_id: int) -> HttpResponse:
        slot = self.slot_of(request, object_id, "change")
        return desk.give_back(request, slot, signup_id, self.admin_site.each_context(request))

    def print_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        slot = self.slot_of(request, object_id)
        return desk_lists.printed(request, slot, self.admin_site.each_context(request))

    def export_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """A row that is not mine does not exist, whatever the method."""
        slot = self.slot_of(request, object_id)
        return (
            desk_lists.export(request, slot) if request.method == "POST" else HttpResponseNotAllowed(["POST"])
        )

    def rebook_view(self, request: HttpRequest, object_id: int, signup_id: int) -> HttpResponse:
        slot = self.slot_of(request, object_id, "change")
        return desk_rebooking.rebook(request, slot, signup_id, self.admin_site.each_context(request))


class WhenFilter(admin.SimpleListFilter):
    """Dates to come unless told otherwise."""

    title = _("Zeit")
    parameter_name = "zeit"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("vorbei", gettext("vorbei")), ("alle", gettext("alle"))]

    def choices(self, changelist: Any) -> Any:
        """„kommende" instead of Django's „alle" for no choice."""
        first, *others = super().choices(changelist)
        yield {**first, "display": gettext("kommende")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        if self.value() == "vorbei":
            return queryset.filter(ends__lte=now).order_by("-starts")
        return queryset if self.value() == "alle" else queryset.filter(ends__gt=now)
