"""Which towns a typed name means: umlauts, abbreviations and small slips forgiven.

Pure functions over the 442 names, which the caller has from the database.
"""

import difflib
import re
from functools import lru_cache
from typing import NamedTuple

from django.urls import reverse

from portal import search
from portal.models import Municipality

SURE, CLOSE, LEAD = 0.82, 0.7, 0.06  # difflib ratios: taken as meant; suggested; ahead of the next one
_WORD = re.compile(r"[a-z0-9]+")
_FILLERS = frozenset("a am an d der die das den i im in v vor bei b ob stadt gemeinde kreisstadt".split())  # noqa: SIM905
_DISTRICT_WORDS = frozenset({"kreis", "landkreis", "lkr", "lk"})


class Town(NamedTuple):
    """What a search needs of a municipality."""

    pk: int
    name: str
    slug: str
    level: str
    lat: float
    lon: float
    district: int | None
    successor: int | None

    @property
    def is_district(self) -> bool:
        return self.level == Municipality.Level.DISTRICT

    def get_absolute_url(self) -> str:
        return reverse("town", args=[self.slug])


def named(text: str, towns: tuple[Town, ...]) -> list[Town]:
    """The towns of this name; more than one where two share it („Homberg")."""
    query = tokens(text)
    return _preferred([town for town in towns if query and _names(query, town.name)], text)


@lru_cache(maxsize=4096)
def tokens(name: str) -> tuple[str, ...]:
    """„Landkreis Gießen" → („giessen",); „Homberg (Efze)" → („homberg", „efze")."""
    words = [word for word in _WORD.findall(search.fold(name)) if word not in _DISTRICT_WORDS]
    if len(words) == 1:
        words = [words[0].removesuffix("kreis") or words[0]]
    if len(words) > 1 and words[0] in ("stadt", "gemeinde"):
        words = words[1:]
    return tuple(word for place, word in enumerate(words) if place == 0 or word not in _FILLERS)


@lru_cache(maxsize=4096)
def _core(name: str) -> tuple[str, ...]:
    """The words that a name must have: those before a bracket or „am", „an der", „v. d."."""
    head = name.split("(")[0]
    words = head.split()
    for position, word in enumerate(words):
        if position and search.fold(word).strip(".") in _FILLERS:
            head = " ".join(words[:position])
            break
    return tokens(head)


def _names(query: tuple[str, ...], name: str) -> bool:
    """Whether the query names this town: its core in full, further words as beginnings in order."""
    core, rest = _core(name), tokens(name)[len(_core(name)) :]
    more = query[len(core) :]
    return (
        query[: len(core)] == core
        and len(more) <= len(rest)
        and all(_abbreviates(a, b) for a, b in zip(more, rest, strict=False))
    )


def _abbreviates(short: str, long: str) -> bool:
    """„m" for „main", „odw" for „odenwald", „odenwald" for „odw"."""
    short, long = sorted((short, long), key=len)
    letters = iter(long)
    return short[0] == long[0] and all(letter in letters for letter in short)


def _preferred(found: list[Town], text: str) -> list[Town]:
    """Of a town and a district of one name the town, unless the word „Kreis" was typed."""
    districts = [town for town in found if town.is_district]
    others = [town for town in found if not town.is_district]
    found = (districts or others) if _wants_district(text) else (others or districts)
    exact = [town for town in found if tokens(town.name) == tokens(text)]
    return exact if len(exact) == 1 else found


def _wants_district(text: str) -> bool:
    folded = search.fold(text)
    return "kreis" in folded or folded.startswith(("lk ", "lkr"))


def slips(text: str, towns: tuple[Town, ...]) -> tuple[Town | None, list[Town]]:
    """The one town that was surely meant, if there is one; and those that come close, best first."""
    typed = " ".join(tokens(text))
    scores = sorted(
        (
            (-score, town.level, town.name, town)
            for town in towns
            if town.is_district == _wants_district(text) and (score := _likeness(typed, town.name)) >= CLOSE
        ),
    )
    close = [score[-1] for score in scores]
    if not scores or -scores[0][0] < SURE:
        return None, close
    rivals = [score for score in scores[1:] if -score[0] > -scores[0][0] - LEAD]
    return (None if rivals else close[0]), close


def _likeness(typed: str, name: str) -> float:
    """From 0 to 1; a beginning of three letters or more counts as surely meant."""
    best = 0.0
    for form in {" ".join(_core(name)), " ".join(tokens(name))}:
        if len(typed) >= 3 and form.startswith(typed):
            return SURE
        matcher = difflib.SequenceMatcher(None, typed, form)
        if matcher.real_quick_ratio() >= CLOSE and matcher.quick_ratio() >= CLOSE:
            best = max(best, matcher.ratio())
    return best
