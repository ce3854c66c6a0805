"""`{% json_ld data %}`: what the page is about, for search engines; `{% sharing … %}`: for whoever shares it."""

from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from portal.linked_data import escaped

register = template.Library()


@register.simple_tag
def json_ld(data: Any) -> SafeString:
    """A block of data for each entry (`portal/linked_data.py`); nothing where there is none."""
    blocks = data if isinstance(data, list) else [data] if data else []
    safe = ((mark_safe(escaped(each)),) for each in blocks)  # noqa: S308  # `escaped` leaves no < > &
    return format_html_join("\n", '<script type="application/ld+json">{}</script>', safe)


@register.simple_tag
def sharing(*, title: str, text: str, path: str, image: str = "", alt: str = "") -> SafeString:
    """Open Graph: how a link to the page looks elsewhere; `image` is a path of ours, or empty."""
    said = {
        "og:type": "article",
        "og:locale": "de_DE",
        "og:site_name": settings.SITE_NAME,
        "og:title": title,
        "og:description": text,
        "og:url": settings.SITE_URL + path,
        "og:image": settings.SITE_URL + image if image else "",
        "og:image:alt": alt if image else "",
    }
    tags = ((name, value) for name, value in said.items() if value)
    return format_html("{}\n", format_html_join("\n", '<meta property="{}" content="{}">', tags))
