"""`manage.py make_outlines`: the small outlines of portal/data from the full ones (portal/data/SOURCES.md).

Not part of any start: it is called when the borders change, and the new file is committed.
"""

import json
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand

from portal import simplifying
from portal.outlines import FILE

DISTRICTS_LEAST, TOWNS_LEAST = 0.3, 0.08  # km²: what nobody sees on the map of Hessen, of a Landkreis


class Command(BaseCommand):
    help = "Vereinfacht die Umrisse der Landkreise und Gemeinden für die Karte (TopoJSON)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("districts", type=Path, metavar="LANDKREISE", help="mit dem Objekt „kreise“")
        parser.add_argument("towns", type=Path, metavar="GEMEINDEN", help="mit dem Objekt „gemeinden“")
        parser.add_argument("--to", type=Path, default=FILE, metavar="DATEI")

    def handle(self, *, districts: Path, towns: Path, to: Path, **options: object) -> None:
        small = simplifying.merged(
            [
                (json.loads(districts.read_text()), "kreise", DISTRICTS_LEAST),
                (json.loads(towns.read_text()), "gemeinden", TOWNS_LEAST),
            ]
        )
        to.write_text(json.dumps(small, separators=(",", ":")) + "\n")
        self.stdout.write(f"{to.name}: {to.stat().st_size // 1000} kB, {sum(map(len, small['arcs']))} Punkte")
