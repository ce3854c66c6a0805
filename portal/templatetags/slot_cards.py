"""`{% load slot_cards %}{% slot_cards cards %}`: dates as lists show them, quickly."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from portal.slot_cards import Card, html

register = template.Library()


@register.simple_tag
def slot_cards(cards: Iterable[Card]) -> SafeString:
    """One `<li>` each."""
    return format_html_join("", "{}", ((html(card),) for card in cards))
