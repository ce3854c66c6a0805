"""/orte/: all towns and counties, and one of them, useful also when it has entered nothing."""

from datetime import timedelta

import pytest

from initiatives.models import Initiative
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
    assert page.index("Beispiele aus Lich") < page.index("Eigener Garten") < page.index("Nachbars Garten")
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
    assert page.index("Beispiele aus dem Landkreis Gießen") < page.index("In der Ferne")
    assert "Draußen" not in page
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
    assert page.index("Beispiele aus Lich") < page.index("Von früher")


def test_what_runs_stands_apart_from_examples_and_what_was(client, lich):
    make.initiative(title="Berichtet", municipality=lich)
    make.initiative(title="Im Gange", municipality=lich, life_state="running")
    page = page_of(client, "/orte/lich/")
    headings = [
        "Was in Lich läuft",
        "Im Gange",
        "Beispiele aus Lich",
        "hat uns niemand bestätigt",
        "Berichtet",
    ]
    assert headings == sorted(headings, key=page.index)
    assert "Alle Initiativen von hier" not in page


def test_many_initiatives_lead_on_to_the_list(client, lich):
    Initiative.objects.bulk_create(
        [
            Initiative(title=f"Tat {n}", slug=f"tat-{n}", municipality=lich, organisation=make.filled_association(),
                       summary="Wir.", state="published")
            for n in range(25)
        ]
    )  # fmt: skip
    page = page_of(client, "/orte/lich/")
    assert page.count('class="card__title"') == 24
    assert '<a class="more" href="/initiativen/?gemeinde=lich">Alle Initiativen von hier</a>' in page


def test_neighbours_offer_each_idea_once_and_none_that_is_here_already(client, lich):
    bus, shop, cafe = (make.idea(name=name) for name in ("Bürgerbus", "Dorfladen", "Repair-Café"))
    near = make.municipality("Hungen", lat=50.53, lon=8.9)
    make.initiative(title="Unser Bus", municipality=lich, idea=bus)
    make.initiative(title="Bus nebenan", municipality=near, idea=bus)
    make.initiative(title="Laden nebenan", municipality=near, idea=shop, year=2024)
    make.initiative(title="Noch ein Laden", municipality=near, idea=shop, year=2014)
    make.initiative(title="Ohne Idee", municipality=near)
    make.initiative(title="Geheimes Café", municipality=near, idea=cafe, state="in_review")
    page = page_of(client, "/orte/lich/")
    offered = page[page.index("Ideen von den Nachbarn") :]
    shown = [name for name in ("Laden nebenan", "Ohne Idee") if name in offered]
    hidden = [name for name in ("Bus nebenan", "Noch ein Laden", "Geheimes Café") if name in page]
    assert (shown, hidden) == (["Laden nebenan", "Ohne Idee"], [])
    assert offered.index("Laden nebenan") < offered.index("Ohne Idee")
    assert "Das gibt es im Umkreis von 15 km, und vielleicht bald auch hier:" in page


def test_town_shows_its_imprint_or_that_of_the_association(client, lich):
    page = page_of(client, "/orte/lich/")
    assert 'Verantwortlich ist der Verband. <a href="/impressum/">' in page
    assert "Betreut <strong>durch den Verband</strong> (treuhänderisch)" in page
    assert '<a class="kern-btn kern-btn--secondary" href="/fuer-kommunen/zugang/?ort=lich">' in page
    lich.organisation = make.organisation("Stadt Lich", imprint="Stadt Lich\nBürgermeisterin")
    lich.save()
    page = page_of(client, "/orte/lich/")
    assert "<p>Stadt Lich<br>Bürgermeisterin</p>" in page
    assert ("durch den Verband" in page, "/fuer-kommunen/zugang/" in page) == (False, False)


def test_access_is_asked_for_with_the_town_filled_in(client, lich):
    make.municipality("Alt", slug="alt", successor=lich)
    assert 'value="Lich"' in page_of(client, "/fuer-kommunen/zugang/?ort=lich")
    make.municipality("Wetteraukreis", slug="wetteraukreis", level="kreis")
    assert "/fuer-kommunen/zugang/?ort=wetteraukreis" in page_of(client, "/orte/wetteraukreis/")
    assert 'value="Wetteraukreis"' in page_of(client, "/fuer-kommunen/zugang/?ort=wetteraukreis")
    for slug in ["", "alt", "nirgendwo", "x" * 3000]:
        assert 'value="Lich"' not in page_of(client, "/fuer-kommunen/zugang/", ort=slug)


def test_inherited_help_desk_says_whose_it_is(client, lich, giessen):
    giessen.help_desk = "Freiwilligenzentrum"
    giessen.save()
    assert "Anlaufstelle im Landkreis Gießen, auch für Lich:" in page_of(client, "/orte/lich/")
    assert "auch für" not in page_of(client, "/orte/landkreis-giessen/")


def test_place_is_shown_on_a_small_map_that_leads_to_the_large_one(client, giessen):
    make.municipality("Lich", slug="lich", ags="06531011", district=giessen)
    make.municipality("Kassel", slug="kassel", ags="06611000")
    make.municipality("Ohne Umriss", slug="ohne", ags="06999001")
    for slug, label, kreis in [
        ("lich", "Lich im Landkreis Gießen", "landkreis-giessen"),
        ("landkreis-giessen", "Landkreis Gießen in Hessen", "landkreis-giessen"),
        ("kassel", "Kassel in Hessen", "kassel"),
    ]:
        page = page_of(client, f"/orte/{slug}/")
        assert f'role="img" aria-label="{label}"><path d="M' in page
        assert f'<a href="/initiativen/karte/?kreis={kreis}">' in page
        assert "© GeoBasis-DE / BKG 2023, © OpenStreetMap-Mitwirkende" in page
    assert 'class="locator"' not in page_of(client, "/orte/ohne/")


def test_landkreis_lists_its_towns_with_what_is_there(client, lich, giessen):
    old = make.municipality("Alt", slug="alt", successor=lich, district=giessen)
    make.municipality("Hungen", slug="hungen", district=giessen)
    make.initiative(municipality=lich)
    make.initiative(municipality=old)
    make.initiative(municipality=lich, state="draft")
    make.shift(opportunity=make.opportunity(municipality=lich))
    page = page_of(client, "/orte/landkreis-giessen/")
    members = page[page.index("Städte und Gemeinden im Kreis") :]
    assert '<li><a href="/orte/hungen/">Hungen</a></li>' in members
    assert (
        '<li><a href="/orte/lich/">Lich</a> <span class="small muted">2 Initiativen · '
        "ein Termin zum Mithelfen</span></li>"
    ) in members
    assert "/orte/alt/" not in page


@pytest.mark.parametrize("n", [1, 3])
def test_town_costs_the_same_statements_with_one_and_three(client, django_assert_num_queries, lich, n):
    for _ in range(n):
        make.initiative(municipality=lich)
        make.shift(opportunity=make.opportunity(municipality=lich))
    make.initiative(municipality=make.municipality("Hungen", lat=50.53, lon=8.9))
    with django_assert_num_queries(7):
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
