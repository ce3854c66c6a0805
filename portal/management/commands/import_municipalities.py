"""`manage.py import_municipalities`: Hessen's towns, districts and postal codes."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal import gazetteer
from portal.imports import DATA, BrokenFile


class Command(BaseCommand):
    help = "Liest Städte, Gemeinden, Landkreise und Postleitzahlen ein. Wiederholen ändert nichts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--municipalities", type=Path, default=DATA / "municipalities.csv", metavar="DATEI"
        )
        parser.add_argument("--postal-codes", type=Path, default=DATA / "postal_codes.csv", metavar="DATEI")

    def handle(self, *, municipalities: Path, postal_codes: Path, **options: object) -> None:
        try:
            reports = gazetteer.municipalities(municipalities, postal_codes)
        except BrokenFile as error:
            raise CommandError(str(error)) from None
        for report in reports:
            self.stdout.write("\n".join(report.lines()))
