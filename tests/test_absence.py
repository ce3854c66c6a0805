"""Who is away names a colleague, who gets the mails to staff as well; who leaves is out at once and named where needed."""

from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse

from portal import absence, outbox
from portal.association import association
from portal.models import AccessLog, Mail, Membership, User
from portal.refused import Refused
from tests import make
from tests.make import NOW
from tests.staffroom import proven, staff, typed

pytestmark = pytest.mark.django_db
LETTER = {"subject": "3 neue Anmeldungen", "text": "Guten Tag,", "html": "<p>Guten Tag,</p>"}
PAGE = "/verwaltung/abwesenheit/"


@pytest.fixture(autouse=True)
def clock(own_counters):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def town():
    return make.organisation()


@pytest.fixture
def weber(town):
    return staff(town, email="weber@lich.example", name="Frau Weber")


@pytest.fixture
def sander(town):
    return staff(town, email="sander@lich.example", name="Herr Sander")


def write(town, *, to="weber@lich.example", kind="new-signups", now=NOW):
    outbox.queue(key=f"{kind}:{now}", kind=kind, to=to, letter=LETTER, now=now, organisation=town)
    return [(mail.to, mail.text) for mail in Mail.objects.order_by("pk")]


@pytest.mark.slow
def test_substitute_gets_the_mails_to_staff_until_the_last_day(town, weber, sander):
    answer = proven(weber).post(PAGE, {"until": "2026-06-12", "substitute": str(sander.pk)}, follow=True)
    assert "Sie sind abwesend bis 12. Juni 2026, Vertretung: Herr Sander." in answer.content.decode()
    assert (
        "Frau Weber ist abwesend bis 12. Juni 2026. Sie vertreten."
        in proven(sander).get("/verwaltung/").content.decode()
    )
    said = "In Vertretung: Diese Mail ging an Frau Weber, abwesend bis 12. Juni 2026."
    assert write(town) == [
        ("weber@lich.example", "Guten Tag,"),
        ("sander@lich.example", f"{said}\n\nGuten Tag,"),
    ]
    assert len(write(town, now=NOW + timedelta(days=2))) == 4
    assert len(write(town, now=NOW + timedelta(days=3))) == 5
    assert AccessLog.objects.filter(user=weber, action="Abwesenheit eingetragen").count() == 1


def test_mails_to_guests_and_of_other_organisations_go_to_nobody_else(town, weber, sander):
    absence.note(weber, until=date(2026, 6, 12), substitute=sander, now=NOW)
    assert len(write(town, kind="confirmed")) == 1
    assert len(write(make.organisation("Stadt Hungen"))) == 2


def test_who_is_back_is_alone_with_the_mails_again(town, weber, sander):
    absence.note(weber, until=date(2026, 6, 12), substitute=sander, now=NOW)
    assert "Ich bin wieder da" in proven(weber).get(PAGE).content.decode()
    weber.refresh_from_db()
    assert weber.absent_until == date(2026, 6, 12)  # reading changes nothing
    proven(weber).post(PAGE, {"do": "end"})
    assert len(write(town)) == 1


@pytest.mark.parametrize("whose", ["other town", "left", "nobody"])
def test_only_an_active_colleague_can_stand_in(weber, sander, town, whose):
    people = {
        "other town": lambda: staff(make.organisation("Stadt Hungen"), email="a@hungen.example").pk,
        "left": lambda: staff(town, email="fort@lich.example", is_active=False).pk,
        "nobody": lambda: "",
    }
    assert proven(weber).post(PAGE, {"until": "2026-06-12", "substitute": people[whose]()}).status_code == 422
    weber.refresh_from_db()
    assert weber.substitute is None


def test_past_days_and_somebody_who_is_away_are_refused(weber, sander):
    with pytest.raises(Refused, match="schon vorbei"):
        absence.note(weber, until=date(2026, 6, 9), substitute=sander, now=NOW)
    absence.note(sander, until=date(2026, 6, 12), substitute=weber, now=NOW)
    with pytest.raises(Refused, match="selbst abwesend"):
        absence.note(weber, until=date(2026, 6, 12), substitute=sander, now=NOW)


def test_substitute_who_left_gets_nothing(town, weber, sander):
    absence.note(weber, until=date(2026, 6, 12), substitute=sander, now=NOW)
    User.objects.filter(pk=sander.pk).update(is_active=False)
    assert len(write(town)) == 1


def test_one_person_alone_is_warned(weber):
    client = proven(weber)
    assert "Sie sind allein in Ihrer Redaktion." in client.get("/verwaltung/").content.decode()
    assert "In Ihrer Redaktion arbeitet sonst niemand." in client.get(PAGE).content.decode()


@pytest.mark.slow
def test_who_leaves_is_out_at_once_and_named_where_somebody_has_to_act(town, weber, sander):
    absence.note(weber, until=date(2026, 6, 12), substitute=sander, now=NOW)
    make.opportunity(organisation=town, title="Bachputz", contact_email="Sander@lich.example")
    make.opportunity(organisation=town, title="Hecken", contact_email="amt@lich.example")
    net = staff(association(), Membership.Role.NETWORK, email="netz@verband.example")
    theirs, desk = proven(sander), proven(net)
    assert theirs.get("/verwaltung/").status_code == 200
    url = reverse("admin:portal_user_change", args=[sander.pk])
    data = typed(desk.get(url))
    page = desk.post(url, data, follow=True).content.decode()
    assert "Bitte ändern Sie noch: Vertretung für Frau Weber; Aktion: Bachputz." in page
    assert theirs.get("/verwaltung/").status_code == 302


def test_nobody_stands_in_with_a_role_of_less(town, weber, sander):
    """A mail may lead to people's names: whoever only reads, or looks after something else, does not get it."""
    reader = staff(town, Membership.Role.READER, email="lesen@lich.example", name="Frau Leser")
    assert list(absence.colleagues(weber)) == [sander]
    assert list(absence.colleagues(reader)) == []
    with pytest.raises(Refused):
        absence.note(weber, until=date(2026, 6, 12), substitute=reader, now=NOW)
    absence.note(weber, until=date(2026, 6, 12), substitute=sander, now=NOW)
    sander.memberships.update(role=Membership.Role.READER)
    assert write(town) == [("weber@lich.example", "Guten Tag,")]
