"""„Treffpunkt ändern": where all coming dates of an action meet, and everybody on them is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import rescheduling
from portal.desk_changes import Change
from portal.models import Municipality
from portal.widgets import StaffForm
from volunteers.models import Opportunity, Shift


def coming(opportunity: Opportunity, *, now: datetime) -> list[Shift]:
    """The dates that a new meeting point is about, the next one first."""
    rows = opportunity.shifts.filter(cancelled_at=None, starts__gt=now)
    return list(rows.with_seats().select_related(*Shift.row_relations).order_by("starts", "pk"))


def relocate(
    opportunity: Opportunity, *, meeting_point: str, municipality: Municipality | None, now: datetime
) -> None:
    """The action meets there, and everybody on a coming date is told, old and new. `None`: the town stays."""
    current = Opportunity.objects.select_related("municipality").get(pk=opportunity.pk)
    old_where = Shift(opportunity=current).where
    current.meeting_point = meeting_point
    current.municipality = municipality or current.municipality
    current.save(update_fields=["meeting_point", "municipality", "search_text", "changed_at"])
    if Shift(opportunity=current).where != old_where:
        rescheduling.relocate(coming(current, now=now), old_where=old_where, now=now)


class PlaceForm(StaffForm):
    """The meeting point; the town only where there is a choice."""

    meeting_point = forms.CharField(
        label=_("Wo ist der Treffpunkt?"),
        max_length=200,
        help_text=_("Straße und Hausnummer, so dass man hinfindet."),
    )

    def __init__(self, data: Any = None, *, slot: Shift, towns: QuerySet[Municipality]) -> None:
        super().__init__(data, initial={"meeting_point": slot.opportunity.meeting_point})
        if towns.count() > 1:
            self.fields["municipality"] = forms.ModelChoiceField(
                towns, label=_("Ort"), initial=slot.opportunity.municipality_id
            )

    def words(self) -> list[tuple[str, str]]:
        town = self.cleaned_data.get("municipality")
        where = [(gettext("Ort"), str(town))] if town else []
        return [(gettext("Neuer Treffpunkt"), self.cleaned_data["meeting_point"]), *where]


def _verb(slots: Sequence[Shift], data: dict[str, Any], now: datetime) -> None:
    relocate(
        slots[0].opportunity,
        meeting_point=data["meeting_point"],
        municipality=data.get("municipality"),
        now=now,
    )


CHANGE = Change(
    "place",
    _("Treffpunkt ändern"),
    _("Alle, die angemeldet sind oder warten, erfahren den alten und den neuen Treffpunkt."),
    PlaceForm,
    _verb,
    logged=_("Treffpunkt geändert"),
    done=_("Der Treffpunkt ist geändert."),
    deed=_("Treffpunkt jetzt ändern"),
)
