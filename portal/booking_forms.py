"""The small forms on the pages behind mail links."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import answers, inputs
from portal.booking_rows import Row
from portal.models import Booking
from portal.slots import Signup


class AddressForm(forms.Form):
    """The address was mistyped: here is the right one."""

    email = inputs.EmailField(label=_("Richtige E-Mail-Adresse"))


class DetailsForm(forms.Form):
    """Name and telephone, corrected by their owner."""

    name = forms.CharField(
        label=_("Name"),
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "name", "maxlength": 200}),
        error_messages={"required": _("Bitte geben Sie Ihren Namen ein.")},
    )
    phone = forms.CharField(
        label=_("Telefon"),
        required=False,
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel", "maxlength": 60}),
    )

    def __init__(self, data: Any = None, *, booking: Booking, signups: Sequence[Signup]) -> None:
        # What was anonymised since stays so.
        self.signups = [signup for signup in signups if signup.answers and signup.email_key]
        known = self.signups[0].answered() if self.signups else {}
        super().__init__(data, initial={"name": booking.name, "phone": booking.phone} | known)
        if self.signups:
            self.fields |= answers.fields(type(self.signups[0]))
            if not booking.phone:  # such forms ask for none; staff may have noted one
                del self.fields["phone"]

    @property
    def answers_words(self) -> list[tuple[str, str]]:
        """What the form asked for beside name and address, as (question, answer)."""
        return answers.words(self.signups[0]) if self.signups else []

    def details(self) -> dict[str, str]:
        """Name and telephone, clean."""
        return {"name": self.cleaned_data["name"], "phone": self.cleaned_data.get("phone", "")}

    def answered(self) -> dict[str, Any]:
        """The corrected answers by column, clean; empty where the form asks nothing more."""
        said = {name: self.cleaned_data[name] for name in self.signups[0].answers} if self.signups else {}
        return {name: inputs.nfc(value) if isinstance(value, str) else value for name, value in said.items()}

    def clean_name(self) -> str:
        return inputs.clean_name(self.cleaned_data["name"])

    def clean_phone(self) -> str:
        return inputs.clean_phone(self.cleaned_data["phone"])


class ConfirmForm(forms.Form):
    """The dates to confirm: those of this form are ticked, others of the same address are not (rule 3)."""

    signups = forms.MultipleChoiceField(
        label=_("Termine"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Bitte kreuzen Sie mindestens einen Termin an."),
            "invalid_choice": _("Einer der Termine ist nicht mehr offen. Bitte wählen Sie noch einmal."),
        },
    )

    def __init__(self, data: Any = None, *, mine: Sequence[Row], others: Sequence[Row]) -> None:
        super().__init__(data, initial={"signups": [row.key for row in mine]})
        self.mine, self.others = mine, others
        self.by_key = {row.key: row.signup for row in [*mine, *others]}
        field = self.fields["signups"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [(row.key, row.when) for row in [*mine, *others]]

    def clean_signups(self) -> list[Signup]:
        return [self.by_key[key] for key in dict.fromkeys(self.cleaned_data["signups"])]

    def options(self) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        """The ticks of this form and of other forms, with their ids in the order of the field."""
        chosen = set(self["signups"].value() or [])
        ticks = [
            {"row": row, "id": f"{self['signups'].auto_id}_{number}", "checked": row.key in chosen}
            for number, row in enumerate([*self.mine, *self.others])
        ]
        return ticks[: len(self.mine)], ticks[len(self.mine) :]
