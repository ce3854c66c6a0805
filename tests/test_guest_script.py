"""The whole path of a guest, by an HTTP client without JavaScript, against the started portal.

On a laptop the mails are read from `var/mail`. With PostgreSQL and Redis the same goes through
gunicorn, `celery worker` and `celery beat`, and the mails come out at the tests' SMTP server.
"""

import json
import re
from dataclasses import dataclass
from itertools import count

import pytest

from tests.conftest import portals
from tests.guest import Guest, link_in

# Made in the started portal: an action in Lich with a date for many and a date for one.
ACTION = """
import json
from datetime import timedelta
from django.utils import timezone
from portal.models import Municipality
from tests import make
town = Municipality.objects.get(name="Lich")
opportunity = make.opportunity(title="%(title)s", slug="%(slug)s", municipality=town)
day = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0)
for days, seats in [(7, 10), (8, 1)]:
    make.shift(opportunity=opportunity, starts=day + timedelta(days=days), capacity=seats)
print(json.dumps(list(opportunity.shifts.order_by("starts").values_list("pk", flat=True))))
"""
numbers = count(1)

pytestmark = pytest.mark.slow  # starts a portal for each


@dataclass
class Action:
    """An action of this test only, in the one portal of this module."""

    title: str
    number: int
    for_many: int  # keys of its two dates
    for_one: int

    def address(self, name):
        return f"{name}{self.number}@example.org"


@pytest.fixture(scope="module")
def portal(prepared, tmp_path_factory):
    with portals(prepared, tmp_path_factory.mktemp("guest")) as (start, started):
        yield start()
    assert [line for server in started for line in server.errors()] == []


@pytest.fixture
def action(portal):
    number = next(numbers)
    title = f"Hecken pflanzen {number}"
    made = portal.python(ACTION % {"title": title, "slug": f"hecken-pflanzen-{number}"})
    return Action(title, number, *json.loads(made))


def signed_up(portal, action, slot, name, email):
    """A guest who found the action, filled in the form and confirmed; stands on the page after it."""
    guest = Guest(portal)
    guest.open("/")
    guest.press("Anzeigen", ort="35423")
    guest.follow(action.title)
    guest.clicks = 0  # counted from the detail page (mission.md: two fields, three clicks)
    sent = guest.press("Ich helfe mit", slots=[str(slot)], name=name, email=email, age="on")
    assert sent.h1 == "Noch nicht fest"
    mail, text = guest.mail("Noch ein Klick:", to=email)
    assert mail["To"] == email
    guest.clicks += 1  # the link in the mail
    page = guest.open(link_in(text, "anmeldung/bestaetigen"))
    buttons = [button.text for button in page.all("button") if button.inside("main")]
    assert (page.h1, buttons) == ("Nur noch ein Klick", ["Platz sichern"])
    guest.press("Platz sichern")
    return guest


def status(guest):
    return [
        element.text for element in guest.page.all("p") if "booking__status" in (element.get("class") or "")
    ]


def test_guest_finds_help_signs_up_confirms_and_gives_the_seat_back(portal, action):
    guest = signed_up(portal, action, action.for_many, "Kim Muster", action.address("kim"))
    assert guest.clicks <= 3
    assert status(guest) == ["Platz sicher"]
    assert "Danke, Ihre Anmeldung ist bestätigt." in guest.page.root.text
    mail, text = guest.mail("Platz sicher:", to=action.address("kim"))
    assert "text/calendar" in {part.get_content_type() for part in mail.walk()}
    assert mail["Reply-To"] == "ehrenamt@lich.example"

    kind, headers, calendar = guest.fetch(guest.page.link("In den Kalender eintragen"))
    assert (kind, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    lines = calendar.decode().split("\r\n")
    assert [line for line in lines if line.startswith(("BEGIN", "SUMMARY", "STATUS"))] == [
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
        f"SUMMARY:{action.title}",
        "STATUS:CONFIRMED",
    ]

    page = guest.open(link_in(text, "anmeldung/freigeben"))
    assert page.h1 == "Platz freigeben?"
    assert guest.press("Platz freigeben").h1 == "Ihr Platz ist freigegeben"
    _mail, text = guest.mail("Sie haben abgesagt:", to=action.address("kim"))
    assert action.title in " ".join(text.split())
    page = guest.open(link_in(text, "anmeldung/platz"))  # „Doch dabei sein“
    assert page.h1 == "Doch dabei?"
    guest.press("Ich nehme den Platz")
    assert status(guest) == ["Platz sicher"]


def test_waiting_guest_is_told_the_position_and_moves_up(portal, action):
    first = signed_up(portal, action, action.for_one, "Erste Person", action.address("erste"))
    assert status(first) == ["Platz sicher"]
    second = signed_up(portal, action, action.for_one, "Zweite Person", action.address("zweite"))
    third = signed_up(portal, action, action.for_one, "Dritte Person", action.address("dritte"))
    assert (status(second), status(third)) == (["Warteliste, Platz 1"], ["Warteliste, Platz 2"])
    _mail, text = third.mail("Warteliste, Platz 2:", to=action.address("dritte"))
    place = link_in(text, "anmeldung/meine")

    first.press("Platz freigeben")
    mail, text = second.mail("Nachgerückt, Sie haben einen Platz:", to=action.address("zweite"))
    assert "text/calendar" in {part.get_content_type() for part in mail.walk()}
    second.open(link_in(text, "anmeldung/meine"))
    third.open(place)
    assert (status(second), status(third)) == (["Platz sicher"], ["Warteliste, Platz 1"])


def test_guest_sees_corrects_exports_and_erases_their_data(portal, action):
    guest = signed_up(portal, action, action.for_many, "Kim Muster", action.address("kim"))
    page = guest.press("Speichern", name="Kim Neu", phone="06404 123456")
    assert "Ihre Angaben sind gespeichert." in page.root.text
    (export,) = [url for url in page.links() if url.endswith(".json")]
    kind, headers, body = guest.fetch(export)
    assert (kind, headers["Content-Type"]) == (200, "application/json")
    held = json.dumps(json.loads(body), ensure_ascii=False)
    assert [word for word in ("Kim Neu", action.address("kim"), "06404 123456") if word not in held] == []
    erased = guest.press("Ja, alles löschen")
    assert erased.h1 == "Ihre Daten sind gelöscht"
    left = portal.python(
        "from portal.models import Booking, Mail\n"
        f"to = {action.address('kim')!r}\n"
        "print(list(Booking.objects.filter(email=to).values('pk')), list(Mail.objects.filter(to=to).values('kind')))"
    )
    assert left.strip() == "[] []"


def test_confirming_and_giving_back_twice_is_harmless(portal, action):
    guest = signed_up(portal, action, action.for_many, "Kim Muster", action.address("kim"))
    _mail, text = guest.mail("Noch ein Klick:", to=action.address("kim"))
    guest.open(link_in(text, "anmeldung/bestaetigen"))  # again: leads to the same place
    assert status(guest) == ["Platz sicher"]
    back = link_in(guest.mail("Platz sicher:", to=action.address("kim"))[1], "anmeldung/freigeben")
    guest.open(back)
    address, _method, _fields = guest.page.form("Platz freigeben")
    guest.press("Platz freigeben")
    guest._go("POST", address, "")  # double click, reload
    assert guest.page.h1 == "Ihr Platz ist freigegeben"
    guest.mail("Sie haben abgesagt:", to=action.address("kim"))
    subjects = [
        mail["Subject"].strip().split(":")[0]
        for mail in portal.mails()
        if action.address("kim") in mail["To"]
    ]
    assert subjects == ["Noch ein Klick", "Platz sicher", "Sie haben abgesagt"]


def test_first_pages_answer_without_a_cookie(portal, action):
    guest = Guest(portal)
    detail = {
        "/initiativen/": guest.open("/initiativen/").links(),
        "/mitmachen/": guest.open("/mitmachen/").links(),
        "/orte/": guest.open("/orte/").links(),
    }
    found = [
        next(url for url in links if re.search(rf"{start}[a-z]", url)) for start, links in detail.items()
    ]
    answers = {}
    for address in ["/", "/initiativen/", "/mitmachen/", "/orte/", *found, "/healthz", "/readyz"]:
        kind, headers, body = guest.fetch(address)
        answers[address] = (kind, headers["Set-Cookie"], bool(body))
    assert set(answers.values()) == {(200, None, True)}, answers


@pytest.mark.postgres
def test_server_sends_mails_by_its_worker_and_stays_up(portal, action):
    """gunicorn, `celery worker` and `celery beat`, PostgreSQL, Redis, SMTP."""
    processes = [portal, portal.worker, portal.beat, portal.redis]
    signed_up(portal, action, action.for_many, "Kim Muster", action.address("kim"))
    assert [server.process.poll() for server in processes] == [None] * 4
    assert portal.mail_server.connections >= 1
    assert "example.org" not in portal.log() + portal.worker.log() + portal.beat.log()
