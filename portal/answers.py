"""What a form asks beside name and address, for kinds of sign-ups that want to know (`Signup.answers`)."""

from typing import Any

from django import forms

from portal.slots import Signup


def fields(model: type[Signup]) -> dict[str, forms.Field]:
    """A form field for each of these columns, with the rules that the model has for it."""
    found: dict[str, Any] = forms.fields_for_model(model, fields=model.answers) if model.answers else {}
    for name, field in found.items():
        field.validators += model._meta.get_field(name).validators  # type: ignore[union-attr]
    return found
