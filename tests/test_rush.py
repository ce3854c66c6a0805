"""Hundreds of guests sign up and confirm for one date of 50, over HTTP against the started portal."""

import contextlib
import http.client
import json
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest

CLIENTS, GUESTS, SEATS = 24, 200, 50

ENTER = """
import json, secrets
from datetime import timedelta
from django.utils import timezone
from portal import links
from portal.models import Booking, Municipality
from tests import make
from volunteers.models import ShiftSignup
now = timezone.now()
action = make.opportunity(municipality=Municipality.objects.first(), slug=f"andrang-{{secrets.token_hex(4)}}")
slot = make.shift(starts=now + timedelta(days=9), capacity={seats}, opportunity=action)
bookings = Booking.objects.bulk_create(
    Booking(organisation=slot.organisation, name=f"Gast {{n}}", email=f"gast{{n}}@example.org",
            email_key=f"gast{{n}}@example.org", entered_at=now, mailed_at=now, age_confirmed=True)
    for n in range({guests})
)
rows = ShiftSignup.objects.bulk_create(
    ShiftSignup(booking=booking, slot=slot, email_key=booking.email_key) for booking in bookings
)
print(json.dumps([[row.label, links.make(links.CONFIRM, row.booking)] for row in rows]))
"""

FORM = """
import json, secrets
from datetime import timedelta
from django.utils import timezone
from portal import traps
from portal.models import Municipality
from tests import make
now = timezone.now()
action = make.opportunity(municipality=Municipality.objects.first(), slug=f"andrang-{secrets.token_hex(4)}")
slot = make.shift(starts=now + timedelta(days=9), capacity=50, opportunity=action)
form = {"issued": traps.issue(now - timedelta(minutes=1)), "betreff": "", "slots": slot.pk, "seats": 1, "phone": "", "age": "on"}
print(json.dumps([action.get_absolute_url(), form]))
"""

ENTERED = """
import json
from portal.models import Mail
from volunteers.models import ShiftSignup
rows = ShiftSignup.objects.filter(slot={slot})
mails = Mail.objects.filter(booking__in=rows.values("booking"), kind="confirm-address")
print(json.dumps([sorted(rows.values_list("status", "booking__email")), sorted(mails.values_list("to", flat=True))]))
"""

LOOK = """
import json
from portal.models import Mail
from volunteers.models import ShiftSignup
keys = [int(label.rpartition(":")[2]) for label in {keys}]
rows = ShiftSignup.objects.filter(pk__in=keys).order_by("place")
mails = Mail.objects.filter(booking__in=[row.booking_id for row in rows])
print(json.dumps(dict(
    rows=[[row.label, row.place, row.status] for row in rows],
    mails=sorted(mails.values_list("subject", flat=True)),
)))
"""


class Client:
    """A browser that keeps its connection."""

    def __init__(self, url, source):
        self.origin = url
        self.connection = http.client.HTTPConnection(
            urlsplit(url).netloc, timeout=60, source_address=(source, 0)
        )

    def ask(self, method, path, fields=None, **headers):
        body = urlencode(fields, doseq=True) if fields else None
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, body=body, headers=headers)
        response = self.connection.getresponse()
        return response.status, response.getheader("Location"), response.read().decode()


def at_once(url, source, todo, work):
    """Each item of `todo` handled by one of the clients, all released together; results and seconds."""
    items, lock, start = iter(todo), threading.Lock(), threading.Barrier(CLIENTS + 1)

    def run(number):
        client, done = Client(url, source.format(number)), []
        start.wait(timeout=30)
        while True:
            with lock:
                item = next(items, None)
            if item is None:
                return done
            done.append(work(client, *item))

    with ThreadPoolExecutor(CLIENTS) as pool:
        threads = [pool.submit(run, number + 1) for number in range(CLIENTS)]
        start.wait(timeout=30)
        begun = time.monotonic()
        results = [result for thread in threads for result in thread.result(timeout=120)]
    return results, time.monotonic() - begun


@pytest.mark.slow
def test_500_guests_at_once_get_50_seats_and_450_places_in_order(start_portal, capsys, proof):
    def note(pages, rows, mails, seconds):
        by_status = Counter(status for _label, _place, status in rows)
        proof(
            "faults",
            "500 gleichzeitig für 50 Plätze",
            tried=f"500 bestätigen über {CLIENTS} Verbindungen, so schnell es geht",
            expected="50 Plätze, 450 auf der Warteliste in Reihenfolge, kein Fehler",
            seen=f"{len(pages)} Antworten {sorted(set(pages))}; Plätze 0 → {by_status['confirmed']}, "
            f"Warteliste 0 → {by_status['waiting']}, Mails 0 → {len(mails)}; {seconds:.0f} s",
        )

    portal = start_portal(DEMO="0")
    sign_up_at_once(portal, proof)
    seconds = rush(portal, source="127.0.8.{}", guests=500, note=note)
    with capsys.disabled():
        sys.stdout.write(f"\n500 confirmations by {CLIENTS} clients: {seconds:.1f} s\n")


def sign_up_at_once(portal, proof):
    """Forms of 200 guests, each on a connection of its own: every one is taken, and has its mail."""
    path, form = json.loads(portal.python(FORM))
    people = [(number, f"neu{number:03}@example.org") for number in range(GUESTS)]

    def send(_client, number, email):
        guest = Client(portal.url, f"127.0.9.{number + 1}")
        with contextlib.closing(guest.connection):
            return guest.ask("POST", path, form | {"name": f"Gast {number}", "email": email})[0]

    statuses, seconds = at_once(portal.url, "127.0.8.{}", people, send)
    rows, mails = json.loads(portal.python(ENTERED.format(slot=form["slots"])))
    proof(
        "faults", "200 melden sich gleichzeitig an", tried=f"{GUESTS} Formulare, {CLIENTS} zugleich, so schnell es geht",
        expected="jedes angenommen, jedem eine Mail", seen=f"Antworten {dict(Counter(statuses))}; Anmeldungen 0 → {len(rows)}, Mails 0 → {len(mails)}; {seconds:.0f} s",
    )  # fmt: skip
    assert statuses == [303] * GUESTS
    assert rows == [["unconfirmed", email] for _number, email in people]
    assert mails == [email for _number, email in people]


def rush(portal, *, source="127.0.0.1", guests=GUESTS, note=lambda *_found: None):
    """All of them against `portal.url`, checked with `portal.python`: also for a whole server.

    Seconds until the last one was answered; `source` is the address that they all come from, with „{}" one for
    each client: the limit of one address is 300. `note` is given what was found, before it is judged.
    """
    people = json.loads(portal.python(ENTER.format(seats=SEATS, guests=guests)))

    def confirm(client, label, token):
        status, location, _page = client.ask("POST", f"/anmeldung/bestaetigen/{token}/", {"signups": label})
        return label, status, location

    answers, seconds = at_once(portal.url, source, people, confirm)

    found = json.loads(portal.python(LOOK.format(keys=[label for label, _token in people])))
    statuses = [status for _label, status, _location in answers]
    note(statuses, found["rows"], found["mails"], seconds)
    assert statuses == [303] * guests
    expected = ["confirmed"] * SEATS + ["waiting"] * (guests - SEATS)
    assert [place for _label, place, _status in found["rows"]] == list(range(1, guests + 1))
    assert [status for _label, _place, status in found["rows"]] == expected
    beginnings = sorted(subject.split(":")[0] for subject in found["mails"])
    positions = [f"Warteliste, Platz {n + 1}" for n in range(guests - SEATS)]
    assert beginnings == sorted(["Platz sicher"] * SEATS + positions)

    pages, _seconds = at_once(
        portal.url,
        source,
        [(label, location) for label, _status, location in answers[::5]],
        lambda client, label, location: (label, *client.ask("GET", location)),
    )
    said = {label: (status, _state(page)) for label, status, _location, page in pages}
    assert said == {
        label: (200, "Platz sicher" if place <= SEATS else f"Warteliste, Platz {place - SEATS}")
        for label, place, _status in found["rows"]
        if label in said
    }
    assert len(said) == guests / 5
    return seconds


def _state(page):
    """The state that the page shows to the guest."""
    words = " ".join(page.split())
    if "Platz sicher" in words:
        return "Platz sicher"
    start = words.find("Warteliste, Platz ")
    number = words[start + len("Warteliste, Platz ") :].split("<")[0].split()[0]
    return f"Warteliste, Platz {number}"
