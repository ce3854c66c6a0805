"""The forms of a clerk who looks for help: seven questions, a copy, a date week after week."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import dates, desk, holidays
from portal.desk_changes import YEARS
from portal.refused import Refused
from portal.slots import MAX_PARTY
from portal.widgets import DateInput, DateTimeInput, StaffField, TimeInput
from volunteers import calling
from volunteers.models import Opportunity, Shift

# The seven questions, and the fields that answer each.
QUESTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("Was ist zu tun?"), ("title", "summary")),
    (_("Wann?"), ("day", "begins", "ends")),
    (_("Wo ist der Treffpunkt?"), ("meeting_point",)),
    (_("Wie viele Menschen brauchen Sie?"), ("capacity",)),
    (_("Was mitbringen?"), ("bring",)),
    (_("Wer veranstaltet?"), ("organiser",)),
    (_("Wer ist erreichbar?"), ("contact", "contact_phone", "contact_email")),
)
# What has a good answer already.
MORE = ("topic", "age", "max_party", "deadline", "insurance", "initiative", "remind_early", "remind_late")
LABELS: dict[str, Any] = {
    "title": _("Überschrift"),
    "summary": _("Worum geht es?"),
    "meeting_point": _("Straße und Hausnummer"),
    "bring": _("Kleidung und Werkzeug (freiwillig)"),
    "organiser": _("Name und Anschrift"),
    "contact": _("Name"),
    "contact_phone": _("Telefon"),
    "contact_email": _("E-Mail"),
}
HELP: dict[str, Any] = {
    "title": _("Kurz und mit einem Verb, zum Beispiel: Bach säubern an der Wetter."),
    "meeting_point": _("So genau, dass man hinfindet: Stadtkirche, Kirchenplatz 3."),
    "organiser": _("Steht am Anmeldeformular, weil dorthin die Namen gehen."),
}
OF_THE_DATE = ("day", "begins", "ends")
SLIP = _("Bitte prüfen Sie das Jahr.")


class CallForm(forms.ModelForm):
    """An action with its one date. A draft needs its title only; what is public needs the answers."""

    bound_field_class = StaffField
    field_order = (
        *(name for _question, names in QUESTIONS for name in names),
        *MORE,
    )  # also of what is wrong
    day = forms.DateField(label=_("Tag"), widget=DateInput)
    begins = forms.TimeField(label=_("Von"), widget=TimeInput)
    ends = forms.TimeField(label=_("Bis"), widget=TimeInput)
    capacity = forms.IntegerField(
        label=_("Plätze"),
        required=False,
        min_value=1,
        max_value=9999,
        help_text=_("Leer: so viele, wie kommen."),
    )
    max_party = forms.IntegerField(
        label=_("Höchstens zusammen"),
        min_value=1,
        max_value=desk.MOST,
        initial=MAX_PARTY,
        help_text=_("So viele dürfen sich gemeinsam anmelden."),
    )
    deadline = forms.DateTimeField(
        label=_("Anmeldeschluss"), required=False, widget=DateTimeInput, help_text=_("Leer: bis zum Beginn.")
    )
    # Of the action itself; their fields come from the model's admin, which says what may be chosen.
    OF_ACTION = (
        "title", "summary", "meeting_point", "bring", "organiser", "contact", "contact_phone", "contact_email",
        "topic", "age", "insurance", "initiative", "remind_early", "remind_late",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, is_draft: bool = False, **options: Any) -> None:
        super().__init__(data, **options)
        self.is_draft = is_draft
        for name, label in LABELS.items():
            self.fields[name].label = label
            self.fields[name].help_text = HELP.get(name, self.fields[name].help_text)
        initiative: Any = self.fields["initiative"]
        initiative.queryset = initiative.queryset.filter(organisation=self.instance.organisation)
        if is_draft:
            for name in (*OF_THE_DATE, "summary", "meeting_point", "organiser", "contact"):
                self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.is_draft and not (data.get("contact_phone") or data.get("contact_email")):
            self.add_error("contact_phone", gettext("Bitte nennen Sie ein Telefon oder eine E-Mail-Adresse."))
        if not any(name in self.errors for name in OF_THE_DATE):
            self._clean_date(data)
        return data

    def _clean_date(self, data: dict[str, Any]) -> None:
        """A date in order, or none of it: only a draft comes without."""
        typed = [data.get(name) for name in OF_THE_DATE]
        if not any(typed):
            return
        for name in OF_THE_DATE:
            if not data.get(name):
                self.add_error(name, gettext("Bitte ergänzen Sie Tag, Beginn und Ende."))
                return
        if data["day"].year not in YEARS:
            self.add_error("day", SLIP)
        elif data["ends"] <= data["begins"]:
            self.add_error("ends", gettext("Das Ende muss nach dem Beginn liegen."))
        else:
            self._clean_moments(data)

    def _clean_moments(self, data: dict[str, Any]) -> None:
        try:
            data["starts_at"] = dates.real(data["day"], data["begins"])
            data["ends_at"] = dates.real(data["day"], data["ends"])
        except Refused as refused:
            self.add_error("begins", str(refused))
            return
        if data.get("deadline") and data["deadline"] > data["starts_at"]:
            self.add_error("deadline", gettext("Der Anmeldeschluss darf nicht nach dem Beginn liegen."))

    def shift(self) -> Shift | None:
        """The date that was typed, unsaved; None in a draft without."""
        data = self.cleaned_data
        if "starts_at" not in data:
            return None
        same = {name: data[name] for name in ("capacity", "max_party", "deadline")}
        return Shift(starts=data["starts_at"], ends=data["ends_at"], **same)

    @property
    def questions(self) -> list[tuple[Any, list[forms.BoundField]]]:
        return [(question, [self[name] for name in names]) for question, names in QUESTIONS]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in MORE]

    @property
    def more_is_open(self) -> bool:
        """What is wrong is not folded away."""
        return any(name in self.errors for name in MORE)


class CopyForm(forms.Form):
    bound_field_class = StaffField
    first_day = forms.DateField(
        label=_("Erster Tag (freiwillig)"),
        required=False,
        widget=DateInput,
        help_text=_(
            "Die Termine kommen mit: der erste auf diesen Tag, die anderen im selben Abstand, zur selben "
            "Uhrzeit. Leer: ohne Termine."
        ),
    )

    def clean_first_day(self) -> date | None:
        day: date | None = self.cleaned_data["first_day"]
        if day and day.year not in YEARS:
            raise forms.ValidationError(SLIP)
        return day


class UntilForm(forms.Form):
    """Which date comes again, and until when."""

    bound_field_class = StaffField
    termin = forms.ModelChoiceField(label=_("Welcher Termin?"), queryset=Shift.objects.none())
    bis = forms.DateField(label=_("Jede Woche bis"), widget=DateInput)

    def __init__(self, data: Any = None, *, opportunity: Opportunity) -> None:
        shifts = opportunity.shifts.filter(cancelled_at=None).order_by("-starts")
        super().__init__(data, initial={"termin": shifts.first()})
        field: Any = self.fields["termin"]
        field.queryset, field.label_from_instance = shifts, _named
        field.empty_label = None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("termin") and data.get("bis") and not calling.weeks(data["termin"], until=data["bis"]):
            self.add_error(
                "bis", gettext("Bis dahin ist es keine Woche: Bitte wählen Sie einen späteren Tag.")
            )
        return data


def _named(shift: Shift) -> str:
    return dates.long(shift.starts, shift.ends)


def _named_with_holiday(shift: Shift) -> str:
    holiday = holidays.name(shift.day)
    return f"{_named(shift)} ({holiday})" if holiday else _named(shift)


class DaysForm(forms.Form):
    """The days of the repetition, ticked; public holidays are not, and exceptions are unticked."""

    tage = forms.TypedMultipleChoiceField(
        label=_("An diesen Tagen"),
        coerce=date.fromisoformat,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Bitte lassen Sie mindestens einen Tag angekreuzt.")},
    )
    tage.bound_field_class = StaffField

    def __init__(self, data: Any = None, *, shift: Shift, until: date, now: datetime) -> None:
        self.days = calling.weeks(shift, until=until)
        self.skipped: list[str] = []
        there = set(shift.opportunity.shifts.values_list("starts", flat=True))
        choices = []
        for day in self.days:
            try:
                moved = calling.on(shift, day)
            except Refused as refused:
                self.skipped.append(str(refused))
                continue
            if moved.starts in there:
                self.skipped.append(gettext("%s: steht schon da.") % _named(moved))
            elif moved.starts > now:
                choices.append((day.isoformat(), _named_with_holiday(moved)))
        usual = [value for value, _label in choices if not holidays.name(date.fromisoformat(value))]
        super().__init__(data, initial={"tage": usual})
        field: Any = self.fields["tage"]
        field.choices = choices
