"""„Zugang anfordern": the form of a town that wants to come in."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import inputs
from portal.models import email_key
from portal.town_field import TownField


class AccessForm(forms.Form):
    """Who asks, for which town, and who else will be there."""

    municipality = TownField(label=gettext_lazy("Für welche Stadt, Gemeinde oder welchen Landkreis?"))
    name = forms.CharField(
        label=gettext_lazy("Ihr Name"),
        max_length=320,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": gettext_lazy("Bitte geben Sie Ihren Namen ein.")},
    )
    function = forms.CharField(
        label=gettext_lazy("Ihre Funktion"),
        help_text=gettext_lazy("Zum Beispiel: Sachbearbeitung Ehrenamt, Büro der Bürgermeisterin"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
        error_messages={
            "required": gettext_lazy("Bitte schreiben Sie, welche Aufgabe Sie im Rathaus haben."),
            "max_length": gettext_lazy("Das ist zu lang. Bitte nehmen Sie höchstens 120 Zeichen."),
        },
    )
    email = inputs.EmailField(
        label=gettext_lazy("Ihre dienstliche E-Mail-Adresse"),
        help_text=gettext_lazy(
            "Mit ihr melden Sie sich später an. Dorthin schicken wir einen Link zum Bestätigen."
        ),
    )
    second_name = forms.CharField(
        label=gettext_lazy("Name der zweiten Person"),
        required=False,
        max_length=320,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    second_email = inputs.EmailField(
        label=gettext_lazy("Dienstliche E-Mail-Adresse der zweiten Person"), required=False
    )
    page = forms.SlugField(required=False, max_length=120, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["second_email"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        return inputs.clean_name(self.cleaned_data["name"])

    def clean_function(self) -> str:
        function = " ".join(inputs.nfc(self.cleaned_data["function"]).split())
        inputs.validate_line(function)
        return function

    def clean_second_name(self) -> str:
        name = self.cleaned_data["second_name"]
        return inputs.clean_name(name) if name.strip() else ""

    def clean(self) -> dict[str, Any]:
        """The second person is named in full or not at all, and is somebody else."""
        data: dict[str, Any] = super().clean() or {}
        name, email = data.get("second_name"), data.get("second_email")
        if name and not email and "second_email" not in self.errors:
            self.add_error(
                "second_email", _("Bitte geben Sie auch die E-Mail-Adresse der zweiten Person ein.")
            )
        if email and not name and "second_name" not in self.errors:
            self.add_error("second_name", _("Bitte geben Sie auch den Namen der zweiten Person ein."))
        if email and email_key(email) == email_key(data.get("email")):
            self.add_error(
                "second_email", _("Das ist dieselbe Adresse wie oben. Jede Person braucht ihre eigene.")
            )
        return data
