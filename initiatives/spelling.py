"""What somebody meant who found nothing: a slip forgiven, a compound taken apart.

The words are those of the collection itself, read once in a while per process: of the best public rows, which is all
of them for a long time, and enough for the words of a language at any number. Rejected: a table of words, which would
have to forget those of a page that is public no more; and PostgreSQL's `similarity`, which SQLite does not have.
"""

import difflib
import re
from dataclasses import dataclass

from initiatives import topics, wording
from initiatives.models import Initiative
from portal import search
from portal.remembering import Recent

ROWS, SECONDS = 2000, 600
SURE = 0.8  # difflib's ratio
PART, SLIP = 4, 5  # letters of a part of a compound, and of a word that is worth correcting
_WORD = re.compile(r"[^\W\d_]{3,}")
_JOINTS = ("", "s", "n", "en", "es")


@dataclass(frozen=True)
class Words:
    """The words that there are: folded → as they are written; all that are spelled so; their stems in one text."""

    written: dict[str, str]
    spelled: frozenset[str]
    stems: str

    def know(self, token: str) -> bool:
        """Whether a search for it may find something."""
        return search.normalise(token) in self.stems


_recent: Recent[Words] = Recent(SECONDS, 1)


def words() -> Words:
    """Those of the public collection, at most ten minutes old; one statement, or none."""
    return _recent.get("") or _recent.keep("", _read())


def meant(text: str, known: Words) -> tuple[str, str]:
    """The query as it was probably meant: (to show, or "" when no word was corrected; to search with).

    Of a long one the first words, as the search itself takes them: each costs some milliseconds.
    """
    shown, sought, corrected = [], [], False
    for word in text.split()[: search.MAX_WORDS]:
        token = search.fold(word)
        if len(token) < PART or known.know(token):
            better = parts = word
        elif parts := _apart(token, known):
            better = word
        else:
            better = parts = _closest(token, known) or word
            corrected |= better != word
        shown.append(better)
        sought.append(parts)
    return (" ".join(shown) if corrected else "", " ".join(sought))


def _read() -> Words:
    best = Initiative.objects.public().ranked()
    rows = best.values_list("title", "place", "summary", "municipality__name", "idea__name")[:ROWS]
    texts = [*topics.NAMES.values(), *(text for row in rows for text in row if text)]
    written = {search.fold(word): word for text in texts for word in _WORD.findall(text)}
    spelled = frozenset([*written, *wording.everyday()])
    return Words(written, spelled, f" {search.normalise(' '.join(spelled))} ")


def _apart(token: str, known: Words) -> str:
    """„jugendbeteiligung" → „jugend beteiligung", where both are words."""
    spelled = known.spelled
    for cut in range(len(token) - PART, PART - 1, -1):
        head, tail = token[:cut], token[cut:]
        if tail in spelled and any(head.removesuffix(joint) in spelled for joint in _JOINTS):
            return f"{next(head.removesuffix(j) for j in _JOINTS if head.removesuffix(j) in spelled)} {tail}"
    return ""


def _closest(token: str, known: Words) -> str:
    """The word that is spelled most alike, as it is written; empty where none is close."""
    if len(token) < SLIP:
        return ""
    near = [word for word in known.spelled if abs(len(word) - len(token)) <= 2]
    found = difflib.get_close_matches(token, sorted(near), n=1, cutoff=SURE)
    return known.written.get(found[0], found[0].capitalize()) if found else ""
