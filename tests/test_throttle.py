"""Limits per client: who a client is, and how it is counted; on a server in a real Redis.

Forged headers: tests/attacks/test_requests.py.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import RequestFactory
from redis.exceptions import RedisError

from portal import throttle

SECONDS = 60


@pytest.fixture(autouse=True)
def _nothing_counted():
    cache.clear()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:0:7::1", "2001:db8:0:7:ffff::2", True),
        ("2001:db8:0:7::1", "2001:db8:0:8::1", False),
        ("2001:db8:0:6:ffff::", "2001:db8:0:7::", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        ("unix:", "unix:", True),
    ],
)
def test_who_shares_a_limit(one, other, same):
    over = [
        throttle.over(RequestFactory(REMOTE_ADDR=address).post("/"), "test", limit=1, seconds=SECONDS)
        for address in (one, other)
    ]
    assert over == [False, same]


def test_a_login_is_counted_for_whom_it_is_about():
    over = [throttle.over_for(whom, "test", limit=2, seconds=SECONDS) for whom in ("a", "a", "b", "a")]
    assert over == [False, False, False, True]


def test_looking_is_not_limited_and_counts_for_nothing():
    view = throttle.limited("test", limit=1, seconds=SECONDS)(lambda _request: HttpResponse("da"))
    ask = RequestFactory()
    statuses = [
        view(request).status_code for request in [ask.get("/"), ask.get("/"), ask.post("/"), ask.get("/")]
    ]
    assert statuses == [200] * 4
    refused = view(ask.post("/"))
    assert (refused.status_code, refused["Retry-After"]) == (429, str(SECONDS))


@pytest.mark.parametrize("error", [OSError, RedisError])
def test_limits_that_cannot_be_counted_keep_nobody_out(error, monkeypatch, caplog):
    """But a login waits for them."""

    def broken(*_arguments):
        raise error

    monkeypatch.setattr(throttle, "_counted", broken)
    assert throttle.over(RequestFactory().post("/"), "test", limit=0, seconds=SECONDS) is False
    assert "limits not counted" in caplog.text
    with pytest.raises(error):
        throttle.over_for("a", "test", limit=1, seconds=SECONDS)


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
