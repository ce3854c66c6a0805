"""The database in one file and back: SQLite by its own online backup, PostgreSQL by pg_dump and pg_restore.

Both take a snapshot while the portal goes on working, and the rows are counted in that same snapshot.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from portal.refused import Refused

OPTIONS = ["--no-owner", "--no-privileges", "--no-comments"]
GONE_WITHIN = 5  # seconds
_OTHERS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND backend_type = 'client backend' AND usename = current_user AND pid <> pg_backend_pid()
"""
Counts = dict[str, int]


def size() -> int:
    """Bytes that the database takes now."""
    if connection.vendor == "sqlite":
        path = Path(connection.settings_dict["NAME"])
        return path.stat().st_size if path.exists() else 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


@contextmanager
def dump(folder: Path) -> Iterator[tuple[IO[bytes], Counts]]:
    """The database as a stream, and its rows per table; `folder` takes a copy as long as it is read."""
    with _dump_sqlite(folder) if connection.vendor == "sqlite" else _dump_postgresql() as found:
        yield found


@contextmanager
def _dump_sqlite(folder: Path) -> Iterator[tuple[IO[bytes], Counts]]:
    source = Path(connection.settings_dict["NAME"])
    if not source.exists():
        raise Refused(_("Es gibt noch keine Datenbank, die zu sichern wäre."))
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".database.") as copy:
        with (
            closing(sqlite3.connect(source, timeout=30)) as live,
            closing(sqlite3.connect(copy.name)) as ours,
        ):
            live.backup(ours)
            ours.execute("PRAGMA journal_mode=DELETE")
            names = [row[0] for row in ours.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            counts = {
                name: ours.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
                for name in sorted(names)
                if not name.startswith("sqlite_")
            }
        with Path(copy.name).open("rb") as content:
            yield content, counts


@contextmanager
def _dump_postgresql() -> Iterator[tuple[IO[bytes], Counts]]:
    program = _program("pg_dump")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        command = [program, "--format=custom", *OPTIONS, f"--snapshot={cursor.fetchone()[0]}"]
        with _running(command) as (_input, output):
            yield output, _count(cursor)


def _count(cursor: Any) -> Counts:
    counts = {}
    for name in sorted(connection.introspection.table_names(cursor)):
        cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608
        counts[name] = int(cursor.fetchone()[0])
    return counts


def count() -> Counts:
    """Rows per table, now."""
    with connection.cursor() as cursor:
        return _count(cursor)


def is_empty() -> bool:
    """Whether there is no table yet."""
    return not connection.introspection.table_names()


def load_postgresql(content: IO[bytes]) -> None:
    """The (empty) database is what the dump says, or as it was; Refused with the reason if it cannot be."""
    database = str(connection.settings_dict["NAME"])
    command = [
        _program("pg_restore"), "--single-transaction", "--exit-on-error", *OPTIONS, f"--dbname={database}",
    ]  # fmt: skip
    # A broken pipe: it has ended, and says itself why.
    with _running(command) as (target, _output), suppress(BrokenPipeError), target:
        shutil.copyfileobj(content, target)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # else PostgreSQL plans for empty tables, until it looks by itself


def drop_postgresql() -> None:
    """No table is left."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'DROP TABLE IF EXISTS "{name}" CASCADE')


def refuse_while_used() -> None:
    """Raises Refused while another process has the database open: it would send mails of what is restored."""
    connection.close()  # ours do not count
    if connection.vendor == "sqlite":
        _refuse_used_sqlite(Path(connection.settings_dict["NAME"]))
        return
    connection.close_pool()  # type: ignore[attr-defined]
    if others := _others():
        raise Refused(
            _(
                "Die Datenbank wird noch benutzt (%s Verbindungen). "
                "Bitte zuerst web, worker und beat anhalten."
            )
            % others
        )


def _others() -> int:
    """Connections of other processes; those that have just ended have `GONE_WITHIN` for the server to notice."""
    parameters, end = connection.get_connection_params(), time.monotonic() + GONE_WITHIN
    with closing(connection.Database.connect(**parameters, autocommit=True)) as alone:  # type: ignore[attr-defined]
        while (others := alone.execute(_OTHERS).fetchone()[0]) and time.monotonic() < end:
            time.sleep(0.2)
    return int(others)


def _refuse_used_sqlite(path: Path) -> None:
    """Leaving the mode with a log of its own works only for the one that is alone."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=0)) as alone:
        try:
            alone.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError:
            raise Refused(_("Die Datenbank wird noch benutzt. Bitte zuerst das Portal beenden.")) from None


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise Refused(
            _(
                "Das Programm %s fehlt. Unter Debian: apt install postgresql-client (nicht älter als der Server)"
            )
            % name
        )
    return found


@contextmanager
def _running(command: list[str]) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A program of PostgreSQL on our database; the password stands in its environment, where `ps` shows none."""
    with tempfile.TemporaryFile() as said:
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=_environment(), stdin=pipe, stdout=pipe, stderr=said)  # noqa: S603
        assert process.stdin  # noqa: S101
        assert process.stdout  # noqa: S101
        try:
            yield process.stdin, process.stdout
            if process.wait() != 0:
                said.seek(0)
                why = said.read().decode(errors="replace").strip()[-600:]
                raise Refused(f"{Path(command[0]).name}: {why}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _environment() -> dict[str, str]:
    known = connection.settings_dict
    pairs = {"DATABASE": known["NAME"], "HOST": known["HOST"], "PORT": known["PORT"], "USER": known["USER"]}
    pairs |= {"PASSWORD": known["PASSWORD"]}
    for name, value in known["OPTIONS"].items():
        if name.startswith("ssl"):
            pairs[name.upper()] = value
    return dict(os.environ) | {f"PG{name}": str(value) for name, value in pairs.items() if value}
