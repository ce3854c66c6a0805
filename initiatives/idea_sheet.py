"""The Steckbrief to print and to hand round: A4, tagged for screen readers (PDF/UA-1), set by typst.

What people typed reaches typst as data, never as markup (as in `portal/posters.py`): the little Markdown of staff is
read here into paragraphs, list items and bold runs.
"""

from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from markdown_it.token import Token

from initiatives.models import Blueprint, Idea
from portal import markdown
from portal.posters import compiled, legible


def of_idea(idea: Idea) -> bytes:
    """The PDF of an idea with its model Steckbrief; until the association released it, it says so."""
    blueprint = getattr(idea, "blueprint", None) or Blueprint()
    stand = _("Entwurf, vom Verband zu prüfen")
    if idea.released_on:
        stand = _("Geprüft vom Verband am %s") % date_format(idea.released_on, "j. F Y")
    words = {
        "kicker": _("Steckbrief einer Idee"),
        "title": legible(idea.name),
        "stand": stand,
        "is_draft": idea.released_on is None,
        "summary": legible(idea.summary),
        "text": blocks(idea.text),
        "answers": [
            {"heading": heading, "blocks": blocks(text)} for _name, heading, text in blueprint.answers()
        ],
        "address": settings.SITE_URL.split("//")[-1] + idea.get_absolute_url(),
        "site": settings.ASSOCIATION,
        "page": _("Seite"),
    }
    return compiled("blueprint.typ", words)


def blocks(text: str) -> list[dict[str, Any]]:
    """Paragraphs and list items as runs: {"item": bool, "runs": [{"text", "bold", "url"}]}."""
    found, depth = [], 0
    for token in markdown.parse(text):
        depth += {"list_item_open": 1, "list_item_close": -1}.get(token.type, 0)
        if token.type == "inline" and (runs := _runs(token)):
            found.append({"item": depth > 0, "runs": runs})
    return found


def _runs(inline: Token) -> list[dict[str, Any]]:
    runs, bold, url = [], False, ""
    for token in inline.children or []:
        if token.type in ("strong_open", "strong_close"):
            bold = token.type == "strong_open"
        elif token.type in ("link_open", "link_close"):
            href = str(token.attrs.get("href", ""))
            url = href if markdown.is_web(href) else ""
        elif token.type in ("softbreak", "hardbreak"):
            runs.append({"text": " ", "bold": bold, "url": ""})
        elif words := legible(token.content):
            spaced = f"{' ' * token.content.startswith(' ')}{words}{' ' * token.content.endswith(' ')}"
            runs.append({"text": spaced, "bold": bold, "url": url})
    return runs
