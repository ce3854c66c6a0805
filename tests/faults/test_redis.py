"""Redis only says that there is something to do: whatever happens to it, no sign-up and no mail is lost."""

import pytest
import redis

from tests.faults.site import pages, story, together

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
PEOPLE = 5
EVERY_MINUTE = 110  # seconds until beat has surely swept, on a slow machine
PATIENCE = 8  # seconds for a page while each question to Redis costs one


def stopped(server):
    server.stop()
    return server.start


def hanging(server):
    server.freeze()
    return server.thaw


def flushed(server):
    server.forget()
    return lambda: None


def full(server):
    def limit(size):
        with redis.Redis(port=server.port) as client:
            client.config_set("maxmemory", size)

    limit("1kb")
    return lambda: limit("0")


FAULTS = {
    "Redis angehalten": ("angehalten", stopped),
    "Redis hängt": ("haengt", hanging),
    "Redis geleert": ("leer", flushed),
    "Redis voll": ("redisvoll", full),
}


def test_redis_gone_in_four_ways_loses_no_sign_up_and_no_mail(site, proof):
    """One after the other, then one wait for the sweep that delivers what nobody was told of."""
    notes, earlier = {}, len(site.portal.errors())
    for case, (prefix, fault) in FAULTS.items():
        crowd, before = site.visitors(prefix, PEOPLE), site.books(prefix)
        site.portal.stop()
        site.portal.start()  # one that nudged in vain a moment ago would not even try
        site.worker.freeze()  # what was queued in Redis is lost with it
        heal = fault(site.redis)
        answers = together(*[visitor.sign_up for visitor in crowd])
        if case == "Redis geleert":
            fault(site.redis)
        heal()
        site.worker.thaw()
        notes[case] = (before, answers)
    for prefix, _fault in FAULTS.values():
        site.all_left(prefix, seconds=EVERY_MINUTE)

    after = {case: site.books(prefix) for case, (prefix, _fault) in FAULTS.items()}
    for case, (before, answers) in notes.items():
        proof(
            "faults", case,
            tried=f"{PEOPLE} melden sich an, während Redis fehlt; worker steht so lange",
            expected="jede Seite in 8 s, jede Zeile einmal, jede Mail einmal, spätestens mit dem Takt",
            seen=story(before, after[case], answers, f"langsamste Seite {max(a.seconds for a in answers):.1f} s"),
        )  # fmt: skip
    assert site.portal.errors()[earlier:] == []
    for case, (_before, answers) in notes.items():
        assert (case, pages(answers)) == (case, f"{PEOPLE} × „Noch nicht fest“")
        assert max(answer.seconds for answer in answers) < PATIENCE
        books = after[case]
        assert (books.forms, books.mails, books.arrived, books.doubled, books.half) == (PEOPLE,) * 3 + (0, 0)
