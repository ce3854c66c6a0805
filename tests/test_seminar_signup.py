"""Registering for seminars: one form for several dates, each with its seat, queue and mails (rules 2–6, 27, 30)."""

import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from icalendar import Calendar

from portal import delivery, links, privacy, signups, traps
from portal.models import Booking, Mail, User
from portal.reminders import queue_due
from portal.rescheduling import cancel, change_capacity, move
from portal.slots import Signup
from seminars import offices
from seminars.models import Session, SessionSignup
from tests import make
from tests.guest import link_in
from tests.make import NOW

pytestmark = pytest.mark.django_db
S = Signup.Status
DAY = timedelta(days=1)
ORIGIN = {"origin": "http://testserver"}


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def six():
    """Six dates of one series, a week apart; the second has one seat, which is taken."""
    series = make.series()
    made = [
        make.session(series=series, name=f"Abend {n}", starts=make.HALF_PAST_ONE + n * 7 * DAY)
        for n in range(6)
    ]
    Session.objects.filter(pk=made[1].pk).update(capacity=1)
    make.participant(made[1], email="erste@example.org")
    return made


def filled(*sessions, **changes):
    """The form as a person sends it, a minute after the page was made."""
    data = {
        "issued": traps.issue(NOW - timedelta(minutes=1)),
        "betreff": "",
        "slots": [str(session.pk) for session in sessions],
        "name": "Kim Muster",
        "email": "kim@rathaus.example",
        "function": "staff",
        "municipality": "Stadt Lich",
    }
    return data | changes


def send(client, *sessions, **changes):
    return client.post(sessions[0].get_absolute_url(), filled(*sessions, **changes), headers=ORIGIN)


def messages(response):
    """Field → message beside it."""
    html = response.content.decode()
    return dict(re.findall(r'id="id_(\w+)_error">.*?<span class="kern-body">(.*?)</span>', html, re.DOTALL))


def press_confirm(client, booking):
    address = f"/anmeldung/bestaetigen/{links.make(links.CONFIRM, booking)}/"
    keys = [signup.label for signup in signups.signups_of(booking)]
    return client.post(address, {"signups": keys}, headers=ORIGIN)


def mails(kind, **which):
    return list(Mail.objects.filter(kind=kind, withdrawn_at=None, **which).order_by("pk"))


def states(booking):
    return [(signup.slot.name, signup.status) for signup in signups.signups_of(booking)]


# --- the form ------------------------------------------------------------------------------------------
def test_form_asks_name_address_function_and_municipality_and_no_more(client, six):
    assert send(client, six[0]).status_code == 303
    booking, row = Booking.objects.last(), SessionSignup.objects.last()
    assert (booking.name, booking.email, booking.phone, booking.slot_kind) == (
        "Kim Muster", "kim@rathaus.example", "", "session",
    )  # fmt: skip
    assert (row.function, row.municipality, row.seats, row.status) == (
        "staff",
        "Stadt Lich",
        1,
        S.UNCONFIRMED,
    )
    assert (booking.organisation.kind, booking.wording, booking.age_confirmed) == (
        "association", "seminar-2026-12", False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"slots": []}, "slots", "Bitte wählen Sie mindestens einen Termin."),
        ({"slots": ["999999"]}, "slots", "Dieser Termin ist nicht mehr offen. Bitte wählen Sie einen anderen."),
        ({"name": ""}, "name", "Bitte geben Sie Ihren Namen ein."),
        ({"email": "kim"}, "email", "Bitte geben Sie die E-Mail-Adresse vollständig ein, zum Beispiel: name@beispiel.de"),
        ({"function": ""}, "function", "Bitte wählen Sie Ihre Funktion."),
        ({"function": "king"}, "function", "Bitte wählen Sie Ihre Funktion aus der Liste."),
        ({"municipality": ""}, "municipality", "Bitte tragen Sie Ihre Kommune oder Organisation ein."),
        ({"municipality": "<b>Lich"}, "municipality", "Bitte schreiben Sie das ohne Sonderzeichen wie &lt; &gt; und @."),
        ({"municipality": "www.lich.de"}, "municipality", "Bitte schreiben Sie hier keine Internetadresse."),
        ({"municipality": "a\u202eb"}, "municipality", "Bitte schreiben Sie das ohne Sonderzeichen wie &lt; &gt; und @."),
    ],
)  # fmt: skip
def test_wrong_answer_is_said_beside_its_field_and_the_input_kept(client, six, change, field, said):
    response = send(client, six[0], **change)
    assert response.status_code == 422
    assert messages(response) == {field: said}
    assert 'value="Kim Muster"' in response.content.decode() or "name" in change
    assert not Booking.objects.filter(email="kim@rathaus.example").exists()


def test_too_long_a_municipality_is_refused(client, six):
    response = send(client, six[0], municipality="x" * 101)
    assert (response.status_code, set(messages(response))) == (422, {"municipality"})


def test_nobody_brings_somebody_along(client, six):
    send(client, six[0], seats="3")
    assert SessionSignup.objects.last().seats == 1


def test_double_click_is_one_form_but_a_corrected_function_is_another(client, six):
    first, again = send(client, six[0]), send(client, six[0])
    assert first["Location"] == again["Location"]
    other = send(client, six[0], function="mayor")
    assert other["Location"] != first["Location"]


# --- municipality from the mail domain ---------------------------------------------------------------------
@pytest.fixture
def towns():
    make.municipality("Lich", slug="lich")
    make.municipality("Homberg (Efze)", slug="homberg-efze", kind="Reformationsstadt")
    make.municipality("Wettenberg", slug="wettenberg", kind="Gemeinde")
    make.municipality("Landkreis Gießen", slug="landkreis-giessen", level="kreis", kind="Landkreis")
    make.municipality("Gießen", slug="giessen", kind="Universitätsstadt")
    make.organisation("Stadt Grünberg", contact_email="ehrenamt@gruenberg-mail.example")
    make.organisation("Gemeinde Klein", contact_email="gemeinde.klein@t-online.de")


def test_proposed_municipality_fits_its_column():
    make.organisation("Verwaltungsgemeinschaft " + "x" * 130, contact_email="info@vg.example")
    assert len(offices.propose("kim@vg.example")) == 100


@pytest.mark.parametrize(
    ("email", "proposed"),
    [
        ("weber@lich.de", "Stadt Lich"),
        ("Weber@Mail.LICH.de", "Stadt Lich"),
        ("weber@stadt-lich.de", "Stadt Lich"),
        ("weber@homberg-efze.eu", "Reformationsstadt Homberg (Efze)"),
        ("weber@gemeinde-wettenberg.de", "Gemeinde Wettenberg"),
        ("weber@giessen.de", "Universitätsstadt Gießen"),
        ("weber@lk-giessen.de", "Landkreis Gießen"),
        ("weber@gruenberg-mail.example", "Stadt Grünberg"),
    ],
)
def test_municipality_is_proposed_from_the_mail_domain(client, six, towns, email, proposed):
    assert send(client, six[0], email=email, municipality="").status_code == 303
    row = SessionSignup.objects.last()
    assert row.municipality == proposed
    page = client.get(f"/anmeldung/gesendet/{links.make(links.SENT, row.booking)}/").content.decode()
    assert f"Eingetragen als: <strong>Verwaltung, {proposed}</strong>" in page


@pytest.mark.parametrize(
    "email", ["kim@web.de", "kim@gmx.net", "kim@t-online.de", "kim@nirgends.example", "kim@lich.example.org"]
)
def test_where_nobody_can_tell_it_is_asked(client, six, towns, email):
    response = send(client, six[0], email=email, municipality="")
    assert (response.status_code, set(messages(response))) == (422, {"municipality"})


def test_what_was_typed_counts_before_what_is_proposed(client, six, towns):
    send(client, six[0], email="weber@lich.de", municipality="Freiwilligenagentur Lich")
    assert SessionSignup.objects.last().municipality == "Freiwilligenagentur Lich"


def test_person_corrects_function_and_municipality_for_all_dates(client, six):
    send(client, *six[:2])
    booking = Booking.objects.last()
    press_confirm(client, booking)
    manage = f"/anmeldung/meine/{links.make(links.MANAGE, booking)}/"
    data = {"do": "details", "name": "Kim M.", "function": "mayor", "municipality": "Stadt Hungen"}
    assert client.post(manage, data, headers=ORIGIN).status_code == 303
    said = set(SessionSignup.objects.filter(booking=booking).values_list("function", "municipality"))
    assert said == {("mayor", "Stadt Hungen")}
    booking.refresh_from_db()
    assert booking.name == "Kim M."
    page = client.get(manage).content.decode()
    assert "Bürgermeisterin oder Bürgermeister" in page
    wrong = client.post(manage, data | {"municipality": "http://evil.example"}, headers=ORIGIN)
    assert wrong.status_code == 422


# --- six dates, one form -------------------------------------------------------------------------------------
def test_six_dates_in_one_form_are_one_mail_six_queues_and_one_calendar_file(client, six, smtp):
    send(client, *six)
    booking = Booking.objects.last()
    assert [mail.subject for mail in mails("confirm-address")] == [
        "Noch ein Klick: 6 Termine ab Sa., 20. Juni, 13.30 Uhr – Ehrenamt im Rathaus"
    ]
    press_confirm(client, booking)
    assert states(booking) == [
        ("Abend 0", S.CONFIRMED), ("Abend 1", S.WAITING), ("Abend 2", S.CONFIRMED),
        ("Abend 3", S.CONFIRMED), ("Abend 4", S.CONFIRMED), ("Abend 5", S.CONFIRMED),
    ]  # fmt: skip
    places = {row.slot.name: row.place for row in signups.signups_of(booking)}
    assert places == {"Abend 0": 1, "Abend 1": 2, "Abend 2": 1, "Abend 3": 1, "Abend 4": 1, "Abend 5": 1}
    (mail,) = mails("confirmed") + mails("waiting")
    assert mail.subject == (
        "Platz sicher: 5 Termine ab Sa., 20. Juni, 13.30 Uhr – Ehrenamt im Rathaus (andere Termine: Warteliste)"
    )
    for n in range(6):
        assert mail.text.count(f"„Abend {n}“") == 1
    delivery.deliver(now=NOW)
    sent = message_from_bytes(smtp.messages[-1].as_bytes(), policy=policy.default)
    (attached,) = [part for part in sent.iter_attachments() if part.get_filename() == "termin.ics"]
    events = Calendar.from_ical(attached.get_content()).walk("VEVENT")
    assert [str(event["SUMMARY"]) for event in events] == [f"Abend {n}" for n in (0, 2, 3, 4, 5)]


def test_single_dates_of_the_form_are_moved_cancelled_and_promoted_on_their_own(client, six):
    send(client, *six)
    booking = Booking.objects.last()
    press_confirm(client, booking)
    Mail.objects.update(sent_at=NOW)
    uids = {row.slot.name: row.pk for row in signups.signups_of(booking)}

    move(six[2], starts=six[2].starts + DAY, ends=six[2].ends + DAY, now=NOW)
    cancel(six[3], reason="Krank", now=NOW)
    change_capacity(six[1], capacity=2, now=NOW)

    assert states(booking) == [
        ("Abend 0", S.CONFIRMED), ("Abend 1", S.CONFIRMED), ("Abend 2", S.CONFIRMED),
        ("Abend 3", S.ENDED), ("Abend 4", S.CONFIRMED), ("Abend 5", S.CONFIRMED),
    ]  # fmt: skip
    written = {mail.kind: mail for mail in Mail.objects.filter(booking=booking, sent_at=None)}
    assert {kind: mail.subject for kind, mail in written.items()} == {
        "changed": "Neue Zeit: So., 5. Juli, 13.30 Uhr – Abend 2",
        "cancelled-by-us": "Fällt aus: Sa., 11. Juli, 13.30 Uhr – Abend 3",
        "promoted": "Nachgerückt, Sie haben einen Platz: Sa., 27. Juni, 13.30 Uhr – Abend 1",
    }
    files = {kind: Calendar.from_ical(mail.calendar) for kind, mail in written.items()}
    told = {
        kind: [
            (str(event["UID"]).partition("@")[0], int(event["SEQUENCE"]), str(event["STATUS"]))
            for event in file.walk("VEVENT")
        ]
        for kind, file in files.items()
    }
    assert told == {
        "changed": [(f"sessionsignup-{uids['Abend 2']}", 1, "CONFIRMED")],
        "cancelled-by-us": [(f"sessionsignup-{uids['Abend 3']}", 2, "CANCELLED")],
        "promoted": [(f"sessionsignup-{uids['Abend 1']}", 0, "CONFIRMED")],
    }
    assert "Der Online-Raum bleibt geschlossen." in " ".join(written["cancelled-by-us"].text.split())
    assert "Treffpunkt" not in "".join(mail.text for mail in Mail.objects.filter(booking=booking))


def test_one_date_given_back_leaves_the_others_and_seats_the_next(client, six):
    send(client, *six[:2])
    booking = Booking.objects.last()
    press_confirm(client, booking)
    first = SessionSignup.objects.get(slot=six[1], email_key="erste@example.org")
    signups.give_back(first, now=NOW)
    assert states(booking) == [("Abend 0", S.CONFIRMED), ("Abend 1", S.CONFIRMED)]
    mine = SessionSignup.objects.get(booking=booking, slot=six[0])
    signups.give_back(mine, now=NOW)
    assert states(booking) == [("Abend 0", S.ENDED), ("Abend 1", S.CONFIRMED)]


def test_second_form_for_the_same_date_changes_function_and_municipality_of_the_first(client, six):
    send(client, six[0])
    press_confirm(client, Booking.objects.last())
    send(client, six[0], name="Kim Neu", function="mayor", municipality="Stadt Hungen")
    press_confirm(client, Booking.objects.last())
    (live,) = SessionSignup.objects.live().filter(slot=six[0])
    assert (live.booking.name, live.function, live.municipality) == ("Kim Neu", "mayor", "Stadt Hungen")


def test_who_gives_back_and_comes_again_keeps_what_was_said(client, six):
    send(client, six[0])
    booking = Booking.objects.last()
    press_confirm(client, booking)
    row = SessionSignup.objects.get(booking=booking)
    signups.give_back(row, now=NOW)
    assert signups.claim_seat(row, now=NOW)
    (live,) = SessionSignup.objects.live().filter(slot=six[0])
    assert (live.function, live.municipality) == ("staff", "Stadt Lich")


def test_open_phase_of_a_session_is_its_last_hour(six):
    """Rule 6: until an hour before, who waits is promoted; after that the first click gets the seat."""
    taken = SessionSignup.objects.get(slot=six[1])
    waiting = make.participant(six[1], status=S.WAITING)
    other = make.participant(six[1], status=S.WAITING)
    signups.give_back(taken, now=six[1].starts - timedelta(minutes=61))
    waiting.refresh_from_db()
    assert waiting.status == S.CONFIRMED
    signups.give_back(waiting, now=six[1].starts - timedelta(minutes=59))
    other.refresh_from_db()
    assert other.status == S.WAITING
    assert [mail.to for mail in mails("seat-free")] == [other.booking.email]


def test_confirming_ticks_of_both_kinds_keeps_each_in_its_queue(client, six):
    """A shift and a session of one address, confirmed with one click."""
    shift = make.shift()
    signups.register(slots=[shift], name="Kim", email="kim@rathaus.example", age_confirmed=True, now=NOW)
    send(client, six[0])
    booking = Booking.objects.get(slot_kind="session", confirmed_at=None, name="Kim Muster")
    keys = [row.label for row in [*signups.signups_of(booking), *signups.other_open(booking)]]
    address = f"/anmeldung/bestaetigen/{links.make(links.CONFIRM, booking)}/"
    assert client.post(address, {"signups": keys}, headers=ORIGIN).status_code == 303
    assert [shift.signups.get().status, six[0].signups.get().status] == [S.CONFIRMED, S.CONFIRMED]
    assert len(mails("confirmed")) == 2


def test_person_who_is_logged_in_skips_the_confirmation(client, six):
    user = User.objects.create_user("amt@lich.example", "Ein-langes-Passwort-3", name="Frau Amt")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client = Client()
    client.force_login(user)
    address = f"/konto/seminare/{six[0].slug}/"
    page = client.get(address).content.decode()
    assert 'value="Frau Amt"' in page
    data = filled(*six[:1], name="Frau Amt", email="jemand.anders@example.org")
    response = client.post(address, data)
    assert (response.status_code, response["Location"].startswith("/anmeldung/meine/")) == (303, True)
    row = SessionSignup.objects.get(email_key="amt@lich.example")
    assert (row.status, row.slot) == (S.CONFIRMED, six[0])
    assert client.get("/konto/seminare/gibt-es-nicht/").status_code == 404
    assert Client().get(address).status_code == 302


# --- what people are told and what is left of them --------------------------------------------------------------
def test_mail_of_confirmation_leads_to_the_page_with_the_way_in(client, six):
    send(client, six[0])
    press_confirm(client, Booking.objects.last())
    (mail,) = mails("confirmed")
    page = client.get(link_in(mail.text, "meine").replace("http://localhost:8000", "")).content.decode()
    assert "https://raum.example/geheim" in page
    assert "069 123, Kennwort 4711" in page
    assert "https://raum.example/geheim" not in mail.text


def test_page_says_when_the_way_in_is_not_fixed_yet(client, six):
    Session.objects.update(join_url="", dial_in="")
    send(client, six[0])
    booking = Booking.objects.last()
    press_confirm(client, booking)
    page = client.get(f"/anmeldung/meine/{links.make(links.MANAGE, booking)}/").content.decode()
    assert "Der Zugang zum Online-Raum steht hier, sobald er feststeht." in page


def test_during_the_session_the_page_still_shows_the_way_in(client, six):
    send(client, six[0])
    booking = Booking.objects.last()
    press_confirm(client, booking)
    address = f"/anmeldung/meine/{links.make(links.MANAGE, booking)}/"
    with time_machine.travel(six[0].starts + timedelta(minutes=20), tick=False):
        page = client.get(address).content.decode()
        assert ("https://raum.example/geheim" in page, "Platz sicher" in page) == (True, True)
    with time_machine.travel(six[0].ends, tick=False):
        page = client.get(address).content.decode()
        assert ("https://raum.example/geheim" in page, "Vorbei" in page) == (False, True)


def test_thirty_days_after_the_last_date_only_counts_are_left(client, six):
    send(client, six[0])
    booking = Booking.objects.last()
    press_confirm(client, booking)
    privacy.enforce(six[0].ends + timedelta(days=29, hours=23))
    assert SessionSignup.objects.get(booking=booking).municipality == "Stadt Lich"
    privacy.enforce(six[0].ends + timedelta(days=30, minutes=1))
    row = SessionSignup.objects.get(booking=booking)
    booking.refresh_from_db()
    assert (row.status, row.seats, row.function, row.municipality, row.email_key) == (
        S.CONFIRMED,
        1,
        "",
        "",
        None,
    )
    assert (booking.name, booking.email) == ("", "")


def test_export_and_erasure_hold_function_and_municipality(client, six):
    send(client, six[0])
    booking = Booking.objects.last()
    press_confirm(client, booking)
    said = privacy.export(booking)["termine"][0]
    assert said["gespeichert"]["Funktion"] == "Verwaltung"
    assert said["gespeichert"]["Kommune oder Organisation"] == "Stadt Lich"
    address = f"/anmeldung/meine/{links.make(links.MANAGE, booking)}/"
    client.post(address, {"do": "erase"}, headers=ORIGIN)
    row = SessionSignup.objects.get(booking=booking)
    assert (row.status, row.ended_reason, row.municipality) == (S.ENDED, "erased", "")
    assert "Danke für Ihr Interesse." in client.get(address).content.decode()


def test_page_takes_few_statements_for_any_number_of_dates(client, six, django_assert_num_queries):
    for dates in (1, 5):
        slots = [six[0], *six[2:]][:dates]
        booking = signups.register(
            slots=slots, name="Kim", email=f"kim{dates}@example.org", now=NOW, verified=True
        )
        with django_assert_num_queries(3):
            client.get(f"/anmeldung/meine/{links.make(links.MANAGE, booking)}/")


def test_who_typed_the_address_does_not_learn_what_its_owner_said(client, six):
    """A stranger's page „Noch nicht fest" shows the stranger's form, also after the owner's click (trust.md)."""
    send(client, six[0])
    press_confirm(client, Booking.objects.last())
    send(client, six[0], name="Fremd", municipality="Irgendwo")
    strangers = Booking.objects.last()
    sent = f"/anmeldung/gesendet/{links.make(links.SENT, strangers)}/"
    press_confirm(client, strangers)
    SessionSignup.objects.live().update(municipality="Stadt Geheimnis")
    page = client.get(sent).content.decode()
    assert ("Stadt Geheimnis" in page, "Eingetragen als" in page) == (False, False)


def test_correcting_the_name_keeps_the_telephone_that_staff_noted(client, six):
    booking = signups.register(
        slots=[six[0]], name="Frau Ruf", email="ruf@example.org", phone="06404 1234", now=NOW,
        answers={"function": "mayor", "municipality": "Stadt Lich"}, verified=True,
    )  # fmt: skip
    manage = f"/anmeldung/meine/{links.make(links.MANAGE, booking)}/"
    page = client.get(manage).content.decode()
    assert ("06404 1234" in page, 'name="phone"' in page) == (True, True)
    data = {
        "do": "details",
        "name": "Frau R.",
        "phone": "06404 1234",
        "function": "mayor",
        "municipality": "Stadt Lich",
    }
    client.post(manage, data, headers=ORIGIN)
    booking.refresh_from_db()
    assert (booking.name, booking.phone) == ("Frau R.", "06404 1234")


def test_corrected_answers_may_not_be_empty(client, six):
    send(client, six[0])
    booking = Booking.objects.last()
    press_confirm(client, booking)
    manage = f"/anmeldung/meine/{links.make(links.MANAGE, booking)}/"
    response = client.post(
        manage, {"do": "details", "name": "Kim", "function": "", "municipality": ""}, headers=ORIGIN
    )
    assert response.status_code == 422
    row = SessionSignup.objects.get(booking=booking)
    assert (row.function, row.municipality) == ("staff", "Stadt Lich")


def test_correcting_what_was_erased_meanwhile_is_refused(six):
    booking = signups.register(slots=[six[0]], name="Kim", email="kim@example.org", now=NOW, verified=True)
    found = signups.signups_of(booking)
    privacy.erase(booking, now=NOW)
    with pytest.raises(signups.Refused, match="inzwischen gelöscht"):
        signups.correct(
            booking, signups=found, name="Kim", phone="", answers={"municipality": "Lich"}, now=NOW
        )
    assert SessionSignup.objects.get(booking=booking).municipality == ""


def test_answers_of_a_date_long_over_go_though_the_form_lives_on(client, six):
    send(client, six[0], six[5])
    booking = Booking.objects.last()
    press_confirm(client, booking)
    over = six[0].ends + timedelta(days=30)
    privacy.enforce(over)
    said = {row.slot.name: (row.municipality, row.email_key) for row in signups.signups_of(booking)}
    assert said == {"Abend 0": ("", None), "Abend 5": ("Stadt Lich", "kim@rathaus.example")}
    page = client.get(f"/anmeldung/meine/{links.make(links.MANAGE, booking)}/").content.decode()
    assert "Stadt Lich" in page

    answers = {"function": "mayor", "municipality": "Stadt Hungen"}
    signups.correct(
        booking, signups=signups.signups_of(booking), name="Kim", phone="", answers=answers, now=over
    )
    said = {row.slot.name: row.municipality for row in signups.signups_of(booking)}
    assert said == {"Abend 0": "", "Abend 5": "Stadt Hungen"}  # what has gone stays gone


def test_corrected_answers_are_those_of_one_form(six):
    said = {"function": "mayor", "municipality": "Stadt Lich"}
    mine, other = [
        signups.register(
            slots=[six[0]], name=name, email=f"{name}@rathaus.example", answers=said, now=NOW, verified=True
        )
        for name in ("kim", "alex")
    ]
    answers = {"function": "staff", "municipality": "Stadt Hungen"}

    signups.correct(mine, signups=signups.signups_of(mine), name="Kim", phone="", answers=answers, now=NOW)

    rows = SessionSignup.objects.filter(booking__in=[mine, other]).order_by("booking")
    assert [row.answered() for row in rows] == [answers, said]


def test_session_taken_off_meanwhile_answers_the_click_kindly_and_promises_nothing(client, six):
    send(client, six[0])
    booking = Booking.objects.last()
    Session.objects.filter(pk=six[0].pk).update(state=Session.State.DRAFT)
    page = client.get(f"/anmeldung/bestaetigen/{links.make(links.CONFIRM, booking)}/").content.decode()
    assert ("Dieser Link ist abgelaufen" in page, "Platz sichern</span>" in page) == (True, False)


def test_click_that_comes_too_late_is_not_called_confirmed(client, six):
    send(client, six[0])
    booking = Booking.objects.last()
    keys = [signup.label for signup in signups.signups_of(booking)]
    address = f"/anmeldung/bestaetigen/{links.make(links.CONFIRM, booking)}/"
    real = signups.confirm

    def closing(*args, **kwargs):  # the deadline passes between the page's look and the verb's
        Session.objects.filter(pk=six[0].pk).update(deadline=NOW)
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signups, "confirm", closing)
        response = client.post(address, {"signups": keys}, headers=ORIGIN)
    assert (response.status_code, "ok=" in response["Location"]) == (303, False)
    assert "Anmeldeschluss war vorbei" in client.get(response["Location"]).content.decode()


def test_phone_entry_for_a_known_address_keeps_what_it_does_not_know(six):
    first = signups.register(
        slots=[six[0]], name="Kim", email="kim@example.org", now=NOW, verified=True,
        answers={"function": "mayor", "municipality": "Stadt Lich"},
    )  # fmt: skip
    signups.register(
        slots=[six[0]], name="Kim", email="kim@example.org", now=NOW, verified=True,
        answers={"function": "", "municipality": "Stadt Hungen"},
    )  # fmt: skip
    row = SessionSignup.objects.get(booking=first)
    assert (row.function, row.municipality) == ("mayor", "Stadt Hungen")


def test_contact_hears_of_a_seat_given_back_on_the_last_day_what_is_true(six):
    """Between 24 hours and one hour before, the next on the list has moved up already."""
    taken = SessionSignup.objects.get(slot=six[1])
    waiting = make.participant(six[1], status=S.WAITING)
    signups.give_back(taken, now=six[1].starts - timedelta(hours=20))
    text = " ".join(Mail.objects.get(kind="gave-back-late").text.split())
    assert ("ist nachgerückt." in text, "wer zuerst klickt" in text, "Stand: 1 von 1" in text) == (
        True,
        False,
        True,
    )
    waiting.refresh_from_db()
    assert waiting.status == S.CONFIRMED


def test_contact_hears_of_new_registrations_on_the_last_day_within_the_hour(six):
    now = six[0].starts - timedelta(hours=4)
    SessionSignup.objects.all().delete()
    make.participant(six[0], seated_at=now)
    Booking.objects.update(confirmed_at=now)
    queue_due(now=now)
    assert Mail.objects.filter(kind="new-signups", about=six[0].label).count() == 1


def test_session_with_people_is_not_moved_into_the_past_by_a_slip(six):
    make.participant(six[0])
    with pytest.raises(signups.Refused, match="in der Vergangenheit"):
        move(six[0], starts=six[0].starts.replace(year=2025), ends=six[0].ends.replace(year=2025), now=NOW)
