"""portal/slugs.py: readable addresses that never break."""

import pytest

from initiatives.models import Initiative
from portal import slugs
from portal.models import OldSlug
from portal.refused import Refused
from tests import make

INITIATIVE = OldSlug.Kind.INITIATIVE


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Homberg (Efze)", "homberg-efze"),
        ("Landkreis Gießen", "landkreis-giessen"),
        ("Bürgerbus d'Bus", "buergerbus-d-bus"),
        ("„Café“ ÄÖÜ ß", "cafe-aeoeue-ss"),
        ("Di@-Lotsen 2.0", "di-lotsen-2-0"),
        ("  🤷 ", ""),
    ],
)
def test_german_text_becomes_ascii(text, slug):
    assert slugs.slugify_german(text) == slug


@pytest.mark.parametrize(
    ("parts", "slug"),
    [
        (("Dorfladen", "lich"), "dorfladen-lich"),
        (("Bürgerbus Feldatal", "feldatal"), "buergerbus-feldatal"),
        (("Bachputz", "lich", "2026"), "bachputz-lich-2026"),
        (("x" * 200, "lich"), "x" * 115 + "-lich"),
        (("Eberlich", "lich"), "eberlich-lich"),
    ],
)
def test_parts_are_joined_without_repeating_the_town(parts, slug):
    assert slugs.compose(*parts) == slug


@pytest.mark.django_db
def test_wanted_slug_gets_a_number_if_it_is_or_was_in_use():
    make.initiative(slug="dorfladen")
    OldSlug.objects.create(kind=INITIATIVE, old="dorfladen-2", current="dorfladen")
    assert slugs.unique_slug(Initiative, "dorfladen") == "dorfladen-3"
    assert slugs.unique_slug(Initiative, "karte", reserved=Initiative.RESERVED_SLUGS) == "karte-2"
    assert slugs.unique_slug(Initiative, "") == "initiative"
    assert len(slugs.unique_slug(Initiative, "y" * 300)) == 120


@pytest.mark.django_db
def test_every_former_address_leads_to_todays_in_one_step():
    row = make.initiative(slug="a")
    for slug in ["b", "c"]:
        slugs.rename(row, slug)
    row.refresh_from_db()
    assert row.slug == "c"
    assert (slugs.moved(INITIATIVE, "a"), slugs.moved(INITIATIVE, "b")) == ("c", "c")
    assert (slugs.moved(INITIATIVE, "c"), slugs.moved(OldSlug.Kind.OPPORTUNITY, "a")) == (None, None)


@pytest.mark.django_db
def test_renaming_back_leaves_no_circle():
    row = make.initiative(slug="a")
    for slug in ["b", "a"]:
        slugs.rename(row, slug)
    assert list(OldSlug.objects.values_list("old", "current")) == [("b", "a")]


@pytest.mark.django_db
def test_address_that_another_row_had_still_leads_there():
    """Else a clerk could take over the published address of another town."""
    first, second = make.initiative(slug="a"), make.initiative(slug="z")
    slugs.rename(first, "b")
    with pytest.raises(Refused):
        slugs.rename(second, "a")
    assert (slugs.moved(INITIATIVE, "a"), second.slug) == ("b", "z")


@pytest.mark.django_db
def test_one_s_own_former_address_may_be_used_again():
    row = make.initiative(slug="a")
    slugs.rename(row, "b")
    slugs.rename(row, "a")
    assert (slugs.moved(INITIATIVE, "a"), slugs.moved(INITIATIVE, "b")) == (None, "a")


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["karte", "vergeben"])
def test_reserved_and_used_addresses_are_refused(slug):
    make.initiative(slug="vergeben")
    row = make.initiative(slug="a")
    with pytest.raises(Refused):
        slugs.rename(row, slug)
    row.refresh_from_db()
    assert (row.slug, OldSlug.objects.count()) == ("a", 0)
