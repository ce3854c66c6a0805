"""manage.py einwilligung ADDRESS: what this address agreed to and when, for whoever has to prove it."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from portal import consents


class Command(BaseCommand):
    help = "Nennt zu einer E-Mail-Adresse den Nachweis jeder Einwilligung und jeder Löschung auf Wunsch."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("adresse")

    def handle(self, *, adresse: str, **options: object) -> None:
        for line in list(consents.of(adresse)) or ["Zu dieser Adresse ist nichts gespeichert."]:
            self.stdout.write(line)
