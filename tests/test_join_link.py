"""The way into an online room reaches only people with a seat (rule 28).

A canary in every column that leads into the room, and every page, feed, file and mail of the portal read:
all that an anonymous visitor can come to, what other staff see, and what people without a seat are sent.
"""

from datetime import time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import calendars, dates, links, privacy, signups
from portal.association import association
from portal.models import Mail, Membership
from portal.reminders import queue_due
from portal.slots import Signup
from seminars.models import Session, SessionSignup
from tests import audience, make
from tests.markup import Page
from tests.staffroom import proven, staff
from tests.test_house import none

pytestmark = pytest.mark.django_db
CANARY = "kanarienvogel"
S = Signup.Status


@pytest.fixture
def rows():
    made = audience.make_rows()
    Session.objects.update(
        join_url=f"https://raum.example/{CANARY}-link",
        dial_in=f"069 1, {CANARY}-einwahl",
        materials_url=f"https://unterlagen.example/{CANARY}-unterlagen",
        recording_url=f"https://film.example/{CANARY}-film",
    )
    return made


def crawl(client, start):
    """Every page that links lead to from here, lists with one filter at most (two show fewer of the same): address → body."""
    seen, todo = {}, [*start]
    while todo:
        address = todo.pop().split("#")[0]
        if address in seen:
            continue
        response = client.get(address)
        body = response.getvalue().decode(errors="replace")
        seen[address] = body + str(response.headers)
        if response.status_code == 200 and "text/html" in response["Content-Type"]:
            todo += [
                link.removeprefix("http://testserver")
                for link in Page(body, f"http://testserver{address}").links()
                if link.startswith("http://testserver/")
                and "&" not in link
                and link.removeprefix("http://testserver") not in seen
            ]
    return seen


@pytest.mark.slow
def test_no_public_answer_holds_the_way_in(rows):
    start = [*audience.public_addresses(rows).values(), *audience.addresses(rows, audience.MACHINE).values()]
    start += [f"{address}?page=1" for address in start]
    found = crawl(Client(), start)
    assert len(found) > 40
    assert rows.session.get_absolute_url() in found
    none([address for address, body in found.items() if CANARY in body], "These show the way in:")


@pytest.mark.slow
@pytest.mark.parametrize("role", ["editor", "network"])
def test_other_staff_do_not_see_it(rows, role):
    organisation = rows.organisation if role == "editor" else association()
    client = proven(staff(organisation, Membership.Role(role), email="andere@example.org"))
    addresses = audience.addresses(rows, audience.STAFF) | audience.public_addresses(rows)
    found = {
        name: client.get(address).content.decode(errors="replace") for name, address in addresses.items()
    }
    none([name for name, body in found.items() if CANARY in body], "These show the way in:")


def test_person_with_a_seat_sees_it_on_their_own_page(rows):
    body = Client().get(f"/anmeldung/meine/{links.make(links.MANAGE, rows.attending)}/").content.decode()
    assert [part in body for part in (f"{CANARY}-link", f"{CANARY}-einwahl")] == [True, True]
    assert f"{CANARY}-unterlagen" not in body  # not before it is over


def test_person_who_had_a_seat_sees_what_is_left_of_it(rows):
    body = Client().get(f"/anmeldung/meine/{links.make(links.MANAGE, rows.attended)}/").content.decode()
    assert [part in body for part in (f"{CANARY}-unterlagen", f"{CANARY}-film")] == [True, True]
    assert f"{CANARY}-link" not in body


@pytest.mark.parametrize("status", [S.UNCONFIRMED, S.WAITING, S.REQUESTED, S.HELD, S.ENDED])
def test_nobody_without_a_seat_sees_it_anywhere(rows, status):
    now = timezone.now()
    fields = {S.ENDED: {"ended_reason": "given_back", "ended_at": now}, S.HELD: {"held_until": now}}
    person = make.participant(rows.session, status=status, **fields.get(status, {}))
    pages = {
        "booking:manage": links.make(links.MANAGE, person.booking),
        "booking:confirm": links.make(links.CONFIRM, person.booking),
        "booking:sent": links.make(links.SENT, person.booking),
        "booking:give_back": links.make(links.GIVE_BACK, person),
        "booking:claim": links.make(links.CLAIM, person),
        "booking:export": links.make(links.MANAGE, person.booking),
    }
    bodies = {
        name: Client().get(reverse(name, args=[token]), follow=True).content.decode()
        for name, token in pages.items()
    }
    none([name for name, body in bodies.items() if CANARY in body], f"{status}: these show the way in:")


@pytest.mark.slow
def test_only_reminders_of_people_with_a_seat_carry_it(rows):
    """All other mails, their calendar files included, do not."""
    now = timezone.now()
    booking = signups.register(slots=[rows.session], name="Kim", email="kim@example.org", now=now)
    signups.confirm(booking, signups=signups.signups_of(booking), now=now)
    make.participant(rows.session, status=S.WAITING, email="wartet@example.org")
    SessionSignup.objects.filter(status=S.CONFIRMED).update(seated_at=now)
    the_day_before = dates.at(rows.session.day - timedelta(days=1), time(10))
    for moment in (the_day_before, rows.session.starts - timedelta(hours=1)):
        queue_due(now=moment)
        Mail.objects.due(moment).update(sent_at=moment)
    holding = {
        (mail.kind, mail.to)
        for mail in Mail.objects.all()
        if CANARY in mail.subject + mail.text + mail.html + mail.calendar
    }
    with_a_seat = {"kim@example.org", rows.attending.email}
    assert {kind for kind, _to in holding} == {"reminder", "reminder-soon"}
    assert {to for _kind, to in holding} == with_a_seat
    assert "confirmed" in set(Mail.objects.values_list("kind", flat=True))


def test_calendar_file_does_not_carry_it(rows):
    text = calendars.calendar([rows.participant], method=calendars.PUBLISH, now=timezone.now())
    assert "VEVENT" in text
    assert CANARY not in text


def test_export_of_one_s_own_data_names_no_room(rows):
    assert CANARY not in str(privacy.export(rows.attending))
