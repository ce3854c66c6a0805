"""Atom feeds and the collection's table: what is new, what there is, and nothing that is not public."""

import csv
import io
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from initiatives.models import Initiative
from portal.models import OldSlug
from tests import make
from tests.bench.statements import statements

pytestmark = pytest.mark.django_db
CLIENT = Client()
ATOM = "{http://www.w3.org/2005/Atom}"
CANARY = "Kanarienvogel"


def tree(address):
    answer = CLIENT.get(address)
    assert answer.status_code == 200, address
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


def titles(address):
    return [entry.findtext(f"{ATOM}title") for entry in tree(address).iter(f"{ATOM}entry")]


def published(days=1, **fields):
    return make.initiative(published_at=timezone.now() - timedelta(days=days), **fields)


@pytest.fixture
def places():
    district = make.municipality("Landkreis Gießen", slug="landkreis-giessen", level="kreis")
    return district, make.municipality("Lich", slug="lich", district=district)


def test_feeds_hold_what_is_new_there_the_newest_first(places):
    district, lich = places
    culture = make.topic("kultur", "Kultur")
    published(3, title="Bachpaten", municipality=lich)
    published(2, title="Leseabend", municipality=district).topics.set([culture])
    published(1, title="Chor", municipality=make.municipality("Kassel", slug="kassel"))
    make.opportunity(title="Bachputz", municipality=lich, published_at=timezone.now())
    assert titles("/feeds/alle.atom") == [
        "Bachputz, Lich", "Chor, Kassel", "Leseabend, Landkreis Gießen", "Bachpaten, Lich",
    ]  # fmt: skip
    assert titles("/feeds/orte/lich.atom") == ["Bachputz, Lich", "Bachpaten, Lich"]
    assert titles("/feeds/orte/landkreis-giessen.atom") == [
        "Bachputz, Lich", "Leseabend, Landkreis Gießen", "Bachpaten, Lich",
    ]  # fmt: skip
    assert titles("/feeds/themen/kultur.atom") == ["Leseabend, Landkreis Gießen"]


def test_feed_has_all_that_rfc_4287_asks_for_and_escapes_the_rest(places):
    _district, lich = places
    row = published(title='<b>"Bach" \x0b& Paten</b>', summary="1 < 2 & ]]> \x0c", municipality=lich)
    feed = tree("/feeds/orte/lich.atom")
    site = "tag:127.0.0.1,2026:" if "127.0.0.1" in settings.SITE_URL else "tag:"
    assert feed.findtext(f"{ATOM}id").startswith(site)
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {
        "alternate": f"{settings.SITE_URL}/orte/lich/", "self": f"{settings.SITE_URL}/feeds/orte/lich.atom",
    }  # fmt: skip
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id").endswith(f":initiative-{row.pk}")
    assert entry.findtext(f"{ATOM}title") == '<b>"Bach" & Paten</b>, Lich'
    assert entry.findtext(f"{ATOM}summary") == "1 < 2 & ]]>"
    assert entry.find(f"{ATOM}link").get("href") == f"{settings.SITE_URL}/initiativen/{row.slug}/"
    assert [found.get("term") for found in entry.findall(f"{ATOM}category")] == ["Umwelt"]
    for element, name in [(feed, "updated"), (entry, "updated"), (entry, "published")]:
        assert parse_datetime(element.findtext(f"{ATOM}{name}")).tzinfo


def test_entry_keeps_its_id_under_another_title_and_address():
    row = published(title="Bachpaten")
    (before,) = [found.text for found in tree("/feeds/alle.atom").iter(f"{ATOM}id")][1:]
    Initiative.objects.filter(pk=row.pk).update(title="Wetterpaten", slug="wetterpaten")
    (after,) = [found.text for found in tree("/feeds/alle.atom").iter(f"{ATOM}id")][1:]
    assert before == after


def test_feed_comes_again_only_when_it_changed_also_an_empty_one():
    for _ in range(2):
        first = CLIENT.get("/feeds/alle.atom")
        again = CLIENT.get("/feeds/alle.atom", headers={"if-none-match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert first["Access-Control-Allow-Origin"] == "*"
        published()


def test_feed_of_a_town_that_moved_leads_on_and_others_are_not_there(places):
    _district, lich = places
    OldSlug.objects.create(kind=OldSlug.Kind.MUNICIPALITY, old="lich-alt", current="lich")
    make.municipality("Langsdorf", slug="langsdorf", successor=lich)
    for old in ("lich-alt", "langsdorf"):
        answer = CLIENT.get(f"/feeds/orte/{old}.atom")
        assert (answer.status_code, answer["Location"]) == (301, "/feeds/orte/lich.atom")
    for address in ("/feeds/orte/gibt-es-nicht.atom", "/feeds/themen/gibt-es-nicht.atom"):
        assert CLIENT.get(address).status_code == 404


def test_more_rows_cost_no_more_statements():
    """The feed; the table reads two thousand rows at once."""

    def costs():
        return [
            len(statements(lambda path=path: b"".join(CLIENT.get(path))))
            for path in ("/feeds/alle.atom", TABLE)
        ]

    published()
    few = costs()
    for _ in range(3):
        published()
    assert (few, costs()) == ([3, 2], [3, 2])


# --- the table -------------------------------------------------------------------------------------
TABLE = "/offene-daten/initiativen.csv"


def table(query=""):
    answer = CLIENT.get(TABLE + query)
    assert (answer["Content-Type"], answer.streaming) == ("text/csv; charset=utf-8", True)
    content = b"".join(answer)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_table_has_a_row_for_each_initiative_and_what_looks_like_a_formula_is_none(places):
    district, lich = places
    make.initiative(
        title='=HYPERLINK("https://böse.example";"x")', summary="Zeile eins\nZeile zwei; mit Semikolon", municipality=lich,
        carrier="+49 Verein", organisation=make.organisation("Stadt Lich"), year=2015,
    )  # fmt: skip
    head, row = table()
    assert head[:4] == ["Nummer", "Titel", "Ort", "Ortsteil"]
    said = dict(zip(head, row, strict=True))
    assert said["Titel"] == '\'=HYPERLINK("https://böse.example";"x")'
    assert said["Wer macht das?"] == "'+49 Verein"
    assert said["Zusammenfassung"] == "Zeile eins Zeile zwei; mit Semikolon"
    assert (said["Landkreis"], said["Themen"], said["Jahr"]) == (district.name, "Umwelt", "Bericht von 2015")


@pytest.mark.postgres
def test_another_reader_of_csv_reads_the_same(places):
    """PostgreSQL's own, which shares nothing with the writer."""
    _district, lich = places
    make.initiative(title='„Chor"; laut', summary='Er sagte: "Ja", sie: "Nein"\nEnde', municipality=lich)
    make.initiative(title="Ohne alles", summary=" \\N \\. ,;", municipality=lich, carrier='"')
    rows, content = table(), b"".join(CLIENT.get(TABLE)).removeprefix(b"\xef\xbb\xbf")
    names = [f"c{number}" for number in range(len(rows[0]))]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE read ({' text, '.join(names)} text) ON COMMIT DROP")
        options = f"FORMAT csv, DELIMITER ';', FORCE_NOT_NULL ({', '.join(names)})"
        with cursor.copy(f"COPY read FROM STDIN ({options})") as into:
            into.write(content)
        cursor.execute("SELECT * FROM read")
        assert [list(row) for row in cursor.fetchall()] == rows


def test_table_takes_the_filters_of_the_list(places):
    _district, lich = places
    make.initiative(title="Bachpaten", municipality=lich)
    make.initiative(title="Chor", municipality=make.municipality("Kassel"), summary="Wir singen.")
    assert [row[1] for row in table("?suche=Bach")[1:]] == ["Bachpaten"]
    assert [row[1] for row in table("?gemeinde=lich")[1:]] == ["Bachpaten"]
    assert len(table()) == 3


def test_list_leads_to_the_table_of_what_it_shows(places):
    _district, lich = places
    make.initiative(title="Bachpaten", municipality=lich)
    body = CLIENT.get("/initiativen/?suche=Bach&gemeinde=lich").content.decode()
    assert f'href="{TABLE}?suche=Bach&amp;gemeinde=lich"' in body
    assert f'href="{TABLE}"' in CLIENT.get("/initiativen/").content.decode()


def test_nothing_that_is_not_public_is_in_a_feed_or_in_the_table(places):
    _district, lich = places
    hidden = {"title": CANARY, "municipality": lich}
    for state in set(Initiative.State) - {Initiative.State.PUBLISHED}:
        published(state=state, **hidden)
    for state in ("draft", "archived"):
        make.opportunity(state=state, published_at=timezone.now(), **hidden)
    published(title="Bachpaten", municipality=lich, contact=CANARY, contact_email=f"{CANARY}@lich.example")
    bodies = {
        address: titles(address)
        for address in ("/feeds/alle.atom", "/feeds/orte/lich.atom", "/feeds/themen/umwelt.atom")
    }
    assert set(map(tuple, bodies.values())) == {("Bachpaten, Lich",)}
    assert CANARY.encode() not in b"".join(CLIENT.get(TABLE))
    for address in bodies:
        assert CANARY.encode() not in CLIENT.get(address).content
