"""The programme of seminars and the page of one session: next first, honest about what is known."""

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from portal import slugs
from seminars.models import Session, SessionSignup
from tests import make, sitemaps
from tests.make import BERLIN, NOW
from tests.markup import Page

pytestmark = pytest.mark.django_db
ELSEWHERE = {"registration": Session.Registration.ELSEWHERE, "link": "https://anderswo.example/anmelden"}


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def page(client, path="/seminare/"):
    response = client.get(path)
    assert response.status_code == 200
    found = Page(response.content.decode(), f"http://testserver{path}")
    assert found.faults == []
    found.html = response.content.decode()
    return found


def text_of(html):
    """What a person reads, tags and runs of white space gone."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def words(found):
    return text_of(found.html.partition("<main")[2].partition("</main>")[0])


def headings(found, level="h3"):
    return [element.text for element in found.all(level)]


def at(month, day, hour=13, minute=30, year=2026):
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


# --- the programme ---------------------------------------------------------------------------------
def test_next_dates_stand_first_soonest_first_and_past_ones_after_newest_first(client):
    series = make.series()
    for name, starts in [("Herbst", at(9, 2)), ("Sommer", at(7, 1)), ("Winter", at(1, 7)), ("Mai", at(5, 6))]:
        make.session(series=series, name=name, starts=starts)
    make.session(series=series, name="Geheim", starts=at(7, 8), state=Session.State.DRAFT)
    make.session(series=series, name="Alt", starts=at(2, 1), state=Session.State.ARCHIVED)
    make.session(series=series, name="Ausgefallen", starts=at(3, 1), cancelled_at=NOW)
    found = page(client)
    assert headings(found) == ["Sommer", "Herbst", "Ehrenamt im Rathaus", "Mai", "Winter"]


def test_row_says_date_time_series_and_free_seats_in_words(client):
    series = make.series()
    make.session(series=series, name="Frei", starts=at(7, 1), capacity=4)
    full = make.session(series=series, name="Voll", starts=at(7, 8), capacity=1)
    make.participant(full)
    make.session(series=series, name="Offen", starts=at(7, 15), capacity=None)
    make.session(series=series, name="Weg", starts=at(7, 22), cancelled_at=NOW, cancel_reason="Krank")
    make.session(series=series, name="Fern", starts=at(7, 29), capacity=None, **ELSEWHERE)
    rows = [text_of(row) for row in re.findall(r'<li class="shift .*?</li>', page(client).html, re.DOTALL)]
    assert rows == [
        "Mi. 1 . Jul Frei 13.30–15 Uhr Ehrenamt im Rathaus noch 4 Plätze",
        "Mi. 8 . Jul Voll 13.30–15 Uhr Ehrenamt im Rathaus Warteliste",
        "Mi. 15 . Jul Offen 13.30–15 Uhr Ehrenamt im Rathaus Plätze frei",
        "Mi. 22 . Jul Weg 13.30–15 Uhr Ehrenamt im Rathaus abgesagt",
        "Mi. 29 . Jul Fern 13.30–15 Uhr Ehrenamt im Rathaus Anmeldung anderswo",
    ]


def test_without_a_coming_date_the_page_promises_a_mail(client):
    make.session(starts=at(1, 7))
    found = page(client)
    assert "Der nächste Termin steht noch nicht fest" in headings(found, "h2")
    assert "Wir schreiben Ihnen, sobald es ihn gibt." in words(found)
    action, method, fields = found.form("Sagen Sie mir Bescheid")
    assert (action, method) == ("http://testserver/seminare/bescheid/", "POST")
    assert {name for name, _value in fields} == {"issued", "email", "reihe", "betreff"}


def test_programme_without_any_series_promises_nothing(client):
    found = page(client)
    assert found.h1 == "Seminare"
    assert "Noch gibt es keine Seminare" in words(found)
    assert ("Wir schreiben Ihnen" in words(found), found.all("input", name="email")) == (False, [])
    assert client.get("/seminare/bescheid/")["Location"] == "/seminare/"


@pytest.mark.parametrize("number", ["0", "2", "-1", "abc", "999999"])
def test_page_of_past_ones_that_is_not_there_is_404(client, number):
    make.session(starts=at(1, 7))
    assert client.get(f"/seminare/?page={number}").status_code == 404


def test_past_ones_come_twenty_at_a_time(client):
    series = make.series()
    for n in range(21):
        make.session(series=series, name=f"Folge {n}", starts=at(1, 1) + timedelta(days=n))
    past = [title for title in headings(page(client)) if title.startswith("Folge")]
    assert past == [f"Folge {n}" for n in range(20, 0, -1)]
    second = [title for title in headings(page(client, "/seminare/?page=2")) if title.startswith("Folge")]
    assert second == ["Folge 0"]


@pytest.mark.parametrize("rows", [1, 3])
def test_programme_takes_five_statements_for_any_number_of_dates(client, django_assert_num_queries, rows):
    for n in range(rows):
        series = make.series(title=f"Reihe {n}")
        make.session(series=series, starts=at(7, 1 + n))
        make.session(series=series, starts=at(2, 1 + n))
    # Coming with seats, how many are past, those of this page, series, who answers for the form.
    with django_assert_num_queries(5):
        client.get("/seminare/")


# --- who runs it, who answers, who only points to it -------------------------------------------------
def test_series_says_who_runs_it_and_who_only_points_to_it(client):
    series = make.series(
        title="#kommunalEngagiert", run_by="DSEE, DStGB, DLT", only_points=True,
        controller_elsewhere="Stiftung in Neustrelitz", website="https://reihe.example/",
    )  # fmt: skip
    session = make.session(series=series, starts=at(7, 1), **ELSEWHERE)
    for path in ("/seminare/", session.get_absolute_url()):
        said = words(page(client, path))
        assert "Veranstalter DSEE, DStGB, DLT" in said
        assert (
            "Hessischer Städte- und Gemeindebund weist auf die Reihe hin und veranstaltet sie nicht." in said
        )
        assert "Verantwortlich für die Daten: Stiftung in Neustrelitz" in said


def test_session_elsewhere_has_a_link_and_no_form(client):
    session = make.session(starts=at(7, 1), capacity=None, **ELSEWHERE)
    found = page(client, session.get_absolute_url())
    assert found.link("Zur Anmeldung (andere Seite)") == "https://anderswo.example/anmelden"
    assert found.all("input", name="email") == []
    assert "Wir erfahren davon nichts." in words(found)
    response = client.post(
        session.get_absolute_url(), {"name": "Kim"}, headers={"origin": "http://testserver"}
    )
    assert response.status_code == 422
    assert not SessionSignup.objects.exists()


# --- one session ---------------------------------------------------------------------------------------
def test_session_says_when_what_who_speaks_and_how_many_seats(client):
    series = make.series(passes_to="Freiwilligenakademie Musterstadt")
    session = make.session(series=series, starts=at(7, 1), capacity=3, summary="Was **wirklich** freut.")
    make.participant(session)
    make.speaker(session, "Frau Sommer", function="Leiterin einer Agentur")
    make.speaker(session, "Herr Winter", is_asked=True, order=1)
    found = page(client, session.get_absolute_url())
    said = words(found)
    assert found.h1 == "Anerkennung, die ankommt"
    for part in (
        "Mittwoch, 1. Juli 2026, 13.30–15 Uhr",
        "noch 2 Plätze",
        "Was wirklich freut.",
        "Frau Sommer Leiterin einer Agentur",
        "Herr Winter (angefragt)",
        "Ihren Namen bekommt außerdem: Freiwilligenakademie Musterstadt.",
        "Ihre Angaben erhält Hessischer Städte- und Gemeindebund",
    ):
        assert part in said


def test_form_offers_all_open_dates_of_the_series_with_this_one_ticked(client):
    series = make.series()
    first = make.session(series=series, name="Erster", starts=at(7, 1))
    second = make.session(series=series, name="Zweiter", starts=at(7, 8))
    make.session(series=series, name="Abgesagt", starts=at(7, 9), cancelled_at=NOW)
    make.session(series=series, name="Fern", starts=at(7, 10), **ELSEWHERE)
    make.session(series=series, name="Zu", starts=at(7, 11), deadline=NOW)
    make.session(name="Andere Reihe", starts=at(7, 12), series=make.series(title="Andere"))
    found = page(client, second.get_absolute_url())
    ticks = {box.get("value"): "checked" in box.attributes for box in found.all("input", name="slots")}
    assert ticks == {str(first.pk): False, str(second.pk): True}


def test_full_session_still_takes_people_on_the_waiting_list(client):
    session = make.session(starts=at(7, 1), capacity=1)
    make.participant(session)
    found = page(client, session.get_absolute_url())
    assert "Warteliste" in words(found)
    assert found.form("Auf die Warteliste")[1] == "POST"
    assert "erst Ihr Klick darin setzt Sie auf die Warteliste" in words(found)


def test_session_takes_three_statements_for_any_number_of_dates_and_speakers(
    client, django_assert_num_queries
):
    for rows in (1, 3):
        series = make.series(title=f"Reihe {rows}")
        sessions = [make.session(series=series, starts=at(7, n + 1)) for n in range(rows)]
        for n in range(rows):
            make.speaker(sessions[0], f"Person {n}")
        with django_assert_num_queries(3):  # the session, its speakers, the dates of the form
            client.get(sessions[0].get_absolute_url())


@pytest.mark.parametrize("state", [Session.State.DRAFT, Session.State.ARCHIVED])
def test_unpublished_session_does_not_exist(client, state):
    session = make.session(state=state)
    assert client.get(session.get_absolute_url()).status_code == 404
    answer = client.post(session.get_absolute_url(), {}, headers={"origin": "http://testserver"})
    assert answer.status_code == 404


def test_old_address_leads_to_todays_for_ever(client):
    session = make.session(slug="alt")
    slugs.rename(session, "neu")
    slugs.rename(session, "neuer")
    for old in ("alt", "neu"):
        response = client.get(f"/seminare/{old}/")
        assert (response.status_code, response["Location"]) == (301, "/seminare/neuer/")


def test_cancelled_session_says_why_and_takes_nobody(client):
    session = make.session(starts=at(7, 1), cancelled_at=NOW, cancel_reason="Die Referentin ist krank.")
    found = page(client, session.get_absolute_url())
    assert "Fällt leider aus. Die Referentin ist krank." in words(found)
    assert found.all("input", name="email") == []


def test_etag_outlives_the_moment_of_issue_but_not_a_change(client):
    session = make.session(starts=at(7, 1))
    first = client.get(session.get_absolute_url())["ETag"]
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        assert client.get(session.get_absolute_url())["ETag"] == first
        Session.objects.filter(pk=session.pk).update(name="Neuer Titel")
        assert client.get(session.get_absolute_url())["ETag"] != first


# --- what is over ----------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize(
    ("precision", "starts", "said"),
    [
        ("time", at(1, 25), "Sonntag, 25. Januar 2026, 13.30–15 Uhr"),
        ("start", at(1, 25), "Sonntag, 25. Januar 2026, 13.30 Uhr"),
        ("day", at(1, 25), "Sonntag, 25. Januar 2026"),
        ("month", at(1, 1), "Januar 2026"),
        ("year", at(1, 1, year=2023), "2023"),
        ("unknown", at(1, 1, year=2023), "Datum nicht bekannt"),
    ],
)
def test_past_session_says_what_is_known_of_its_time_and_no_more(client, precision, starts, said):
    session = make.session(starts=starts, precision=precision, capacity=None, **ELSEWHERE)
    for path in ("/seminare/", session.get_absolute_url()):
        found = page(client, path)
        shown = words(found)
        assert said in shown
        assert ("Uhr" in shown) == (precision in ("time", "start"))
    leaves = page(client, session.get_absolute_url()).all("time")
    assert bool(leaves) == (precision in ("time", "start"))


@pytest.mark.parametrize("is_public", [True, False])
def test_recording_is_shown_to_everybody_only_where_it_is_public(client, is_public):
    session = make.session(
        starts=at(1, 7), recording_url="https://film.example/1", recording_is_public=is_public,
        materials_url="https://unterlagen.example/1",
    )  # fmt: skip
    html = client.get(session.get_absolute_url()).content.decode() + client.get("/seminare/").content.decode()
    assert ("https://film.example/1" in html) == is_public
    assert "https://unterlagen.example/1" not in html


def test_past_session_leads_to_the_next_ones_and_to_the_promise(client):
    past = make.session(starts=at(1, 7))
    found = page(client, past.get_absolute_url())
    assert found.link("Sagen Sie mir Bescheid") == "http://testserver/seminare/bescheid/"
    make.session(series=past.series, name="Kommt noch", starts=at(7, 1))
    assert "Kommt noch" in words(page(client, past.get_absolute_url()))


# --- where it is linked ------------------------------------------------------------------------------------
def test_start_page_and_page_for_towns_lead_to_the_next_seminars(client):
    session = make.session(name="Jetzt gleich", starts=at(6, 17))
    for path in ("/", "/fuer-kommunen/"):
        found = page(client, path)
        assert found.link("Jetzt gleich") == f"http://testserver{session.get_absolute_url()}"
        assert "http://testserver/seminare/" in found.links()


def test_sitemap_names_published_sessions_but_no_examples():
    shown = make.session(slug="echt")
    make.session(slug="entwurf", state=Session.State.DRAFT)
    make.session(slug="beispiel", series=make.series(is_example=True))
    named = sitemaps.addresses(Client())
    assert [slug for slug in ("echt", "entwurf", "beispiel") if f"/seminare/{slug}/" in named] == ["echt"]
    assert {"/seminare/", shown.get_absolute_url()} <= set(named)
