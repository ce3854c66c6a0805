"""One file with everything: the database, the media, on a laptop the key, and a manifest of what is in it.

A zip: its table of contents stands at the end, so a file that was cut off is noticed at once, and the
manifest can be read alone. It holds personal data: only its owner may read it. Rejected: tar, which has to
be read from the start, and a folder of files, of which one is forgotten.
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from portal.refused import Refused

KIND, FORMAT = "engagementportal-backup", 1
MANIFEST, DATABASE, KEY, MEDIA = "manifest.json", "database", "secret_key", "media/"
CHUNK = 1024 * 1024


@dataclass
class Manifest:
    """What an archive says of itself."""

    version: str  # of the code
    taken_at: str  # the moment of the snapshot, ISO, UTC
    vendor: str  # „sqlite" or „postgresql"
    migrations: list[str]  # „app.name", all that were applied
    rows: dict[str, int]  # table → count, in the snapshot
    key_mark: str  # of the SECRET_KEY that signed the links
    sums: dict[str, str] = field(default_factory=dict)  # name in the archive → SHA-256
    size: int = 0  # bytes, unpacked
    kind: str = KIND
    format: int = FORMAT

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.taken_at)

    @property
    def media(self) -> list[str]:
        return [name for name in self.sums if name.startswith(MEDIA)]


def key_mark(key: str) -> str:
    """Tells two keys apart without saying anything about them."""
    return salted_hmac("portal.archive", KIND, secret=key, algorithm="sha256").hexdigest()[:16]


# --- write ------------------------------------------------------------------------------------------
class Writer:
    """An archive in the making; each part's sum is taken while it is written."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._zip = file
        self.sums: dict[str, str] = {}
        self.size = 0

    def add(self, name: str, content: IO[bytes], *, packed: bool = True) -> None:
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        digest = hashlib.sha256()
        with self._zip.open(entry, "w", force_zip64=True) as target:
            while part := content.read(CHUNK):
                digest.update(part)
                target.write(part)
                self.size += len(part)
        self.sums[name] = digest.hexdigest()

    def close(self, manifest: Manifest) -> None:
        """The manifest comes last: only a whole archive has one."""
        manifest.sums, manifest.size = self.sums, self.size
        self._zip.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1, ensure_ascii=False))


@contextmanager
def create(path: Path) -> Iterator[Writer]:
    """A new archive under this name once it is whole; before that under another, and after an error none."""
    unfinished = path.with_name(f".{path.name}.part")
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            with zipfile.ZipFile(stream, "w") as zipped:
                yield Writer(zipped)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


# --- read -------------------------------------------------------------------------------------------
@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """The archive and its manifest, all sums checked. Raises Refused for anything else."""
    if not path.is_file():
        raise Refused(_("Diese Datei gibt es nicht: %s") % path)
    try:
        with zipfile.ZipFile(path) as file:
            manifest = read_manifest(file)
            for name, wanted in manifest.sums.items():
                if _sum(file, name) != wanted:
                    raise Refused(_("Das Archiv ist beschädigt: die Prüfsumme von %s stimmt nicht.") % name)
            yield file, manifest
    except (zipfile.BadZipFile, EOFError) as error:
        raise Refused(_("Das Archiv ist beschädigt oder unvollständig: %s") % error) from None


def read_manifest(file: zipfile.ZipFile) -> Manifest:
    """What the archive says of itself. Raises Refused when it is not ours or of a newer kind."""
    foreign = Refused(_("Das ist keine Sicherung dieses Portals."))
    try:
        said: dict[str, Any] = json.loads(file.read(MANIFEST))
        if said.get("kind") != KIND:
            raise foreign
        if said["format"] > FORMAT:
            raise Refused(
                _(
                    "Diese Sicherung hat ein neueres Format (%(its)s), diese Fassung kennt nur %(ours)s. "
                    "Bitte zuerst das Portal aktualisieren."
                )
                % {"its": said["format"], "ours": FORMAT}
            )
        return Manifest(**said)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise foreign from None


def _sum(file: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with file.open(name) as content:
            while part := content.read(CHUNK):
                digest.update(part)
    except KeyError:
        return ""
    return digest.hexdigest()


def unpack(file: zipfile.ZipFile, name: str, target: Path) -> None:
    """One part becomes this file, readable only by its owner."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream, file.open(name) as content:
        shutil.copyfileobj(content, stream, CHUNK)


def unpack_media(file: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    """The media lie in this folder. Raises Refused for a name that leads out of it."""
    folder = folder.resolve()
    for name in manifest.media:
        target = (folder / name.removeprefix(MEDIA)).resolve()
        if not target.is_relative_to(folder):
            raise Refused(_("Das Archiv enthält einen unzulässigen Namen: %s") % name)
        unpack(file, name, target)
        target.chmod(settings.FILE_UPLOAD_PERMISSIONS or 0o600)  # a web server in front reads them


def refuse_without_space(folder: Path, needed: int) -> None:
    """Raises Refused when the disk of this folder has fewer bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Refused(
            _("Zu wenig Platz in %(folder)s: gebraucht werden %(needed)s MB, frei sind %(free)s MB.")
            % {"folder": folder, "needed": needed // 1_000_000 + 1, "free": free // 1_000_000}
        )
