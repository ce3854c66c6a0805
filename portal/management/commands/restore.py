"""manage.py restore FILE [--journal FOLDER] [--replace]: an empty machine is the portal again."""

import time
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal import restoring
from portal.refused import Refused


class Command(BaseCommand):
    help = "Stellt eine Sicherung her, wiederholt Löschungen seither und verschickt keine Mail zweimal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="die Sicherung: portal-….zip")
        parser.add_argument("--journal", type=Path, metavar="ORDNER", help="die Kopie des Journals")
        parser.add_argument(
            "--replace", action="store_true", help="vorhandene Daten ersetzen; sie sind dann weg"
        )

    def handle(self, *, file: Path, journal: Path | None, replace: bool, **options: object) -> None:
        start = time.monotonic()
        try:
            restoring.restore(
                file, journal_dir=journal, replace=replace, now=timezone.now(), say=self.stdout.write
            )
        except Refused as refused:
            raise CommandError(str(refused)) from None
        except OSError as error:
            raise CommandError(f"Abgebrochen: {error.strerror} ({error.filename or file})") from None
        self.stdout.write(f"Wiederhergestellt in {time.monotonic() - start:.1f} s. Jetzt das Portal starten.")
        self.stdout.write("Bitte prüfen: Zugänge und Rollen stehen wieder wie zum Zeitpunkt der Sicherung.")
