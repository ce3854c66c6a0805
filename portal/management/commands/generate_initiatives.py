"""`manage.py generate_initiatives 200000`: very many initiatives to try out and to measure (docs/leistung.md)."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from initiatives import generated
from portal.refused import Refused


class Command(BaseCommand):
    help = (
        "Erzeugt Initiativen zum Messen, jedes Mal dieselben. Nur in der Vorführung (DEMO) oder mit --messen."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("wanted", type=int, metavar="ANZAHL")
        parser.add_argument(
            "--messen", action="store_true", help="auch ohne DEMO: das ist eine Datenbank zum Messen"
        )
        parser.add_argument(
            "--daneben", action="store_true", help="auch wo Kommunen schon veröffentlicht haben"
        )

    def handle(self, *, wanted: int, messen: bool, daneben: bool, **options: object) -> None:
        if not (settings.DEMO or messen):
            raise CommandError(
                "Nur in der Vorführung (DEMO=1), oder mit --messen auf einer Datenbank zum Messen."
            )
        try:
            new = generated.initiatives(wanted, beside=daneben, now=timezone.now())
        except Refused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{new} Initiativen erzeugt, {wanted} verlangt.")
