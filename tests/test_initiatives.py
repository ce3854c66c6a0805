"""/initiativen/: the collection with its search and filters, and one initiative."""

import random
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from initiatives.models import Initiative
from portal import slugs
from portal.association import association
from portal.markdown import render
from portal.models import PostalCode
from portal.pages.initiative import page as page_values
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(make.NOW, tick=False)


def page_of(client, **query):
    response = client.get("/initiativen/", query)
    assert response.status_code == 200
    return response.content.decode()


def titles(response_text):
    parts = response_text.split('class="card__title">')[1:]
    return [re.sub("<[^>]+>", "", part.partition("</a>")[0]) for part in parts]


def test_list_shows_what_is_published_best_first(client):
    make.initiative(title="Kurz", is_rich=False, year=2024)
    make.initiative(title="Alt", is_rich=True, year=2011)
    make.initiative(title="Neu", is_rich=True, year=2022)
    make.initiative(title="Läuft", life_state="running")
    for state in ["draft", "in_review", "archived", "proposed"]:
        make.initiative(title=f"Nicht {state}", state=state)
    page = page_of(client)
    assert titles(page) == ["Läuft", "Neu", "Alt", "Kurz"]
    assert "4 Initiativen</h2>" in page


@pytest.mark.parametrize(
    ("suche", "found"),
    [
        ("dorfladen", ["Dorfladen Eberstadt"]),
        ("laden", ["Dorfladen Eberstadt"]),
        ("Dorfläden", ["Dorfladen Eberstadt"]),
        ("BUERGERBUS", ["Bürgerbus"]),
        ("Bürger Feldatal", ["Bürgerbus"]),
        ("Bürger Lich", []),
        ("🤷", ["Bürgerbus", "Dorfladen Eberstadt"]),
    ],
)
def test_every_word_must_occur_and_forms_of_words_are_found(client, suche, found):
    make.initiative(title="Dorfladen Eberstadt", municipality=make.municipality("Lich"))
    make.initiative(title="Bürgerbus", municipality=make.municipality("Feldatal"))
    page = page_of(client, suche=suche)
    if found:
        assert titles(page) == found
    else:
        assert "Dazu haben wir noch nichts gefunden" in page


def test_empty_result_offers_others(client):
    make.initiative(title="Bürgerbus")
    page = page_of(client, suche="xyzzy")
    assert "Dazu haben wir noch nichts gefunden" in page
    assert titles(page) == ["Bürgerbus"]
    assert "Alle Initiativen zeigen" in page


def test_empty_collection_says_what_to_do_next(client):
    make.initiative(state="draft", title="Geheim")
    page = page_of(client)
    assert "Hier entsteht die Sammlung" in page
    assert 'href="/orte/"' in page
    assert "Geheim" not in page


def filters_of(page):
    """What the page offers to choose from, as `name count`, by the heading above."""
    found = {}
    for part in page.split('<h2 class="facet__title"')[1:]:
        heading, _, rest = part.partition("</h2>")
        items = rest.partition("</ul>")[0].split("<li>")[1:]
        found[heading.rpartition(">")[2]] = [re.sub("<[^>]+>", "", item).strip() for item in items]
    return found


def test_filters_appear_only_where_they_divide_what_was_found(client):
    make.initiative(title="Bach", municipality=make.municipality("Lich"))
    assert filters_of(page_of(client)) == {}
    culture = make.initiative(title="Theater", municipality=make.municipality("Ulm"), life_state="running")
    culture.topics.set([make.topic("kultur", "Kultur")])
    page = page_of(client)
    towns, states = ["Lich 1", "Ulm 1"], ["läuft, vor Ort bestätigt 1", "Beispiel 1"]
    topics = ["Kultur 1", "Umwelt 1"]
    assert filters_of(page) == {"Thema": topics, "Landkreis": towns, "Ort": towns, "Stand": states}
    assert 'href="?thema=kultur"' in page
    assert filters_of(page_of(client, thema="kultur")) == {}  # one row: nothing left to divide
    assert titles(page_of(client, thema="kultur")) == ["Theater"]
    assert titles(page_of(client, thema="tanz")) == ["Theater", "Bach"]  # nothing there: others are offered
    assert "Dazu haben wir noch nichts gefunden" in page_of(client, thema="tanz")


def test_filters_combine_and_come_off_one_by_one(client):
    district = make.municipality("Landkreis Gießen", level="kreis", slug="landkreis-giessen")
    lich = make.municipality("Lich", district=district, slug="lich")
    for title, town, state in [
        ("Bach", lich, "running"),
        ("Wald", lich, "example"),
        ("Ufer", None, "running"),
    ]:
        make.initiative(title=title, municipality=town, life_state=state)
    asked = {"suche": "halten", "kreis": "landkreis-giessen", "stand": "laeuft"}
    page = page_of(client, **asked)
    assert titles(page) == ["Bach"]
    chips = re.findall(r'<li><a href="([^"]*)" rel="nofollow">([^<]*)<span class="picked__off"', page)
    assert chips == [
        ("?suche=halten&amp;stand=laeuft", "Landkreis Gießen"),
        ("?suche=halten&amp;kreis=landkreis-giessen", "läuft, vor Ort bestätigt"),
    ]
    assert titles(page_of(client, suche="halten", stand="laeuft")) == ["Bach", "Ufer"]
    for name in ("kreis", "stand"):  # a new search keeps them
        assert f'<input type="hidden" name="{name}" value="{asked[name]}">' in page


def test_whoever_wants_help_is_found_while_somebody_may_sign_up(client):
    running, example, over = [
        make.initiative(title=title, life_state=state)
        for title, state in [("Bach", "running"), ("Wald", "example"), ("Ufer", "running")]
    ]
    for row, days in [(running, 3), (running, 4), (example, 3), (over, -3)]:
        make.shift(starts=make.NOW + timedelta(days=days), opportunity=make.opportunity(initiative=row))
    make.shift(opportunity=make.opportunity(initiative=over, state="draft"))
    make.shift(opportunity=make.opportunity(initiative=over), cancelled_at=make.NOW)
    assert filters_of(page_of(client))["Zum Mitmachen"] == ["sucht gerade Hilfe 1"]
    assert titles(page_of(client, hilfe="1")) == ["Bach"]


def test_place_widens_the_search_and_says_so(client):
    near = make.municipality("Lich", lat=50.52, lon=8.82)
    far = make.municipality("Fern", lat=50.75, lon=8.82)
    away = make.municipality("Weg", lat=51.6, lon=9.4)
    PostalCode.objects.create(code="35423", municipality=near, place="Lich", lat=50.52, lon=8.82)
    for town in (near, far, far, away):
        make.initiative(title=town.name, municipality=town)
    page = page_of(client, ort="35423")
    assert titles(page) == ["Fern", "Fern", "Lich"]
    assert "3 Initiativen im Umkreis von 30 km um 35423 Lich" in page
    assert "gibt es nur einen Treffer, deshalb suchen wir bis 30 km." in page


def test_two_towns_of_one_name_are_offered(client):
    for name in ["Homberg (Efze)", "Homberg (Ohm)"]:
        make.municipality(name, postal_code="34576", slug=name[9:12].lower())
    page = page_of(client, ort="Homberg", suche="Bus")
    assert "?suche=Bus&amp;ort=34576+Homberg+%28Ohm%29" in page
    assert "Diesen Namen gibt es mehrmals" in page


@pytest.mark.slow
def test_pages_have_24_and_keep_the_filters(client):
    for n in range(25):
        make.initiative(title=f"Garten {n:02}")
    page = page_of(client, suche="garten")
    assert len(titles(page)) == 24
    assert 'href="?suche=garten&amp;page=2"' in page
    assert titles(page_of(client, suche="garten", page=2)) == ["Garten 24"]


@pytest.mark.parametrize("page", ["3", "0", "-1", "x", "999999999999999999999"])
def test_page_that_is_not_there_is_a_404(client, page):
    make.initiative()
    assert client.get("/initiativen/", {"page": page}).status_code == 404


@pytest.mark.parametrize("value", ["a" * 3000, "%", "\u202e", "' OR 1=1 --", "<script>alert(1)</script>"])
def test_no_input_breaks_the_list(client, value):
    make.initiative()
    page = page_of(client, suche=value, ort=value[:500], thema=value[:300], umkreis=value[:20])
    assert "<script>alert" not in page


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ({}, 2),
        ({"suche": "Bach"}, 2),
        ({"thema": "umwelt"}, 2),
        ({"ort": "35423", "suche": "Bach"}, 5),
        ({"ort": "Lich"}, 4),
        ({"suche": "xyzzy"}, 4),  # the words of the collection, related ones, others,
    ],
)
def test_list_costs_the_same_statements_with_one_and_three(
    client, django_assert_num_queries, query, statements, n
):
    town = make.municipality("Lich")
    PostalCode.objects.create(code="35423", municipality=town, place="Lich", lat=50.52, lon=8.82)
    for _ in range(n):
        row = make.initiative(title="Bach", municipality=town)
        row.topics.add(make.topic("kultur", "Kultur"))
    with django_assert_num_queries(statements):
        client.get("/initiativen/", query)


# --- one of them --------------------------------------------------------------------------------


def detail(client, row):
    response = client.get(row.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def test_collected_one_says_where_it_comes_from_and_what_to_do(client):
    owner = association()
    row = make.initiative(
        title="Dorfladen",
        organisation=owner,
        origin=Initiative.Origin.COLLECTED,
        year=2015,
        source_name="Presse",
        source_url="https://presse.example/a?b=1&c=2",
        contact="Frau Geheim",
        contact_email="geheim@lich.example",
    )
    page = detail(client, row)
    assert "Zusammengestellt vom HSGB aus öffentlichen Quellen, Bericht von 2015." in page
    assert '<a href="https://presse.example/a?b=1&amp;c=2" rel="noopener noreferrer">Presse</a>' in page
    assert f'href="/initiativen/{row.slug}/hinweis/"' in page
    assert f'href="/initiativen/{row.slug}/entfernen/"' in page
    assert f'href="/konto/uebernehmen/{row.slug}/"' in page
    assert "Geheim" not in page
    assert "Ein Beispiel: nicht bestätigt" in page


def test_town_s_own_one_names_its_contact(client):
    row = make.initiative(
        life_state="running",
        contact="Ehrenamtsbüro",
        contact_email="amt@lich.example",
        contact_phone="06404 1",
    )
    page = detail(client, row)
    assert "Ehrenamtsbüro" in page
    assert 'href="mailto:amt@lich.example"' in page
    assert 'href="tel:064041"' in page
    assert "Zusammengestellt vom HSGB" not in page


@pytest.mark.parametrize("state", ["draft", "in_review", "archived", "proposed"])
def test_what_is_not_published_does_not_exist(client, state):
    row = make.initiative(state=state)
    assert client.get(row.get_absolute_url()).status_code == 404


def test_former_address_leads_to_todays_for_ever(client):
    row = make.initiative(slug="alt")
    slugs.rename(row, "neu")
    response = client.get("/initiativen/alt/")
    assert (response.status_code, response["Location"]) == (301, "/initiativen/neu/")
    assert client.get("/initiativen/nie-gewesen/").status_code == 404


def test_only_a_running_one_shows_its_coming_dates(client):
    running, example = make.initiative(life_state="running"), make.initiative(life_state="example")
    for row, title in [(running, "Bach putzen"), (example, "Nicht zeigen")]:
        make.shift(opportunity=make.opportunity(initiative=row, title=title))
    make.shift(
        starts=make.NOW - timedelta(days=3), opportunity=make.opportunity(initiative=running, title="Gewesen")
    )
    page = detail(client, running)
    assert ("Hier wird Hilfe gesucht" in page, "Bach putzen" in page, "Gewesen" in page) == (
        True,
        True,
        False,
    )
    assert "Nicht zeigen" not in detail(client, example)


def test_similar_ones_are_of_the_same_topic_nearest_first(client):
    here = make.initiative(title="Hier", municipality=make.municipality("A", lat=50.5, lon=8.8))
    for title, lat, lon in [
        ("Nah", 50.6, 8.8),
        ("Fern", 51.4, 9.4),
        ("Ostwärts", 50.5, 9.1),
        ("Weit", 49.3, 8.6),
    ]:
        make.initiative(title=title, municipality=make.municipality(title, lat=lat, lon=lon))
    other = make.initiative(title="Anderes Thema", municipality=here.municipality)
    other.topics.set([make.topic("sport", "Sport")])
    make.initiative(title="Entwurf", state="draft", municipality=here.municipality)
    assert titles(detail(client, here)) == ["Nah", "Ostwärts", "Fern"]


@pytest.mark.slow
def test_similar_ones_are_the_nearest_of_all_however_many_stand_in_a_town():
    """The statement looks into the nearest towns only; what it finds is what all rows in their order begin with."""
    dice, today = random.Random(8), timezone.localdate()
    towns = [make.municipality(f"Ort {n}", lat=50 + dice.random(), lon=8 + dice.random()) for n in range(12)]
    topics = [make.topic(slug, slug.title()) for slug in ("bach", "bus")]
    rows = []
    for n in range(60):
        state = dice.choice(["published", "published", "draft"])
        row = make.initiative(title=f"Nummer {n}", state=state, municipality=dice.choice(towns[: n // 5 + 1]))
        row.topics.set(dice.sample(topics, dice.choice([1, 1, 2])))
        rows.append(row)
    public = Initiative.objects.public(today)
    for row in rows:
        mine, here = list(row.topics.all()), row.municipality
        others = public.exclude(pk=row.pk).filter(topics__in=mine).distinct()
        assert page_values(row)["similar"] == list(others.nearest_first((here.lat, here.lon))[:3])


def test_staffs_text_is_markdown_without_anything_dangerous(client):
    row = make.initiative(
        text="# Titel\n\n**fett** <script>alert(1)</script> [gut](https://a.example) [böse](javascript:alert(1))"
    )
    page = detail(client, row)
    assert "<h2>Titel</h2>" in page
    assert "<strong>fett</strong>" in page
    assert '<a href="https://a.example" rel="noopener noreferrer">gut</a>' in page
    assert ("<script>alert" in page, 'href="javascript' in page) == (False, False)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("![Bild](https://a.example/x.png)", "<p>!<a href=\"https://a.example/x.png\" rel=\"noopener noreferrer\">Bild</a></p>\n"),
        ("[x](//b.example)", '<p><a rel="noopener noreferrer">x</a></p>\n'),
        ("[x](/konto/)", '<p><a rel="noopener noreferrer">x</a></p>\n'),
        ("<b onclick=x>hallo</b>", "<p>&lt;b onclick=x&gt;hallo&lt;/b&gt;</p>\n"),
        ("###### tief", "<h4>tief</h4>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
    ],
)  # fmt: skip
def test_markdown_is_rendered_by_an_allow_list(text, html):
    assert render(text) == html


@pytest.mark.parametrize("n", [1, 3])
def test_detail_costs_the_same_statements_with_one_and_three(client, django_assert_num_queries, n):
    row = make.initiative(life_state="running")
    for _ in range(n):
        make.initiative()
        make.shift(opportunity=make.opportunity(initiative=row))
    with django_assert_num_queries(5):
        client.get(row.get_absolute_url())
