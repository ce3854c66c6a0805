"""The people of a date at the desk: found by name, address or number, narrowed to a state (rules 1–9, 34)."""

import logging
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.models import AccessLog, Mail
from portal.retention import K3_PERSON
from portal.slots import Signup
from tests import make
from tests.staffroom import proven, staff

pytestmark = pytest.mark.django_db
Status = Signup.Status


@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def clerk(town):
    return proven(staff(town.organisation, name="Frau Amt"))


def at(days, hour=9):
    day = timezone.localtime() + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


@pytest.fixture
def shift(town):
    """A date with five people: two come, one waits, one has not confirmed, one gave the seat back."""
    action = make.opportunity(organisation=town.organisation, municipality=town)
    row = make.shift(opportunity=action, starts=at(10), capacity=3)
    for name, email, phone, status in [
        ("Jörg Müller", "jm@example.org", "0151 23456789", Status.CONFIRMED),
        ("Opa Ohnemail", "", "06404 8061", Status.CONFIRMED),
        ("Wanda Wartet", "wanda@example.org", "", Status.WAITING),
        ("Uli Unklar", "uli@example.org", "", Status.UNCONFIRMED),
    ]:
        confirmed = None if status == Status.UNCONFIRMED else make.NOW
        person = make.booking(
            email, name, phone=phone, organisation=town.organisation, confirmed_at=confirmed
        )
        called = make.NOW if name == "Opa Ohnemail" else None
        make.signup(row, booking=person, status=status, call_since=called)
    gone = make.booking("gisela@example.org", "Gisela Geht", organisation=town.organisation)
    make.signup(row, booking=gone, status=Status.ENDED, ended_reason="given_back", ended_at=make.NOW)
    return row


def desk(shift, name="change", *args):
    return reverse(f"admin:volunteers_shift_{name}", args=[shift.pk, *args])


def shown(client, shift, **query):
    response = client.get(desk(shift), query)
    return [line["name"] for group in response.context["groups"] for line in group["lines"]]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("mueller", ["Jörg Müller"]),
        ("MÜLLER jörg", ["Jörg Müller"]),
        ("WANDA@EXAMPLE", ["Wanda Wartet"]),
        ("+49 151 234", ["Jörg Müller"]),
        ("06404/80", ["Opa Ohnemail"]),
        ("uli", ["Uli Unklar"]),
        ("gisela", ["Gisela Geht"]),
        ("müller wanda", []),
        ("niemand", []),
        ("<script>", []),
        ("  ", ["Jörg Müller", "Opa Ohnemail", "Wanda Wartet", "Uli Unklar", "Gisela Geht"]),
    ],
)
def test_a_clerk_finds_somebody_by_name_address_or_number(clerk, shift, typed, found):
    assert sorted(shown(clerk, shift, q=typed)) == sorted(found)


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("kommt", ["Jörg Müller", "Opa Ohnemail"]),
        ("wartet", ["Wanda Wartet"]),
        ("offen", ["Uli Unklar"]),
        ("weg", ["Gisela Geht"]),
        ("anrufen", ["Opa Ohnemail"]),
        ("erfunden", ["Jörg Müller", "Opa Ohnemail", "Wanda Wartet", "Uli Unklar", "Gisela Geht"]),
    ],
)
def test_a_clerk_narrows_the_list_to_a_state(clerk, shift, state, found):
    assert shown(clerk, shift, stand=state) == found


def test_who_waits_keeps_the_place_when_somebody_is_looked_for(clerk, shift, town):
    second = make.booking("zoe@example.org", "Zoe Zweite", organisation=town.organisation)
    make.signup(shift, booking=second, status=Status.WAITING)
    (group,) = clerk.get(desk(shift), {"q": "zoe"}).context["groups"]
    assert [line["status"] for line in group["lines"]] == ["Warteliste, Platz 2"]


def test_an_unknown_name_says_what_to_do(clerk, shift):
    page = clerk.get(desk(shift), {"q": "Xaver"}).content.decode()
    assert "Niemand gefunden." in page
    assert f'<a href="{desk(shift)}">Alle zeigen</a>' in page
    assert 'value="Xaver"' in page


@pytest.mark.slow
def test_invented_people_by_the_hundred_hide_nobody_who_is_looked_for(clerk, shift, town):
    for n in range(101):
        invented = make.booking(
            f"e{n}@example.org", f"Erfunden {n}", confirmed_at=None, organisation=town.organisation
        )
        make.signup(shift, booking=invented, status=Status.UNCONFIRMED)
    assert "Erfunden 100" not in shown(clerk, shift)
    assert shown(clerk, shift, q="Erfunden 100") == ["Erfunden 100"]
    groups = clerk.get(desk(shift), {"stand": "offen"}).context["groups"]
    assert [(group["n"], len(group["lines"]), group["more"]) for group in groups] == [(102, 100, 2)]


def test_of_a_date_long_over_nobody_is_found(clerk, shift):
    starts = timezone.now() - K3_PERSON - timedelta(hours=4)
    type(shift).objects.filter(pk=shift.pk).update(starts=starts, ends=starts + timedelta(hours=3))
    assert shown(clerk, shift, q="Müller") == []
    assert shown(clerk, shift, q="jm@") == []
    assert set(shown(clerk, shift)) == {"(gelöscht)"}


def test_what_was_searched_stands_in_no_log(clerk, shift, settings, caplog):
    settings.LOG_REQUESTS = True
    with caplog.at_level(logging.DEBUG):
        clerk.get(desk(shift), {"q": "Kanarienvogel"})
    assert desk(shift) in caplog.text
    assert "Kanarienvogel" not in caplog.text
    assert list(AccessLog.objects.values_list("action", "about")) == [("Liste gelesen", shift.label)]


# --- moved to another date ------------------------------------------------------------------------------


def said(response):
    return [str(message) for message in response.context["messages"]]


def named(shift, name):
    return shift.signups.get(booking__name=name)


@pytest.mark.slow
def test_a_clerk_moves_somebody_to_another_date_and_it_is_logged(clerk, shift):
    other = make.shift(opportunity=shift.opportunity, starts=at(17), capacity=1)
    jorg = named(shift, "Jörg Müller")
    page = clerk.get(desk(shift, "rebook", jorg.pk))
    assert "noch 1 Platz" in page.content.decode()
    response = clerk.post(desk(shift, "rebook", jorg.pk), {"to": other.pk}, follow=True)
    assert [message.split(":")[0] for message in said(response)] == ["Jörg Müller ist umgebucht"]
    assert other.signups.get().booking == jorg.booking
    assert ("Umgebucht", jorg.label) in AccessLog.objects.values_list("action", "about")
    assert Mail.objects.get(to="jm@example.org").kind == "rebooked"


def test_a_full_date_offers_the_waiting_list(clerk, shift):
    other = make.shift(opportunity=shift.opportunity, starts=at(17), capacity=1)
    make.signup(other)
    url = desk(shift, "rebook", named(shift, "Jörg Müller").pk)
    page = clerk.post(url, {"to": other.pk}).content.decode()
    assert "Es ginge nur auf die Warteliste." in page
    assert "auf die Warteliste setzen" in page
    assert other.signups.count() == 1
    clerk.post(url, {"to": other.pk, "may_wait": "on"})
    assert other.signups.get(booking__name="Jörg Müller").status == Status.WAITING


@pytest.mark.slow
def test_who_has_no_address_has_to_be_called_after_moving(clerk, shift):
    other = make.shift(opportunity=shift.opportunity, starts=at(17))
    opa = named(shift, "Opa Ohnemail")
    assert "Bitte rufen Sie selbst an." in clerk.get(desk(shift, "rebook", opa.pk)).content.decode()
    response = clerk.post(desk(shift, "rebook", opa.pk), {"to": other.pk}, follow=True)
    assert (
        said(response)[1] == "Opa Ohnemail hat keine E-Mail-Adresse. Bitte rufen Sie selbst an: 06404 8061."
    )
    (group,) = clerk.get(desk(other), {"q": "opa"}).context["groups"]
    assert [line["remarks"] for line in group["lines"]] == [["selbst anrufen", "ohne E-Mail"]]


@pytest.mark.parametrize("whose", ["mine", "foreign"])
def test_a_date_of_another_action_posted_by_hand_is_no_choice(clerk, shift, town, whose):
    owner = {"organisation": town.organisation} if whose == "mine" else {}
    other = make.shift(opportunity=make.opportunity(title="Zitronenfalter", **owner), starts=at(17))
    jorg = named(shift, "Jörg Müller")
    page = clerk.post(desk(shift, "rebook", jorg.pk), {"to": other.pk, "may_wait": "on"})
    assert (page.status_code, other.signups.count(), named(shift, "Jörg Müller").status) == (
        200,
        0,
        "confirmed",
    )
    assert "Zitronenfalter" not in page.content.decode()


def test_without_another_date_the_page_says_what_to_do(clerk, shift):
    page = clerk.get(desk(shift, "rebook", named(shift, "Jörg Müller").pk)).content.decode()
    assert "Zurzeit gibt es keinen anderen kommenden Termin." in page
