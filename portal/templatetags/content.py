"""Filters for texts of staff: `{% load content %}{{ initiative.text|markdown }}`."""

import re

from django import template
from django.template.defaultfilters import urlize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal import markdown as rendering
from portal.remembering import worded

register = template.Library()

# „06404 806-123", „+49 (0)6404 806123": at least six digits, so that neither hours nor house numbers fit.
PHONE = re.compile(r"(?<![^\s(])((?:\+|0)(?:[ ()/-]{0,2}\d){5,14})(?!\d)")


@register.filter
def markdown(text: str) -> SafeString:
    return rendering.render(text)


@register.filter
@worded
def reachable(text: str) -> SafeString:
    """Plain text with telephone numbers, mail and web addresses as links: one tap calls."""
    pieces = PHONE.split(text)
    return format_html_join(
        "",
        "{}",
        ((_call(piece) if n % 2 else urlize(piece),) for n, piece in enumerate(pieces)),
    )


def _call(number: str) -> SafeString:
    dialled = re.sub(r"[^\d+]", "", number.replace("(0)", ""))
    return format_html('<a href="tel:{}">{}</a>', dialled, number)
