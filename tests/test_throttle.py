"""Limits per client, where they are counted: in a real Redis."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.test import RequestFactory

from portal import throttle

SECONDS = 60


@pytest.mark.postgres
def test_a_count_goes_up_and_keeps_the_end_that_it_began_with():
    request = RequestFactory().post("/")
    over = [throttle.over(request, "test", limit=2, seconds=SECONDS - number) for number in range(4)]
    redis = cache._cache.get_client()
    (key,) = redis.keys("*limit:test:*")
    assert over == [False, False, True, True]
    assert SECONDS - 3 < redis.ttl(key) <= SECONDS


@pytest.mark.postgres
def test_a_redis_that_was_started_anew_counts_on():
    """It has forgotten the script that counts."""
    request = RequestFactory().post("/")
    first = throttle.over(request, "test", limit=1, seconds=SECONDS)
    cache._cache.get_client().script_flush()
    assert (first, throttle.over(request, "test", limit=1, seconds=SECONDS)) == (False, True)


@pytest.mark.postgres
def test_a_count_that_expires_while_it_is_asked_for_has_an_end(proof):
    """Many count one client over the end of its window: each count that begins then has an end of its own."""
    request = RequestFactory().post("/")
    redis, until, ends = cache._cache.get_client(), time.monotonic() + 2.5, []

    def ask(_number):
        while time.monotonic() < until:
            throttle.over(request, "test", limit=1, seconds=1)
            (key,) = redis.keys("*limit:test:*") or [None]
            if key:
                ends.append(redis.pttl(key))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    endless = ends.count(-1)  # -2: gone meanwhile
    proof(
        "attacks", "Zähler ohne Ende", tried="Schlüssel in Redis verfällt, während gezählt wird",
        expected="verfällt wieder, niemand bleibt gesperrt", seen=f"{len(ends)}-mal nachgesehen, {endless} ohne Ende",
    )  # fmt: skip
    assert len(ends) > 100
    assert not endless
