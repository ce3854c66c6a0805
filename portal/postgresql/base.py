"""PostgreSQL that hangs keeps nobody waiting: what psycopg, its pool and Django leave without an end.

`lock_timeout` and `statement_timeout` are the server's; one that is stopped, or whose machine lost its net, keeps
neither. So each answer is waited for as long as `deadlines.left()` says and no longer; then the connection is thrown
away, for what became of its last statement is not known. While the database is silent, only a few wait for it:
else they would hold every thread, and who came after them would wait for theirs.

Whoever takes a connection from the pool wants one that lives. psycopg asks the database each time; we believe a
connection that answered a moment ago and has not been hung up on, which in a rush are all: six of the 38 questions
that a registration asked the database were these (counted).
"""

import select
import threading
import time
from typing import Any, Self

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from portal import deadlines

FRESH = 1.0  # seconds in which an answer is proof of life
FIRST = settings.LOCK_TIMEOUT + 0.5  # seconds for the first answer of one that is only believed to live
ASKERS = 2  # threads of a process that may wait for a silent database
TURN = 0.25  # seconds that the others wait for one of these to find it well again

_silent = threading.Event()
_askers = threading.BoundedSemaphore(ASKERS)


class Connection(psycopg.Connection[Any]):
    """Waits for an answer until its deadline; a connection that did not answer is closed."""

    _answered_at = 0.0
    believed = False  # to live, since it was taken from the pool; nobody has asked

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        try:
            connected = super().connect(conninfo, **kwargs)
        except psycopg.OperationalError:
            _silent.set()
            raise
        connected._answered_at = time.monotonic()
        return connected

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            answer = super().wait(gen, interval, self._left() if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if timeout is not None or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # the server did answer
            self.close()
            _silent.set()
            raise psycopg.OperationalError("the database is silent") from error
        self._answered_at, self.believed = time.monotonic(), False
        return answer

    def _left(self) -> float:
        """As long as an asked one has for its check and its lock; commands may begin with what takes long."""
        left = deadlines.left()
        return min(left, FIRST) if self.believed and left <= deadlines.ANSWER else left

    def set_autocommit(self, value: bool) -> None:
        """As Django does with each that it takes; asks nobody, so nobody has answered."""
        before = self._answered_at, self.believed
        super().set_autocommit(value)
        self._answered_at, self.believed = before

    def lives(self) -> bool:
        """It answered a moment ago, and its server has said nothing since, which would be a farewell. Asks nobody."""
        if self.closed or time.monotonic() - self._answered_at > FRESH:
            return False
        heard = select.poll()
        heard.register(self.fileno(), select.POLLIN)
        return not heard.poll(0)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with such connections in its pool."""

    pool: Any

    def __init__(self, settings_dict: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(settings_dict, *args, **kwargs)
        if pool := settings_dict["OPTIONS"].get("pool"):
            pool["connection_class"] = Connection

    def get_new_connection(self, conn_params: Any) -> Any:
        if not _silent.is_set():
            return self._take(conn_params, believing=True)
        if deadlines.left() < settings.LOCK_TIMEOUT:  # the pool would wait as long
            raise psycopg.OperationalError("no time is left for another connection")
        if not _askers.acquire(timeout=TURN):
            raise psycopg.OperationalError("the database was silent a moment ago")
        try:
            connection = self._take(conn_params, believing=False)
        finally:
            _askers.release()
        _silent.clear()
        return connection

    def _take(self, conn_params: Any, *, believing: bool) -> Any:
        """A connection of the pool that lives: believed, or asked with an empty query, which is answered at once."""
        end = time.monotonic() + settings.LOCK_TIMEOUT - 1  # the pool itself may wait as long once more
        with deadlines.within(settings.LOCK_TIMEOUT):
            while True:
                connection = super().get_new_connection(conn_params)
                if not self.pool:
                    return connection
                try:
                    connection.believed = believing and connection.lives()
                    if not connection.believed:
                        ConnectionPool.check_connection(connection)
                    return connection
                except BaseException as error:  # whatever it is, the pool gets back what is its own
                    connection.close()
                    self.pool.putconn(connection)
                    if not isinstance(error, psycopg.Error) or time.monotonic() > end:
                        raise
