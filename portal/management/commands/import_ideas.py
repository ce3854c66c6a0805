"""`manage.py import_ideas`: the ideas that ship with the portal, with their model Steckbriefe."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from initiatives import model_ideas
from portal.imports import DATA, BrokenFile


class Command(BaseCommand):
    help = (
        "Liest die mitgelieferten Ideen ein. Was der Verband geändert hat, bleibt; Wiederholen ändert nichts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=DATA / "ideas.json", metavar="DATEI")

    def handle(self, *, file: Path, **options: object) -> None:
        try:
            report = model_ideas.ideas(file)
        except BrokenFile as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\n".join(report.lines()))
