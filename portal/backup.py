"""`backup`: everything that cannot be made again is in one archive; `restoring.py` is the way back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _

from portal import archive, dumps, heartbeat
from portal.models import Heartbeat
from portal.refused import Refused

PATTERN = "portal-*.zip"


@dataclass(frozen=True)
class Backup:
    """What was backed up."""

    path: Path
    manifest: archive.Manifest
    removed: list[Path]  # older archives that had to go


def backup(folder: Path, *, now: datetime, keep: int | None = None) -> Backup:
    """An archive of database, media and key lies in this folder, and only the `keep` youngest besides.

    The portal goes on working meanwhile. Raises Refused in German, and then leaves nothing behind.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_unfinished(folder, before=now - timedelta(days=1))
    media = _media()
    archive.refuse_without_space(folder, dumps.size() * 2 + sum(file.stat().st_size for file in media))
    path = folder / f"portal-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.zip"
    if path.exists():
        raise Refused(_("Diese Sicherung gibt es schon: %s") % path)
    with archive.create(path) as target:
        with dumps.dump(folder) as (content, counts):
            target.add(archive.DATABASE, content, packed=connection.vendor == "sqlite")
        # After the database: what it names is there. A picture that is younger than it does no harm.
        for file in _media():
            with file.open("rb") as content:
                target.add(archive.MEDIA + str(file.relative_to(settings.MEDIA_ROOT)), content, packed=False)
        if key_file().exists() and key_file().read_text().strip() == settings.SECRET_KEY:
            with key_file().open("rb") as content:
                target.add(archive.KEY, content)
        manifest = _manifest(counts, now=now)
        target.close(manifest)
    heartbeat.beat(Heartbeat.Name.BACKUP, now=now)
    return Backup(path, manifest, _remove_old(folder, keep))


def key_file() -> Path:
    """Where a laptop keeps its key; on a server it comes from the environment, and is kept elsewhere."""
    return Path(settings.VAR_DIR) / "secret_key"


def _manifest(counts: dict[str, int], *, now: datetime) -> archive.Manifest:
    return archive.Manifest(
        version=settings.VERSION,
        taken_at=now.astimezone(UTC).isoformat(),
        vendor=connection.vendor,
        migrations=sorted(
            f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()
        ),
        rows=counts,
        key_mark=archive.key_mark(settings.SECRET_KEY),
    )


def _media() -> list[Path]:
    return sorted(path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def _remove_unfinished(folder: Path, *, before: datetime) -> None:
    """What a backup that was killed left here holds personal data, too; younger ones may be under way."""
    for pattern in (f".{PATTERN}.part", ".database.*"):
        for path in folder.glob(pattern):
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                path.unlink(missing_ok=True)


def _remove_old(folder: Path, keep: int | None) -> list[Path]:
    """Personal data may live no longer than promised: of the archives here the `keep` youngest stay."""
    old = sorted(folder.glob(PATTERN))[:-keep] if keep else []
    for path in old:
        path.unlink()
    return old
