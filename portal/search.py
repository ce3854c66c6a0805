"""One normalised text column, the same on both databases (architecture.md „Search and places").

German compounds need substrings: the column and each word of the query are treated alike
(case folded, umlauts and ß expanded, stemmed), and every word of the query must occur.
"""

import re
import unicodedata
from functools import cache, lru_cache
from threading import Lock

import snowballstemmer
from django.db.models import Q

_EXPAND = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORD = re.compile(r"[a-z0-9]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_HYPHENATED = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
MAX_QUERY = 100  # characters; longer input is cut, not refused
MAX_WORDS = 6
_one_at_a_time = Lock()


@cache
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("german")


def fold(text: str) -> str:
    """Lower case, umlauts expanded (ä → ae, ß → ss), other accents dropped: „Büdingen" → „buedingen"."""
    text = unicodedata.normalize("NFC", text).lower().translate(_EXPAND)
    text = unicodedata.normalize("NFKD", text)
    return _NOT_ASCII.sub(lambda found: "" if unicodedata.combining(found[0]) else found[0], text)


@lru_cache(maxsize=10_000)  # a language has few words, and the stemmer is slow
def _stem(word: str) -> str:
    with _one_at_a_time:  # the stemmer holds the word in itself, and web processes have threads
        return str(_stemmer().stemWord(word))


def tokens(text: str) -> list[str]:
    """The words of a text, folded, in order; „Zwei Dorfläden" → ["zwei", "dorflaeden"]."""
    return _WORD.findall(fold(text))


def words(text: str) -> list[str]:
    """The stems of the words of a text, in order; „Dorfläden" → ["dorflad"]."""
    return [_stem(word) for word in tokens(text)]


def column(*texts: str) -> str:
    """What is written into a column that is searched for whole words, too: the stems, each between spaces.

    „Demografie-Preis" is also found as one word.
    """
    text = fold(" ".join(texts))
    joined = " ".join(word.replace("-", "") for word in _HYPHENATED.findall(text))
    return f" {normalise(f'{text} {joined}')} "


def normalise(text: str) -> str:
    """What is written into a `search_text` column."""
    return " ".join(words(text))


def matches(query: str, column: str = "search_text") -> Q:
    """A filter: each word of the query must occur in the column; an empty query matches all."""
    found = Q()
    for word in words(query[:MAX_QUERY])[:MAX_WORDS]:
        found &= Q(**{f"{column}__contains": word})
    return found
