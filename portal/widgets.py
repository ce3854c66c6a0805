"""Fields of the Redaktion as browsers know them: one labelled input each, no script needed.

Django's own date inputs come in two halves without labels and open a calendar by script.
"""

from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.db import models


class DateTimeInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class StaffField(forms.BoundField):
    """A field of the Redaktion as screen readers need it: the message of a group of ticks is named at each of
    them (the admin draws no fieldset that could bear it), and what is hidden describes nothing."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        built = super().build_widget_attrs(attrs, widget)
        if (widget or self.field.widget).is_hidden:
            built.pop("aria-describedby", None)
        elif self.use_fieldset and self.errors:
            built.setdefault("aria-describedby", f"{self.auto_id}_error")
        return built


class StaffForm(forms.Form):
    """A form of the Redaktion that is drawn by the templates of its desk."""

    bound_field_class = StaffField


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


class WebAddress(forms.URLField):
    """What a browser opens: http or https. Django's own takes ftp, too."""

    default_validators = [URLValidator(schemes=("http", "https"))]  # as Django declares it


FORMFIELDS: dict[Any, Any] = {
    models.DateTimeField: {"form_class": forms.DateTimeField, "widget": DateTimeInput},
    models.DateField: {"widget": DateInput},
    models.URLField: {"form_class": WebAddress},
    models.TextField: {"widget": forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField"})},
}
