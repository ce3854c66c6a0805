"""`{% load initiative_cards %}{% initiative_cards rows %}`: the cards of some initiatives, quickly."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from initiatives.cards import html
from initiatives.models import Initiative
from initiatives.wording import Term

register = template.Library()


@register.simple_tag
def initiative_cards(initiatives: Iterable[Initiative], terms: Iterable[Term] = ()) -> SafeString:
    """One `<li>` each; the rows come from `for_cards()`. What the `terms` of a search found is marked."""
    return format_html_join("", "{}", ((html(row, tuple(terms)),) for row in initiatives))
