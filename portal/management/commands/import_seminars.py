"""`manage.py import_seminars`: the sessions of the seminar series that public sources name."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.imports import DATA, BrokenFile
from seminars import collected


class Command(BaseCommand):
    help = "Liest die bisherigen Seminartermine ein. Was schon da ist, bleibt; Wiederholen ändert nichts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=DATA / "seminars.json", metavar="DATEI")

    def handle(self, *, file: Path, **options: object) -> None:
        try:
            report = collected.seminars(file, now=timezone.now())
        except BrokenFile as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\n".join(report.lines()))
