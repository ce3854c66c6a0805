"""`./run bench`: the table on SQLite, then on PostgreSQL with Redis and nginx where their programs are."""

import os
import sys
import time

from tests import servers
from tests.bench import collection, firstview, mails, pages, registration, sites, starting
from tests.bench.table import Row, heading, say, show
from tests.test_rush import GUESTS, SEATS, rush

RUSHES = 3


def measure_rush(site, _addresses):
    """Each run is checked: exactly 50 seats, 150 waiting in the order of their places."""
    seconds = [rush(site, source=f"127.0.3.{run + 1}") for run in range(RUSHES)]
    yield Row(f"{GUESTS} zugleich um {SEATS} Plätze, genau und der Reihe nach", seconds, 3, "s", digits=2)


PARTS = {
    "seiten": pages.measure,
    "besuch": firstview.measure,
    "anmeldung": registration.measure,
    "andrang": measure_rush,
    "mails": mails.measure,
    "start": starting.measure,
}
# Only when asked for: it makes 200,000 rows first, which takes a quarter of an hour on slow cores.
LONG = {"sammlung": collection.measure}


def half(title, wanted):
    """The wanted parts on what the environment says; how many rows are outside their budget."""
    began, rows = time.monotonic(), []
    heading(title)
    with sites.running() as site:
        addresses = pages.enter(site)
        for name in wanted:
            for row in (PARTS | LONG)[name](site, addresses):
                show(row)
                rows.append(row)
    outside = sum(not row.held for row in rows)
    say(f"{len(rows)} Zeilen, {outside} außerhalb des Budgets; {time.monotonic() - began:.0f} s.")
    return outside


def main(arguments):
    """Exit code 0 when everything is within its budget."""
    if unknown := set(arguments) - set(PARTS | LONG):
        sys.exit(f"./run bench kennt {', '.join(PARTS | LONG)}, nicht „{', '.join(unknown)}“.")
    wanted = arguments or list(PARTS)
    if wanted == ["mails"]:
        wanted = ["anmeldung", "mails"]  # whose letter it multiplies
    if sites.POSTGRES:
        return bool(half("PostgreSQL, Redis, nginx", wanted))
    outside = bool(half("SQLite", wanted))
    missing = [name for name, there in sites.programs().items() if not there]
    if missing:
        say(f"Ohne den zweiten Teil: Hier fehlt {', '.join(missing)}.")
        return outside
    return servers.main([sys.executable, "-m", "tests.bench", *arguments]) or outside


if __name__ == "__main__":
    load = os.getloadavg()[0]
    say(
        f"{os.cpu_count()} Kerne, Last {load:.1f}; ruhig ist die Maschine unter 0,3. Python {sys.version.split()[0]}."
    )
    servers.end_when_told()
    sys.exit(main(sys.argv[1:]))
