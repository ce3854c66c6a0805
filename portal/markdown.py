"""Markdown of staff to HTML: rendered and sanitised on the server (trust.md „Output").

Two nets: the parser passes no HTML and makes no pictures, and an allow-list drops what is not
expected. Links lead to http(s) only and give the other side neither opener nor referrer.
"""

from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "a", "blockquote", "h2", "h3", "h4", "hr", "code"}
REL = "noopener noreferrer"
TOP, LOWEST = 2, 4  # „#" is an h2, because the page has its h1

_parser = MarkdownIt("commonmark", {"html": False}).disable(["image", "html_block", "html_inline"])


@lru_cache(maxsize=512)  # of staff's public texts; parsing and cleaning one takes a millisecond
def render(text: str) -> SafeString:
    """Safe HTML of the Markdown text; the empty text gives none."""
    tokens = parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + TOP - 1, LOWEST)}"
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        html, tags=TAGS, attributes={"*": set(), "a": {"href"}}, attribute_filter=_only_web, link_rel=REL
    )
    return mark_safe(clean)  # noqa: S308  # sanitised by the line above, the one place that may say so


def links(text: str) -> list[str]:
    """Where the links of the Markdown text lead, in order: http(s) only."""
    inside = [child for token in parse(text) for child in token.children or []]
    found = [str(child.attrGet("href") or "") for child in inside if child.type == "link_open"]
    return [href for href in found if is_web(href)]


def parse(text: str) -> list[Token]:
    """The tokens of the Markdown text, for what is not HTML."""
    return _parser.parse(text)


def is_web(href: str) -> bool:
    return href.startswith(("http://", "https://"))


def _only_web(tag: str, name: str, value: str) -> str | None:
    return None if name == "href" and not is_web(value) else value
