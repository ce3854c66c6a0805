"""What is a pure function of a few values is made once per process: addresses, cards, parts of pages.

Profiled (performance.md): half of a public page's time went into texts that come out the same each time. Their
key is everything that they are made of, so what is remembered can never be out of date: a row that changed has
other values. Rejected: fragments in the shared cache keyed by the change time, which miss a renamed topic or
town, cost a question to Redis each, and make every page depend on it.
"""

import threading
import time
from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Any, ClassVar, Generic, TypeVar, TypeVarTuple

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

Values = TypeVarTuple("Values")
R = TypeVar("R")
Kept = TypeVar("Kept")
_worded: list[Callable[[], None]] = []


class Memory:
    """The last `most` pieces of HTML, by what each was made of and the language."""

    every: "ClassVar[list[Memory]]" = []

    def __init__(self, most: int) -> None:
        self.every.append(self)
        self._most = most
        self._kept: dict[Hashable, SafeString] = {}
        self._changing = threading.Lock()

    def get(self, made_of: Hashable, make: Callable[[], SafeString]) -> SafeString:
        """`make()`, or what it returned for an equal `made_of`."""
        key = (made_of, get_language())
        kept = self._kept.get(key)
        if kept is None:
            kept = make()
            with self._changing:
                while len(self._kept) >= self._most:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = kept
        return kept

    def clear(self) -> None:
        with self._changing:
            self._kept.clear()


class Recent(Generic[Kept]):
    """What was found a moment ago, by what was asked: for costly answers that may be `seconds` old."""

    every: "ClassVar[list[Recent[Any]]]" = []

    def __init__(self, seconds: float, most: int) -> None:
        self.every.append(self)
        self._seconds, self._most = seconds, most
        self._kept: dict[Hashable, tuple[float, Kept]] = {}
        self._changing = threading.Lock()

    def get(self, asked: Hashable) -> Kept | None:
        """The answer, or None where there is none that is young enough."""
        found_at, kept = self._kept.get(asked, (0.0, None))
        return kept if kept is not None and time.monotonic() - found_at < self._seconds else None

    def keep(self, asked: Hashable, answer: Kept) -> Kept:
        """The answer is remembered for its time; of too many the oldest goes."""
        with self._changing:
            self._kept.pop(asked, None)
            while len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[asked] = (time.monotonic(), answer)
        return answer

    def clear(self) -> None:
        with self._changing:
            self._kept.clear()


def worded(make: Callable[[*Values], R]) -> Callable[[*Values], R]:
    """Decorator: what `make` says of the same values is said once, in each language."""
    kept = lru_cache(maxsize=2048)(lambda _language, *values: make(*values))  # type: ignore[call-arg]
    _worded.append(kept.cache_clear)

    @wraps(make)
    def inner(*values: *Values) -> R:
        return kept(get_language(), *values)

    return inner


def forget() -> None:
    """Nothing is remembered, as in a process that has just started."""
    address.cache_clear()
    for clear in _worded:
        clear()
    for memory in Memory.every:
        memory.clear()
    for recent in Recent.every:
        recent.clear()


@lru_cache(maxsize=4096)
def address(view: str, *parts: str) -> str:
    """Path of a page. The portal stands at the root of its host (SITE_URL), so it never changes."""
    return reverse(view, args=parts)
