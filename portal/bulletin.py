"""„Text fürs Mitteilungsblatt“: one paragraph for the town's paper, and what a poster says.

An app writes down what there is to say of its row as a `Notice`; here whole sentences are chosen, never words
cut. `posters.py` draws the poster. The short address is a row's number: shorter than its slug, and no rename
changes it, so print that lies about for years still leads to the page.
"""

import re
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext

MOST = 600  # characters that a paper prints without asking, the space after the last sentence included
NAME = 60  # characters of a contact in it
FIRST, LAST = 2, 9  # ranks of the first sentence of the story, and of the others
# After these a full stop ends no sentence; so it does after a number („am 3. Mai“) and a single letter („z. B.“).
SHORTENED = frozenset(
    [
        "abs",
        "bzw",
        "ca",
        "co",
        "dr",
        "etc",
        "evtl",
        "geb",
        "gegr",
        "ggf",
        "hr",
        "inkl",
        "jh",
        "max",
        "mind",
        "mio",
        "mrd",
        "nr",
        "prof",
        "rd",
        "sog",
        "st",
        "std",
        "str",
        "tel",
        "usw",
        "vgl",
    ]
)
_END = re.compile(r"[.!?…][\"'“”«»)]*\s+(?=[\"'„»«(]?[A-ZÄÖÜ0-9])")
_WORD = re.compile(r"\w+\W*$")


@dataclass(frozen=True)
class Sentence:
    """What may stand in the paragraph; the lower `rank` stays when there is not room for all, 0 always."""

    text: str
    rank: int


@dataclass(frozen=True)
class Fact:
    """A line of the poster."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True)
class Notice:
    """What paper says of a row. `path` is the short address; `phone` may be empty, then `contact` says how."""

    kicker: str
    title: str
    town: str
    opening: tuple[Sentence, ...]
    story: str  # what the row tells of itself; between opening and closing
    closing: tuple[Sentence, ...]
    facts: tuple[Fact, ...]
    call: str
    phone: str
    contact: str
    organiser: str
    drawing: str  # of static/topics/
    path: str
    is_public: bool

    @property
    def url(self) -> str:
        return settings.SITE_URL + self.path

    @property
    def address(self) -> str:
        return typed_address(self.path)


def typed_address(path: str) -> str:
    """„portal.example.de/h/12“, as people type it."""
    return settings.SITE_URL.partition("://")[2] + path


def ended(text: str) -> str:
    """The text with a full stop, unless it ends a sentence by itself."""
    flat = " ".join(text.split())
    return flat if flat.endswith((".", "!", "?", "…")) else f"{flat}."


def who_to_ask(contact: str, phone: str, email: str, path: str) -> str:
    """„Frau Beispiel, Telefon 06404 123, oder portal.example.de/h/12“: whatever is short enough for a paper."""
    way = gettext("Telefon %s") % phone if phone else email
    said = ", ".join(part for part in (contact, way) if part and len(part) <= NAME)
    site = typed_address(path)
    return gettext("%(people)s oder %(site)s") % {"people": said, "site": site} if said else site


def sentences(text: str) -> list[str]:
    """The sentences of a text; where it is not sure that one ends, two stay together."""
    flat, found, start = " ".join(text.split()), [], 0
    for end in _END.finditer(flat):
        word = (_WORD.search(flat[start : end.start()]) or [""])[0].strip(".")
        is_short = len(word) == 1 or word.isdigit() or word.casefold() in SHORTENED
        if flat[end.start()] == "." and is_short:
            continue
        found.append(flat[start : end.end()].strip())
        start = end.end()
    return [*found, ended(flat[start:])] if flat[start:] else found


def beginning(text: str, most: int) -> str:
    """As many sentences from the beginning as fit; empty when the first is too long."""
    said = ""
    for sentence in sentences(text):
        if len(longer := f"{said} {sentence}".strip()) > most:
            break
        said = longer
    return said


def paragraph(notice: Notice) -> str:
    """At most 600 characters of whole sentences: by rank what has room, of the story a beginning without gaps."""
    story = [Sentence(said, FIRST if n == 0 else LAST) for n, said in enumerate(sentences(notice.story))]
    parts = [*notice.opening, *story, *notice.closing]
    kept: set[int] = set()
    room, is_told = MOST, True
    for index in sorted(range(len(parts)), key=lambda index: parts[index].rank):
        part, length = parts[index], len(parts[index].text) + 1
        is_story = part in story
        if (part.rank and length > room) or (is_story and not is_told):
            is_told = is_told and not is_story
            continue
        kept.add(index)
        room -= length
    return " ".join(part.text for index, part in enumerate(parts) if index in kept)
