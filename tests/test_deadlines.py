"""Who waits for a database that is silent: until a deadline, and with a connection thrown away at its end.

A whole PostgreSQL that hangs is tried in tests/faults/test_database.py.
"""

import time

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from portal import deadlines
from portal.postgresql import base
from tests.servers import wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def ask(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.fixture(autouse=True)
def _known_to_answer():
    yield
    base._silent.clear()


def test_answer_that_does_not_come_is_given_up_and_its_connection_thrown_away():
    first, begun = ask("SELECT pg_backend_pid()"), time.monotonic()
    with deadlines.within(1.2), pytest.raises(OperationalError) as found, transaction.atomic():
        ask("SELECT 1 FROM pg_sleep(5)")

    # Django asks for another connection to leave the transaction with: that, too, is refused at once.
    assert "the database is silent" in str(found.value.__context__.__context__)
    assert 1.1 < time.monotonic() - begun < 3
    assert ask("SELECT pg_backend_pid()") != first
    assert not base._silent.is_set()


def test_slow_request_is_not_cut_while_the_database_answers():
    connection.ensure_connection()
    with deadlines.within(0.2):
        answers = [ask("SELECT 1 FROM pg_sleep(0.2)") for _late in range(3)]
    assert answers == [1, 1, 1]


def test_server_ends_a_statement_before_the_client_does():
    """So the client's limit is met only by silence; in a request the visitor's page is the limit."""
    assert ask("SHOW statement_timeout") == f"{settings.STATEMENT_TIMEOUT}s"
    assert deadlines.left() > settings.STATEMENT_TIMEOUT
    with deadlines.within(600):
        assert 590 < deadlines.left() < 600
        with deadlines.within(deadlines.ANSWER):
            assert deadlines.left() <= 9


def test_error_that_the_server_reports_leaves_the_connection_alone():
    first = ask("SELECT pg_backend_pid()")
    with deadlines.within(deadlines.ANSWER), pytest.raises(OperationalError, match="statement timeout"):
        ask("SET statement_timeout = '100ms'; SELECT 1 FROM pg_sleep(5)")
    ask("SELECT set_config('statement_timeout', '15s', false)")
    assert ask("SELECT pg_backend_pid()") == first


def test_while_the_database_is_silent_only_a_few_wait_for_it():
    connection.close()
    base._silent.set()
    for _asker in range(base.ASKERS):
        base._askers.acquire()
    try:
        begun = time.monotonic()
        with pytest.raises(OperationalError, match="a moment ago"):
            connection.ensure_connection()
        assert time.monotonic() - begun < 1
    finally:
        base._askers.release(base.ASKERS)
    connection.ensure_connection()
    assert not base._silent.is_set()


@pytest.fixture
def asked(monkeypatch):
    """The connections of a new pool that were asked whether they live; a slow machine makes none of them old."""
    monkeypatch.setattr(base, "FRESH", 60.0)
    connection.close()
    connection.close_pool()
    found, check = [], base.ConnectionPool.check_connection
    monkeypatch.setattr(
        base.ConnectionPool, "check_connection", lambda each: (found.append(each), check(each))
    )
    return found


def test_connection_that_answered_a_moment_ago_is_not_asked_whether_it_lives(asked, monkeypatch):
    for _request in range(3):
        ask("SELECT 1")
        connection.close()
    assert asked == []

    monkeypatch.setattr(base, "FRESH", 0.0)  # as if it were long ago
    ask("SELECT 1")
    assert asked == [connection.connection]


def test_connection_that_the_server_has_just_ended_is_not_given_out(asked):
    ask("SELECT 1")
    connection.close()
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        ended = other.execute(f"SELECT pid FROM pg_stat_activity WHERE {others}").fetchall()
        for (pid,) in ended:
            assert other.execute("SELECT pg_terminate_backend(%s, 2000)", [pid]).fetchone() == (True,)
    assert ended
    assert (ask("SELECT pg_backend_pid()"),) not in ended
    assert asked
    pool, taken = connection.pool, connection.connection
    connection.close()
    assert taken not in asked
    wait_until(lambda: _at_home(pool), what="a pool that has all its connections back")


def _at_home(pool):
    found = pool.get_stats()
    return found["pool_size"] == found["pool_available"] > 0


def test_whatever_ends_the_asking_the_pool_has_its_connection_back(asked, monkeypatch):
    """A task whose time is over, somebody who presses Ctrl+C."""
    connection.ensure_connection()
    pool = connection.pool
    connection.close()
    base._silent.set()
    monkeypatch.setattr(base.ConnectionPool, "check_connection", interrupted)
    with pytest.raises(KeyboardInterrupt):
        connection.ensure_connection()
    wait_until(lambda: _at_home(pool), what="a pool that has all its connections back")


def interrupted(_connection):
    raise KeyboardInterrupt


def test_in_a_request_a_believed_connection_has_not_much_longer_than_an_asked_one(asked, monkeypatch):
    """Else all threads could wait for a silent database until their ends, and who comes then twice as long."""
    monkeypatch.setattr(base, "FIRST", 0.5)
    connection.ensure_connection()
    begun = time.monotonic()
    with deadlines.within(deadlines.ANSWER), pytest.raises(OperationalError, match="silent"):
        ask("SELECT 1 FROM pg_sleep(5)")
    assert 0.4 < time.monotonic() - begun < 3
    assert base._silent.is_set()
    connection.close()  # as at the end of the request

    base._silent.clear()
    with deadlines.within(deadlines.ANSWER):
        assert ask("SELECT 1") == 1
        assert ask("SELECT 1 FROM pg_sleep(1)") == 1  # the next answers have all the time that is left
    connection.close()
    assert ask("SELECT 1 FROM pg_sleep(1)") == 1  # so has a command, which begins as it likes
    assert not asked


def test_while_the_database_is_silent_no_connection_is_believed(asked):
    base._silent.set()
    assert ask("SELECT 1") == 1
    assert (asked, base._silent.is_set()) == ([connection.connection], False)
