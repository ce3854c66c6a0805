"""manage.py backup FOLDER [--keep N]: database, media and key in one archive."""

import time
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal import backup
from portal.refused import Refused


class Command(BaseCommand):
    help = "Sichert Datenbank, Medien und (ohne SECRET_KEY) den Schlüssel in eine Datei. Das Portal läuft weiter."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="Ordner, in den die Sicherung kommt")
        parser.add_argument("--keep", type=int, metavar="N", help="nur die N jüngsten Sicherungen behalten")

    def handle(self, *, folder: Path, keep: int | None, **options: object) -> None:
        if keep is not None and keep < 1:
            raise CommandError("--keep braucht eine Zahl ab 1.")
        start = time.monotonic()
        try:
            done = backup.backup(folder, now=timezone.now(), keep=keep)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        except OSError as error:
            raise CommandError(f"Nicht gesichert: {error.strerror} ({error.filename or folder})") from None
        manifest = done.manifest
        self.stdout.write(
            f"Gesichert: {done.path}\n"
            f"{sum(manifest.rows.values())} Zeilen in {len(manifest.rows)} Tabellen, "
            f"{len(manifest.media)} Mediendateien, {done.path.stat().st_size} Bytes, "
            f"{time.monotonic() - start:.1f} s"
        )
        for path in done.removed:
            self.stdout.write(f"Gelöscht (älter als die jüngsten {keep}): {path.name}")
