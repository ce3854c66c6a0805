"""Periods of the deletion classes in texts: `{% load retention %}{% period "person" %}` says „30 Tage“."""

from django import template

from portal.retention import SPANS, words

register = template.Library()


@register.simple_tag
def period(name: str) -> str:
    """How long this is kept, in words."""
    return words(SPANS[name])
