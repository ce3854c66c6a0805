"""The words of texts and queries (architecture.md „Search and places")."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal import search

WORDS = ["Dorfläden", "Gärten", "Bücherei", "Feuerwehren", "Nachbarschaftshilfe", "Pflanzaktionen", "Vereine"]


def test_umlauts_and_endings_make_no_difference():
    assert search.normalise("Dorfläden") == search.normalise("dorflaeden") == "dorflad"


@pytest.mark.slow
def test_threads_of_a_web_process_stem_at_the_same_time():
    """The stemmer holds the word in itself; without a lock two threads mix theirs."""
    texts = [f"{word}{number}" for number in range(300) for word in WORDS]
    alone = {text: search.words(text) for text in texts}
    search._stem.cache_clear()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda n: {t: search.words(t) for t in texts[n:] + texts[:n]}, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert together == [alone] * 8
