"""A town's list in a frame of another site: plain, without script and cookie, with headers of its own."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from initiatives.models import Initiative
from portal.models import OldSlug
from tests import make
from tests.bench.statements import statements
from tests.markup import Page
from tests.test_public_pages import CACHED, CSP, parts, policy_of

pytestmark = pytest.mark.django_db
CLIENT = Client()
CANARY = "Kanarienvogel"


@pytest.fixture
def places():
    district = make.municipality("Landkreis Gießen", slug="landkreis-giessen", level="kreis")
    return district, make.municipality("Lich", slug="lich", district=district)


def shift(town, **fields):
    opportunity = make.opportunity(municipality=town, **fields)
    return make.shift(opportunity=opportunity, starts=timezone.now() + timedelta(days=3))


def titles(slug):
    body = CLIENT.get(f"/einbetten/{slug}/").content.decode()
    return [title for title in ("Bachputz", "Bachpaten", "Leseabend", "Chor") if title in body]


def test_list_shows_what_there_is_in_the_town_or_in_the_landkreis_with_its_towns(places):
    district, lich = places
    shift(lich, title="Bachputz")
    make.initiative(title="Bachpaten", municipality=lich)
    make.initiative(title="Leseabend", municipality=district)
    make.initiative(title="Chor", municipality=make.municipality("Kassel", slug="kassel"))
    assert titles("lich") == ["Bachputz", "Bachpaten"]
    assert titles("landkreis-giessen") == ["Bachputz", "Bachpaten", "Leseabend"]


def test_others_may_frame_it_and_nothing_acts_in_it(places):
    answer = CLIENT.get("/einbetten/lich/", headers={"cookie": "sessionid=" + "s" * 32})
    nothing = dict.fromkeys(("script-src", "connect-src", "form-action", "manifest-src"), "'none'")
    assert policy_of(answer) == CSP | nothing | {"frame-ancestors": "http: https:"}
    assert "X-Frame-Options" not in answer
    assert (answer.cookies, parts(answer["Cache-Control"])) == ({}, CACHED)
    body = answer.content.decode()
    assert [word for word in ("<script", "<form", "<input") if word in body] == []
    assert CLIENT.get("/einbetten/lich/", headers={"if-none-match": answer["ETag"]}).status_code == 304


def test_every_other_page_stays_out_of_frames(places):
    for address in ("/", "/orte/lich/", "/offene-daten/", "/einbetten/gibt-es-nicht/"):
        answer = CLIENT.get(address)
        assert (answer["X-Frame-Options"], policy_of(answer)["frame-ancestors"]) == ("DENY", "'none'")


def test_links_leave_the_frame_and_an_empty_town_says_where_there_is_more(places):
    body = CLIENT.get("/einbetten/lich/").content.decode()
    assert '<base target="_top">' in body
    assert f"{settings.SITE_URL}/orte/lich/" in Page(body, "http://testserver/einbetten/lich/").links()
    assert "Hier ist gerade nichts eingetragen." in body


def test_address_that_a_town_had_once_leads_on(places):
    _district, lich = places
    OldSlug.objects.create(kind=OldSlug.Kind.MUNICIPALITY, old="lich-alt", current="lich")
    make.municipality("Langsdorf", slug="langsdorf", successor=lich)
    for old in ("lich-alt", "langsdorf"):
        answer = CLIENT.get(f"/einbetten/{old}/")
        assert (answer.status_code, answer["Location"]) == (301, "/einbetten/lich/")


def test_nothing_that_is_not_public_is_in_it_and_more_rows_cost_no_more(places):
    _district, lich = places
    shift(lich)
    make.initiative(municipality=lich)
    few = len(statements(lambda: CLIENT.get("/einbetten/lich/")))
    for state in set(Initiative.State) - {Initiative.State.PUBLISHED}:
        make.initiative(state=state, title=CANARY, municipality=lich)
    for state in ("draft", "archived"):
        shift(lich, state=state, title=CANARY)
    for _ in range(3):
        shift(lich, contact=CANARY)
        make.initiative(municipality=lich, contact=CANARY)
    many = statements(lambda: CLIENT.get("/einbetten/lich/"))
    assert (few, len(many)) == (3, 3)
    assert CANARY not in CLIENT.get("/einbetten/lich/").content.decode()


def test_page_of_the_town_has_the_lines_to_copy(places):
    body = CLIENT.get("/orte/lich/").content.decode()
    assert f"&lt;iframe src=&quot;{settings.SITE_URL}/einbetten/lich/&quot;" in body
    assert "title=&quot;Mithelfen und Initiativen: Lich&quot;" in body
