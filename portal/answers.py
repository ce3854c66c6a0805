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


def sentence(signup: Signup) -> str:
    """„Verwaltung, Stadt Lich": what was said, in one line; empty where nothing more was asked."""
    return ", ".join(answer for _question, answer in words(signup) if answer)


def words(signup: Signup) -> list[tuple[str, str]]:
    """Question and answer, for staff and for the person."""
    fields = {field.name: field for field in signup._meta.concrete_fields}
    return [(str(fields[name].verbose_name), signup.answer_words(name)) for name in signup.answers]
