"""`restore`: an empty machine is the portal again, in one command.

What a backup cannot know happened after it: people were erased, mails left, reminders became due. The
journal (`journal.py`) says what; `catch_up` makes it true again, in one transaction. Where the journal ends,
or without one, nobody knows which mails left. Those are held: shown to staff, who may send them.

Reminders and the like are found by asking the database what is due, so a database of yesterday would ask
again. Rejected: setting each column that remembers a telling („reminded", „thanked") by hand; every new kind
of mail would be one more to forget. Instead the clock runs once more through the time that is missing, and
what it writes is held, unless the journal has its key: then it left, and its row stands there already.

Rows made after the backup are lost, but links with their keys lie in people's mails. So new rows get keys
far beyond: else such a link would open a stranger's page.
"""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from portal import archive, backup, celery, dumps, heartbeat, journal, privacy
from portal.archive import Manifest
from portal.asking import Asking
from portal.journal import Journal
from portal.models import Booking, Heartbeat, Mail
from portal.refused import Refused

HELD = gettext_noop("Nach einer Wiederherstellung angehalten: vielleicht schon verschickt.")
OVERLAP = timedelta(hours=1)  # clocks of several hosts; what is replayed twice does no harm
UNSURE = timedelta(minutes=5)  # around the end of the journal: what was sent but not copied away
STEP = timedelta(minutes=30)  # finer than anything that is due at a time of day
SKIP = 1_000_000  # keys
SINCE = datetime(2025, 1, 1, tzinfo=UTC)
Say = Callable[[str], None]


def restore(path: Path, *, journal_dir: Path | None, replace: bool, now: datetime, say: Say) -> None:
    """Database, media and key are as in the archive, brought up to now; `say` gets a line for each step.

    Raises Refused before anything is changed, unless the database itself refuses; then it is empty.
    """
    with archive.opened(path) as (file, manifest):
        known = _journal(journal_dir, manifest)
        _refuse_unfit(manifest, replace=replace)
        say(_("Prüfsummen stimmen: %(n)s Teile, gesichert am %(at)s.") % {
            "n": len(manifest.sums), "at": f"{manifest.moment:%d.%m.%Y %H:%M} UTC"
        })  # fmt: skip
        _load_key(file, manifest, say=say)
        with _database(file, replace=replace):
            _compare(manifest, say=say)
            call_command("migrate", interactive=False, verbosity=0)
            for line in catch_up(taken_at=manifest.moment, known=known, now=now):
                say(line)
        _load_media(file, manifest)
        say(_("Medien: %s Dateien.") % len(manifest.media))
    if journal_dir:
        _keep_journal(journal_dir)


# --- load -------------------------------------------------------------------------------------------
def _refuse_unfit(manifest: Manifest, *, replace: bool) -> None:
    if manifest.vendor != connection.vendor:
        raise Refused(
            _("Die Sicherung ist von %(its)s, hier läuft %(ours)s: DATABASE_URL prüfen.")
            % {"its": manifest.vendor, "ours": connection.vendor}
        )
    ours = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if newer := sorted(set(manifest.migrations) - ours):
        raise Refused(
            _("Die Sicherung ist von einer neueren Fassung (%(version)s; hier fehlt %(newer)s).")
            % {"version": manifest.version, "newer": newer[0]}
        )
    has_media = any(files for _folder, _folders, files in os.walk(settings.MEDIA_ROOT))
    if not replace and (not dumps.is_empty() or has_media):
        raise Refused(
            _("Hier sind schon Daten. Mit --replace werden Datenbank und Medien ersetzt und sind dann weg.")
        )
    dumps.refuse_while_used()
    Path(settings.VAR_DIR).mkdir(parents=True, exist_ok=True)
    archive.refuse_without_space(Path(settings.VAR_DIR), manifest.size)


def _journal(folder: Path | None, manifest: Manifest) -> Journal:
    if folder and not folder.is_dir():
        raise Refused(_("Diesen Ordner gibt es nicht: %s") % folder)
    return journal.read(folder or Path(settings.JOURNAL_DIR), since=manifest.moment - OVERLAP)


def _load_key(file: zipfile.ZipFile, manifest: Manifest, *, say: Say) -> None:
    """On a laptop the key comes back, so that links in mails go on working; on a server it should be known."""
    if archive.KEY in manifest.sums and _key_is_in_file():
        archive.unpack(file, archive.KEY, backup.key_file())
        settings.SECRET_KEY = backup.key_file().read_text().strip()
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if manifest.key_mark not in [archive.key_mark(key) for key in keys]:
        say(
            _(
                "ACHTUNG: SECRET_KEY ist ein anderer als bei der Sicherung. Links in alten Mails gehen erst "
                "wieder, wenn der alte in SECRET_KEY_FALLBACKS steht."
            )
        )


def _key_is_in_file() -> bool:
    return backup.key_file().exists() and backup.key_file().read_text().strip() == settings.SECRET_KEY


@contextmanager
def _database(file: zipfile.ZipFile, *, replace: bool) -> Iterator[None]:
    """Inside, the database is the archive's. It stays only when all went well: SQLite's old one remains until then."""
    if connection.vendor == "postgresql":
        if replace:
            dumps.drop_postgresql()
        with file.open(archive.DATABASE) as content:
            dumps.load_postgresql(content)
        try:
            yield
        except BaseException:
            dumps.drop_postgresql()  # a worker must never see what has not caught up
            raise
        return
    place = Path(connection.settings_dict["NAME"])
    unfinished = place.with_name(f".{place.name}.restoring")
    archive.unpack(file, archive.DATABASE, unfinished)
    connection.close()
    connection.settings_dict["NAME"] = unfinished
    try:
        yield
        connection.close()  # the last one out writes its log into the file
        unfinished.replace(place)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = place
        unfinished.unlink(missing_ok=True)


def _compare(manifest: Manifest, *, say: Say) -> None:
    """Raises Refused when a table has not the rows that were backed up."""
    found = dumps.count()
    wrong = [name for name, wanted in manifest.rows.items() if found.get(name) != wanted]
    if wrong:
        raise Refused(_("Zeilen fehlen nach dem Einspielen: %s") % ", ".join(wrong))
    say(_("Datenbank: %(rows)s Zeilen in %(tables)s Tabellen.") % {
        "rows": sum(manifest.rows.values()), "tables": len(manifest.rows)
    })  # fmt: skip


def _load_media(file: zipfile.ZipFile, manifest: Manifest) -> None:
    """The folder itself stays: it may be a volume."""
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    archive.unpack_media(file, manifest, folder)


def _keep_journal(folder: Path) -> None:
    """A second restore of the same archive has to catch up with these, too."""
    ours = Path(settings.JOURNAL_DIR)
    ours.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.jsonl"):
        if not (ours / file.name).exists():
            shutil.copy2(file, ours / file.name)


# --- catch up ---------------------------------------------------------------------------------------
@transaction.atomic
def catch_up(*, taken_at: datetime, known: Journal, now: datetime) -> list[str]:
    """What happened since `taken_at` is true again, as far as the journal knows; a line for each part of it."""
    end = min(now, known.until + UNSURE) if known.until else now
    counts = {
        _("Sitzungen beendet"): Session.objects.all().delete()[0],
        _("Zähler der Schlüssel weitergestellt"): _skip_keys(now),
        _("Mails nach dem Journal als verschickt vermerkt"): _mark_sent(known, now=now),
        _("Mails angehalten (vielleicht schon verschickt)"): _hold_open(known, now=now)
        + _hold_what_was_due(taken_at, end, now=now),
        _("Löschungen wiederholt"): _erase_again(known, now=now),
        _("Zeilen nach Löschfristen geändert"): sum(privacy.enforce(now).values()),
    }
    heartbeat.beat(Heartbeat.Name.BACKUP, now=taken_at)
    lines = [f"{name}: {count}." for name, count in counts.items()]
    if known.until:
        lines.append(_("Das Journal reicht bis %s UTC.") % f"{known.until.astimezone(UTC):%d.%m.%Y %H:%M:%S}")
    else:
        lines.append(_("ACHTUNG: Kein Journal nach der Sicherung. Löschungen seither sind nicht wiederholt."))
    if known.unreadable:
        lines.append(_("Unlesbare Zeilen im Journal: %s.") % known.unreadable)
    return lines


def _skip_keys(now: datetime) -> int:
    """New rows get keys that no row of the lost time had, also when the same archive is restored twice.

    So the time is in it: ten keys for each second (one where keys have 31 bits) since 2025.
    """
    fields = {
        model._meta.auto_field
        for model in apps.get_models(include_auto_created=True)
        if model._meta.auto_field and model._meta.managed
    }
    seconds = int((now - SINCE).total_seconds())
    with connection.cursor() as cursor:
        for found in fields:
            floor = seconds * (10 if isinstance(found, models.BigAutoField) else 1)
            _skip(cursor, found.model._meta.db_table, found.column, floor)
    return len(fields)


def _skip(cursor: Any, table: str, column: str, floor: int) -> None:
    quoted = connection.ops.quote_name(table)
    if connection.vendor == "postgresql":
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [quoted, column])
        sequence = cursor.fetchone()[0]
        cursor.execute(f"SELECT last_value FROM {sequence}")  # noqa: S608
        cursor.execute("SELECT setval(%s, %s)", [sequence, max(cursor.fetchone()[0] + SKIP, floor)])
        return
    cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
    last = cursor.fetchone()
    cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
    value = max((last[0] if last else 0) + SKIP, floor)
    cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, value])


def _mark_sent(known: Journal, *, now: datetime) -> int:
    """Mails of the journal are sent; those that the backup does not know stand there without content.

    So nothing is queued again under their keys. What may have left is held.
    """
    rows = [mail for part in privacy.parts(sorted(known.mails)) for mail in Mail.objects.filter(key__in=part)]
    for mail in rows:
        _settle(mail, known.mails[mail.key], now=now)
    Mail.objects.bulk_update(rows, ["sent_at", "failed_at", "last_error"], batch_size=500)
    there = {mail.key for mail in rows}
    bookings = dict(Booking.objects.values_list("pk", "organisation"))
    stubs = []
    for key, said in known.mails.items():
        if key not in there:
            booking = said["booking"] if said["booking"] in bookings else None
            stub = Mail(
                key=key, kind=said["kind"], about=said["about"], booking_id=booking,
                organisation_id=booking and bookings[booking], queued_at=said["at"], next_try_at=said["at"],
            )  # fmt: skip
            _settle(stub, said, now=now)
            stubs.append(stub)
    Mail.objects.bulk_create(stubs, batch_size=500)
    return len(rows) + len(stubs)


def _settle(mail: Mail, said: dict[str, Any], *, now: datetime) -> None:
    if mail.sent_at:
        return
    if said["sure"]:
        mail.sent_at, mail.failed_at, mail.last_error = said["at"], None, ""
    else:
        mail.failed_at, mail.last_error = now, HELD


def _hold_open(known: Journal, *, now: datetime) -> int:
    """Mails that waited in the backup and may have left where the journal says nothing (any more)."""
    waiting = Mail.objects.open()
    # Ways into an account are good for minutes only.
    waiting.filter(secret=True).update(withdrawn_at=now, text="", html="")
    if known.until:
        waiting = waiting.filter(next_try_at__gte=known.until - UNSURE, next_try_at__lte=known.until + UNSURE)
    return _hold(waiting, now=now)


def _hold_what_was_due(start: datetime, end: datetime, *, now: datetime) -> int:
    """The clock runs through the time that is missing; what it writes may have left long ago.

    Each mail is held at once: the clock takes back a reminder that waits past its day, and writes another.
    """
    celery.app.loader.import_default_modules()
    waiting = set(Mail.objects.open().values_list("pk", flat=True))
    held, moment = 0, start
    while True:
        for name in celery.BY_THE_CLOCK:
            celery.app.tasks[name](now=moment)
        news = set(Mail.objects.open().values_list("pk", flat=True)) - waiting
        held += sum(_hold(Mail.objects.filter(pk__in=part), now=now) for part in privacy.parts(sorted(news)))
        if news:
            continue  # there may be more than one run takes
        if moment >= end:
            return held
        moment = min(moment + STEP, end)


def _hold(mails: models.QuerySet[Mail], *, now: datetime) -> int:
    """Staff see them and may send them; what is of no use any more is withdrawn."""
    useless = mails.filter(useful_until__lte=now).update(withdrawn_at=now)
    return useless + mails.filter(withdrawn_at=None, failed_at=None).update(failed_at=now, last_error=HELD)


def _erase_again(known: Journal, *, now: datetime) -> int:
    """People who wished to be erased since the backup are; those not there any more are no one's harm."""
    done = 0
    for booking in Booking.objects.filter(pk__in=known.erased, erased_at=None):
        if Booking.objects.filter(pk=booking.pk, erased_at=None).exists():  # not with the one before
            privacy.erase(booking, now=now)
            done += 1
    for label, key in known.forgotten:
        done += _forget_again(apps.get_model(label), key, now=now)
    return done


def _forget_again(model: Any, key: int, *, now: datetime) -> int:
    is_asked = issubclass(model, Asking)
    still_there = {} if is_asked else {"ended_at": None}
    row = model._default_manager.filter(pk=key, **still_there).first()
    if row is None:
        return 0
    (privacy.drop_asked if is_asked else privacy.forget)(row, now=now)
    return 1
