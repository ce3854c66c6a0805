"""`manage.py first_data`: what an empty database needs; `./run` calls it at every start.

Towns, the collected initiatives, the ideas and past seminars where there are none, and the examples of the demo where
DEMO is on; without DEMO the examples go again. Harmless when repeated.
"""

from io import StringIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from initiatives.models import Idea, Initiative
from portal import demo
from portal.models import Municipality
from seminars.models import Series


class Command(BaseCommand):
    help = "Lädt Orte, gesammelte Initiativen, Ideen, bisherige Seminare und (nur in der Vorführung) Beispiele, wo sie fehlen."

    def handle(self, **options: object) -> None:
        now = timezone.now()
        if not Municipality.objects.exists():
            self._import("import_municipalities")
        if not Initiative.objects.exists():
            self._import("import_initiatives")
        if not Idea.objects.exists():
            self._import("import_ideas")
        if not Series.objects.exists():
            self._import("import_seminars")
        there = demo.is_there()
        if there and (not settings.DEMO or demo.is_stale(now)):
            demo.remove()
            self.stdout.write("Die Beispiele der Vorführung wurden entfernt.")
            there = False
        if settings.DEMO and not there:
            self._print_logins(demo.add(now))

    def _import(self, command: str) -> None:
        """The counts are enough here; the command itself prints every name."""
        report = StringIO()
        call_command(command, stdout=report)
        for line in report.getvalue().splitlines():
            if not line.startswith(" "):
                self.stdout.write(line)

    def _print_logins(self, logins: list[tuple[str, str, str]]) -> None:
        """Printed once: only the hash of a password is stored."""
        self.stdout.write("Zugänge der Vorführung (werden nur jetzt gezeigt):")
        for role, address, password in logins:
            self.stdout.write(f"  {role}: {address}  Passwort: {password}")
