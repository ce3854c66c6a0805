"""What contacts on the spot type, and the clerk who names one."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import inputs
from portal.desk import MOST
from volunteers.models import Opportunity


class AddressForm(forms.Form):
    email = inputs.EmailField()


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Ihre Zahl aus der Mail"),
        max_length=12,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "pattern": "[0-9 ]*"}
        ),
    )


class _NameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def clean_name(self) -> str:
        return inputs.clean_name(self.cleaned_data["name"])


class DoorForm(_NameForm):
    """Somebody who is there and had not signed up."""

    phone = forms.CharField(
        label=_("Telefon"),
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    seats = forms.IntegerField(label=_("Wie viele Personen?"), min_value=1, max_value=MOST, initial=1)
    age = forms.BooleanField(required=True)

    def __init__(self, data: Any = None, *, opportunity: Opportunity) -> None:
        super().__init__(data)
        age = self.fields["age"]
        age.label = (
            gettext("Vor Ort geklärt: %s. Die Person ist einverstanden.") % opportunity.get_age_display()
        )
        age.error_messages["required"] = gettext("Bitte klären Sie das zuerst.")

    def clean_phone(self) -> str:
        return inputs.clean_phone(self.cleaned_data["phone"])


class ContactForm(_NameForm):
    """Whom the clerk names."""

    email = inputs.EmailField(label=_("E-Mail"))
