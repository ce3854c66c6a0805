"""The town that somebody means, typed by name or postal code into a form that needs exactly one."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import places
from portal.models import Municipality

PLACES_NAMED = 5  # in the sentence that asks which one is meant


class TownField(forms.CharField):
    """Cleans to the `Municipality`, with its organisation; or says which ones may be meant."""

    def __init__(self, *, label: Any) -> None:
        super().__init__(
            label=label,
            help_text=gettext_lazy("Der Name oder die Postleitzahl reicht."),
            max_length=places.MAX_TEXT,
            widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
            error_messages={"required": gettext_lazy("Bitte nennen Sie Ihren Ort.")},
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        found = places.search_place(text)
        if len(found.town_ids) == 1 and not found.corrected:
            return _towns().get(pk=next(iter(found.town_ids)))
        if own := _district(found, text):
            return own
        named = [*found.ambiguous, *found.suggestions] or list(
            Municipality.objects.filter(pk__in=found.town_ids).order_by("name")
        )
        if not named:
            raise ValidationError(
                _("Diesen Ort haben wir in Hessen nicht gefunden. Bitte schreiben Sie seinen vollen Namen.")
            )
        names = ", ".join(town.name for town in named[:PLACES_NAMED])
        raise ValidationError(_("Welchen Ort meinen Sie? Bitte schreiben Sie einen von diesen: %s.") % names)


def _towns() -> Any:
    return Municipality.objects.select_related("organisation")


def _district(found: places.PlaceSearch, text: str) -> Municipality | None:
    """What is typed in full is meant, though other towns belong to it: a Landkreis, a town that others joined."""
    if found.point is None or found.corrected or not found.label:
        return None
    return _towns().filter(pk__in=found.town_ids, name=found.label).first()  # type: ignore[no-any-return]
