"""The journal: what it says, that it says it once it is true, and that it names nobody."""

import contextlib
import json
import resource
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings

from portal import delivery, journal, outbox, privacy
from portal.models import Mail
from tests import make
from tests.make import NOW

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LETTER = {"subject": "Platz sicher: Kleopatra", "text": "Guten Tag Kleopatra", "html": ""}


def lines():
    """What stands in all files, without the times."""
    found = []
    for file in sorted(Path(settings.JOURNAL_DIR).glob("*")):
        found += [json.loads(line) for line in file.read_text().splitlines() if line]
    return [{name: value for name, value in line.items() if name != "at"} for line in found]


def queue(to, **fields):
    outbox.queue(key=f"to-{to}", kind="confirmed", to=to, letter=LETTER, now=NOW, **fields)
    return Mail.objects.get(key=f"to-{to}")


@pytest.mark.django_db(transaction=True)
def test_mails_that_left_stand_there_and_no_others(smtp):
    booking = make.booking()
    sent = queue("kim@example.org", booking=booking)
    queue("konto@example.org", secret=True)
    queue("unbekannt@example.org")
    lost = queue("vielleicht@example.org")
    smtp.plan("rcpt", "550 5.1.1 unbekannt", to="unbekannt@example.org")
    smtp.plan("data", "close", to="vielleicht@example.org")

    delivery.deliver(now=NOW)

    common = {"kind": "confirmed"}
    assert lines() == [
        common
        | {"mail": "to-kim@example.org", "id": sent.pk, "about": booking.label, "booking": booking.pk, "sure": True},
        common
        | {"mail": "to-vielleicht@example.org", "id": lost.pk, "about": "", "booking": None, "sure": False},
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_wishes_to_be_erased_stand_there_or_are_not_fulfilled(settings, tmp_path):
    booking, watch = make.booking(name="Kleopatra"), make.watch()
    folder, settings.JOURNAL_DIR = settings.JOURNAL_DIR, tmp_path / "file"
    settings.JOURNAL_DIR.touch()
    for wish in (partial(privacy.erase, booking), partial(privacy.forget, watch)):
        with pytest.raises(OSError, match="file"):
            wish(now=NOW)
    booking.refresh_from_db()
    watch.refresh_from_db()
    assert (booking.name, booking.erased_at, watch.ended_at) == ("Kleopatra", None, None)

    settings.JOURNAL_DIR = folder
    privacy.erase(booking, now=NOW)
    privacy.forget(watch, now=NOW)
    privacy.forget(watch, now=NOW)

    assert lines() == [{"erased": [booking.pk]}, {"forgotten": "volunteers.watch", "key": watch.pk}]
    (file,) = Path(settings.JOURNAL_DIR).iterdir()
    assert [word for word in ("Kleopatra", "kim", "35423") if word in file.read_text()] == []
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.django_db(transaction=True)
@pytest.mark.logs_errors
def test_mails_leave_also_when_the_journal_cannot_be_written(smtp, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.JOURNAL_DIR = tmp_path / "file"
    queue("kim@example.org")
    queue("kaya@example.org")

    assert delivery.deliver(now=NOW) == {"sent": 2}


def test_threads_do_not_mix_their_lines():
    def write():
        for _n in range(200):
            journal.erased(range(100))

    threads = [threading.Thread(target=write) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lines() == [{"erased": list(range(100))}] * 800


@contextlib.contextmanager
def last_block(file, size):
    """A disk on which this file has room for so many bytes more, and only here: pytest may write into a file, too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_line_that_fits_only_in_part_is_an_error_and_spoils_no_other():
    """A full disk takes what still fits into its last block, and says so only by a smaller number."""
    journal.erased([1])
    (file,) = Path(settings.JOURNAL_DIR).iterdir()
    with last_block(file, 20), pytest.raises(OSError, match="No space left"):
        journal.erased([2])
    with last_block(file, 1000):
        journal.erased([3])

    found = journal.read(Path(settings.JOURNAL_DIR), since=LONG_AGO)

    assert (found.erased, found.unreadable) == ([1, 3], 1)


def test_reading_takes_all_hosts_since_a_moment_and_leaves_out_what_was_cut_off(tmp_path):
    def said(second, **facts):
        return json.dumps({"at": f"2026-06-10T10:00:{second:02}+00:00"} | facts) + "\n"

    mail = {"mail": "k", "id": 1, "kind": "confirmed", "about": "", "booking": None}
    first = said(1, erased=[1]) + said(5, erased=[2, 3]) + said(7, **mail, sure=True) + '{"at": "2026-06-1'
    (tmp_path / "2026-06-10.web.jsonl").write_text(first)
    other = said(6, forgotten="volunteers.watch", key=4) + said(8, **mail, sure=False) + said(9, alive=True)
    (tmp_path / "2026-06-10.worker.jsonl").write_text(other)

    found = journal.read(tmp_path, since=datetime(2026, 6, 10, 10, 0, 5, tzinfo=UTC))

    at = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)
    assert found == journal.Journal(
        until=at + timedelta(seconds=9),
        erased=[2, 3],
        forgotten=[("volunteers.watch", 4)],
        mails={"k": mail | {"sure": True, "at": at + timedelta(seconds=7)}},
        unreadable=1,
    )
    assert journal.read(tmp_path / "nothing", since=LONG_AGO) == journal.Journal()


def test_folder_that_may_not_be_read_is_no_empty_one(tmp_path, monkeypatch):
    """Or wishes to be erased would be forgotten; tests run as root, who may read everything."""
    monkeypatch.setattr("os.scandir", lambda *_: (_ for _ in ()).throw(PermissionError(13, "denied")))
    monkeypatch.setattr("os.listdir", lambda *_: (_ for _ in ()).throw(PermissionError(13, "denied")))
    with pytest.raises(PermissionError):
        journal.read(tmp_path, since=LONG_AGO)
