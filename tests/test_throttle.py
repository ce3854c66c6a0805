"""Limits per client, where they are counted: in a real Redis."""

import pytest
from django.core.cache import cache
from django.test import RequestFactory

from portal import throttle

SECONDS = 60


@pytest.mark.postgres
def test_a_count_that_expires_while_it_is_asked_for_has_an_end(proof):
    """Django asks whether it is there, then counts: in between it may go, and Redis begins one that never ends."""
    request = RequestFactory().post("/")
    assert not throttle.over(request, "test", limit=1, seconds=SECONDS)
    redis = cache._cache.get_client()
    (key,) = redis.keys("*limit:test:*")
    redis.set(key, 0)  # what counting adds one to when nothing is there
    before = redis.ttl(key)
    first = throttle.over(request, "test", limit=1, seconds=SECONDS)
    end = redis.ttl(key)
    proof(
        "attacks", "Zähler ohne Ende", tried="Schlüssel in Redis verfällt, während gezählt wird",
        expected="verfällt wieder, niemand bleibt gesperrt", seen=f"Ende nach {end} s",
    )  # fmt: skip
    assert (before, first, throttle.over(request, "test", limit=1, seconds=SECONDS)) == (-1, False, True)
    assert 0 < end <= SECONDS
