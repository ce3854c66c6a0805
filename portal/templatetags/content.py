"""Filters for texts of staff: `{% load content %}{{ initiative.text|markdown }}`."""

from django import template
from django.utils.safestring import SafeString

from portal import markdown as rendering

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    return rendering.render(text)
