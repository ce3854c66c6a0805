"""What one registration of a guest costs with both its mails: requests, statements, CPU of all our processes."""

import json
import re
import time

from tests.bench import pages, processes
from tests.bench.sites import Bare
from tests.bench.table import Row
from tests.servers import wait_until
from tests.test_rush import Client

RUNS, GUESTS = 7, 20
MAILS = 2  # of each guest: „Noch ein Klick", „Platz sicher"

COUNT = """
from portal.celery import app
app.conf.broker_url = "memory://"  # nobody else delivers what is counted here
from tests.bench.statements import registration
print(registration({path!r}, {email!r}))
"""
LINKS = """
import json
from portal import links
from portal.models import Booking
from portal.standing import signups_of
found = [(links.make(links.CONFIRM, b), signups_of(b)[0].label) for b in Booking.objects.filter(email__in={emails!r})]
print(json.dumps(found))
"""


class Guest(Client):
    """A browser on a machine of its own; `requests` are those that no redirect asked for."""

    requests = 0

    def go(self, method, path, fields=None):
        """The page that comes in the end."""
        self.requests += 1
        status, location, text = self.ask(method, path, fields)
        if status == 303:
            status, _location, text = self.ask("GET", location)
        assert status == 200, f"{path}: {status} {text[:300]}"
        return text

    def enter(self, path, email):
        """Open the page, fill in the form, send it."""
        page = self.go("GET", path)
        hidden = re.findall(r'<input type="hidden" name="(issued|slots)" value="([^"]*)"', page)
        typed = {"name": "Kim Muster", "email": email, "seats": "1", "phone": "", "age": "on", "betreff": ""}
        self.go("POST", path, dict(hidden) | typed)

    def confirm(self, token, label):
        """Open the link of the mail, on a connection of its own, and press the button."""
        self.connection.close()
        path = f"/anmeldung/bestaetigen/{token}/"
        self.go("GET", path)
        self.go("POST", path, {"signups": label})


def measure(site, addresses):
    """Yields the rows; the bare view in the same minute says how fast the machine is just then."""
    with Bare(site.web.folder / "bare", site.web.settings) as bare:
        pages.answer(bare.url, "/", 20)
        yield from _measure(site, addresses, bare)


def _measure(site, addresses, bare):
    requests, milliseconds, bare_runs = [], [], []
    for run in range(1 + RUNS):  # the first one only warms up, as 20 requests do for the pages
        bare_runs.append(pages.cpu_ms(processes.family(bare.process.pid), bare.url, "/"))
        emails = [f"bench{run}-{number}@example.org" for number in range(GUESTS)]
        guests = [Guest(site.url, f"127.0.{7 + run}.{number + 1}") for number in range(GUESTS)]
        taken, cpu = site.sink.taken, site.cpu()
        for guest, email in zip(guests, emails, strict=True):
            guest.enter(addresses["action"], email)
        _mails(site, taken + GUESTS)
        entered = site.cpu() - cpu
        links = json.loads(site.python(LINKS.format(emails=emails)))
        cpu = site.cpu()
        for guest, (token, label) in zip(guests, links, strict=True):
            guest.confirm(token, label)
        _mails(site, taken + MAILS * GUESTS)
        if run:
            milliseconds.append((entered + site.cpu() - cpu) / GUESTS * 1000)
        requests += {guest.requests for guest in guests}
    yield Row("Anmeldung: HTTP-Anfragen ohne Weiterleitungen", requests, 4, "", digits=0)
    counts = [
        json.loads(site.python(COUNT.format(path=addresses["action"], email=f"sql{run}@example.org")))
        for run in range(RUNS)
    ]
    deliveries = [run[2] + run[5] for run in counts]
    requests = [sum(run) - sent for run, sent in zip(counts, deliveries, strict=True)]
    yield Row("Anmeldung: SQL der vier Anfragen, die beide Mails schreiben", requests, 25, "", digits=0)
    yield Row("Zustellung ihrer beiden Mails, jede für sich: SQL", deliveries, None, "", digits=0)
    ratios = [ours / theirs for ours, theirs in zip(milliseconds, bare_runs[1:], strict=True)]
    yield Row("Nackte View im selben Takt", bare_runs[1:], None, "ms CPU", digits=2)
    yield Row("Anmeldung mit ihren Mails, gegen die nackte View", ratios, None, "×")
    yield Row("Anmeldung mit ihren Mails: CPU von Web und Celery", milliseconds, 40, "ms")


def _mails(site, count):
    wait_until(lambda: site.sink.taken >= count, seconds=30, what=f"{count} mails")
    time.sleep(0.3)  # the worker writes down that the last one left
