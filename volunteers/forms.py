"""The forms of guests: the sign-up of an action with its dates, and „Sagen Sie mir Bescheid"."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal import dates, inputs, places
from portal.slot_lists import seats_state, seats_text
from volunteers.models import Opportunity, Shift

TOGETHER = [
    _("Ich komme allein"),
    _("Wir kommen zu zweit"),
    _("Wir kommen zu dritt"),
    _("Wir kommen zu viert"),
    _("Wir kommen zu fünft"),
]


def party_words(seats: int) -> str:
    """„Wir kommen zu zweit"; from six people on in figures."""
    if seats <= len(TOGETHER):
        return str(TOGETHER[seats - 1])
    return gettext("Wir kommen mit %(n)s Personen") % {"n": seats}


def _words(shift: Shift) -> str:
    """„Sa., 28. Nov., 9–12 Uhr": short, for a row of ticks."""
    return f"{dates.day(shift.starts)}, {dates.span(shift.starts, shift.ends)}"


class SignupForm(forms.Form):
    """Dates, name, address; party, telephone and the age tick. `shifts` are the open dates, with seats."""

    slots = forms.MultipleChoiceField(
        label=_("Termin"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Bitte wählen Sie mindestens einen Termin."),
            "invalid_choice": _("Dieser Termin ist nicht mehr offen. Bitte wählen Sie einen anderen."),
        },
    )
    name = forms.CharField(
        label=_("Ihr Name"),
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autocapitalize": "words", "maxlength": 200}),
        error_messages={"required": _("Bitte geben Sie Ihren Namen ein.")},
    )
    email = forms.CharField(
        label=_("Ihre E-Mail-Adresse"),
        strip=True,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "maxlength": 320}),
        error_messages={"required": _("Bitte geben Sie Ihre E-Mail-Adresse ein.")},
    )
    seats = forms.TypedChoiceField(
        label=_("Wie viele kommen?"),
        coerce=int,
        error_messages={
            "required": _("Bitte wählen Sie, wie viele kommen."),
            "invalid_choice": _("Bitte wählen Sie, wie viele kommen."),
        },
    )
    phone = forms.CharField(
        label=_("Telefon"),
        required=False,
        strip=True,
        help_text=_("Nur falls es kurzfristig ausfällt. Wir löschen die Nummer 7 Tage nach dem Termin."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel", "maxlength": 60}),
    )
    age = forms.BooleanField(
        error_messages={"required": _("Bitte bestätigen Sie die Altersangabe mit einem Häkchen.")}
    )

    def __init__(
        self,
        data: Any = None,
        *,
        opportunity: Opportunity,
        shifts: Sequence[Shift],
        now: datetime,
        initial: dict[str, str] | None = None,
    ) -> None:
        only = [str(shift.pk) for shift in shifts] if len(shifts) == 1 else []
        super().__init__(data, initial={"slots": only, "seats": 1} | (initial or {}))
        self.shifts = {str(shift.pk): shift for shift in shifts}
        self.now = now
        self._choices("slots", [(key, _words(s)) for key, s in self.shifts.items()])
        most = max((shift.max_party for shift in shifts), default=1)
        self._choices("seats", [(n, party_words(n)) for n in range(1, most + 1)])
        self.fields["age"].label = opportunity.age_rule.rstrip(".")

    def _choices(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = choices

    @property
    def several(self) -> bool:
        """Whether there is a date to choose; a single one is named and goes along hidden."""
        return len(self.shifts) > 1

    @property
    def alone_only(self) -> bool:
        """Whether every date takes single people only: then there is nothing to choose."""
        return all(shift.max_party == 1 for shift in self.shifts.values())

    @property
    def date_options(self) -> list[dict[str, object]]:
        """One row per open date: what the tick says, and the free seats beside it."""
        chosen = {str(value) for value in self["slots"].value() or []}
        return [
            {
                "value": key,
                "id": f"{self['slots'].auto_id}_{number}",
                "words": _words(shift) if self.several else dates.long(shift.starts, shift.ends),
                "note": shift.note,
                "checked": key in chosen,
                "seats_text": seats_text(shift, now=self.now),
                "seats_state": seats_state(shift, now=self.now),
            }
            for number, (key, shift) in enumerate(self.shifts.items())
        ]

    def clean_name(self) -> str:
        return inputs.clean_name(self.cleaned_data["name"])

    def clean_email(self) -> str:
        return inputs.clean_email(self.cleaned_data["email"])

    def clean_phone(self) -> str:
        return inputs.clean_phone(self.cleaned_data["phone"])

    def clean_slots(self) -> list[Shift]:
        return [self.shifts[key] for key in dict.fromkeys(self.cleaned_data["slots"])]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        limit = min((shift.max_party for shift in data.get("slots", [])), default=None)
        if limit and data.get("seats", 1) > limit:
            words = ngettext(
                "Für diesen Termin kann man sich nur einzeln anmelden.",
                "Für diesen Termin können sich höchstens %(n)s Personen zusammen anmelden.",
                limit,
            )
            self.add_error("seats", ValidationError(words % {"n": limit}))
        return data


class WatchForm(forms.Form):
    """Address, place and radius; `search` is what was understood of the place."""

    email = forms.CharField(
        label=_("Ihre E-Mail-Adresse"),
        strip=True,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "maxlength": 320}),
        error_messages={"required": _("Bitte geben Sie Ihre E-Mail-Adresse ein.")},
    )
    ort = forms.CharField(
        label=_("Postleitzahl oder Ort"),
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "maxlength": places.MAX_TEXT}),
        error_messages={"required": _("Bitte geben Sie eine Postleitzahl oder einen Ort ein.")},
    )
    umkreis = forms.TypedChoiceField(
        label=_("Umkreis"),
        coerce=int,
        choices=[(km, f"{km} km") for km in places.RADII],
        error_messages={
            "required": _("Bitte wählen Sie einen Umkreis."),
            "invalid_choice": _("Bitte wählen Sie einen Umkreis."),
        },
    )

    def clean_email(self) -> str:
        return inputs.clean_email(self.cleaned_data["email"])

    def clean_ort(self) -> str:
        self.search = places.search_place(self.cleaned_data["ort"])
        if self.search.point is None:
            named = [town.official_name for town in self.search.ambiguous or self.search.suggestions]
            raise ValidationError(" ".join(filter(None, (self.search.sentence, ", ".join(named)))))
        return self.search.text
