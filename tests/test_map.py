"""/initiativen/karte/: the collection on a map, beside the same list, with the filters of the list."""

import csv
import gzip
import io
from datetime import timedelta

import brotli
import pytest
from django.core.management import call_command

from initiatives.models import Initiative
from portal import outlines
from portal.imports import DATA
from portal.models import Municipality, PostalCode
from tests import make
from tests.markup import Page

pytestmark = pytest.mark.django_db
MAP, LIST = "/initiativen/karte/", "/initiativen/"
KREIS, GIESSEN, LICH, HUNGEN, KASSEL = "06531000", "06531005", "06531011", "06531009", "06611000"


@pytest.fixture
def kreis():
    return make.municipality(
        "Landkreis Gießen", ags=KREIS, level="kreis", kind="Landkreis", slug="landkreis-giessen"
    )


@pytest.fixture
def lich(kreis):
    return make.municipality("Lich", ags=LICH, slug="lich", district=kreis)


@pytest.fixture
def hungen(kreis):
    return make.municipality("Hungen", ags=HUNGEN, slug="hungen", district=kreis, lat=50.47, lon=8.9)


def page_of(client, address=MAP):
    response = client.get(address)
    assert response.status_code == 200
    return Page(response.content.decode())


def drawn(page):
    """What each link of the map says → where it leads."""
    return {
        a.get("aria-label"): a.get("href") for a in page.one("svg", **{"class": "map"}).walk() if a.tag == "a"
    }


def tinted(page):
    """What the areas say on which something is."""
    return [a.get("aria-label") for a in page.all("a", **{"class": "on"})]


def listed(page):
    """Name → address, in the list beside the map."""
    return {a.text: a.get("href") for a in page.one("div", id="liste").walk() if a.tag == "a"}


def hrefs(page):
    return {a.get("href") for a in page.all("a")}


def test_hessen_shows_its_landkreise_and_free_cities(client, lich, hungen):
    make.municipality("Kassel", ags=KASSEL, slug="kassel", lat=51.31, lon=9.48)
    make.initiative(title="Dorfladen", municipality=lich)
    make.initiative(municipality=lich)
    page = page_of(client)
    assert drawn(page) == {
        "Landkreis Gießen: 2 Initiativen": f"{MAP}?kreis=landkreis-giessen",
        "Kassel: noch nichts eingetragen, Zugang anfordern": "/orte/kassel/",
        "Lich: 2 Initiativen": f"{LIST}?gemeinde=lich",
    }
    assert tinted(page) == ["Landkreis Gießen: 2 Initiativen"]
    assert listed(page) == {
        "Landkreis Gießen": f"{MAP}?kreis=landkreis-giessen",
        "Lich": f"{LIST}?gemeinde=lich",
        "Zugang anfordern": "/fuer-kommunen/zugang/",
        "Kassel": "/orte/kassel/",
    }


def test_landkreis_shows_its_towns_with_the_titles_beside_it(client, kreis, lich, hungen):
    garden = make.initiative(title="Garten <b>", municipality=lich)
    make.initiative(title="Kreistag der Vereine", municipality=kreis)
    make.initiative(title="Woanders", municipality=make.municipality("Kassel", ags=KASSEL))
    page = page_of(client, f"{MAP}?kreis=landkreis-giessen")
    assert drawn(page) == {
        "Hungen: noch nichts eingetragen, Zugang anfordern": "/orte/hungen/",
        "Lich: eine Initiative": f"{LIST}?gemeinde=lich",
    }
    links = listed(page)
    assert links["Garten <b>"] == garden.get_absolute_url()
    assert links["Im ganzen Landkreis"] == f"{LIST}?gemeinde=landkreis-giessen"
    assert ("Kreistag der Vereine" in links, "Woanders" in links) == (True, False)
    assert page.h1 == "Landkreis Gießen"


def test_free_city_and_filter_by_town_are_drawn_alike(client, lich, hungen):
    make.municipality("Kassel", ags=KASSEL, slug="kassel")
    assert list(drawn(page_of(client, f"{MAP}?kreis=kassel"))) == [
        "Kassel: noch nichts eingetragen, Zugang anfordern"
    ]
    make.initiative(municipality=lich)
    assert drawn(page_of(client, f"{MAP}?gemeinde=lich")) == {
        "Hungen: nichts dazu gefunden": "/orte/hungen/",
        "Lich: eine Initiative": f"{LIST}?gemeinde=lich",
    }


@pytest.mark.parametrize("slug", ["gibt-es-nicht", "lich"])
def test_what_is_no_landkreis_is_not_found(client, lich, slug):
    assert client.get(f"{MAP}?kreis={slug}").status_code == 404


@pytest.mark.parametrize("state", [state for state in Initiative.State if state != "published"])
@pytest.mark.parametrize("address", [MAP, f"{MAP}?kreis=landkreis-giessen", f"{MAP}?suche=Geheim"])
def test_nothing_unpublished_tints_or_is_named(client, lich, address, state):
    make.initiative(title="Geheimer Garten", slug="geheim", municipality=lich, state=state)
    page = page_of(client, address)
    assert tinted(page) == []
    assert "geheimer" not in page.root.text.lower()
    assert not [url for url in hrefs(page) if "geheim" in url and "suche" not in url]


def test_what_is_held_back_until_a_day_does_not_tint_before(client, lich, time_machine):
    time_machine.move_to(make.NOW)
    make.initiative(title="Später", municipality=lich, public_from=make.NOW.date() + timedelta(days=1))
    assert (tinted(page_of(client)), "Später" in page_of(client).root.text) == ([], False)
    time_machine.move_to(make.NOW + timedelta(days=1))
    assert tinted(page_of(client)) == ["Landkreis Gießen: eine Initiative"]


def test_town_with_a_redaktion_is_not_asked_to_get_access(client, lich):
    lich.organisation = make.organisation()
    lich.save()
    assert list(drawn(page_of(client, f"{MAP}?kreis=landkreis-giessen"))) == ["Lich: noch nichts eingetragen"]


def test_what_a_merged_town_had_is_shown_at_its_successor(client, lich, kreis):
    old = make.municipality("Alt", slug="alt", successor=lich, district=kreis)
    make.initiative(title="Von früher", municipality=old)
    page = page_of(client, f"{MAP}?kreis=landkreis-giessen")
    assert tinted(page) == ["Lich: eine Initiative"]
    assert ("Von früher" in listed(page), "Alt" in page.root.text) == (True, False)


def test_list_and_map_lead_to_each_other_with_the_same_filters(client, lich, hungen):
    make.initiative(title="Bach", municipality=lich)
    shop = make.initiative(title="Laden", municipality=hungen)
    shop.topics.set([make.topic("kultur", "Kultur")])
    query = "?thema=umwelt"
    assert f"{MAP}{query}" in hrefs(page_of(client, LIST + query))
    page = page_of(client, MAP + query)
    assert f"{LIST}{query}" in hrefs(page)
    assert drawn(page) == {
        "Landkreis Gießen: eine Initiative": f"{MAP}?thema=umwelt&kreis=landkreis-giessen",
        "Lich: eine Initiative": f"{LIST}?thema=umwelt&gemeinde=lich",
    }
    inside = page_of(client, f"{MAP}?thema=umwelt&kreis=landkreis-giessen")
    assert drawn(inside)["Hungen: nichts dazu gefunden"] == "/orte/hungen/"
    assert MAP + query in hrefs(inside)


def test_place_is_marked_and_what_is_far_is_not_tinted(client, lich, hungen):
    far = make.municipality("Kassel", ags=KASSEL, slug="kassel", lat=51.31, lon=9.48)
    for _ in range(3):
        make.initiative(municipality=lich)
    make.initiative(municipality=far)
    page = page_of(client, f"{MAP}?ort=Lich")
    assert drawn(page)["Sie suchen hier: Lich"] == "/orte/lich/"
    assert tinted(page) == ["Landkreis Gießen: 3 Initiativen"]


def test_nothing_found_says_what_to_do(client, lich):
    page = page_of(client, f"{MAP}?suche=xyzzy")
    assert "Dazu haben wir hier noch nichts gefunden" in page.root.text
    assert MAP in listed(page).values()


def test_keyboard_and_screen_reader_get_what_the_eye_sees(client, lich, hungen):
    """A link with words for each area and marker, in the usual order, and the same address in the list."""
    make.initiative(municipality=lich)
    for address in [MAP, f"{MAP}?kreis=landkreis-giessen"]:
        page = page_of(client, address)
        links = [a for a in page.one("svg", **{"class": "map"}).walk() if a.tag == "a"]
        for a in links:
            assert a.children_of("title")[0].text == a.get("aria-label")
            assert (a.get("tabindex"), bool(a.get("href"))) == (None, True)
        assert {a.get("href") for a in links} <= set(listed(page).values())
        assert "#liste" in hrefs(page)
        assert [group.get("aria-hidden") for group in page.all("g")] == ["true"]


def test_sources_stand_below_the_map(client, lich):
    page = page_of(client)
    assert (
        "© GeoBasis-DE / BKG 2023, dl-de/by-2-0, Daten verändert; © OpenStreetMap-Mitwirkende, ODbL"
        in page.root.text
    )
    assert page.all("script", src="") == []


@pytest.mark.parametrize("n", [1, 3])
def test_map_costs_the_same_statements(client, django_assert_num_queries, lich, n):
    for number in range(n):
        make.initiative(municipality=make.municipality(f"Ort{number}", district=lich.district))
    make.initiative(municipality=lich)
    PostalCode.objects.create(code="35423", municipality=lich, place="Lich", lat=50.52, lon=8.82)
    for query, statements in [
        ("", 2),
        ("?ort=Lich", 4),
        ("?kreis=landkreis-giessen", 3),
        ("?kreis=landkreis-giessen&ort=35423&suche=Bach&thema=umwelt", 6),
        ("?kreis=landkreis-giessen&ort=35499", 6),
    ]:
        with django_assert_num_queries(statements):
            page_of(client, MAP + query)


# --- with all towns of Hessen -------------------------------------------------------------------


@pytest.fixture
def hessen():
    call_command("import_municipalities", stdout=io.StringIO())


@pytest.mark.slow
def test_every_town_of_hessen_is_on_the_map_and_every_link_leads_somewhere(client, hessen):
    with (DATA / "municipalities.csv").open(encoding="utf-8") as file:
        official = {row["ags"]: row for row in csv.DictReader(file)}
    by_url = {row.get_absolute_url(): row for row in Municipality.objects.all()}
    towns = []
    whole = drawn(page_of(client))
    assert len(whole) == 27
    for says, url in whole.items():
        if not url.startswith(MAP):
            towns.append(by_url[url])
            continue
        inside = drawn(page_of(client, url))
        towns += [by_url[each] for each in inside.values()]
        name = says.partition(":")[0]
        assert {by_url[each].district.name for each in inside.values()} == {name}
    assert sorted(town.ags for town in towns) == sorted(
        ags for ags, row in official.items() if row["level"] == "gemeinde"
    )


@pytest.mark.slow
def test_whole_pages_are_small_even_when_every_town_has_something(client, hessen):
    towns = Municipality.objects.filter(level="gemeinde")
    association = make.filled_association()
    Initiative.objects.bulk_create(
        [
            Initiative(title=f"Initiative {n}", slug=f"i{n}", municipality=town, organisation=association,
                       summary="Wir.", state="published")
            for n, town in enumerate(towns)
        ]
    )  # fmt: skip
    make.known_to_the_planner()
    sizes = {}
    for query in ["", *(f"?kreis={row.slug}" for row in Municipality.objects.filter(level="kreis"))]:
        for packing, unpack in [("br", brotli.decompress), ("gzip", gzip.decompress)]:
            response = client.get(MAP + query, headers={"accept-encoding": packing})
            assert response["Content-Encoding"] == packing
            assert b'<svg class="map"' in unpack(response.content)
            sizes[query, packing] = len(response.content)
    assert max(sizes.values()) <= 60_000


@pytest.mark.slow
def test_outlines_are_read_once_per_process(client, hessen):
    client.get(MAP)
    before = outlines.drawing.cache_info()
    client.get(MAP)
    after = outlines.drawing.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 1)
