"""What every sign-up form asks: which dates, name and address. Apps add their own questions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import dates, inputs
from portal.slot_lists import seats_state, seats_text
from portal.slots import Slot


class SignupForm(forms.Form):
    """`slots_open` are the dates that take people, with seats; `ticked` the keys of those chosen at first."""

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
    email = inputs.EmailField()

    def __init__(
        self,
        data: Any = None,
        *,
        slots_open: Sequence[Slot],
        now: datetime,
        ticked: Sequence[int] = (),
        initial: dict[str, Any] | None = None,
    ) -> None:
        chosen = [slot.pk for slot in slots_open] if len(slots_open) == 1 else ticked
        super().__init__(data, initial={"slots": [str(key) for key in chosen]} | (initial or {}))
        self.by_key = {str(slot.pk): slot for slot in slots_open}
        self.now = now
        self.choose_from("slots", [(key, self.words(slot)) for key, slot in self.by_key.items()])

    def choose_from(self, name: str, choices: list[tuple[Any, str]]) -> None:
        """A field's choices, known only now."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = choices

    def words(self, slot: Slot) -> str:
        """„Sa., 28. Nov., 9–12 Uhr": short, for a row of ticks."""
        return f"{dates.day(slot.starts)}, {dates.span(slot.starts, slot.ends)}"

    def heading(self, slot: Slot) -> str:
        """What this date is about, where the dates of the form are about different things."""
        return ""

    def note(self, slot: Slot) -> str:
        """What else to say of this date; may be empty."""
        return ""

    @property
    def several(self) -> bool:
        """Whether there is a date to choose; a single one is named and goes along hidden."""
        return len(self.by_key) > 1

    @property
    def date_options(self) -> list[dict[str, object]]:
        """One row per open date: what the tick says, and the free seats beside it."""
        chosen = {str(value) for value in self["slots"].value() or []}
        return [
            {
                "value": key,
                "id": f"{self['slots'].auto_id}_{number}",
                "words": self.words(slot) if self.several else dates.long(slot.starts, slot.ends),
                "title": self.heading(slot),
                "note": self.note(slot),
                "checked": key in chosen,
                "seats_text": seats_text(slot, now=self.now),
                "seats_state": seats_state(slot, now=self.now),
            }
            for number, (key, slot) in enumerate(self.by_key.items())
        ]

    def clean_name(self) -> str:
        return inputs.clean_name(self.cleaned_data["name"])

    def clean_slots(self) -> list[Slot]:
        return [self.by_key[key] for key in dict.fromkeys(self.cleaned_data["slots"])]
