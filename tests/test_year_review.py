"""„Jahresblick": dates, helpers, confirmed hours, ideas taken over; a town sees its own, the association all."""

from datetime import datetime, timedelta

import pytest
import time_machine

from portal.association import association
from portal.models import Membership
from tests import make
from tests.make import BERLIN, NOW
from tests.staffroom import proven, staff
from volunteers import year_review

pytestmark = pytest.mark.django_db
URL = "/verwaltung/jahresblick/"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def build(organisation, *, starts=NOW - 5 * DAY, hours=3):
    """A date that is over: two came, one stayed away, of three nobody knows, and one came unannounced."""
    action = make.opportunity(organisation=organisation)
    shift = make.shift(opportunity=action, starts=starts, hours=hours, walk_ins=1)
    for seats, attended in [(2, True), (1, False), (3, None)]:
        make.signup(shift, seats=seats, attended=attended)
    make.signup(shift, status="waiting")
    make.signup(shift, status="ended", ended_reason="given_back", ended_at=NOW)
    return shift


def test_hours_are_those_of_people_who_are_known_to_have_come():
    town = make.organisation()
    build(town)
    make.shift(opportunity=make.opportunity(organisation=town), starts=NOW + DAY)  # to come
    make.shift(opportunity=make.opportunity(organisation=town), starts=NOW - DAY, cancelled_at=NOW)
    make.shift(opportunity=make.opportunity(organisation=town, state="draft"), starts=NOW - DAY)
    found = year_review.review(2026, of=town, now=NOW)
    assert (found.dates, found.helpers, found.came, found.unknown, found.hours) == (1, 7, 3, 3, 9)


def test_a_year_begins_and_ends_at_midnight_in_germany():
    town = make.organisation()
    build(town, starts=datetime(2025, 12, 31, 20, 30, tzinfo=BERLIN))  # ends at half past eleven
    build(town, starts=datetime(2025, 12, 31, 21, 30, tzinfo=BERLIN))  # ends in the new year
    assert [year_review.review(year, of=town, now=NOW).dates for year in (2024, 2025, 2026)] == [0, 1, 1]
    assert year_review.years(now=NOW) == [2026, 2025]


def test_ideas_taken_over_initiatives_and_wishes_are_counted_for_the_town_alone():
    town = make.organisation()
    idea = make.idea("Dorfladen")
    for title in ("Unser Laden", "Noch ein Laden"):
        make.initiative(organisation=town, title=title, idea=idea, copied_at=NOW, published_at=NOW)
    make.initiative(organisation=town, title="Lesepaten", copied_at=NOW, state="draft")
    make.initiative(
        organisation=town, title="Voriges", copied_at=NOW - 365 * DAY, published_at=NOW - 365 * DAY
    )
    make.initiative(title="Anderswo", copied_at=NOW, published_at=NOW)
    make.wish(municipality=make.municipality(organisation=town))
    found = year_review.review(2026, of=town, now=NOW)
    assert (found.published, found.copies, found.wishes) == (2, 3, 1)
    assert found.taken_over == [("Dorfladen", 2), ("Lesepaten", 1)]
    of_all = year_review.review(2026, of=None, now=NOW)
    assert "Lesepaten" not in [name for name, _n in of_all.taken_over]  # a draft of one town
    assert year_review.review(2026, of=None, now=NOW).copies == 4


def test_page_of_a_town_is_its_own_and_prints():
    town, other = make.organisation(), make.organisation("Stadt Hungen")
    build(town)
    for _n in range(2):
        build(other)
    client = proven(staff(town))
    page = client.get(URL).text
    assert ("Stadt Lich" in page, "Hungen" in page, "review.css" in page) == (True, False, True)
    assert client.get(URL).context["review"].dates == 1
    assert "Bei 3 angemeldeten Personen hat niemand eingetragen, ob sie da waren." in page
    strangers = [f"?fuer={other.pk}", "?fuer=alle", "?fuer=x", "?jahr=1999", "?jahr=x"]
    assert [client.get(URL + query).status_code for query in strangers] == [404] * 5
    assert client.get(f"{URL}?jahr=2026&fuer={town.pk}").status_code == 200
    assert client.post(URL).status_code == 405


def test_association_sees_all_towns_together():
    for name in ("Stadt Lich", "Stadt Hungen"):
        build(make.organisation(name))
    net = proven(staff(association(), Membership.Role.NETWORK, email="netz@verband.example"))
    page = net.get(URL)
    assert (page.context["review"].dates, page.context["review"].towns) == (2, 2)
    assert "Alle Orte, die mitmachen" in page.text
    assert [word for word in ("Kim", "gast", "Stadt Lich") if word in page.text] == []


def test_who_looks_after_seminars_has_no_year():
    client = proven(staff(association(), Membership.Role.SEMINARS, email="seminare@verband.example"))
    assert client.get(URL).status_code == 404


def test_a_year_costs_the_same_statements_with_one_and_with_many_dates(django_assert_num_queries):
    town = make.organisation()
    for _more in range(2):
        build(town)
        with django_assert_num_queries(4):
            year_review.review(2026, of=town, now=NOW)
