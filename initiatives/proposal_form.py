"""„Eine Idee vorschlagen": what a citizen says of it, and whom staff may answer."""

from django import forms
from django.utils.translation import gettext_lazy

from portal import inputs
from portal.town_field import TownField

TITLE, TEXT = 100, 1500  # characters


class ProposalForm(forms.Form):
    """Four answers; what fits here is said above it (`templates/initiatives/propose.html`)."""

    title = forms.CharField(
        label=gettext_lazy("Worum geht es, in einem Satz?"),
        help_text=gettext_lazy("Zum Beispiel: Repair-Café im Bürgerhaus"),
        max_length=TITLE,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Bitte geben Sie Ihrem Vorschlag einen Titel."),
            "max_length": gettext_lazy("Das ist zu lang. Bitte nehmen Sie höchstens 100 Zeichen."),
        },
    )
    municipality = TownField(label=gettext_lazy("In welcher Stadt oder Gemeinde?"))
    text = forms.CharField(
        label=gettext_lazy("Was soll geschehen, und wer macht schon mit?"),
        help_text=gettext_lazy(
            "Ein paar Sätze genügen. Bitte nennen Sie keine Namen und Nummern anderer Menschen."
        ),
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": gettext_lazy("Bitte schreiben Sie ein paar Sätze dazu."),
            "max_length": gettext_lazy("Das ist zu lang. Bitte nehmen Sie höchstens 1500 Zeichen."),
        },
    )
    name = forms.CharField(
        label=gettext_lazy("Ihr Name"),
        max_length=320,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": gettext_lazy("Bitte geben Sie Ihren Namen ein.")},
    )
    email = inputs.EmailField(
        help_text=gettext_lazy("Dorthin schicken wir einen Link zum Bestätigen und später die Antwort.")
    )

    def clean_title(self) -> str:
        title = " ".join(inputs.nfc(self.cleaned_data["title"]).split())
        inputs.validate_line(title)
        return title

    def clean_name(self) -> str:
        return inputs.clean_name(self.cleaned_data["name"])
