"""PostgreSQL that hangs keeps nobody waiting: what psycopg, its pool and Django leave without an end.

`lock_timeout` and `statement_timeout` are the server's; one that is stopped, or whose machine lost its net, keeps
neither. So each answer is waited for as long as `deadlines.left()` says and no longer; then the connection is thrown
away, for what became of its last statement is not known. While the database is silent, only a few wait for it:
else they would hold every thread, and who came after them would wait for theirs.
"""

import threading
from typing import Any, Self

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus

from portal import deadlines

ASKERS = 2  # threads of a process that may wait for a silent database
TURN = 0.25  # seconds that the others wait for one of these to find it well again

_silent = threading.Event()
_askers = threading.BoundedSemaphore(ASKERS)


class Connection(psycopg.Connection[Any]):
    """Waits for an answer until its deadline; a connection that did not answer is closed."""

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        try:
            return super().connect(conninfo, **kwargs)
        except psycopg.OperationalError:
            _silent.set()
            raise

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, deadlines.left() if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if timeout is not None or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # the server did answer
            self.close()
            _silent.set()
            raise psycopg.OperationalError("the database is silent") from error


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with such connections in its pool."""

    def __init__(self, settings_dict: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(settings_dict, *args, **kwargs)
        if pool := settings_dict["OPTIONS"].get("pool"):
            pool["connection_class"] = Connection

    def get_new_connection(self, conn_params: Any) -> Any:
        if not _silent.is_set():
            return self._ask(conn_params)
        if deadlines.left() < settings.LOCK_TIMEOUT:  # the pool would wait as long
            raise psycopg.OperationalError("no time is left for another connection")
        if not _askers.acquire(timeout=TURN):
            raise psycopg.OperationalError("the database was silent a moment ago")
        try:
            connection = self._ask(conn_params)
        finally:
            _askers.release()
        _silent.clear()
        return connection

    def _ask(self, conn_params: Any) -> Any:
        """The pool asks each connection whether it lives: an empty query, which a database answers at once."""
        with deadlines.within(settings.LOCK_TIMEOUT):
            return super().get_new_connection(conn_params)
