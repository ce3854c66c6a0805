"""portal/place_names.py with all of Hessen: what people type."""

import pytest

from portal import gazetteer, places
from portal.models import Municipality, PostalCode

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # all of Hessen is loaded


@pytest.fixture(scope="module")
def hessen(django_db_setup, django_db_blocker):
    """All of Hessen, loaded once: these tests only read."""
    with django_db_blocker.unblock():
        gazetteer.municipalities()
        yield
        Municipality.objects.filter(level="gemeinde").delete()
        Municipality.objects.all().delete()


def understood(text):
    return places.search_place(text, None).label


def test_all_postal_codes_of_the_data_are_places(hessen):
    codes = set(PostalCode.objects.values_list("code", flat=True))
    assert len(codes) == 546
    lost = [code for code in sorted(codes)[::13] if not understood(code).startswith(code)]
    assert lost == []


def test_every_town_and_district_is_found_by_its_own_name(hessen):
    towns = places._towns()
    lost = [
        town.name
        for town in towns
        if [t.name for t in places.place_names.named(town.name, towns)] != [town.name]
    ]
    assert (len(towns), lost) == (442, [])


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("35423", "35423 Lich"),
        ("35423 Lich", "35423 Lich"),
        ("D-35423", "35423 Lich"),
        ("34127", "34127 Kassel / Fuldatal"),
        ("giessen", "Gießen"),
        ("GIESSEN ", "Gießen"),
        ("Kreis Gießen", "Landkreis Gießen"),
        ("Wetterau", "Wetteraukreis"),
        ("Bad Homburg vor der Höhe", "Bad Homburg v. d. Höhe"),
        ("Frankfurt/M.", "Frankfurt am Main"),
        ("Höchst im Odenwald", "Höchst i. Odw."),
        ("Homberg/Ohm", "Homberg (Ohm)"),
        ("Stadt Lich", "Lich"),
    ],
)
def test_names_as_people_write_them(hessen, typed, label):
    found = places.search_place(typed, None)
    assert (found.label, found.corrected, found.unknown) == (label, False, False)


@pytest.mark.parametrize(
    ("typed", "label"),
    [("Büdigen", "Büdingen"), ("Budingen", "Büdingen"), ("Marbrug", "Marburg"), ("Giesen", "Gießen")],
)
def test_small_slips_are_forgiven_and_said(hessen, typed, label):
    found = places.search_place(typed, None)
    assert (found.label, found.sentence) == (label, f"Verstanden als: {label}")


def test_two_towns_of_one_name_are_offered(hessen):
    found = places.search_place("Homberg", None)
    assert [town.name for town in found.ambiguous] == ["Homberg (Efze)", "Homberg (Ohm)"]
    assert (found.point, found.unknown) == (None, False)
    assert found.sentence == "Diesen Namen gibt es mehrmals. Welchen Ort meinen Sie?"


def test_what_is_not_in_hessen_is_said_with_what_is_close(hessen):
    berlin, lick = places.search_place("Berlin", None), places.search_place("Lick", None)
    assert (berlin.unknown, berlin.suggestions, berlin.point) == (True, [], None)
    assert (lick.unknown, [town.name for town in lick.suggestions]) == (True, ["Lich"])


def test_unknown_postal_code_suggests_the_towns_with_the_same_beginning(hessen):
    found = places.search_place("35429", None)
    assert (found.unknown, [town.name for town in found.suggestions]) == (
        True,
        ["Langgöns", "Lich"],
    )


@pytest.mark.parametrize("typed", ["", "   ", "\u200b\u202e", "\t\n"])
def test_nothing_typed_is_no_search(hessen, typed):
    found = places.search_place(typed, None)
    assert (found.label, found.point, found.unknown, found.ambiguous) == ("", None, False, [])


@pytest.mark.parametrize(
    "typed", ["🤷", "%_'\";--", "(((((", "-", "a" * 100_000, "﷽", "0" * 5000, "٣٥٤٢٣", "kreis"]
)
def test_no_text_breaks_the_search(hessen, typed):
    found = places.search_place(typed, None)
    assert (found.unknown, found.point, len(found.text) <= 80) == (True, None, True)


def test_within_is_exact_on_the_circle_in_every_direction(hessen):
    """Against the plain computation for all 442 towns, so that the box never cuts one off."""
    towns = places._towns()
    for point in [(50.52, 8.82), (51.6, 9.4), (49.4, 8.9)]:
        for km in (1, 15, 50):
            plain = {town.pk for town in towns if places.distance(point, (town.lat, town.lon)) <= km}
            assert places.within(point, km) == plain
