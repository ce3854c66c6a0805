"""„Im Blick": what the association puts on the start page, with a date."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from initiatives.models import Highlight, Initiative
from portal.association import association
from portal.models import Membership
from tests import make
from tests.bench.statements import statements
from tests.staffroom import proven, staff

pytestmark = pytest.mark.django_db
CLIENT = Client()
ADD = "/verwaltung/initiatives/highlight/add/"
TODAY = date(2026, 6, 10)


def in_view():
    """The titles of the block on the start page; None where there is no block."""
    body = CLIENT.get("/").content.decode()
    block = body.partition("<h2>Im Blick</h2>")[2].partition("</section>")[0]
    return (
        [title for title in ("Bachpaten", "Chor", "Leseabend", "Repair") if title in block] if block else None
    )


@pytest.fixture(autouse=True)
def _noon(time_machine):
    time_machine.move_to(make.NOW, tick=False)


@pytest.fixture
def network():
    return proven(staff(association(), Membership.Role.NETWORK))


def test_block_is_there_from_the_first_to_the_last_day(time_machine):
    row = make.initiative(title="Bachpaten")
    make.shift()  # else the start page shows examples
    make.highlight(row, starts_on=TODAY, ends_on=TODAY + timedelta(days=1))
    seen = []
    for days in (-1, 0, 1, 2):
        time_machine.move_to(make.NOW + timedelta(days=days), tick=False)
        seen.append(in_view())
    assert seen == [None, ["Bachpaten"], ["Bachpaten"], None]


def test_sentence_of_the_association_stands_in_place_of_the_summary():
    row = make.initiative(title="Bachpaten", summary="Wir halten den Bach sauber.")
    make.shift()
    make.highlight(row, sentence="Am Sonntag ist Tag des Wassers.")
    body = CLIENT.get("/").content.decode()
    assert "Am Sonntag ist Tag des Wassers." in body
    assert "Wir halten den Bach sauber." not in body


@pytest.mark.parametrize("state", sorted(set(Initiative.State) - {Initiative.State.PUBLISHED}))
def test_what_is_taken_down_disappears(state):
    row = make.initiative(title="Bachpaten")
    make.shift()
    make.highlight(row)
    assert in_view() == ["Bachpaten"]
    Initiative.objects.filter(pk=row.pk).update(state=state)
    assert in_view() is None


def test_more_of_them_cost_no_more_statements():
    make.highlight(make.initiative())
    few = len(statements(lambda: CLIENT.get("/")))
    for _ in range(4):
        make.highlight(make.initiative())
    assert len(statements(lambda: CLIENT.get("/"))) == few


def test_association_names_a_page_by_its_address(network, settings):
    row = make.initiative(title="Bachpaten", slug="bachpaten-lich")
    make.shift()
    form = {
        "page": f"{settings.SITE_URL}/initiativen/bachpaten-lich/?x=1",
        "sentence": "",
        "starts_on": TODAY,
        "ends_on": TODAY,
    }
    assert network.post(ADD, form).status_code == 302
    assert Highlight.objects.values_list("initiative", "starts_on", "ends_on").get() == (row.pk, TODAY, TODAY)
    assert in_view() == ["Bachpaten"]
    page = network.get(
        f"/verwaltung/initiatives/highlight/{Highlight.objects.get().pk}/change/"
    ).content.decode()
    assert f"{settings.SITE_URL}/initiativen/bachpaten-lich/" in page


@pytest.mark.parametrize(
    "page",
    [
        "/initiativen/entwurf/",
        "/initiativen/gibt-es-nicht/",
        "/mitmachen/bachputz/",
        "https://x.example",
        "/",
    ],
)
def test_only_a_public_initiative_can_be_put_there(network, page):
    make.initiative(slug="entwurf", state="draft")
    answer = network.post(ADD, {"page": page, "starts_on": TODAY, "ends_on": TODAY})
    assert "Diese Adresse führt zu keiner öffentlichen Initiative." in answer.content.decode()
    assert Highlight.objects.count() == 0


def test_last_day_is_not_before_the_first(network):
    row = make.initiative(slug="bachpaten-lich")
    answer = network.post(
        ADD,
        {"page": "/initiativen/bachpaten-lich/", "starts_on": TODAY, "ends_on": TODAY - timedelta(days=1)},
    )
    assert "Der letzte Tag liegt vor dem ersten." in answer.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        make.highlight(row, starts_on=TODAY, ends_on=TODAY - timedelta(days=1))


@pytest.mark.parametrize("role", ["editor", "reader", "seminars"])
def test_nobody_else_puts_anything_there(role):
    organisation = association() if role == "seminars" else make.organisation()
    client = proven(staff(organisation, Membership.Role(role)))
    row = make.highlight(make.initiative())
    addresses = (
        "/verwaltung/initiatives/highlight/",
        ADD,
        f"/verwaltung/initiatives/highlight/{row.pk}/change/",
    )
    assert [client.get(address).status_code for address in addresses] == [404, 404, 404]
    assert timezone.localdate() == TODAY
