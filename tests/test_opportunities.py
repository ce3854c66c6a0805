"""/mitmachen/ and its actions: what a visitor finds, how it is worded, and what it costs."""

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from initiatives.models import Initiative
from portal.models import Municipality, OldSlug, PostalCode
from portal.slots import Signup
from tests import make
from tests.make import BERLIN, NOW
from volunteers.models import Opportunity

pytestmark = pytest.mark.django_db
LIST = "/mitmachen/"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def places():
    """Lich, Hungen 12 km east, Kassel 90 km north; two towns called Homberg."""
    towns = {
        "Lich": make.municipality("Lich", postal_code="35423", lat=50.52, lon=8.82),
        "Hungen": make.municipality("Hungen", postal_code="35410", lat=50.47, lon=8.9),
        "Kassel": make.municipality("Kassel", postal_code="34117", lat=51.32, lon=9.5),
        "Homberg (Efze)": make.municipality(
            "Homberg (Efze)", slug="homberg-efze", postal_code="34576", lat=51.03, lon=9.4
        ),
        "Homberg (Ohm)": make.municipality(
            "Homberg (Ohm)", slug="homberg-ohm", postal_code="35315", lat=50.73, lon=9.0
        ),
    }
    for town in towns.values():
        PostalCode.objects.create(
            code=town.postal_code, municipality=town, place=town.name, lat=town.lat, lon=town.lon
        )
    return towns


def titles(html):
    return re.findall(r'shift__title"><a href="[^"]*">([^<]*)</a>', html)


def text(response):
    """The words of the page, without tags."""
    main = response.content.decode().split("<main")[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def get(client, url, **query):
    response = client.get(url, query)
    assert response.status_code == 200
    return response


# --- the list -----------------------------------------------------------------------------------


def test_list_shows_open_dates_of_published_actions_soonest_first(client):
    later = make.shift(opportunity=make.opportunity(title="Später"), starts=NOW + timedelta(days=9))
    make.shift(opportunity=make.opportunity(title="Bald"), starts=NOW + timedelta(days=2))
    make.shift(opportunity=later.opportunity, starts=NOW + timedelta(days=30))
    make.shift(opportunity=make.opportunity(title="Vorbei"), starts=NOW - timedelta(days=2))
    make.shift(opportunity=make.opportunity(title="Abgesagt"), cancelled_at=NOW)
    make.shift(opportunity=make.opportunity(title="Geschlossen"), deadline=NOW - timedelta(hours=1))
    make.shift(opportunity=make.opportunity(title="Entwurf", state=Opportunity.State.DRAFT))

    html = get(client, LIST).content.decode()

    assert titles(html) == ["Bald", "Später", "Später"]
    assert re.findall(r'week__title">([^<]*)<', html) == ["Diese Woche", "Nächste Woche", "Juli 2026"]


def test_row_says_date_time_town_and_free_seats_in_words(client):
    action = make.opportunity(title="Bachputz", municipality=make.municipality("Lich"), is_example=True)
    starts = datetime(2026, 6, 20, 9, tzinfo=BERLIN)
    slot = make.shift(opportunity=action, starts=starts, capacity=6)
    make.signup(slot, seats=2)
    make.signup(slot, status=Signup.Status.UNCONFIRMED, seats=3)

    row = re.search(r'<li class="shift.*?</li>', get(client, LIST).content.decode(), re.DOTALL).group()

    words = " ".join(re.sub(r"<[^>]+>", " ", row).split())
    assert words == "Sa. 20 . Jun Bachputz 9–12 Uhr Lich Beispiel noch 4 Plätze"
    assert 'datetime="2026-06-20T09:00"' in row


@pytest.mark.parametrize(
    ("capacity", "seated", "waiting", "words"),
    [
        (None, 3, 0, "Plätze frei"),
        (4, 3, 0, "noch 1 Platz"),
        (3, 3, 0, "Warteliste"),
        (4, 3, 1, "Warteliste"),  # a seat is free, but a party that does not fit waits
        (2, 3, 0, "Warteliste"),  # lowered later
    ],
)
def test_free_seats_in_words(client, capacity, seated, waiting, words):
    slot = make.shift(capacity=capacity)
    for _number in range(seated):
        make.signup(slot)
    for _number in range(waiting):
        make.signup(slot, seats=2, status=Signup.Status.WAITING)
    html = get(client, LIST).content.decode()
    assert re.findall(r'class="tag tag--\w+">([^<]*)<', html) == [words]


def test_place_shows_what_is_near_and_widens_until_three(client, places):
    for name, title in [
        ("Lich", "Hier"),
        ("Hungen", "Nebenan"),
        ("Homberg (Ohm)", "Weiter"),
        ("Kassel", "Fern"),
    ]:
        make.shift(opportunity=make.opportunity(title=title, municipality=places[name]))

    near = get(client, LIST, ort="35423", umkreis="15")

    assert sorted(titles(near.content.decode())) == ["Hier", "Nebenan", "Weiter"]
    assert (
        "3 Termine im Umkreis von 30 km um 35423 Lich. Im Umkreis von 15 km um 35423 Lich gibt es nur "
        "2 Treffer, deshalb suchen wir bis 30 km." in text(near)
    )


def test_two_towns_of_one_name_are_offered(client, places):
    make.shift(opportunity=make.opportunity(municipality=places["Lich"]))
    html = get(client, LIST, ort="Homberg").content.decode()
    assert "Diesen Namen gibt es mehrmals. Welchen Ort meinen Sie?" in html
    assert re.findall(r'href="\?ort=(\d+)', html) == ["34576", "35315"]


def test_unknown_place_is_answered_kindly_and_keeps_what_was_typed(client, places):
    make.shift(opportunity=make.opportunity(title="Trotzdem da", municipality=places["Lich"]))
    response = get(client, LIST, ort='Xyz<b>"')
    html = response.content.decode()
    assert "Diesen Ort haben wir in Hessen nicht gefunden." in text(response)
    assert "Xyz&lt;b&gt;&quot;" in html
    assert titles(html) == ["Trotzdem da"]


def test_topic_filter_appears_only_where_it_divides(client, places):
    umwelt, kultur = make.topic("umwelt", "Umwelt"), make.topic("kultur", "Kultur")
    make.shift(opportunity=make.opportunity(title="Bach", topic=umwelt, municipality=places["Lich"]))
    assert "Nach Thema" not in text(get(client, LIST))
    make.shift(opportunity=make.opportunity(title="Konzert", topic=kultur, municipality=places["Lich"]))

    html = get(client, LIST, ort="Lich").content.decode()
    assert sorted(re.findall(r'href="(\?ort=Lich&amp;thema=\w+)">(\w+ \(\d\))', html)) == [
        ("?ort=Lich&amp;thema=kultur", "Kultur (1)"),
        ("?ort=Lich&amp;thema=umwelt", "Umwelt (1)"),
    ]
    chosen = get(client, LIST, ort="Lich", thema="kultur").content.decode()
    assert titles(chosen) == ["Konzert"]
    assert re.findall(r'aria-current="page">([^<]*)<', chosen.split("<main")[1]) == ["Kultur (1)"]


def test_nothing_near_offers_the_next_dates_elsewhere(client, places):
    make.shift(opportunity=make.opportunity(title="In Kassel", municipality=places["Kassel"]))
    response = get(client, LIST, ort="Lich")
    assert "Bis 50 km um Lich sucht zurzeit niemand Hilfe." in text(response)
    assert titles(response.content.decode()) == ["In Kassel"]


def test_launch_day_offers_examples_and_a_way_to_propose(client):
    make.initiative(title="Repair-Café Lich")
    make.initiative(title="Geheim", state=Initiative.State.DRAFT)
    response = get(client, LIST)
    assert "Noch sind keine Termine eingetragen" in text(response)
    assert "Repair-Café Lich" in text(response)
    assert "Geheim" not in text(response)
    assert f'href="{reverse("towns")}"' in response.content.decode().split("<main")[1]


def test_launch_day_leads_from_a_place_to_who_helps_there(client, places):
    response = get(client, LIST, ort="Lich")
    assert "Wer in Lich weiterhilft" in text(response)
    assert 'href="/orte/?ort=Lich"' in response.content.decode()


def test_second_page_keeps_the_filters(client, places):
    action = make.opportunity(municipality=places["Lich"])
    for day in range(1, 22):
        make.shift(opportunity=action, starts=NOW + timedelta(days=day))
    first = get(client, LIST, ort="Lich", umkreis="15").content.decode()
    assert len(titles(first)) == 20
    assert 'href="?ort=Lich&amp;umkreis=15&amp;page=2"' in first
    second = get(client, LIST, ort="Lich", umkreis="15", page="2").content.decode()
    assert len(titles(second)) == 1


@pytest.mark.parametrize("page", ["999999", "0", "-1", "abc", "9" * 500])
def test_page_that_is_not_there_is_404(client, page):
    make.shift()
    assert client.get(LIST, {"page": page}).status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 3, 100])
def test_list_takes_the_same_statements_for_any_number_of_rows(
    client, django_assert_num_queries, places, rows
):
    for number in range(rows):
        action = make.opportunity(municipality=places["Lich"])
        slot = make.shift(opportunity=action, starts=NOW + timedelta(hours=30 + number))
        make.signup(slot)
    with django_assert_num_queries(3):
        get(client, LIST)
    with django_assert_num_queries(6):
        get(client, LIST, ort="35423", thema="umwelt")


@pytest.mark.slow
@pytest.mark.parametrize(
    "query", [{"ort": "35423"}, {"ort": "Xyzzingen"}, {"ort": "Homberg"}, {"thema": "kultur"}]
)
def test_empty_list_stays_within_six_statements(client, django_assert_max_num_queries, places, query):
    for _number in range(4):
        make.initiative()
    with django_assert_max_num_queries(6):
        get(client, LIST, **query)


# --- one action ---------------------------------------------------------------------------------


def test_action_says_everything_one_needs_before_coming(client):
    initiative = make.initiative(title="Bachpaten Lich", life_state=Initiative.LifeState.RUNNING)
    action = make.opportunity(
        title="Bachputz",
        initiative=initiative,
        municipality=make.municipality("Lich"),
        organiser="NABU Lich, Bachweg 1, 35423 Lich",
        age=Opportunity.Age.FROM_14,
        insurance=Opportunity.Insurance.STATE,
    )
    make.shift(
        opportunity=action, starts=datetime(2026, 6, 20, 9, tzinfo=BERLIN), capacity=3, note="Oberlauf"
    )
    make.shift(opportunity=action, starts=datetime(2026, 6, 27, 9, tzinfo=BERLIN), capacity=None)
    make.shift(
        opportunity=action,
        starts=datetime(2026, 7, 4, 9, tzinfo=BERLIN),
        cancelled_at=NOW,
        cancel_reason="Hochwasser",
    )

    response = get(client, action.get_absolute_url())
    words = text(response)

    for expected in [
        "Sa., 20. Juni, 9–12 Uhr (Oberlauf) noch 3 Plätze",
        "Sa., 27. Juni, 9–12 Uhr Plätze frei",
        "Samstag, 4. Juli 2026, 9–12 Uhr abgesagt Hochwasser",
        "Treffpunkt Brücke am Schloss, Schlossgasse 1, Lich",
        "Bitte mitbringen Gummistiefel, Handschuhe",
        "Für wen? ab 14 Jahren",
        "Veranstalter NABU Lich, Bachweg 1, 35423 Lich",
        "Rahmenvertrag des Landes Hessen",
        "Gehört zu Bachpaten Lich",
        "Lieber anrufen? Frau Beispiel, Telefon 06404 806123",
        "Ihre Angaben erhält der Veranstalter: NABU Lich, Bachweg 1, 35423 Lich.",
        "Wir sind alle mindestens 14 Jahre alt",
    ]:
        assert expected in words
    assert 'href="tel:06404806123"' in response.content.decode()


def test_action_without_insurance_promises_none_and_hides_draft_initiatives(client):
    secret = make.initiative(title="Noch geheim", state=Initiative.State.DRAFT)
    slot = make.shift(opportunity=make.opportunity(initiative=secret))
    words = text(get(client, slot.get_absolute_url()))
    assert "ersicher" not in words
    assert "Noch geheim" not in words


def test_single_open_date_is_named_and_goes_along_hidden(client):
    slot = make.shift(starts=datetime(2026, 6, 20, 9, tzinfo=BERLIN))
    make.shift(opportunity=slot.opportunity, starts=NOW - timedelta(days=3))
    html = get(client, slot.get_absolute_url()).content.decode()
    assert f'<input type="hidden" name="slots" value="{slot.pk}">' in html
    assert html.count('name="slots"') == 1
    assert "<strong>Samstag, 20. Juni 2026, 9–12 Uhr</strong>" in html


@pytest.mark.parametrize("state", [Opportunity.State.DRAFT, Opportunity.State.ARCHIVED])
def test_unpublished_action_does_not_exist(client, state):
    slot = make.shift(opportunity=make.opportunity(title="Geheime Aktion", state=state))
    response = client.get(slot.get_absolute_url())
    assert response.status_code == 404
    assert "Geheime Aktion" not in response.content.decode()


def test_old_address_leads_to_todays_for_ever(client):
    slot = make.shift(opportunity=make.opportunity(slug="bachputz-lich-2026"))
    OldSlug.objects.create(kind=OldSlug.Kind.OPPORTUNITY, old="bachputz", current="bachputz-lich-2026")
    response = client.get("/mitmachen/bachputz/")
    assert (response.status_code, response["Location"]) == (301, slot.get_absolute_url())
    assert client.get("/mitmachen/nie-dagewesen/").status_code == 404


def past_action(*, seats, attended=None):
    slot = make.shift(
        opportunity=make.opportunity(title="Gewesen"), starts=NOW - timedelta(days=3), capacity=None
    )
    for _number in range(seats):
        make.signup(slot, attended=attended)
    make.signup(slot, status=Signup.Status.WAITING)
    return slot


@pytest.mark.parametrize(
    ("seats", "attended", "words"),
    [
        (4, None, "Vorbei. So. 7 . Jun Sonntag, 7. Juni 2026, 12–15 Uhr Wir"),
        (9, True, "Vorbei. So. 7 . Jun Sonntag, 7. Juni 2026, 12–15 Uhr Wir"),
        (
            12,
            None,
            "Vorbei. 12 Menschen hatten sich zum Helfen angemeldet. Danke! So. 7 . Jun Sonntag, 7. Juni 2026, 12–15 Uhr Wir",
        ),
        (
            12,
            True,
            "Vorbei. 12 Menschen haben geholfen. Danke! So. 7 . Jun Sonntag, 7. Juni 2026, 12–15 Uhr Wir",
        ),
    ],
)
def test_past_action_thanks_without_boasting_and_says_what_comes_next(client, seats, attended, words):
    slot = past_action(seats=seats, attended=attended)
    town = slot.opportunity.municipality
    make.shift(opportunity=make.opportunity(title="Kommt noch", municipality=town))

    found = text(get(client, slot.get_absolute_url()))

    assert words in found
    assert "Als Nächstes Kommt noch Sa., 20. Juni, 12–15 Uhr" in found
    assert "<form" not in found
    assert 'id="formular"' not in get(client, slot.get_absolute_url()).content.decode()


@pytest.mark.slow
def test_action_takes_at_most_eight_statements(client, django_assert_num_queries):
    action = make.opportunity(initiative=make.initiative())
    make.shift(opportunity=action)
    with django_assert_num_queries(2):
        get(client, action.get_absolute_url())
    for day in range(20, 60):
        make.signup(make.shift(opportunity=action, starts=NOW + timedelta(days=day)))
    with django_assert_num_queries(2):
        get(client, action.get_absolute_url())
    past = past_action(seats=3)
    with django_assert_num_queries(4):
        get(client, past.get_absolute_url())


# --- what every public page promises ------------------------------------------------------------


def test_public_pages_set_no_cookie_and_may_be_shared(client):
    slot = make.shift()
    for url in [LIST, slot.get_absolute_url()]:
        response = get(client, url)
        assert not response.cookies
        assert "csrfmiddlewaretoken" not in response.content.decode()
        assert {part.strip() for part in response["Cache-Control"].split(",")} == {
            "public",
            "max-age=0",
            "s-maxage=30",
            "stale-while-revalidate=30",
        }
        assert "Cookie" not in response.get("Vary", "")
        again = client.get(url, headers={"if-none-match": response["ETag"]})
        assert again.status_code == 304


def test_etag_outlives_the_moment_of_issue_but_not_a_change(client):
    slot = make.shift()
    with time_machine.travel(NOW, tick=False):
        before = get(client, slot.get_absolute_url())["ETag"]
    with time_machine.travel(NOW + timedelta(minutes=3), tick=False):
        assert get(client, slot.get_absolute_url())["ETag"] == before
        make.signup(slot)
        assert get(client, slot.get_absolute_url())["ETag"] != before


def test_municipality_page_is_linked(client):
    slot = make.shift()
    town: Municipality = slot.opportunity.municipality
    assert (
        f'<a href="{town.get_absolute_url()}">{town.name}</a>'
        in get(client, slot.get_absolute_url()).content.decode()
    )
