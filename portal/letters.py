"""Letters: `write` makes subject, text and HTML of a mail from one source and a flat dict of strings.

The source is `templates/mail/<app>/<event>.txt`. Its first line is the subject. The rest is the
letter: one line is one line, an empty line starts a paragraph, `- …` is an item of a list,
`Label: {{ some_url }}` alone on a line is a link (the first one is the button). After a line `--`
stands why one gets this mail. `write` adds greetings from the organisation, its imprint and our name.

Facts are strings, never model objects, so a letter cannot show what nobody meant to show. `FACTS`
lists every one of them. A fact that a template prints must be given and must not be empty; one that
it asks for by `{% if … %}` may be missing. Anything else raises `WrongFacts`, and so in the tests.

A source is one language (German), translated as a whole letter: sentences in pieces read badly.
Rejected: a second template per mail for HTML (drifts apart), Django's `urlize` (would make links
of what guests type; here only facts named …_url become links).
"""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import css_inline
from django.conf import settings
from django.template import Context, Engine, Template
from django.utils.translation import gettext as _

from portal.models import Organisation
from portal.remembering import worded

FACTS = {
    "greeting": "„Guten Tag Erika Muster,“: the only words of a guest in a letter to an address (rule 17)",
    "title": "what is on, with „Beispiel: “ in front for examples",
    "when": "„Sa., 28. Nov., 9 Uhr“, of the first date",
    "town": "„Lich“; empty for what is online",
    "n_dates": "how many dates the letter is about: „1“",
    "dates": "block, a line per date: „- Samstag, 28. November 2026, 9–12 Uhr, Treffpunkt: …, 2 Personen“",
    "waiting_dates": "block like `dates`: those on the waiting list, with the position",
    "already_dates": "block like `dates`: where this address is signed up already",
    "next_dates": "block like `dates`: what comes next",
    "where": "where to be, in one line",
    "bring": "what to bring",
    "contact": "„Erika Beispiel, Telefon 06404 …“",
    "position": "on the waiting list: „3“",
    "seats": "„2 Personen“; to contacts how full it is: „8 von 12 Plätzen vergeben“",
    "old_when": "before the change: „Samstag, 28. November 2026, 9–12 Uhr“",
    "new_when": "like `old_when`, after the change",
    "old_where": "before the change, in one line",
    "new_where": "like `old_where`, after the change",
    "online": "„1“ for a date that is online: nobody goes to a place",
    "access_promise": "a sentence: „Wir schicken ihn Ihnen eine Stunde vor Beginn.“; empty when no mail will",
    "join_url": "the online room, only for those with a seat (rule 28)",
    "dial_in": "how to take part by telephone, only for those with a seat",
    "materials_url": "what the speakers left, only for those who had a seat",
    "recording_url": "the recording, like `materials_url`",
    "series": "„#kommunalEngagiert“: the series that somebody waits for",
    "headline": "what a message is about, as staff wrote it, in one line",
    "message": "block: what staff write to the people of a date, or to whoever asked; lines and paragraphs stay",
    "audience": "whom staff wrote to: „alle mit Platz, Samstag, 28. November 2026, 9–12 Uhr“",
    "is_test": "„1“ when a message went to nobody but the person who wrote it",
    "reason": "why it does not take place, as staff wrote it",
    "moved_up": "„1“ when somebody from the waiting list has the seat now",
    "is_open": "„1“ when the first click gets a free seat; before that the next on the list has it already",
    "count": "a number: „3“",
    "word": "„Morgen“, „Heute“, „In drei Tagen“",
    "place": "around which somebody watches, as we understood it: „35423 Lich“",
    "km": "how far around `place`: „15“",
    "more": "how many there are beyond those listed: „4“",
    "until": "last day of what ends by itself: „22. November 2027“",
    "came": "„1“ when somebody said that this person came (rule 11)",
    "nudge": "„1“ in the second mail that asks to confirm",
    "by_staff": "„1“ when staff took somebody off the list",
    "was_waiting": "„1“ when who cancels had no seat yet, only a place on the waiting list",
    "account": "address of a staff account",
    "editor_of": "what a staff account is for: „Redaktion: Stadt Lich“, or the organisation alone",
    "has_editors": "„1“ when a town has a Redaktion already",
    "page_title": "title of an initiative",
    "pages": "block, a line per initiative: „- Bachpaten, Lich (zuletzt bestätigt im März 2026)“",
    "current_url": "signed: the contact says what is still true, without a login",
    "is_removal": "„1“ when somebody asks to take a page down",
    "is_accepted": "„1“ when staff took a citizen's proposal over",
    "in_trust": "„1“ when the association answers for a town that has nobody yet",
    "answer": "what staff write to somebody who asked, in their own words",
    "own": "„1“ when the letter goes to the owner of `account`",
    "done_by": "who of staff did it: „Frau Netz“, or the address",
    "code": "six digits that let somebody in once, only in secret mails",
    "spot_url": "where contacts on the spot come in",
    "done_at": "when: „Sa., 28. Nov., 9.30 Uhr“",
    "barrier": "what hinders somebody, in their words: only in the letter to the association",
    "barrier_page": "where, like `barrier`",
    "answer_to": "an address that nobody confirmed, like `barrier`",
    "phone_hint": "a sentence: „Lieber anrufen? Telefon 06404 …“",
    "password_url": "signed: set the first password, once",
    "confirm_url": "signed: page with the button that confirms",
    "manage_url": "signed: see, change, give back, export, erase",
    "give_back_url": "signed: give this one seat back",
    "claim_url": "signed: take the free seat",
    "who_came_url": "signed: the contact says who came, without a login",
    "end_url": "signed: get no more of these mails",
    "calendar_url": "signed: calendar file",
    "page_url": "public page of what it is about",
    "staff_url": "page of staff",
}
BLOCKS = {name for name in FACTS if name.endswith("dates") and name != "n_dates"} | {"message", "pages"}
WIDTH = 74  # columns of the plain text
SUBJECT = 250  # Mail.subject

_USED = re.compile(r"\{\{\s*(\w+)|\{%\s*(?:el)?if\s+([^%]*)%\}")
_TAGS_ALONE = re.compile(r"^(?:\{%[^%]*%\})+\n", re.MULTILINE)
_LINK = re.compile(r"(?P<label>[^:]{1,80}): (?P<url>\S+)")
_NAMED = re.compile(r"(?P<label>[A-ZÄÖÜ][\w ]{1,24}): (?P<text>.+)")
_HEADING = re.compile(r":|(?<=\?) ")  # „Danke: …“, „Wer war da? …“
_OPERATORS = {"and", "or", "not"}


class WrongFacts(ValueError):
    """A template and what it was given do not fit together."""


class Line(NamedTuple):
    label: str  # what stands before the first colon of a short line, or of a link
    text: str
    url: str = ""


class Block(NamedTuple):
    lines: list[Line]
    is_list: bool = False
    is_button: bool = False


class Small(NamedTuple):
    text: str
    html: str


class Shell(NamedTuple):
    letter: Template
    small: Template  # and the end of the page


class Source(NamedTuple):
    subject: Template
    body: Template
    why: Template
    required: frozenset[str]


def write(name: str, facts: dict[str, str], *, organisation: Organisation | None) -> dict[str, str]:
    """Subject (one line, at most 250 characters), text and HTML of `name` („signups/confirmed“).

    Raises WrongFacts for an unknown fact, or when one is missing that the template prints.
    """
    source = _source(name)
    context = _checked(name, source, facts)
    context["occasion"] = _occasion(context)
    subject, body, why = (
        part.render(Context(context, autoescape=False)).strip()
        for part in (source.subject, source.body, source.why)
    )
    subject = textwrap.shorten(subject, SUBJECT, placeholder=" …")
    sender = organisation.name if organisation else settings.ASSOCIATION
    body += "\n\n" + _("Freundliche Grüße") + "\n" + sender
    urls = {value for key, value in context.items() if key.endswith("_url") and value} | {settings.SITE_URL}
    letter = list(_blocks(body, urls))
    imprint = _clean(organisation.imprint) if organisation else ""
    small = _small(
        why, imprint, settings.SITE_NAME, settings.SITE_URL, *sorted(url for url in urls if url in why)
    )
    page = {"subject": subject, "heading": _HEADING.split(subject)[0], "blocks": _with_button(letter)}
    html = _shell().letter.render(Context(page | {"site_name": settings.SITE_NAME}))
    return {
        "subject": subject,
        "text": _text(letter) + "\n\n-- \n" + small.text + "\n",
        "html": html + small.html,
    }


@worded
def _small(why: str, imprint: str, site: str, *urls: str) -> Small:
    """The small print: why one gets this mail, the organisation's imprint and our name; `urls[0]` is ours.

    Made once: all letters of one kind from one organisation share it.
    """
    parts = [why, *([_("Impressum") + "\n" + imprint] if imprint else []), f"{site}: {urls[0]}"]
    blocks = list(_blocks("\n\n".join(parts), set(urls)))
    return Small(_text(blocks), _shell().small.render(Context({"footer": blocks})))


# --- sources ----------------------------------------------------------------------------------------
def _folder() -> Path:
    return Path(settings.BASE_DIR) / "templates" / "mail"


@cache
def _engine() -> Engine:
    return Engine(builtins=["portal.templatetags.retention"])


@cache
def _source(name: str) -> Source:
    raw = (_folder() / f"{name}.txt").read_text(encoding="utf-8")
    known = {*FACTS, "occasion"}
    asked = {word for _name, test in _USED.findall(raw) for word in _words(test)}
    printed = {variable for variable, _test in _USED.findall(raw) if variable}
    if unknown := (asked | printed) - known:
        raise WrongFacts(f"{name}.txt uses what is no fact: {', '.join(sorted(unknown))}")
    subject, _newline, rest = raw.partition("\n")
    body, _line, why = rest.partition("\n--\n")
    body = _TAGS_ALONE.sub(lambda match: match[0].rstrip("\n"), body + "\n")
    if not (subject.strip() and body.strip() and why.strip()):
        raise WrongFacts(f"{name}.txt needs a subject, a letter, a line „--“ and why one gets it")
    required = printed - asked | ({"title", "when"} if "occasion" in printed else set())
    template = _engine().from_string
    return Source(
        template(subject), template(body), template(why), required=frozenset(required - {"occasion"})
    )


def _words(test: str) -> Iterator[str]:
    for word in test.split():
        if word.isidentifier() and word not in _OPERATORS:
            yield word


def _checked(name: str, source: Source, facts: dict[str, str]) -> dict[str, str]:
    if unknown := facts.keys() - FACTS:
        raise WrongFacts(f"{name}: no such fact: {', '.join(sorted(unknown))}")
    if missing := {key for key in source.required if not facts.get(key)}:
        raise WrongFacts(f"{name}: missing or empty: {', '.join(sorted(missing))}")
    clean = {key: _clean(value) if key in BLOCKS else _one_line(value) for key, value in facts.items()}
    return dict.fromkeys(FACTS, "") | clean


def _occasion(facts: dict[str, str]) -> str:
    """Day, time, place and title for the subject: „Sa., 28. Nov., 9 Uhr, Lich – Bachputz"."""
    when, n = facts["when"], facts["n_dates"]
    if facts["dates"] and facts["waiting_dates"]:  # what is certain leads, and only that is counted
        n = str(len(facts["dates"].splitlines()))
    if n not in ("", "1"):
        when = _("%(n)s Termine ab %(when)s") % {"n": n, "when": when}
    return " – ".join(
        part for part in (", ".join(filter(None, (when, facts["town"]))), facts["title"]) if part
    )


def _clean(value: str) -> str:
    """Lines without control characters; other line ends become plain ones."""
    return "\n".join(_printable(line).strip() for line in value.splitlines()).strip()


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(c for c in line if unicodedata.category(c)[0] != "C")


def _one_line(value: str) -> str:
    return " ".join(_clean(value).split())


# --- from lines to blocks -----------------------------------------------------------------------------
def _blocks(body: str, urls: set[str]) -> Iterator[Block]:
    """Paragraphs, lists and links; only `urls`, whole and at the end of a line, become links."""
    for paragraph in re.split(r"\n\s*\n", body):
        lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
        for is_list, group in groupby(lines, key=lambda line: line.startswith("- ")):
            if is_list:
                yield Block([Line("", line[2:]) for line in group], is_list=True)
            else:
                yield from _links_apart([_line(line, urls) for line in group])


def _links_apart(lines: list[Line]) -> Iterator[Block]:
    for is_link, group in groupby(lines, key=lambda line: bool(line.url)):
        if is_link:
            yield from (Block([line]) for line in group)
        else:
            yield Block(list(group))


def _line(line: str, urls: set[str]) -> Line:
    link = _LINK.fullmatch(line)
    if link and link["url"] in urls:
        return Line(link["label"], "", link["url"])
    named = _NAMED.fullmatch(line)
    return Line(named["label"], named["text"]) if named else Line("", line)


def _with_button(blocks: list[Block]) -> list[Block]:
    """The first link is what the letter asks for."""
    first = next((i for i, block in enumerate(blocks) if block.lines[0].url), None)
    return [block._replace(is_button=i == first) for i, block in enumerate(blocks)]


# --- out of blocks ------------------------------------------------------------------------------------
def _text(blocks: Iterable[Block]) -> str:
    return "\n\n".join("\n".join(_text_line(line, block) for line in block.lines) for block in blocks)


def _text_line(line: Line, block: Block) -> str:
    if line.url:
        return f"{line.label}:\n{line.url}"
    words = f"{line.label}: {line.text}" if line.label else line.text
    first, others = ("- ", "  ") if block.is_list else ("", "")
    if len(first + words) <= WIDTH:
        return first + words
    return textwrap.fill(
        words,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


@cache
def _shell() -> Shell:
    """The dress of all letters. Its styles are inlined here once, in the source, not in each mail."""
    raw = (_folder() / "base.html").read_text(encoding="utf-8")
    inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
    letter, start, small = inliner.inline(raw).partition("<footer")
    return Shell(_engine().from_string(letter), _engine().from_string(start + small))
