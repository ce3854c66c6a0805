"""What has to be there before the first answer: tables, first data, static files. Each only if needed."""

import fcntl
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connections

from portal import health


def prepare() -> bool:
    """Database migrated, first data loaded, static files collected. Safe when started twice at once.

    True if much had to be done: then this process has grown to twice what serving takes.
    """
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with _alone():
        if much := health.unapplied_migrations():
            print("Datenbank wird eingerichtet …", flush=True)  # noqa: T201
            call_command("migrate", interactive=False, verbosity=0)
        call_command("first_data")
        much |= _collect_static()
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()  # a pool's threads do not survive the fork that follows
    sys.stdout.flush()  # else the fork prints what is still in the buffer once more
    return much


@contextmanager
def _alone() -> Iterator[None]:
    """One preparation at a time per VAR_DIR; the lock ends with the process, however it ends."""
    with (settings.VAR_DIR / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _collect_static() -> bool:
    """Collect, hash and compress the static files; False if that was done for exactly these."""
    stamp = settings.STATIC_ROOT.with_suffix(".stamp")
    wanted = _static_fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    print("Gestaltung wird vorbereitet …", flush=True)  # noqa: T201
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(wanted)
    return True


def _static_fingerprint() -> str:
    """Name, size and time of every source file; and of what packs them, its version."""
    lines = [f"{name} {version(name)}" for name in ("django", "whitenoise", "brotli")]
    for finder in get_finders():
        for path, storage in finder.list(None):
            size, modified = storage.size(path), storage.get_modified_time(path).timestamp()
            lines.append(f"{getattr(storage, 'prefix', '')}/{path} {size} {modified}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
