"""manage.py datenschutz [--check]: the papers of docs/datenschutz/ say what the code does."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from portal import data_papers
from portal.refused import Refused


class Command(BaseCommand):
    help = "Schreibt die Unterlagen zum Datenschutz aus dem Quelltext neu."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="nur sagen, was veraltet ist")

    def handle(self, *, check: bool, **options: object) -> None:
        if check:
            if names := data_papers.outdated():
                raise CommandError(f"Veraltet: {', '.join(names)}. Bitte ausführen: ./run manage datenschutz")
            self.stdout.write("Alle Unterlagen sind aktuell.")
            return
        try:
            names = data_papers.write()
        except Refused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"Geschrieben: {', '.join(names) or 'nichts, alles war aktuell'}.")
