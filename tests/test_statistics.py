"""The association's statistics: who published, copied, was asked, is wished something of; a file, and who took it."""

import csv
import io

import pytest
from django.urls import reverse

from initiatives import statistics
from initiatives.models import Initiative
from portal import records
from portal.association import association
from portal.models import AccessLog, Membership, Municipality
from tests import make
from tests.make import NOW
from tests.staffroom import proven, staff

pytestmark = pytest.mark.django_db
URL = "/verwaltung/statistik/"
HEAD = ["Ort", "Landkreis", "Mitglied", "veröffentlicht", "übernommen", "gefragt worden", "Wünsche"]


@pytest.fixture
def net():
    return staff(association(), Membership.Role.NETWORK, email="netz@verband.example", name="Frau Netz")


def build():
    """Lich published, copied, was asked and is wished of; Hungen has a collected page only; Linden nothing."""
    area = make.municipality(
        "Landkreis Gießen", level=Municipality.Level.DISTRICT, slug="landkreis-giessen", ags="06531000"
    )
    lich = make.municipality("Lich", district=area, is_member=True)
    hungen = make.municipality("Hungen", district=area, is_member=True)
    make.municipality("Linden", district=area, is_member=False)
    make.initiative(municipality=lich, n_inquiries=2)
    make.initiative(municipality=lich, state="draft", copied_at=NOW, n_inquiries=1)
    page = make.initiative(municipality=hungen, origin=Initiative.Origin.COLLECTED)
    make.wish(municipality=lich, initiative=page)
    make.wish("lea@example.org", municipality=lich, initiative=page, confirmed_at=None)
    return lich


def table(response):
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";"))


def test_file_holds_every_town_with_its_numbers_and_no_address_and_is_logged(net):
    build()
    client = proven(net)
    assert client.get(URL).status_code == 200
    assert AccessLog.objects.count() == 0  # looking at numbers of towns is no export
    response = client.post(URL)
    assert response["Content-Disposition"].startswith('attachment; filename="statistik-der-orte-')
    assert table(response) == [
        HEAD,
        ["Hungen", "Landkreis Gießen", "ja", "0", "0", "0", "0"],
        ["Landkreis Gießen", "", "unbekannt", "0", "0", "0", "0"],
        ["Lich", "Landkreis Gießen", "ja", "1", "1", "3", "1"],
        ["Linden", "Landkreis Gießen", "nein", "0", "0", "0", "0"],
    ]
    entry = AccessLog.objects.get()
    said = records.sentence(entry, records.names([entry.about]))
    assert said == "Frau Netz hat die Statistik der Orte als CSV-Datei heruntergeladen."
    assert entry.organisation == association()


def test_shares_are_those_of_members_where_they_are_known(net):
    lich = build()
    found, areas = statistics.collect()
    assert [(share.label, share.towns, share.of) for share in found.shares()] == [
        ("veröffentlicht", 1, 2), ("übernommen", 1, 2), ("gefragt worden", 1, 2), ("Wünsche", 1, 2),
    ]  # fmt: skip
    assert areas == [lich.district]
    assert "Landkreis Gießen: ein Ort hat veröffentlicht" in found.map(areas)


def test_table_shows_where_something_is_sorts_by_links_and_leads_to_all(net):
    lich = build()
    other = make.municipality("Alsfeld")
    for _n in range(2):
        make.initiative(municipality=other)
    client = proven(net)
    for query, names in [
        ("", ["Alsfeld", "Lich"]),
        ("?nach=gefragt", ["Lich", "Alsfeld"]),
        ("?nach=veroeffentlicht", ["Alsfeld", "Lich"]),
        ("?nach=xyzzy", ["Alsfeld", "Lich"]),
        ("?alle=1", ["Alsfeld", "Hungen", "Landkreis Gießen", "Lich", "Linden"]),
    ]:
        assert [line.ort for line in client.get(URL + query).context["lines"]] == names
    assert lich.name in client.get(URL).text


def test_merged_town_counts_for_its_successor():
    lich = build()
    old = make.municipality("Altlich", successor=lich)
    make.initiative(municipality=old)
    found, _areas = statistics.collect()
    assert [(line.ort, line.veroeffentlicht) for line in found.lines if line.veroeffentlicht] == [("Lich", 2)]


def test_numbers_cost_three_statements_however_many_rows(django_assert_num_queries):
    build()
    for n in range(2):
        with django_assert_num_queries(3):
            statistics.collect()
        for _more in range(3):
            make.wish(f"k{n}{_more}@example.org", municipality=make.municipality(f"Ort {n} {_more}"))


@pytest.mark.parametrize("role", [Membership.Role.EDITOR, Membership.Role.READER])
def test_towns_do_not_see_the_statistics_nor_its_place_in_the_navigation(role):
    client = proven(staff(make.organisation(), role))
    assert [client.get(URL).status_code, client.post(URL).status_code] == [404, 404]
    assert URL not in client.get(reverse("admin:index")).text
