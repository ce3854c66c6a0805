"""/orte/: all towns and counties, and one of them, useful also when it has entered nothing."""

from datetime import timedelta

import pytest

from portal import slugs
from portal.models import Municipality, PostalCode
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(time_machine, settings):
    settings.DEMO = False  # the demo keeps every page out of search engines
    time_machine.move_to(make.NOW, tick=False)


@pytest.fixture
def giessen():
    return make.municipality(
        "Landkreis Gießen", ags="06531000", level="kreis", kind="Landkreis", slug="landkreis-giessen"
    )


@pytest.fixture
def lich(giessen):
    town = make.municipality("Lich", slug="lich", district=giessen, population=14167)
    PostalCode.objects.create(code="35423", municipality=town, place="Lich", lat=50.52, lon=8.82)
    return town


def page_of(client, path="/orte/", **query):
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def found(page):
    """Names in the list of results."""
    return [part.split("</strong>")[0] for part in page.split("<strong>")[1:] if 'class="muted">' in part]


def test_index_lists_districts_and_towns_from_a_to_z(client, lich):
    make.municipality("Ösenbach", slug="oesenbach")
    merged = make.municipality("Aufgelöst", slug="aufgeloest", successor=lich)
    page = page_of(client)
    assert "Alle 2 Städte und Gemeinden" in page
    assert (
        page.index('id="L"')
        < page.index("/orte/lich/")
        < page.index('id="O"')
        < page.index("/orte/oesenbach/")
    )
    assert "/orte/landkreis-giessen/" in page
    assert merged.get_absolute_url() not in page


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("35423", ["Lich"]),
        ("lich", ["Lich"]),
        ("Homberg", ["Homberg (Efze)", "Homberg (Ohm)"]),
        ("Landkreis Gießen", ["Landkreis Gießen", "Lich"]),
        ("giess", ["Landkreis Gießen"]),
        ("Lihc", ["Lich"]),
    ],
)
def test_search_by_name_code_and_district(client, lich, typed, names):
    for name, slug in [("Homberg (Efze)", "homberg-efze"), ("Homberg (Ohm)", "homberg-ohm")]:
        make.municipality(name, slug=slug)
    assert found(page_of(client, ort=typed)) == names


@pytest.mark.parametrize("typed", ["Berlin", "10115", "🤷", "x" * 3000, "<b>"])
def test_unknown_place_is_answered_kindly(client, lich, typed):
    page = page_of(client, ort=typed)
    assert "Diesen Ort haben wir in Hessen nicht gefunden" in page
    assert "<b>" not in page


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(("query", "statements"), [({}, 1), ({"ort": "35423"}, 3), ({"ort": "Lich"}, 2)])
def test_index_costs_the_same_statements(client, django_assert_num_queries, lich, query, statements, n):
    for i in range(n):
        make.municipality(f"Ort{i}")
    with django_assert_num_queries(statements):
        client.get("/orte/", query)


# --- one of them --------------------------------------------------------------------------------


def test_empty_town_helps_with_what_is_near_and_stays_out_of_search_engines(client, lich):
    near = make.municipality("Hungen", lat=50.53, lon=8.9)
    make.initiative(title="Nachbars Garten", municipality=near)
    make.shift(opportunity=make.opportunity(title="Bachputz nebenan", municipality=near))
    page = page_of(client, "/orte/lich/")
    assert '<meta name="robots" content="noindex">' in page
    for words in [
        'Stadt im <a href="/orte/landkreis-giessen/">Landkreis Gießen</a> · 14.167 Einwohnerinnen und Einwohner',
        "In der Nähe wird Hilfe gesucht",
        "Bachputz nebenan",
        "Von hier kennen wir noch keine Initiative.",
        "Nachbars Garten",
        "Wer weiterhilft",
        "Diese Seite betreut zurzeit der Verband.",
    ]:
        assert words in page


def test_town_alone_in_the_world_still_says_whom_to_ask(client, lich):
    page = page_of(client, "/orte/lich/")
    assert "Gerade ist in der Umgebung kein Termin eingetragen." in page
    assert "Fragen Sie im Rathaus nach der Ansprechstelle für das Ehrenamt" in page


def test_own_things_stand_before_the_neighbours(client, lich):
    near = make.municipality("Hungen", lat=50.53, lon=8.9)
    make.initiative(title="Nachbars Garten", municipality=near)
    make.initiative(title="Eigener Garten", municipality=lich)
    make.initiative(title="Entwurf", municipality=lich, state="draft")
    soon, later = make.NOW + timedelta(days=1), make.NOW + timedelta(days=5)
    make.shift(starts=soon, opportunity=make.opportunity(title="Nebenan", municipality=near))
    make.shift(starts=later, opportunity=make.opportunity(title="Zu Hause", municipality=lich))
    page = page_of(client, "/orte/lich/")
    assert (
        page.index("Hier wird Hilfe gesucht")
        < page.index("Zu Hause")
        < page.index("In der Nähe wird")
        < page.index("Nebenan")
    )
    assert page.index("Initiativen in Lich") < page.index("Eigener Garten") < page.index("Nachbars Garten")
    assert ("Entwurf" in page, 'content="noindex"' in page) == (False, False)


def test_help_desk_is_inherited_from_the_landkreis(client, lich, giessen):
    giessen.help_desk = "Freiwilligenzentrum\nTelefon 0641 1"
    giessen.save()
    assert "<p>Freiwilligenzentrum<br>Telefon 0641 1</p>" in page_of(client, "/orte/lich/")
    lich.help_desk = "Eigenes Büro"
    lich.save()
    page = page_of(client, "/orte/lich/")
    assert ("Eigenes Büro" in page, "Freiwilligenzentrum" in page) == (True, False)


def test_help_desk_is_one_tap_away(client, lich):
    lich.help_desk = (
        "Büro <Mitte>, 35423 Lich, 8-12 Uhr\nTelefon 06404 806-123, +49 (0)6404 8061 oder buero@lich.example"
    )
    lich.save()
    assert (
        "<p>Büro &lt;Mitte&gt;, 35423 Lich, 8-12 Uhr<br>"
        'Telefon <a href="tel:06404806123">06404 806-123</a>, '
        '<a href="tel:+4964048061">+49 (0)6404 8061</a> oder '
        '<a href="mailto:buero@lich.example">buero@lich.example</a></p>'
    ) in page_of(client, "/orte/lich/")


def test_coordination_centre_is_named_only_where_the_source_names_one(client, lich):
    fulda = make.municipality("Landkreis Fulda", ags="06631000", level="kreis", slug="landkreis-fulda")
    make.municipality("Nüsttal", slug="nuesttal", district=fulda)
    assert "Koordinierungszentrum" not in page_of(client, "/orte/lich/")
    assert "Im Landkreis Fulda hilft das Koordinierungszentrum" in page_of(client, "/orte/nuesttal/")


def test_town_with_a_redaktion_takes_ideas_itself(client, lich):
    lich.organisation = make.organisation("Stadt Lich")
    lich.save()
    page = page_of(client, "/orte/lich/")
    assert 'href="/initiativen/vorschlagen/?ort=Lich"' in page
    assert "Diese Seite pflegt: Stadt Lich." in page


def test_district_shows_its_towns_and_what_they_do(client, lich, giessen):
    far = make.municipality("Fern", district=giessen, lat=50.9, lon=8.2, slug="fern")
    make.initiative(title="In der Ferne", municipality=far)
    make.initiative(title="Draußen", municipality=make.municipality("Außen", lat=51.5, lon=9.5))
    page = page_of(client, "/orte/landkreis-giessen/")
    assert "Initiativen im Landkreis Gießen" in page
    assert ("In der Ferne" in page, "Draußen" in page) == (True, False)
    assert page.index("/orte/fern/") < page.rindex("/orte/lich/")


def test_former_address_and_merged_town_lead_on(client, lich):
    slugs.rename(lich, "lich-an-der-wetter")
    make.municipality("Alt", slug="alt", successor=lich)
    for path in ["/orte/lich/", "/orte/alt/"]:
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (301, "/orte/lich-an-der-wetter/")
    assert client.get("/orte/nirgendwo/").status_code == 404


def test_what_a_merged_town_had_is_shown_at_its_successor(client, lich):
    old = make.municipality("Alt", slug="alt", successor=lich, lat=51.5, lon=9.6)
    make.initiative(title="Von früher", municipality=old)
    page = page_of(client, "/orte/lich/")
    assert page.index("Initiativen in Lich") < page.index("Von früher")


@pytest.mark.parametrize("n", [1, 3])
def test_town_costs_the_same_statements_with_one_and_three(client, django_assert_num_queries, lich, n):
    for _ in range(n):
        make.initiative(municipality=lich)
        make.shift(opportunity=make.opportunity(municipality=lich))
    with django_assert_num_queries(6):
        client.get("/orte/lich/")


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 3])
def test_district_costs_the_same_statements_with_one_and_three(client, django_assert_num_queries, lich, n):
    for i in range(n):
        town = make.municipality(f"Ort{i}", district=lich.district)
        make.initiative(municipality=town)
        make.shift(opportunity=make.opportunity(municipality=town))
    with django_assert_num_queries(6):
        client.get("/orte/landkreis-giessen/")


def test_every_town_has_a_page():
    assert Municipality(slug="homberg-efze").get_absolute_url() == "/orte/homberg-efze/"
