"""portal/places.py: what is near, and how far a search goes."""

import pytest

from portal import places
from portal.models import Municipality, PostalCode
from tests import make

pytestmark = pytest.mark.django_db


def test_merged_town_leads_to_its_successor():
    new = make.municipality("Hanau", lat=50.1, lon=8.9)
    old = make.municipality("Hanau", lat=50.2, lon=8.8, successor=new)
    found = places.search_place("Hanau", None)
    assert (found.point, found.town_ids) == ((50.1, 8.9), {new.pk, old.pk})


def test_distance_agrees_with_known_ones():
    frankfurt, kassel, lich = (50.11552, 8.68417), (51.3167, 9.5), (50.5217, 8.8208)
    assert round(places.distance(frankfurt, kassel)) == 145
    assert round(places.distance(frankfurt, lich), 1) == 46.2
    assert places.distance(lich, lich) == 0


@pytest.fixture
def line():
    """Towns 0, 20, 40 and 70 km north of the first, one initiative in each (the third has two)."""
    towns = [make.municipality(f"Ort{km}", lat=50.0 + km / 111.2, lon=8.8) for km in (0, 20, 40, 70)]
    PostalCode.objects.create(code="35423", municipality=towns[0], place="Ort0", lat=50.0, lon=8.8)
    for town in [*towns, towns[2]]:
        make.initiative(municipality=town, title=f"In {town.name}")
    return towns


def names(rows):
    return sorted(row.title for row in rows)


def test_search_widens_until_three_are_there_and_says_so(line):
    rows, km, sentence = places.nearby(places.search_place("35423", 15), make.Initiative.objects.all())
    assert (names(rows), km) == (["In Ort0", "In Ort20", "In Ort40", "In Ort40"], 50)
    assert sentence == (
        "Im Umkreis von 15 km um 35423 Ort0 gibt es nur einen Treffer, deshalb suchen wir bis 50 km."
    )


def test_search_stays_where_three_are_found(line):
    for n in range(2):
        make.initiative(municipality=line[0], title=f"Auch {n}")
    rows, km, sentence = places.nearby(places.search_place("35423", None), make.Initiative.objects.all())
    assert (names(rows), km, sentence) == (["Auch 0", "Auch 1", "In Ort0"], 15, "")


def test_search_without_a_place_filters_nothing(line):
    rows, km, sentence = places.nearby(places.search_place("", None), make.Initiative.objects.all())
    assert (len(rows), km, sentence) == (5, None, "")


def test_empty_neighbourhood_is_said(line):
    make.Initiative.objects.all().delete()
    rows, km, sentence = places.nearby(places.search_place("35423", None), make.Initiative.objects.all())
    assert (list(rows), km) == ([], 50)
    assert sentence == "Im Umkreis von 15 km um 35423 Ort0 ist nichts dabei, deshalb suchen wir bis 50 km."


def test_district_brings_all_its_towns_however_far():
    district = make.municipality("Landkreis Weit", level=Municipality.Level.DISTRICT, lat=50.0, lon=8.8)
    far = make.municipality("Fern", district=district, lat=50.9, lon=8.8)
    make.initiative(municipality=far, title="In Fern")
    rows, _km, _sentence = places.nearby(
        places.search_place("Landkreis Weit", None), make.Initiative.objects.all()
    )
    assert names(rows) == ["In Fern"]


def test_rows_are_found_through_another_row(line):
    shift = make.shift(opportunity=make.opportunity(municipality=line[1]))
    make.shift(opportunity=make.opportunity(municipality=line[3]))
    rows, _km, _sentence = places.nearby(
        places.search_place("35423", 30), type(shift).objects.all(), field="opportunity__municipality"
    )
    assert list(rows) == [shift]


@pytest.mark.parametrize(("typed", "statements"), [("35423", 3), ("Ort0", 2), ("Nirgendwo", 1), ("", 0)])
def test_search_costs_few_statements(line, django_assert_num_queries, typed, statements):
    with django_assert_num_queries(statements):
        search = places.search_place(typed, None)
        places.nearby(search, make.Initiative.objects.all())
