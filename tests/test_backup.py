"""Backup and restore: what is refused, and a machine that is lost and made again from nothing but its archive."""

import json
import os
import re
import shutil
import sys
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from portal import archive, backup, dumps, restoring
from portal.models import Heartbeat
from portal.refused import Refused
from tests import make, servers
from tests.conftest import POSTGRES
from tests.mailserver import MailServer
from tests.servers import free_port, wait_until

NOW = timezone.now().replace(microsecond=0)


# --- what is refused --------------------------------------------------------------------------------
@pytest.fixture
def taken(transactional_db, tmp_path, settings):
    """A backup of a database with one booking, and of one picture."""
    settings.VAR_DIR = tmp_path
    picture = Path(settings.MEDIA_ROOT) / "bilder" / "a.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"\xff\xd8 picture")
    make.booking()
    return backup.backup(tmp_path / "backups", now=NOW)


def refusal(path, **options):
    with pytest.raises(CommandError) as refused:
        call_command("restore", str(path), **options)
    return str(refused.value)


def rewritten(path, **changes):
    """The archive with another manifest."""
    other = path.with_name("other.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                content = json.dumps(json.loads(content) | changes)
            new.writestr(name, content)
    return other


def test_archive_is_whole_private_and_says_what_is_in_it(taken):
    assert [path.name for path in taken.path.parent.iterdir()] == [taken.path.name]
    assert (taken.path.name, taken.path.stat().st_mode & 0o777) == (f"portal-{NOW:%Y%m%dT%H%M%SZ}.zip", 0o600)
    with archive.opened(taken.path) as (_file, manifest):
        assert manifest == taken.manifest
    assert sorted(manifest.sums) == ["database", "media/bilder/a.jpg"]
    assert (manifest.rows["portal_booking"], manifest.rows["portal_mail"]) == (1, 0)
    assert (manifest.moment, manifest.vendor) == (NOW, connection.vendor)
    assert Heartbeat.objects.get(name="backup").at == NOW


def test_restore_refuses_what_is_damaged_or_foreign(taken, tmp_path):
    content = taken.path.read_bytes()
    cut, flipped, foreign = (tmp_path / name for name in ("cut.zip", "flipped.zip", "foreign.zip"))
    cut.write_bytes(content[: len(content) // 2])
    with zipfile.ZipFile(foreign, "w") as file:
        file.writestr("photo.jpg", b"x")
    at = content.index(b"\xff\xd8 picture")
    flipped.write_bytes(content[:at] + b"\xff\xd9" + content[at + 2 :])
    other_sums = taken.manifest.sums | {"database": "0" * 64}

    assert refusal(tmp_path / "nothing.zip") == f"Diese Datei gibt es nicht: {tmp_path / 'nothing.zip'}"
    assert refusal(cut).startswith("Das Archiv ist beschädigt oder unvollständig")
    assert refusal(flipped).startswith("Das Archiv ist beschädigt oder unvollständig")
    assert refusal(foreign) == "Das ist keine Sicherung dieses Portals."
    assert refusal(rewritten(taken.path, kind="other")) == "Das ist keine Sicherung dieses Portals."
    damaged = "Das Archiv ist beschädigt: die Prüfsumme von database stimmt nicht."
    assert refusal(rewritten(taken.path, sums=other_sums)) == damaged


def test_restore_refuses_what_does_not_fit_here(taken, tmp_path, monkeypatch, settings):
    newer = [*taken.manifest.migrations, "portal.0999_later"]
    other = "postgresql" if connection.vendor == "sqlite" else "sqlite"

    assert "neueres Format (2)" in refusal(rewritten(taken.path, format=2))
    assert "hier fehlt portal.0999_later" in refusal(rewritten(taken.path, migrations=newer))
    assert f"Die Sicherung ist von {other}" in refusal(rewritten(taken.path, vendor=other))
    assert refusal(taken.path).startswith("Hier sind schon Daten. Mit --replace")
    with pytest.raises(Refused, match="Hier sind schon Daten"):
        restoring._refuse_unfit(taken.manifest, replace=False)
    (Path(settings.MEDIA_ROOT) / "bilder" / "a.jpg").unlink()
    (Path(settings.MEDIA_ROOT) / "public").mkdir(exist_ok=True)  # as the image makes it
    monkeypatch.setattr(dumps, "is_empty", lambda: True)
    restoring._refuse_unfit(taken.manifest, replace=False)
    missing = refusal(taken.path, replace=True, journal=tmp_path / "no")
    assert missing == f"Diesen Ordner gibt es nicht: {tmp_path / 'no'}"


def test_names_that_lead_out_of_the_folder_are_refused(tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("media/../../evil", b"x")
    manifest = archive.Manifest("", "", "", [], {}, "", sums={"media/../../evil": ""})
    with zipfile.ZipFile(path) as file, pytest.raises(Refused, match="unzulässigen Namen"):
        archive.unpack_media(file, manifest, tmp_path / "a" / "media")
    assert not (tmp_path / "evil").exists()


def test_too_little_space_is_said_before_anything_is_written(tmp_path):
    with pytest.raises(Refused, match=r"Zu wenig Platz in .*: gebraucht werden 1000000001 MB"):
        archive.refuse_without_space(tmp_path, 10**15)


def test_what_went_wrong_leaves_nothing_behind(transactional_db, tmp_path, monkeypatch):
    folder = tmp_path / "backups"
    monkeypatch.setattr(
        archive.Writer, "close", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(CommandError, match="Nicht gesichert: No space left"):
        call_command("backup", str(folder))
    assert list(folder.iterdir()) == []
    assert not Heartbeat.objects.filter(name="backup").exists()


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_missing_pg_dump_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="Das Programm pg_dump fehlt"):
        call_command("backup", str(tmp_path / "backups"))
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.slow
def test_only_the_youngest_are_kept(transactional_db, tmp_path):
    (tmp_path / "other.zip").touch()
    for day in range(3):
        done = backup.backup(tmp_path, now=NOW + timedelta(days=day), keep=2)
    assert [path.name for path in done.removed] == [f"portal-{NOW:%Y%m%dT%H%M%SZ}.zip"]
    assert len(list(tmp_path.glob("portal-*.zip"))) == 2
    assert (tmp_path / "other.zip").exists()
    with pytest.raises(CommandError, match="ab 1"):
        call_command("backup", str(tmp_path), keep=0)


def test_what_a_killed_backup_left_goes_with_the_next_one(transactional_db, tmp_path):
    names = [f".portal-20260101T00000{n}Z.zip.part" for n in range(2)] + [".database.a", ".database.b"]
    for name in names:
        (tmp_path / name).touch()
    for name in names[::2]:
        os.utime(tmp_path / name, ((NOW - timedelta(days=2)).timestamp(),) * 2)

    backup.backup(tmp_path, now=NOW)

    assert {path.name for path in tmp_path.glob(".*")} == set(names[1::2])


# --- a machine is lost ------------------------------------------------------------------------------
CANARY = "Zwitscherkanarie"
FIRST_LIFE = """
import json
from datetime import timedelta
from django.contrib.sessions.models import Session
from django.utils import timezone
from portal import delivery, outbox, signups
from portal.models import Mail
from tests import make
now = timezone.now()
slot = make.shift(starts=now + timedelta(days=9), capacity=2)
def signup(name):
    booking = signups.register(slots=[slot], name=name, email=f"{name.lower()}@example.org", phone="0171 " + name,
                               age_confirmed=True, now=timezone.now())
    booking.refresh_from_db()
    signups.confirm(booking, signups=signups.signups_of(booking), now=timezone.now())
    return booking.pk
people = {name: signup(name) for name in ("Anna", "Zwitscherkanarie", "Carla", "Dora", "Emil")}
watch = make.watch("zwitscherkanarie@example.org", organisation=slot.organisation)
letter = {"subject": "Spaeter: Bachputz", "text": "Guten Tag", "html": ""}
outbox.queue(key="later", kind="confirmed", to="spaeter@example.org", letter=letter, now=now)
Mail.objects.filter(key="later").update(next_try_at=now + timedelta(hours=3))
Session.objects.create(session_key="s", session_data="s", expire_date=now + timedelta(days=1))
delivery.deliver()
print(json.dumps({"people": people, "watch": watch.pk, "slot": slot.pk}))
"""
AFTER_THE_BACKUP = """
import json
from django.utils import timezone
from portal import delivery, links, privacy, signups
from portal.models import Booking, Mail
from volunteers.models import Shift, Watch
known = json.loads({known!r})
slot = Shift.objects.get(pk=known["slot"])
lost = signups.register(slots=[slot], name="Fritz", email="fritz@example.org", phone="", age_confirmed=True,
                        now=timezone.now())
privacy.erase(Booking.objects.get(pk=known["people"]["Zwitscherkanarie"]), now=timezone.now())
privacy.forget(Watch.objects.get(pk=known["watch"]), now=timezone.now())
Mail.objects.filter(key="later").update(next_try_at=timezone.now())
delivery.deliver()
print(json.dumps({{"lost": lost.pk, "link": links.url("booking:manage", links.MANAGE, lost)}}))
"""
QUEUE = """
import json
from volunteers.models import ShiftSignup
print(json.dumps(list(ShiftSignup.objects.order_by("pk").values_list("booking", "place", "status", "seats"))))
"""
SECOND_LIFE = """
import json
from django.contrib.sessions.models import Session
from portal import celery, delivery
from portal.models import Booking, Mail
from tests import make
from django.apps import apps
celery.app.loader.import_default_modules()
for _ in range(2):
    for name in celery.PERIODIC:
        celery.app.tasks[name]()
new = make.booking("neu@example.org", "Neu")
canary = [f"{row}" for model in apps.get_models() for row in model._base_manager.values()
          if "zwitscherkanarie" in f"{row}".lower()]
print(json.dumps({"canary": canary, "new": new.pk,
                  "sessions": Session.objects.count(), "held": Mail.objects.exclude(failed_at=None).exclude(kind="new-signups").count(),
                  "mails": Mail.objects.exclude(sent_at=None).count()}))
"""


def status(portal, path):
    try:
        with urlopen(portal.url + path, timeout=20) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def path_in(mail, part):
    return urlsplit(re.search(rf"\S*/{part}/\S+", mail.get_body(("plain",)).get_content()).group(0)).path


def files_with(folder, word):
    return [str(path) for path in folder.rglob("*") if path.is_file() and word in path.read_bytes().lower()]


@pytest.mark.slow
def test_lost_machine_is_restored_in_one_command_and_nobody_hears_anything_twice(
    start_portal, tmp_path, capsys
):
    with MailServer() as post:
        portal = start_portal(DEMO="0", EMAIL_URL=post.url, MAIL_FROM="portal@example.org")
        var = Path(portal.settings["VAR_DIR"])
        picture = os.urandom(300_000)
        (var / "media" / "bilder").mkdir(parents=True)
        (var / "media" / "bilder" / "bach.jpg").write_bytes(picture)
        known = portal.python(FIRST_LIFE)
        people = json.loads(known)["people"]
        wait_until(lambda: len(settled(post)) == 5, what="five results by mail")

        said_backup = portal.manage("backup", str(tmp_path / "backups"))
        (file,) = (tmp_path / "backups").glob("portal-*.zip")

        after = json.loads(portal.python(AFTER_THE_BACKUP.format(known=known)))
        expected = {
            ("fritz", "Noch ein Klick"),
            ("carla", "Nachgerückt, Sie haben einen Platz"),
            ("spaeter", "Spaeter"),
        }
        # The erased person's seat went to Carla, Fritz was asked to confirm, and „Spaeter" left.
        wait_until(lambda: told(post) >= expected, what="the mails after the backup")
        queue = json.loads(portal.python(QUEUE))
        for process in (portal.beat, portal.worker, portal):
            if process:
                process.kill()
        before = [(mail["To"], mail["Subject"]) for mail in post.messages]
        shutil.copytree(var / "journal", tmp_path / "copied")
        shutil.move(var, tmp_path / "lost")

        with new_machine(portal, tmp_path) as new:
            start = time.monotonic()
            said_restore = new.manage("restore", str(file), "--journal", str(tmp_path / "copied"))
            seconds = time.monotonic() - start
            new.start()
            found = json.loads(new.python(SECOND_LIFE))
            assert status(new, path_in(settled(post)[0], "meine")) == 200
            assert status(new, urlsplit(after["link"]).path) == 404
            new_queue = json.loads(new.python(QUEUE))
            again = ("restore", str(file), "--journal", str(tmp_path / "copied"))
            if POSTGRES:
                with pytest.raises(AssertionError, match="noch benutzt"):
                    new.manage(*again, "--replace")
            assert (new.stop(), new.errors()) == (0, [])
            with pytest.raises(AssertionError, match="Hier sind schon Daten"):
                new.manage(*again)
            assert "Löschungen wiederholt: 2." in new.manage(*again, "--replace")
            assert json.loads(new.python(QUEUE)) == new_queue
        with capsys.disabled():
            sys.stdout.write(f"\n{said_backup}{said_restore}Mit dem Start des Befehls: {seconds:.1f} s\n")

        assert [(mail["To"], mail["Subject"]) for mail in post.messages] == before
        assert found == {"canary": [], "new": found["new"], "sessions": 0, "held": 0, "mails": found["mails"]}
        assert found["new"] > after["lost"] + 10**6
        lost = {row[0] for row in queue} - {row[0] for row in new_queue}
        assert (lost, [row for row in queue if row[0] not in lost]) == ({after["lost"]}, new_queue)
        assert [row[2] for row in new_queue] == ["confirmed", "ended", "confirmed", "waiting", "waiting"]
        new_var = Path(new.settings["VAR_DIR"])
        assert (new_var / "media" / "bilder" / "bach.jpg").read_bytes() == picture
        assert files_with(new_var, b"zwitscherkanarie") == []
        assert files_with(tmp_path / "copied", b"zwitscherkanarie") == []
        assert set(people) == {"Anna", CANARY, "Carla", "Dora", "Emil"}


def told(post):
    """(to whom, beginning of the subject)."""
    return {(mail["To"].split("@")[0], mail["Subject"].split(":")[0]) for mail in post.messages}


def settled(post):
    """The first mail that each person had with a link to their page."""
    return [mail for mail in post.messages if mail["Subject"].startswith(("Platz sicher", "Warteliste"))]


class new_machine:
    """Nothing but the settings: an empty folder, and on a server an empty database and Redis."""

    def __init__(self, old, tmp_path):
        own = {"PORT": free_port(), "VAR_DIR": tmp_path / "new" / "var"}
        self.redis = None
        if POSTGRES:
            self.database = servers.database_beside(old.settings["DATABASE_URL"], f"new_{os.getpid()}")
            own |= {"DATABASE_URL": self.database}
        self.portal = servers.Portal(tmp_path / "new", old.settings | own)

    def __enter__(self):
        if POSTGRES:
            self.redis = servers.Redis().start()
            self.portal.settings["REDIS_URL"] = self.redis.url()
        return self.portal

    def __exit__(self, *_):
        self.portal.clean() if self.portal.process else None
        if self.redis:
            self.redis.clean()
            servers.drop_database(self.database)
