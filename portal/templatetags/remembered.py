"""`{% load remembered %}`: parts of pages that come out the same each time, made once per process.

`{% remembered "components/footer.html" site_name=site_name %}` is an `include … only` of strings, numbers and tuples;
`{% form_field form.email %}` is crispy's `form.email|as_crispy_field`.
"""

from collections.abc import Hashable
from copy import copy

from crispy_forms.templatetags.crispy_forms_filters import as_crispy_field
from django import forms, template
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from portal.remembering import Memory

register = template.Library()
_parts, _fields = Memory(512), Memory(512)


@register.simple_tag
def remembered(name: str, **values: Hashable) -> SafeString:
    """The template sees these values only. Text that is marked as HTML is another value than equal plain text."""
    made_of = (name, *((key, type(value), value) for key, value in values.items()))
    return _parts.get(made_of, lambda: render_to_string(name, values))


@register.simple_tag
def form_field(field: forms.BoundField) -> SafeString:
    """A field as the pack `kern` draws it; drawn anew where something was sent.

    What is remembered is empty, or stands at a number of ours, as „1 Person“: what is known of a person is put into
    the empty field.
    """
    value = field.value()
    if field.form.is_bound:
        return as_crispy_field(field)
    if isinstance(value, str) and value and isinstance(field.field.widget, forms.TextInput):
        return _filled(field, value)
    return as_crispy_field(field) if value and not isinstance(value, int) else _drawn(field, value)


def _filled(field: forms.BoundField, value: str) -> SafeString:
    empty = copy(field)
    vars(empty)["initial"] = ""  # a cached property
    before, after = _drawn(empty, "").split("<input ", 1)
    return mark_safe(f'{before}<input value="{escape(value)}" {after}')  # noqa: S308


def _drawn(field: forms.BoundField, value: object) -> SafeString:
    shown = field.field
    made_of = (
        (
            type(field.form),
            type(shown),
            field.html_name,
            field.auto_id,
            shown.required,
            shown.disabled,
            _exact(value),
        ),
        (type(shown.widget), repr(shown.widget.attrs)),
        (_exact(field.label), _exact(field.help_text)),
        tuple((_exact(key), _exact(words)) for key, words in getattr(shown, "choices", ())),
    )
    return _fields.get(made_of, lambda: as_crispy_field(field))


def _exact(text: object) -> tuple[type, str]:
    """Text that is marked as HTML is another value than equal plain text, and so is 1 than True."""
    return type(text), str(text)
