"""The whole way of a guest, as a browser without JavaScript goes it: pages, forms as they stand, mails.

A click is a link that is followed or a button that is pressed; the mail's link counts as one.
"""

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from portal import signups
from portal.models import Booking, Mail
from portal.slots import Signup
from tests import make
from tests.make import BERLIN, NOW
from volunteers.models import ShiftSignup

pytestmark = pytest.mark.django_db
Status = Signup.Status


class Forms(HTMLParser):
    """The forms of a page: action, fields as they would be sent, and buttons."""

    def __init__(self, html):
        super().__init__()
        self.forms, self._select = [], None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "form":
            self.forms.append({"action": a.get("action"), "fields": [], "buttons": []})
        elif not self.forms:
            return
        elif tag == "input" and "name" in a and (a.get("type") != "checkbox" or "checked" in a):
            self.forms[-1]["fields"].append(
                (a["name"], a.get("value", "on" if a.get("type") == "checkbox" else ""))
            )
        elif tag == "select":
            self._select = a["name"]
        elif tag == "option" and "selected" in a:
            self.forms[-1]["fields"].append((self._select, a["value"]))
        elif tag == "button":
            self.forms[-1]["buttons"].append((a.get("name"), a.get("value")))


class Guest:
    """Somebody with a browser and a mailbox."""

    def __init__(self, client):
        self.client, self.clicks, self.page = client, 0, None
        self.requests = []  # method and statements of each, besides redirects

    def open(self, url):
        """Type an address: no click."""
        self._follow(self._count(self.client.get, url))

    def click(self, url):
        self.clicks += 1
        self._follow(self._count(self.client.get, url))

    def press(self, button, **typed):
        """Press the button with this text in the form that holds it, after typing and ticking."""
        self.clicks += 1
        html = self.html
        at = html.index(f'<span class="kern-label">{button}</span>')
        form = Forms(html[html.rindex("<form", 0, at) : html.index("</form>", at)]).forms[0]
        fields = [(name, value) for name, value in form["fields"] if name not in typed]
        fields += list(typed.items())
        before = Forms(html[html.rindex("<form", 0, at) : at]).forms[0]["buttons"]
        name, value = before[-1]
        data = {}
        for key, each in [*fields, *([(name, value)] if name else [])]:
            data.setdefault(key, []).extend(each if isinstance(each, list) else [each])
        self._follow(
            self._count(self.client.post, form["action"], data, headers={"origin": "http://testserver"})
        )

    def _count(self, send, *arguments, **named):
        with CaptureQueriesContext(connection) as captured:
            response = send(*arguments, **named)
        # what a test's transaction makes of BEGIN and COMMIT is no statement of the page
        statements = [q for q in captured.captured_queries if "SAVEPOINT" not in q["sql"]]
        self.requests.append((send.__name__.upper(), len(statements)))
        return response

    def _follow(self, response):
        while response.status_code in (302, 303):
            response = self.client.get(response["Location"])
        assert response.status_code == 200
        assert not response.cookies
        self.page = response

    @property
    def html(self):
        return self.page.content.decode()

    @property
    def heading(self):
        return re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL).group(1)

    def mail(self, start):
        """The newest mail whose subject begins so."""
        found = Mail.objects.filter(subject__startswith=start).order_by("-pk").first()
        assert found, list(Mail.objects.values_list("subject", flat=True))
        return found

    def link(self, mail, kind):
        """The link of this kind in a mail, as a path of this portal."""
        (url, *_more) = re.findall(rf"{re.escape(settings.SITE_URL)}/anmeldung/{kind}/\S+", mail.text)
        return urlsplit(url).path


@pytest.fixture
def guest(client):
    return Guest(client)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def bachputz(**fields):
    starts = datetime(2026, 6, 20, 9, tzinfo=BERLIN)
    return make.shift(opportunity=make.opportunity(title="Bachputz"), starts=starts, **fields)


def sign_up(guest, clock, slot, button="Ich helfe mit", **typed):
    guest.open(slot.get_absolute_url())
    clock.shift(20)  # seconds to type
    guest.press(button, **({"name": "Erika Muster", "email": "erika@example.org", "age": "on"} | typed))


def test_three_clicks_from_the_action_to_the_seat(guest, clock):
    slot = bachputz(capacity=2)

    sign_up(guest, clock, slot)
    assert guest.heading == "Noch nicht fest"
    assert slot.taken() == 0
    guest.click(guest.link(guest.mail("Noch ein Klick:"), "bestaetigen"))
    assert guest.heading == "Nur noch ein Klick"
    assert slot.taken() == 0
    guest.press("Platz sichern")

    assert guest.heading == "Ihr Platz ist sicher"
    assert slot.taken() == 1
    assert guest.clicks == 3
    mail = guest.mail("Platz sicher:")
    assert mail.to == "erika@example.org"
    (event,) = Calendar.from_ical(mail.calendar).walk("VEVENT")
    assert event.decoded("dtstart") == slot.starts


@pytest.mark.slow
def test_from_the_start_of_the_search_to_giving_back_and_erasing(guest, clock):
    slot = bachputz(capacity=2)
    guest.open("/mitmachen/")
    (path,) = re.findall(r'shift__title"><a href="([^"]+)"', guest.html)
    assert path == slot.get_absolute_url()
    sign_up(guest, clock, slot, seats="2", phone="06404 806123")
    guest.click(guest.link(guest.mail("Noch ein Klick:"), "bestaetigen"))
    guest.press("Platz sichern")
    assert slot.taken() == 2

    guest.click(guest.link(guest.mail("Platz sicher:"), "freigeben"))
    assert guest.heading == "Platz freigeben?"
    guest.press("Platz freigeben")
    assert guest.heading == "Ihr Platz ist freigegeben"
    assert slot.taken() == 0

    mail = guest.mail("Sie haben abgesagt:")
    guest.click(guest.link(mail, "platz"))
    assert guest.heading == "Doch dabei?"
    guest.press("Ich nehme den Platz")
    assert guest.heading == "Ihr Platz ist sicher"
    assert slot.taken() == 2

    guest.press("Ja, alles löschen")
    assert guest.heading == "Ihre Daten sind gelöscht"
    assert slot.taken() == 0
    assert list(Booking.objects.values_list("name", "email", "phone")) == [("", "", "")]
    assert not Mail.objects.filter(to="erika@example.org").exists()


def test_full_date_waits_moves_up_and_is_told(guest, clock):
    slot = bachputz(capacity=1)
    first = make.signup(slot)
    sign_up(guest, clock, slot, "Auf die Warteliste")
    guest.click(guest.link(guest.mail("Noch ein Klick:"), "bestaetigen"))
    guest.press("Platz sichern")
    assert guest.heading == "Sie stehen auf der Warteliste"
    assert "Warteliste, Platz 1" in guest.html
    assert guest.clicks == 3

    Mail.objects.update(sent_at=NOW)
    signups.give_back(first, now=NOW + timedelta(hours=1))
    mail = guest.mail("Nachgerückt, Sie haben einen Platz:")
    guest.click(guest.link(mail, "meine"))
    assert guest.heading == "Ihr Platz ist sicher"


@pytest.mark.slow
def test_same_address_twice_makes_one_seat_and_changes_the_first(guest, clock):
    slot = bachputz(capacity=5)
    for seats, name in [("1", "Erika M."), ("2", "Erika Muster")]:
        sign_up(guest, clock, slot, seats=seats, name=name, email="Erika@example.org")
        assert guest.heading == "Noch nicht fest"
        guest.click(guest.link(guest.mail("Noch ein Klick:"), "bestaetigen"))
        guest.press("Platz sichern")
        assert guest.heading == "Ihr Platz ist sicher"
        clock.shift(3600)
    assert [(s.seats, s.booking.name) for s in ShiftSignup.objects.filter(status=Status.CONFIRMED)] == [
        (2, "Erika Muster")
    ]


def test_two_dates_in_one_form_are_one_mail_and_one_page(guest, clock):
    slot = bachputz(capacity=1)
    second = make.shift(opportunity=slot.opportunity, starts=slot.starts + timedelta(days=7), capacity=1)
    make.signup(second)
    sign_up(guest, clock, slot, slots=[str(slot.pk), str(second.pk)])
    guest.click(guest.link(guest.mail("Noch ein Klick:"), "bestaetigen"))
    guest.press("Platz sichern")
    assert guest.heading == "Ihr Platz ist sicher"
    assert "Für weitere Termine stehen Sie auf der Warteliste." in guest.html
    assert Mail.objects.filter(to="erika@example.org").count() == 2


def test_statements_of_a_whole_registration(guest, clock):
    """Four requests besides redirects, at most 25 statements (performance.md); both mails are written in them."""
    slot = bachputz(capacity=2)
    sign_up(guest, clock, slot)
    guest.click(guest.link(guest.mail("Noch ein Klick:"), "bestaetigen"))
    guest.press("Platz sichern")
    assert slot.taken() == 1
    assert Mail.objects.count() == 2
    entering = 9 if connection.vendor == "postgresql" else 8  # PostgreSQL also locks the address
    assert guest.requests == [("GET", 2), ("POST", entering), ("GET", 2), ("POST", 7)]
