"""manage.py enforce_deletion [--dry-run]: the deletion classes of trust.md, now."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from django.utils import timezone

from portal import privacy


class Command(BaseCommand):
    help = "Löscht, was nach den Löschfristen gehen muss. Läuft sonst von selbst."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="nur zählen, nichts löschen")

    def handle(self, *, dry_run: bool, **options: object) -> None:
        counts = privacy.enforce(timezone.now(), dry_run=dry_run)
        self.stdout.write("Es würden gelöscht:" if dry_run else "Gelöscht:")
        for name, count in counts.items():
            self.stdout.write(f"{count:>7}  {name}")
