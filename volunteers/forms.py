"""The forms of guests: the sign-up of an action with its dates, and „Sagen Sie mir Bescheid"."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal import inputs, places, retention, signup_form
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


class SignupForm(signup_form.SignupForm):
    """With party, telephone and the age tick."""

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
        help_text=format_lazy(
            _("Nur falls es kurzfristig ausfällt. Wir löschen die Nummer {days} nach dem Termin."),
            days=retention.words(retention.K3_PHONE),
        ),
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
        slots_open: Sequence[Shift],
        initial: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data, slots_open=slots_open, initial={"seats": 1} | (initial or {}), **options)
        most = max((shift.max_party for shift in slots_open), default=1)
        self.choose_from("seats", [(n, party_words(n)) for n in range(1, most + 1)])
        self.fields["age"].label = opportunity.age_rule.rstrip(".")

    def note(self, slot: Any) -> str:
        return slot.note  # type: ignore[no-any-return]

    @property
    def alone_only(self) -> bool:
        """Whether every date takes single people only: then there is nothing to choose."""
        return all(slot.max_party == 1 for slot in self.by_key.values())

    def clean_phone(self) -> str:
        return inputs.clean_phone(self.cleaned_data["phone"])

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

    email = inputs.EmailField()
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

    def clean_ort(self) -> str:
        self.search = places.search_place(self.cleaned_data["ort"])
        if self.search.point is None:
            named = [town.official_name for town in self.search.ambiguous or self.search.suggestions]
            raise ValidationError(" ".join(filter(None, (self.search.sentence, ", ".join(named)))))
        return self.search.text
