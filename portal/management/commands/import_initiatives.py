"""`manage.py import_initiatives`: the initiatives gathered from public sources."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from initiatives import collected
from portal.imports import DATA, BrokenFile


class Command(BaseCommand):
    help = "Liest gesammelte Initiativen ein. Was jemand geändert hat, bleibt; Wiederholen ändert nichts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=DATA / "initiatives.json", metavar="DATEI")

    def handle(self, *, file: Path, **options: object) -> None:
        try:
            report = collected.initiatives(file, now=timezone.now())
        except BrokenFile as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\n".join(report.lines()))
