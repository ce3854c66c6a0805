"""The journal beside the database: what a restored backup could not know (`restoring.py` reads it).

A backup is hours old when it is needed. Erasures since then would be undone, and mails since then sent
again. So both are written here as they happen: one line of JSON each, in one file per day and host. A line
is one write to a file opened for appending, which the system never mixes with another. It begins with its line
end, so that one which was cut off (a full disk, a machine that died) spoils no other. Keys of rows and of
mails only, nothing about a person. The folder is to be copied off the machine all the time
(docs/betrieb.md). Each minute a line says that the machine lives, so the last one says until when it did.

Rejected: a table (it would be lost with the database), the database's own log (a laptop has none).
"""

import errno
import json
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models

from portal.models import Mail


def erased(bookings: Iterable[int]) -> None:
    """These bookings are erased at the person's wish; on the disk when this returns, before the commit."""
    _write({"erased": sorted(bookings)}, lasting=True)


def forgotten(row: models.Model) -> None:
    """This row of class K4 ends at the person's wish; on the disk when this returns, before the commit."""
    _write({"forgotten": row._meta.label_lower, "key": row.pk}, lasting=True)


def handed_over(mail: Mail, *, sure: bool) -> None:
    """The mail server took this mail; not `sure`: it may have. Mails of accounts are too short-lived to count."""
    if not mail.secret:
        facts = {"mail": mail.key, "id": mail.pk, "kind": mail.kind, "about": mail.about}
        _write(facts | {"booking": mail.booking_id, "sure": sure})


def alive() -> None:
    """Whatever happened until now stands in the journal."""
    _write({"alive": True})


def _write(facts: dict[str, Any], *, lasting: bool = False) -> None:
    now = datetime.now(UTC)
    line = f"\n{json.dumps({'at': now.isoformat()} | facts)}".encode()
    folder = Path(settings.JOURNAL_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = folder / f"{now:%Y-%m-%d}.{socket.gethostname()}.jsonl"
    file = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.write(file, line) < len(line):  # no error, and no whole line
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(name))
        if lasting:
            os.fsync(file)
    finally:
        os.close(file)


@dataclass
class Journal:
    """What stands in a journal since a moment."""

    until: datetime | None = None  # the last line's time; None: nothing since that moment
    erased: list[int] = field(default_factory=list)
    forgotten: list[tuple[str, int]] = field(default_factory=list)
    mails: dict[str, dict[str, Any]] = field(default_factory=dict)  # key → line, with `at` as a datetime
    unreadable: int = 0  # lines cut off, as the last one of a machine that died


def read(folder: Path, *, since: datetime) -> Journal:
    """The lines of all hosts since this moment. A line that was cut off is counted and left out."""
    found = Journal()
    first = f"{since.astimezone(UTC):%Y-%m-%d}"
    # Not `glob`, for which a folder that may not be read is an empty one.
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    for file in (folder / name for name in names if name.endswith(".jsonl") and name >= first):
        for line in filter(None, file.read_text(errors="replace").splitlines()):
            try:
                entry = json.loads(line)
                at = datetime.fromisoformat(entry["at"])
                if at >= since:
                    _add(found, entry | {"at": at})
            except (ValueError, KeyError, TypeError):
                found.unreadable += 1
    return found


def _add(found: Journal, entry: dict[str, Any]) -> None:
    found.until = max(found.until or entry["at"], entry["at"])
    if "erased" in entry:
        found.erased += entry["erased"]
    elif "forgotten" in entry:
        found.forgotten.append((entry["forgotten"], entry["key"]))
    elif "mail" in entry:
        known = found.mails.get(entry["mail"])
        if not known or entry["sure"]:
            found.mails[entry["mail"]] = entry
