"""The forms of seminars: registering for one or several dates of a series, and being told of the next."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import inputs, signup_form
from seminars import offices
from seminars.models import Series, SessionSignup


class SignupForm(signup_form.SignupForm):
    """With function and municipality; the latter is proposed from the mail domain (rule 30)."""

    function = forms.ChoiceField(
        label=_("Ihre Funktion"),
        choices=[("", _("Bitte wählen")), *SessionSignup.Function.choices],
        error_messages={
            "required": _("Bitte wählen Sie Ihre Funktion."),
            "invalid_choice": _("Bitte wählen Sie Ihre Funktion aus der Liste."),
        },
    )
    municipality = forms.CharField(
        required=False,  # left empty, it is filled in from the mail domain where that is known
        label=_("Ihre Kommune oder Organisation"),
        max_length=100,
        strip=True,
        validators=[inputs.validate_line],
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text=_(
            "Zum Beispiel: Stadt Lich. Bei einer Adresse Ihrer Kommune darf das Feld leer bleiben: "
            "Dann schlagen wir sie vor, und Sie können sie später ändern."
        ),
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["municipality"].is_conditional = True  # type: ignore[attr-defined]  # not „freiwillig"

    def heading(self, slot: Any) -> str:
        return slot.name  # type: ignore[no-any-return]

    def clean_municipality(self) -> str:
        return inputs.nfc(self.cleaned_data["municipality"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if "municipality" in data and not data["municipality"] and "email" in data:
            data["municipality"] = offices.propose(data["email"])
            if not data["municipality"]:
                self.add_error(
                    "municipality", gettext("Bitte tragen Sie Ihre Kommune oder Organisation ein.")
                )
        return data


class WatchForm(forms.Form):
    """Address and, where there are several, the series."""

    email = inputs.EmailField()
    reihe = forms.ModelChoiceField(
        label=_("Welche Reihe?"),
        queryset=Series.objects.none(),
        empty_label=None,
        error_messages={
            "required": _("Bitte wählen Sie eine Reihe."),
            "invalid_choice": _("Diese Reihe gibt es nicht mehr. Bitte wählen Sie eine andere."),
        },
    )

    def __init__(self, data: Any = None, *, series: Sequence[Series]) -> None:
        super().__init__(data, initial={"reihe": series[0].pk} if series else {})
        self.several = len(series) > 1
        field = self.fields["reihe"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = Series.objects.filter(pk__in=[each.pk for each in series])
        field.choices = [(each.pk, each.display_title) for each in series]
