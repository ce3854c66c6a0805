"""What a search found, marked in the text of a card: whole words, for a stem has no place in what is written."""

import re
from textwrap import shorten

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from initiatives import matching
from initiatives.models import TEASER
from initiatives.wording import Term
from portal import search

_WORD = re.compile(r"(\w+)")
_SENTENCE = re.compile(r"(?<=[.!?]) ")


def marked(text: str, terms: tuple[Term, ...]) -> SafeString:
    """The text, escaped, with <mark> around each word that one of the terms fits."""
    return format_html_join(
        "",
        "{}",
        ((format_html("<mark>{}</mark>", part) if _fits(part, terms) else part,) for part in _parts(text)),
    )


def passage(text: str, terms: tuple[Term, ...]) -> str:
    """As much of the text as a card shows: its beginning, or from the first sentence that was found."""
    beginning = shorten(text, TEASER, placeholder=" …")
    if any(_fits(part, terms) for part in _parts(beginning)):
        return beginning
    sentences = _SENTENCE.split(text)
    for number, sentence in enumerate(sentences):
        if any(_fits(part, terms) for part in _parts(sentence)):
            return "… " + shorten(" ".join(sentences[number:]), TEASER, placeholder=" …")
    return beginning


def _parts(text: str) -> list[str]:
    return [part for part in _WORD.split(text) if part]


def _fits(word: str, terms: tuple[Term, ...]) -> bool:
    column = search.column(word)
    return bool(column.strip()) and any(matching.is_in(column, term) for term in terms)
