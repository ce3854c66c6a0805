"""The association's job in the Redaktion: a session with its speakers on one page, and its people."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import rescheduling
from portal.association import association
from portal.models import AccessLog, Booking, Mail, Membership
from portal.slots import Signup
from seminars.models import Series, Session, SessionSignup, Speaker
from tests import make
from tests.make import BERLIN
from tests.staffroom import proven, rehearsed, staff, typed

pytestmark = pytest.mark.django_db
S = Signup.Status
DAY = timedelta(days=1)


@pytest.fixture
def adler():
    return proven(
        staff(association(), Membership.Role.SEMINARS, email="adler@verband.example", name="Frau Adler")
    )


def at(days, hour=13):
    day = timezone.localtime() + timedelta(days=days)
    return day.replace(hour=hour, minute=30, second=0, microsecond=0)


def local(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def page(session, name="change", *args):
    return reverse(f"admin:seminars_session_{name}", args=[session.pk, *args])


def save(client, session, button="_continue", **changes):
    """Open the session's page, change these fields, press the button."""
    data = typed(client.get(page(session)))
    data |= {key.replace("__", "-"): value for key, value in changes.items()}
    data = {name: value for name, value in data.items() if value is not None}
    return client.post(page(session), data | {button: "1"}, follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


def errors(response):
    return response.context["adminform"].form.errors


# --- a new session ----------------------------------------------------------------------------------------
@pytest.mark.slow
def test_new_session_with_speakers_is_one_page_and_published_with_one_button(adler):
    series = make.series()
    add = reverse("admin:seminars_session_add")
    data = typed(adler.get(add)) | {
        "series": str(series.pk), "name": "Wie anfangen?", "summary": "Schritt für Schritt.",
        "starts": local(at(20)), "ends": local(at(20, 15)), "registration": "here", "capacity": "30",
        "join_url": "https://raum.example/1", "precision": "time", "remind_day": "on", "remind_hour": "on",
        "speakers-TOTAL_FORMS": "1", "speakers-INITIAL_FORMS": "0",
        "speakers-0-name": "Frau Sommer", "speakers-0-function": "Leiterin", "speakers-0-order": "0",
    }  # fmt: skip
    response = adler.post(add, data)
    session = Session.objects.get()
    assert response["Location"] == page(session)
    assert (session.state, session.slug, session.capacity, session.max_party) == (
        "draft", f"wie-anfangen-{at(20).year}", 30, 1,
    )  # fmt: skip
    assert [str(speaker) for speaker in session.speakers.all()] == ["Frau Sommer"]
    response = save(adler, session, button="_publish")
    session.refresh_from_db()
    assert (said(response), session.state, bool(session.published_at)) == (
        ["Veröffentlicht."],
        "published",
        True,
    )
    assert adler.get(session.get_absolute_url()).status_code == 200


@pytest.mark.slow
def test_what_is_missing_for_publication_is_listed_in_words(adler):
    series = make.series(run_by=" ", contact_email="")
    session = make.session(series=series, state="draft", summary="", starts=at(20))
    text = adler.get(page(session)).content.decode()
    for words in ("worum es geht", "wer die Reihe veranstaltet", "die E-Mail der Ansprechstelle der Reihe"):
        assert f"<li>{words}</li>" in text
    save(adler, session, button="_publish", summary="")
    session.refresh_from_db()
    assert session.state == "draft"
    elsewhere = make.session(state="draft", starts=at(20), registration="elsewhere", capacity=None)
    assert "der Link zur Anmeldung" in adler.get(page(elsewhere)).content.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"ends": "2027-01-01T10:00"}, "ends", "Das Ende muss nach dem Beginn liegen."),
        (
            {"deadline": "2027-01-02T10:00"},
            "deadline",
            "Der Anmeldeschluss darf nicht nach dem Beginn liegen.",
        ),
        ({"precision": "day"}, "precision", "Wer sich hier anmeldet, braucht einen Beginn und ein Ende."),
        ({"join_url": "javascript:alert(1)"}, "join_url", "Bitte eine gültige Adresse eingeben."),
    ],
)
def test_wrong_input_is_said_and_changes_nothing(adler, changes, field, words):
    starts = datetime(2027, 1, 1, 13, 30, tzinfo=BERLIN)
    session = make.session(starts=starts)
    before = Session.objects.filter(pk=session.pk).values().get()
    response = save(adler, session, **changes)
    assert response.status_code == 200
    assert errors(response)[field] == [words]
    assert Session.objects.filter(pk=session.pk).values().get() == before


@pytest.mark.slow
def test_time_that_no_clock_shows_or_that_comes_twice_is_refused(adler, proof):
    """Half past two on the last Sunday of March, and of October."""
    session, said = make.session(starts=datetime(2027, 1, 1, 13, 30, tzinfo=BERLIN)), []
    before = Session.objects.filter(pk=session.pk).values().get()
    for day in ("2027-03-28", "2027-10-31"):
        said.append(errors(save(adler, session, starts=f"{day}T02:30", ends=f"{day}T04:30")).get("starts"))
    changed = Session.objects.filter(pk=session.pk).values().get() != before
    proof(
        "faults",
        "Sommer- und Winterzeit",
        tried="Beginn um 2.30 Uhr am letzten Sonntag im März (gibt es nicht) und im Oktober (gibt es zwei Mal)",
        expected="abgelehnt, nichts geändert",
        seen=f"{sum(map(bool, said))} von 2 abgelehnt, {'geändert' if changed else 'nichts geändert'}",
    )
    assert all("Zeitzone" in sentence for sentences in said for sentence in sentences)
    assert not changed


# --- changing one that people are registered for ----------------------------------------------------------------
@pytest.fixture
def session():
    made = make.session(starts=at(20), capacity=1)
    make.participant(made, email="kim@example.org")
    make.participant(made, email="wartet@example.org", status=S.WAITING)
    return made


def kinds():
    return sorted(Mail.objects.filter(withdrawn_at=None).values_list("kind", "to"))


def test_moving_tells_everybody_old_and_new_time(adler, session):
    rehearsed(adler, page(session, "move"), {"starts": local(at(21)), "ends": local(at(21, 15))})
    session.refresh_from_db()
    assert (session.starts, session.starts_revision, session.sequence) == (at(21), 1, 1)
    assert kinds() == [("changed", "kim@example.org"), ("changed", "wartet@example.org")]
    assert AccessLog.objects.filter(action="Zeiten geändert", about=session.label).count() == 1


@pytest.mark.slow
def test_more_seats_promote_and_fewer_remove_nobody(adler, session):
    rehearsed(adler, page(session, "seats"), {"capacity": "2"})
    assert kinds() == [("promoted", "wartet@example.org")]
    rehearsed(adler, page(session, "seats"), {"capacity": "1"})
    assert session.signups.filter(status=S.CONFIRMED).count() == 2
    assert "(überbucht)" in adler.get(page(session, "people")).content.decode()


@pytest.mark.slow
def test_new_way_in_is_told_by_the_verb_and_logged(adler, session):
    Mail.objects.create(
        key="r", kind="reminder", about=f"{session.signups.first().booking.label}:{session.day}",
        booking=session.signups.first().booking, to="kim@example.org", queued_at=timezone.now(),
        next_try_at=timezone.now(), sent_at=timezone.now(),
    )  # fmt: skip
    save(adler, session, join_url="https://raum.example/neu")
    (mail,) = Mail.objects.filter(kind="new-access")
    assert (mail.to, "https://raum.example/neu" in mail.text) == ("kim@example.org", True)
    assert AccessLog.objects.filter(action="Zugang geändert").count() == 1


@pytest.mark.slow
def test_changing_words_tells_nobody(adler, session):
    save(adler, session, name="Neuer Titel", summary="Neu", speakers__0__name="Frau Neu")
    session.refresh_from_db()
    assert (session.name, session.sequence, kinds()) == ("Neuer Titel", 0, [])
    assert Speaker.objects.get().name == "Frau Neu"


@pytest.mark.slow
def test_saving_words_undoes_nothing_that_happened_meanwhile(adler, session):
    """The page was open while a colleague cancelled the date and the engine counted on."""
    data = typed(adler.get(page(session)))
    rescheduling.cancel(session, reason="Krank", now=timezone.now())
    adler.post(page(session), data | {"summary": "Neuer Text", "_continue": "1"})
    session.refresh_from_db()
    assert (session.summary, session.cancel_reason, bool(session.cancelled_at), session.sequence) == (
        "Neuer Text", "Krank", True, 1,
    )  # fmt: skip


@pytest.mark.slow
def test_with_people_on_it_registration_does_not_go_elsewhere_and_the_page_not_away(adler, session):
    response = save(adler, session, registration="elsewhere", link="https://anderswo.example")
    assert errors(response)["registration"] == ["Zu diesem Termin sind schon Menschen angemeldet."]
    response = save(adler, session, button="_draft")
    assert said(response) == ["Zu diesem Termin sind Menschen angemeldet. Bitte sagen Sie ihn zuerst ab."]
    session.refresh_from_db()
    assert (session.registration, session.state) == ("here", "published")
    assert adler.post(page(session, "delete"), {"post": "yes"}).status_code == 404


@pytest.mark.slow
def test_published_address_keeps_leading_to_the_session(adler, session):
    Session.objects.filter(pk=session.pk).update(published_at=timezone.now())
    save(adler, session, slug="neue-adresse")
    old, new = session.slug, "neue-adresse"
    assert adler.get(f"/seminare/{old}/")["Location"] == f"/seminare/{new}/"
    response = save(adler, session, slug="bescheid")
    assert "Diese Adresse ist für eine andere Seite vorgesehen." in response.content.decode()


# --- its people -----------------------------------------------------------------------------------------------
def test_list_shows_status_function_and_municipality_and_is_logged(adler, session):
    make.participant(session, status=S.UNCONFIRMED, email="offen@example.org", function="mayor")
    text = " ".join(adler.get(page(session, "people")).content.decode().split())
    for part in (
        "Wer kommt (1)", "Warteliste (1)", "Noch nicht bestätigt (hält keinen Platz) (1)", "Verwaltung, Stadt Lich",
        "Bürgermeisterin oder Bürgermeister, Stadt Lich", "kim@example.org", "1 von 1 Plätzen vergeben",
    ):  # fmt: skip
        assert part in text, part
    assert AccessLog.objects.filter(action="Liste gelesen", about=session.label).count() == 1


def test_somebody_who_phones_is_entered_with_function_and_municipality(adler, session):
    form = adler.get(page(session, "phone")).content.decode()
    assert ("Wie viele kommen?" in form, "Funktion" in form) == (False, True)
    data = {
        "name": "Frau Ruf",
        "email": "ruf@example.org",
        "phone": "",
        "function": "mayor",
        "municipality": "Stadt Hungen",
    }
    response = adler.post(page(session, "phone"), data)
    assert response["Location"] == page(session, "people")
    row = SessionSignup.objects.get(email_key="ruf@example.org")
    assert (row.status, row.function, row.municipality, row.seats) == (S.WAITING, "mayor", "Stadt Hungen", 1)
    assert (row.booking.source, row.booking.entered_by.name) == (Booking.Source.PHONE, "Frau Adler")
    wrong = adler.post(page(session, "phone"), data | {"municipality": "http://x.example"})
    assert "Bitte schreiben Sie hier keine Internetadresse." in wrong.content.decode()


@pytest.mark.slow
def test_cancelling_and_giving_back_work_as_for_every_date(adler, session):
    kim = session.signups.get(email_key="kim@example.org")
    adler.post(page(session, "give_back", kim.pk))
    assert session.signups.get(email_key="wartet@example.org").status == S.CONFIRMED
    _preview, response = rehearsed(adler, page(session, "cancel"), {"reason": "Die Referentin ist krank."})
    session.refresh_from_db()
    assert (response["Location"], session.cancel_reason) == (
        page(session, "people"),
        "Die Referentin ist krank.",
    )
    assert ("cancelled-by-us", "wartet@example.org") in kinds()


def test_sign_up_of_another_session_is_not_given_back_through_this_one(adler, session):
    other = make.participant(make.session(starts=at(25)))
    assert adler.post(page(session, "give_back", other.pk)).status_code == 404


# --- overview and series ------------------------------------------------------------------------------------------
def test_start_page_shows_the_next_sessions_and_where_the_way_in_is_missing(adler, session):
    make.session(series=session.series, name="Ohne Raum", starts=at(25), join_url="", capacity=5)
    make.session(series=session.series, name="Im Entwurf", starts=at(30), state="draft")
    text = " ".join(adler.get(reverse("admin:index")).content.decode().split())
    for part in (
        "1 von 1 · 1 wartet",
        "0 von 5 · Zugang zum Online-Raum fehlt noch",
        "Entwurf: „Im Entwurf“",
    ):
        assert part in text, part


def test_start_page_without_sessions_says_what_to_do(adler):
    text = adler.get(reverse("admin:index")).content.decode()
    assert "Zurzeit steht kein Termin an." in text


def test_series_is_made_by_seminar_staff_and_belongs_to_the_association(adler):
    data = {
        "title": "Neue Reihe", "summary": "Worum es geht.", "audience": "Alle", "run_by": "Verband",
        "contact": "", "contact_email": "a@b.example", "contact_phone": "", "passes_to": "",
        "controller_elsewhere": "", "website": "",
    }  # fmt: skip
    assert adler.post(reverse("admin:seminars_series_add"), data).status_code == 302
    assert Series.objects.get().organisation == association()


def test_series_with_dates_is_not_deleted(adler, session):
    address = reverse("admin:seminars_series_delete", args=[session.series.pk])
    assert adler.post(address, {"post": "yes"}).status_code == 404
    assert Series.objects.count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["changelist", "people"])
def test_lists_take_the_same_statements_for_any_number_of_rows(adler, name):
    counts = []
    for rows in (1, 3):
        series = make.series(title=f"Reihe {rows}")
        sessions = [make.session(series=series, starts=at(20 + n)) for n in range(rows)]
        for _ in range(rows):
            make.participant(sessions[0])
        address = (
            page(sessions[0], name) if name == "people" else reverse("admin:seminars_session_changelist")
        )
        with CaptureQueriesContext(connection) as captured:
            assert adler.get(address).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- what an attack found --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_page_that_was_open_too_long_moves_nothing_back(adler, session):
    """A colleague moved the date, gave it more seats and another room; then a typo is corrected in an old tab."""
    stale = typed(adler.get(page(session)))
    rehearsed(adler, page(session, "move"), {"starts": local(at(21)), "ends": local(at(21, 15))})
    rehearsed(adler, page(session, "seats"), {"capacity": "5"})
    save(adler, session, join_url="https://raum.example/b")
    Mail.objects.all().delete()
    adler.post(page(session), stale | {"name": "Tippfehler behoben", "_continue": "1"})
    session.refresh_from_db()
    assert (session.name, session.starts, session.capacity, session.join_url) == (
        "Tippfehler behoben", at(21), 5, "https://raum.example/b",
    )  # fmt: skip
    assert not Mail.objects.exists()


@pytest.mark.slow
def test_stale_page_keeps_what_a_colleague_entered_meanwhile(adler, session):
    """The recording stays private, the materials stay, the reminder stays off."""
    Session.objects.filter(pk=session.pk).update(
        recording_url="https://film.example/1", recording_is_public=True, materials_url=""
    )
    stale = typed(adler.get(page(session)))
    Session.objects.filter(pk=session.pk).update(
        recording_is_public=False, materials_url="https://pdf.example/1", remind_day=False
    )
    adler.post(page(session), stale | {"summary": "Tippfehler behoben", "_continue": "1"})
    session.refresh_from_db()
    assert (session.summary, session.recording_is_public, session.materials_url, session.remind_day) == (
        "Tippfehler behoben", False, "https://pdf.example/1", False,
    )  # fmt: skip


@pytest.mark.slow
def test_new_way_in_saved_twice_is_told_once(adler, session):
    Session.objects.filter(pk=session.pk).update(remind_day=False, remind_hour=False)
    make.participant(session)
    people = [row.label for row in session.signups.filter(status=S.CONFIRMED)]
    data = typed(adler.get(page(session))) | {"join_url": "https://raum.example/neu", "_continue": "1"}
    for _click in range(2):
        adler.post(page(session), data)
        Mail.objects.filter(sent_at=None, withdrawn_at=None).update(sent_at=timezone.now())
    told = Mail.objects.filter(kind="new-access").values_list("about", flat=True)
    assert sorted(told) == sorted(people)


@pytest.mark.slow
def test_recording_of_a_past_session_is_added_whatever_is_unknown_of_it(adler, session):
    Session.objects.filter(pk=session.pk).update(
        starts=at(-20), ends=at(-20, 15), summary="", state=Session.State.PUBLISHED
    )
    Series.objects.filter(pk=session.series_id).update(contact_email="")
    save(adler, session, summary="", recording_url="https://film.example/1")
    session.refresh_from_db()
    assert session.recording_url == "https://film.example/1"


@pytest.mark.slow
def test_a_page_opened_before_somebody_signed_up_moves_nobody_silently(adler):
    empty = make.session(starts=at(20))
    stale = typed(adler.get(page(empty)))
    make.participant(empty, email="kim@example.org")
    response = adler.post(page(empty), stale | {"ends": local(at(20, 16)), "_continue": "1"})
    assert list(errors(response)) == ["ends"]
    assert "Inzwischen ist jemand angemeldet." in errors(response)["ends"][0]
    empty.refresh_from_db()
    assert (empty.ends, kinds()) == (at(20) + timedelta(minutes=90), [])


@pytest.mark.slow
@pytest.mark.parametrize("field", ["starts", "ends", "deadline"])
@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_year_that_does_not_exist_is_refused(adler, field, year):
    response = save(adler, make.session(starts=at(20)), **{field: f"{year}-01-01T10:00"})
    assert response.status_code == 200
    assert "Bitte prüfen Sie das Jahr." in errors(response)[field]


@pytest.mark.slow
def test_a_coming_date_is_known_exactly(adler):
    coming = make.session(starts=at(20), registration="elsewhere", link="https://x.example", capacity=None)
    response = save(adler, coming, precision="month")
    assert errors(response)["precision"] == ["Ein kommender Termin braucht einen Beginn und ein Ende."]


def test_series_keeps_what_its_public_dates_need(adler, session):
    address = reverse("admin:seminars_series_change", args=[session.series.pk])
    response = adler.post(address, typed(adler.get(address)) | {"contact_email": ""})
    assert "Es fehlt: die E-Mail der Ansprechstelle der Reihe." in response.content.decode()
    session.series.refresh_from_db()
    assert session.series.contact_email == "seminare@verband.example"


@pytest.mark.slow
def test_session_elsewhere_promises_no_list_of_people(adler):
    elsewhere = make.session(starts=at(20), registration="elsewhere", link="https://x.example", capacity=None)
    text = adler.get(page(elsewhere)).content.decode()
    assert ("Die Anmeldung ist anderswo." in text, "Noch keine. Sie sehen sie hier" in text) == (True, False)


def test_phone_entry_needs_function_and_municipality(adler, session):
    data = {"name": "Frau Ruf", "email": "ruf@example.org", "phone": "", "function": "", "municipality": ""}
    response = adler.post(page(session, "phone"), data)
    assert set(response.context["form"].errors) == {"function", "municipality"}


@pytest.mark.slow
def test_people_of_a_date_long_over_are_not_named(adler):
    held = make.session(starts=timezone.now() - timedelta(days=31))
    later = make.session(series=held.series, starts=at(20))
    booking = make.booking("kim@example.org", slot_kind="session", organisation=held.organisation)
    for each in (held, later):
        make.participant(each, booking=booking)
    texts = [adler.get(page(each, "people")).content.decode() for each in (held, later)]
    assert ["Kim Muster" in text for text in texts] == [False, True]
    assert ["kim@example.org" in text for text in texts] == [False, True]
