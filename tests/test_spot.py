"""Role Koordination: the contact on the spot of one action, from the clerk's invitation to the page for the phone."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import leaving
from portal.models import AccessLog, Booking, Mail, User
from portal.retention import K8_ACCOUNT
from tests import make
from tests.staffroom import proven, staff
from volunteers import coordination, spot_login
from volunteers.models import Coordination

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EMAIL = "lea@feuerwehr.example"


@pytest.fixture
def action():
    """An action of Lich with a date that began an hour ago, and two people on it."""
    town = make.municipality("Lich", organisation=make.organisation())
    action = make.opportunity(organisation=town.organisation, municipality=town)
    shift = make.shift(opportunity=action, starts=timezone.now() - HOUR, capacity=2)
    for email, name, phone in [("kim", "Kim Muster", "0171 555123"), ("ada", "Ada Beispiel", "")]:
        booking = make.booking(f"{email}@example.org", name, organisation=town.organisation, phone=phone)
        make.signup(shift, booking=booking)
    return action


@pytest.fixture
def clerk(action):
    return staff(action.organisation, name="Frau Amt")


@pytest.fixture
def lea(action, clerk):
    """Somebody who is the contact on the spot and promised confidentiality; not logged in."""
    found = coordination.name(action, email=EMAIL, person="Lea Löscher", by=clerk, now=timezone.now())
    coordination.accept(found, now=timezone.now())
    return found


def code_in(kind="spot-code"):
    mail = Mail.objects.filter(kind=kind).order_by("-pk").first()
    return re.search(r"\b\d{6}\b", mail.text)[0]


def logged_in(email=EMAIL):
    """A browser that came in by the code of a mail."""
    client = Client()
    client.post(reverse("spot"), {"email": email})
    assert client.post(reverse("spot_code"), {"code": code_in()})["Location"] == reverse("spot")
    return client


def page(action):
    return reverse("spot_page", args=[action.pk])


def noted(action):
    rows = action.shifts.get().signups.select_related("booking").order_by("pk")
    return {s.booking.name: (s.attended, s.attended_by) for s in rows}


# --- the clerk names somebody ---------------------------------------------------------------------------
def test_a_clerk_names_a_contact_who_is_invited_by_mail(action, clerk):
    url = reverse("admin:volunteers_opportunity_spot", args=[action.pk])
    client = proven(clerk)
    assert (
        url in client.get(reverse("admin:volunteers_opportunity_change", args=[action.pk])).content.decode()
    )

    client.post(url, {"name": "Lea Löscher", "email": "Lea@Feuerwehr.example"})

    (found,) = Coordination.objects.all()
    assert (found.user.name, found.user.email, found.user.roles, found.named_by) == (
        "Lea Löscher", EMAIL, [], clerk,
    )  # fmt: skip
    mail = Mail.objects.get(kind="spot-invitation")
    assert (mail.to, mail.subject) == (EMAIL, "Kontakt vor Ort: Bachputz an der Wetter, Lich")
    assert "http://localhost:8000/konto/vor-ort/" in mail.text
    assert AccessLog.objects.filter(action="Kontakt vor Ort benannt", about=found.label, user=clerk).exists()


def test_another_town_and_seminar_staff_name_nobody(action):
    url = reverse("admin:volunteers_opportunity_spot", args=[action.pk])
    stranger = proven(staff(make.organisation("Stadt Anderswo"), email="fremd@anderswo.example"))
    codes = [stranger.get(url).status_code, stranger.post(url, {"name": "X", "email": EMAIL}).status_code]
    assert (codes, Coordination.objects.count()) == ([404, 404], 0)


def test_a_closed_account_of_the_redaktion_is_not_opened_by_naming_it(action, clerk):
    former = staff(action.organisation, email=EMAIL)
    User.objects.filter(pk=former.pk).update(is_active=False)
    response = proven(clerk).post(
        reverse("admin:volunteers_opportunity_spot", args=[action.pk]), {"name": "Lea", "email": EMAIL}
    )
    former.refresh_from_db()
    assert "Mit dieser Adresse geht es nicht." in response.content.decode()
    assert (former.is_active, Coordination.objects.count()) == (False, 0)


# --- the way in ------------------------------------------------------------------------------------------
def test_from_the_mailed_code_over_the_promise_to_the_list(action, clerk):
    found = coordination.name(action, email=EMAIL, person="Lea Löscher", by=clerk, now=timezone.now())
    client = logged_in()
    assert page(action) in client.get(reverse("spot")).content.decode()

    first = client.get(page(action)).content.decode()
    assert ("Das sage ich zu" in first, "Kim Muster" in first) == (True, False)
    client.post(page(action), {"accept": "1"})

    found.refresh_from_db()
    assert (found.pledge, found.pledged_at is not None) == (coordination.PLEDGE, True)
    text = client.get(page(action)).content.decode()
    assert ("Kim Muster" in text, 'href="tel:0171555123"' in text, "kim@example.org" in text) == (
        True, True, False,
    )  # fmt: skip


def test_known_and_unknown_addresses_get_the_same_page_and_each_a_mail(lea):
    answers = []
    for email in (EMAIL, "fremd@example.org"):
        client = Client()
        response = client.post(reverse("spot"), {"email": email}, follow=True)
        answers.append(re.sub(r'value="\w{64}"', "", response.content.decode()))
    assert answers[0] == answers[1]
    mails = {
        mail.to: (mail.subject.partition(":")[0], mail.secret)
        for mail in Mail.objects.filter(kind="spot-code")
    }
    assert mails == {EMAIL: ("Ihre Zahl zum Anmelden", True), "fremd@example.org": ("Kein Zugang", True)}


def test_a_code_is_good_once_in_the_browser_that_asked_and_for_a_quarter_of_an_hour(lea):
    first, second = Client(), Client()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first.post(reverse("spot"), {"email": EMAIL})
        code = code_in()
        second.post(reverse("spot"), {"email": "fremd@example.org"})
        assert second.post(reverse("spot_code"), {"code": code}).status_code == 422
        clock.shift(timedelta(minutes=15))
        assert first.post(reverse("spot_code"), {"code": code}).status_code == 422
        clock.shift(-timedelta(minutes=1))
        assert first.post(reverse("spot_code"), {"code": f"{code[:3]} {code[3:]}"}).status_code == 302
        assert first.post(reverse("spot_code"), {"code": code})["Location"] == reverse("spot")
    assert "spot_code" not in first.session


def test_a_code_stands_five_guesses(lea):
    client = Client()
    client.post(reverse("spot"), {"email": EMAIL})
    code = code_in()
    wrong = "111111" if code != "111111" else "222222"
    codes = [client.post(reverse("spot_code"), {"code": wrong}).status_code for _try in range(5)]
    assert (set(codes), client.post(reverse("spot_code"), {"code": code}).status_code) == ({422}, 422)


@pytest.mark.slow
def test_an_address_gets_five_codes_an_hour_and_ten_a_day(own_counters, lea):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for hour, left in enumerate((5, 10, 10)):
            for n in range(7):
                Client().post(reverse("spot"), {"email": EMAIL}, REMOTE_ADDR=f"10.0.{hour}.{n}")
            assert Mail.objects.filter(kind="spot-code").count() == left
            clock.shift(HOUR + timedelta(minutes=1))


def test_a_browser_that_was_mailed_no_code_guesses_none(lea, monkeypatch):
    """Else each of many browsers had five guesses, at a number that nobody ever got."""
    monkeypatch.setattr(spot_login.secrets, "randbelow", lambda most: 123456)
    for n in range(6):
        client = Client()
        client.post(reverse("spot"), {"email": EMAIL}, REMOTE_ADDR=f"10.0.0.{n}")
    assert client.post(reverse("spot_code"), {"code": "123456"}).status_code == 422


def test_a_known_and_an_unknown_address_cost_the_same_statements(lea):
    costs = []
    for email in (EMAIL, "fremd@example.org"):
        with CaptureQueriesContext(connection) as asked:
            Client().post(reverse("spot"), {"email": email})
        costs.append(len(asked))
    assert costs[0] == costs[1]


@pytest.mark.slow
def test_a_client_asks_for_twenty_codes_in_ten_minutes():
    answers = [Client().post(reverse("spot"), {"email": f"a{n}@example.org"}) for n in range(21)]
    assert [a.status_code for a in answers] == [302] * 20 + [429]


# --- the page -------------------------------------------------------------------------------------------
def test_ticking_is_noted_with_name_and_logged(action, lea):
    client = logged_in()
    shift = action.shifts.get()
    kim, ada = shift.signups.order_by("pk")

    response = client.post(page(action), {"came": f"ja-{kim.pk}"})
    client.post(page(action), {"came": f"nein-{ada.pk}"})

    assert (response.status_code, response["Location"]) == (
        303,
        f"{page(action)}?termin={shift.pk}#p{kim.pk}",
    )
    by = "Lea Löscher (vor Ort)"
    assert noted(action) == {"Kim Muster": (True, by), "Ada Beispiel": (False, by)}
    client.post(page(action), {"came": f"offen-{kim.pk}"})
    assert noted(action)["Kim Muster"] == (None, "")
    entry = AccessLog.objects.filter(action="Vor Ort: Anwesenheit notiert").first()
    assert (entry.user, entry.about, entry.organisation) == (lea.user, shift.label, action.organisation)


def test_somebody_who_helps_unannounced_is_there_also_on_a_full_date(action, lea):
    client, shift = logged_in(), action.shifts.get()
    door = reverse("spot_door", args=[action.pk])
    assert "Bitte sagen:" in client.get(door).content.decode()
    refused = client.post(door, {"name": "Uli Unangemeldet", "seats": "2"})
    client.post(door, {"name": "Uli Unangemeldet", "seats": "2", "age": "on"})

    booking = Booking.objects.get(name="Uli Unangemeldet")
    assert (refused.status_code, booking.source, booking.entered_by, booking.wording) == (
        422, Booking.Source.DOOR, lea.user, "vor-ort-2026-12",
    )  # fmt: skip
    signup = shift.signups.get(booking=booking)
    assert (signup.status, signup.seats, signup.attended, signup.attended_by) == (
        "confirmed", 2, True, "Lea Löscher",
    )  # fmt: skip
    assert "2 von 4 sind da" in client.get(page(action)).content.decode()


def test_a_message_to_all_is_seen_first_and_leaves_once_without_showing_an_address(action, lea):
    client, shift = logged_in(), action.shifts.get()
    url = reverse("spot_write", args=[action.pk])
    typed = {"headline": "Wir stehen am Steg", "text": "Bitte kommt dorthin."}

    seen = client.post(url, typed)
    text, shown = seen.content.decode(), seen.context["shown"]
    assert (shown["n"], "Nachricht: Wir stehen am Steg" in text, "Bitte kommt dorthin." in text) == (
        2,
        True,
        True,
    )
    assert ("@example.org" in text, Mail.objects.filter(kind__startswith="message").count()) == (False, 0)
    for _time in range(2):
        client.post(url, typed | {"send": "1", "key": shown["key"], "seen": shown["seen"]})

    mails = Mail.objects.filter(kind="message-now").order_by("to").values_list("to", flat=True)
    assert list(mails) == ["ada@example.org", "kim@example.org"]
    assert Mail.objects.get(kind="message-copy").to == EMAIL
    assert AccessLog.objects.filter(
        action="Vor Ort: Nachricht gesendet", about=shift.label, user=lea.user
    ).exists()


def test_today_s_date_comes_first(action, lea):
    make.shift(opportunity=action, starts=timezone.now() + 3 * DAY)
    make.shift(opportunity=action, starts=timezone.now() - 3 * DAY)
    response = logged_in().get(page(action))
    assert [each["current"] for each in response.context["shifts"]] == [False, True, False]


def test_nothing_else_exists_for_a_contact_on_the_spot(action, lea):
    client = logged_in()
    other = make.opportunity(organisation=action.organisation, municipality=action.municipality)
    stranger = make.signup(make.shift(opportunity=other, starts=timezone.now() - HOUR))
    foreign_date = f"{page(action)}?termin={stranger.slot_id}"
    codes = [
        client.get(page(other)).status_code,
        client.get(reverse("spot_door", args=[other.pk])).status_code,
        client.get(reverse("spot_write", args=[other.pk])).status_code,
        client.post(page(other), {"came": f"ja-{stranger.pk}"}).status_code,
        client.post(page(action), {"came": f"ja-{stranger.pk}"}).status_code,
        client.get(foreign_date).status_code,
        client.post(foreign_date, {"came": f"ja-{stranger.pk}"}).status_code,
        client.post(page(action), {"came": "kaputt"}).status_code,
        client.post(page(action), {"came": f"ja-{'9' * 5000}"}).status_code,
        client.get(f"/konto/vor-ort/{10**30}/").status_code,
    ]
    assert codes == [404] * 10
    stranger.refresh_from_db()
    assert stranger.attended is None
    for name in ("admin:index", "admin:volunteers_shift_changelist"):
        assert reverse("account_login") in client.get(reverse(name))["Location"]


def test_the_account_opens_no_redaktion_with_a_login_of_its_own(lea):
    client = Client()
    client.force_login(lea.user)
    assert client.get(reverse("admin:index")).status_code == 403


def test_a_passer_by_is_sent_to_the_way_in(action):
    assert Client().get(page(action))["Location"] == reverse("spot")


# --- the end ----------------------------------------------------------------------------------------------
def test_who_is_removed_is_out_on_the_next_request_and_the_account_ends(action, lea, clerk):
    client = logged_in()
    assert client.get(page(action)).status_code == 200
    proven(clerk).post(reverse("admin:volunteers_opportunity_spot", args=[action.pk]), {"end": str(lea.pk)})

    assert client.get(page(action)).status_code == 404
    user = User.objects.get(pk=lea.user_id)
    assert (user.is_active, user.left_at is not None) == (False, True)
    Client().post(reverse("spot"), {"email": EMAIL})
    assert Mail.objects.filter(kind="spot-code", to=EMAIL).order_by("-pk").first().subject.startswith("Kein")
    later = timezone.now() + K8_ACCOUNT + HOUR
    (due,) = leaving.due(later)
    leaving.pseudonymise(due, now=later)
    user.refresh_from_db()
    assert (user.email, user.name) == (f"zugang-{user.pk}@geloescht.invalid", "")


def test_a_telephone_that_was_lost_stays_out_when_its_owner_is_named_anew(action, lea, clerk):
    lost = logged_in()
    coordination.end(lea, now=timezone.now())
    again = coordination.name(action, email=EMAIL, person="Lea Löscher", by=clerk, now=timezone.now())
    coordination.accept(again, now=timezone.now())
    assert lost.get(page(action)).status_code == 404
    assert logged_in().get(page(action)).status_code == 200


def test_a_week_after_the_last_date_it_ends_by_itself(action, lea):
    ended = action.shifts.get().ends
    with time_machine.travel(ended + 7 * DAY - HOUR, tick=False):
        client = logged_in()
        assert client.get(page(action)).status_code == 200
    with time_machine.travel(ended + 7 * DAY, tick=False):
        assert client.get(page(action)).status_code == 404
        assert coordination.end_old(timezone.now()) == 1
        assert coordination.end_old(timezone.now()) == 0
    assert User.objects.get(pk=lea.user_id).is_active is False


def test_a_clerk_who_is_a_contact_too_keeps_the_redaktion(action, clerk):
    found = coordination.name(action, email=clerk.email, person="x", by=clerk, now=timezone.now())
    coordination.end(found, now=timezone.now())
    clerk.refresh_from_db()
    assert (clerk.is_active, clerk.name) == (True, "Frau Amt")


def test_another_action_keeps_the_account_open(action, lea, clerk):
    other = make.opportunity(organisation=action.organisation, municipality=action.municipality)
    coordination.name(other, email=EMAIL, person="Lea Löscher", by=clerk, now=timezone.now())
    coordination.end(lea, now=timezone.now())
    assert User.objects.get(pk=lea.user_id).is_active is True
