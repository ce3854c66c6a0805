"""The start page in the order of mission.md, its launch state, and the pages of duty."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from initiatives import facets
from initiatives.topics import ensure_topics
from portal import remembering
from portal.association import association
from portal.pages import sitemap, towns
from tests import make, sitemaps

pytestmark = pytest.mark.django_db

SHARED = "public, max-age=0, s-maxage=30, stale-while-revalidate=30"
SERVICE = ["imprint", "privacy", "accessibility", "plain_language", "for_towns"]


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(make.NOW, tick=False)


def text_of(client, path="/", **query):
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def in_order(page, *parts):
    main = page[page.index("<main") :]
    positions = [main.find(part) for part in parts]
    assert -1 not in positions, parts[positions.index(-1)]
    assert positions == sorted(positions)


def examples(n, **fields):
    topics = list(ensure_topics().values())
    for i in range(n):
        row = make.initiative(title=f"Beispiel {i}", **fields)
        row.topics.set([topics[i % len(topics)]])


def test_launch_state_shows_what_others_do_instead_of_an_empty_box(client):
    examples(3)
    page = text_of(client)
    in_order(
        page,
        "Am Samstag drei Stunden Zeit?",
        "Postleitzahl oder Ort",
        "Das machen andere schon",
        "Eine eigene Idee?",
        "Ihrer Gemeinde vorschlagen",
        "Für Kommunen",
    )
    assert "Demnächst" not in page
    assert page.count('<li class="card">') == 3


def test_launch_state_without_examples_still_says_what_to_do(client):
    page = text_of(client)
    assert "Suchen Sie Ihren Ort" in page
    assert (page.count('<li class="card">'), "Ideen, die funktionieren" in page) == (0, False)


def test_examples_of_the_launch_state_are_of_different_topics(client):
    topics = ensure_topics()
    for slug in ["umwelt", "umwelt", "umwelt", "kultur", "sport"]:
        row = make.initiative(title=slug)
        row.topics.set([topics[slug]])
    page = text_of(client)
    drawings = [page.count(f'topic topic--{slug}"') for slug in ["umwelt", "kultur", "sport"]]
    assert drawings == [1, 1, 1]


def test_coming_dates_stand_first_soonest_on_top(client):
    examples(1)
    make.shift(starts=make.NOW + timedelta(days=9), opportunity=make.opportunity(title="Später"))
    make.shift(starts=make.NOW + timedelta(days=2), opportunity=make.opportunity(title="Bald"))
    make.shift(starts=make.NOW - timedelta(days=2), opportunity=make.opportunity(title="Vorbei"))
    hidden = make.opportunity(title="Entwurf", state="draft")
    make.shift(starts=make.NOW + timedelta(days=1), opportunity=hidden)
    page = text_of(client)
    in_order(page, "Demnächst", "Bald", "Später", "Eine eigene Idee?")
    assert [word in page for word in ["Vorbei", "Entwurf", "Das machen andere schon"]] == [False] * 3


@pytest.mark.parametrize(("n", "link"), [(9, "alle Termine"), (10, "alle 10 Termine")])
def test_no_figure_below_ten_is_shown_as_a_success(client, n, link):
    action = make.opportunity()
    for day in range(n):
        make.shift(starts=make.NOW + timedelta(days=day + 1), opportunity=action)
    assert f">{link}</a>" in text_of(client)


def test_ideas_name_how_many_towns_have_them_and_lead_to_their_pages(client):
    ideas = {name: make.idea(name, slug=name.lower()) for name in ("Dorfladen", "Bus", "Bad")}
    for name, many in [("Dorfladen", 1), ("Bus", 2), ("Bad", 3)]:
        for n in range(many):
            make.initiative(idea=ideas[name], municipality=make.municipality(f"{name}{n}"))
    make.initiative(idea=ideas["Bad"], state="draft", municipality=make.municipality("Entwurf"))
    page = text_of(client)
    in_order(page, "Ideen, die funktionieren", "/ideen/bad/", "in 3 Orten", "/ideen/bus/", "in 2 Orten")
    assert "/ideen/dorfladen/" not in page, "an idea works when it does in more than one place"
    assert "in 3 Orten" in text_of(client, "/ideen/bad/")


def test_figures_are_exact_until_there_are_very_many_and_then_for_a_moment_remembered(client, monkeypatch):
    idea, towns = make.idea(), [make.municipality(f"Ort {n}") for n in range(10)]
    for town in [*towns, towns[0]]:
        make.initiative(idea=idea, municipality=town)
    make.initiative(municipality=towns[0])
    make.initiative(state="draft", municipality=make.municipality("Entwurf"))
    page = text_of(client)
    assert ("12 Beispiele aus 10 Städten und Gemeinden" in page, "in 10 Orten" in page) == (True, True)
    monkeypatch.setattr(facets, "MANY", 13)
    for name, said in [("Elf", "13 Beispiele aus 11"), ("Zwölf", "13 Beispiele aus 11")]:
        make.initiative(municipality=make.municipality(name))
        assert said in text_of(client)
    remembering.forget()
    assert "14 Beispiele aus 12" in text_of(client)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 3])
def test_start_page_costs_the_same_statements_with_one_and_three(client, django_assert_num_queries, n):
    examples(n)
    with django_assert_num_queries(5):
        client.get("/")
    for day in range(n):
        make.shift(starts=make.NOW + timedelta(days=day + 1))
    with django_assert_num_queries(4):
        client.get("/")


@pytest.mark.parametrize("name", ["start", "initiatives:list", "towns", *SERVICE])
def test_public_pages_are_shared_and_set_no_cookie(client, name):
    response = client.get(reverse(name))
    assert (response.status_code, response["Cache-Control"], dict(response.cookies)) == (200, SHARED, {})
    assert "Cookie" not in response.get("Vary", "")
    assert client.post(reverse(name)).status_code == 405


@pytest.mark.parametrize("name", SERVICE)
def test_duties_work_before_the_association_exists_and_after(client, name):
    before = text_of(client, reverse(name))
    row = association()
    row.contact_email = "verband@hsgb.example"
    row.save()
    after = text_of(client, reverse(name))
    assert ("verband@hsgb.example" in before, "<h1>" in before, "<h1>" in after) == (False, True, True)


def test_imprint_says_what_is_open_until_the_operator_fills_it_in(client):
    row = association()
    open_page = text_of(client, "/impressum/")
    row.imprint = "Verband, Musterstraße 1, 12345 Musterstadt"
    row.save()
    page = text_of(client, "/impressum/")
    assert ("offen:" in open_page, "offen:" in page) == (True, False)
    assert "Musterstraße 1" in page
    assert "© OpenStreetMap-Mitwirkende" in page


def test_declaration_names_status_method_feedback_and_enforcement(client):
    association()
    page = text_of(client, "/barrierefreiheit/")
    in_order(page, "Stand der Vereinbarkeit", "Wie geprüft wurde", "Etwas geht nicht?", "LBIT")


def test_robots_of_the_demo_read_nothing(client, settings):
    settings.DEMO = True
    assert text_of(client, "/robots.txt") == "User-agent: *\nDisallow: /\n"
    settings.DEMO = False
    page = text_of(client, "/robots.txt")
    assert ("Disallow: /\n" in page, f"Sitemap: {settings.SITE_URL}/sitemap.xml" in page) == (False, True)


def test_sitemap_lists_what_is_public_and_towns_that_have_something(client):
    full, empty = make.municipality("Voll"), make.municipality("Leer")
    shown, draft = make.initiative(municipality=full), make.initiative(municipality=empty, state="draft")
    named = sitemaps.addresses(client)
    listed = [row.get_absolute_url() in named for row in (full, shown, empty, draft)]
    assert listed == [True, True, False, False]
    assert named[shown.get_absolute_url()] == f"{shown.changed_at:%Y-%m-%d}"


def test_sitemap_is_an_index_of_files_that_hold_only_so_many(client, monkeypatch):
    monkeypatch.setattr(sitemap, "MOST", 2)
    rows = [make.initiative(municipality=make.municipality(f"Ort{n}")) for n in range(5)]
    files = sitemaps.files(client)
    assert {row.get_absolute_url() for row in rows} <= set(sitemaps.addresses(client))
    assert [path for path in files if "initiativen" in path] == [
        f"/sitemap-initiativen-{n}.xml" for n in (1, 2, 3)
    ]
    assert max(body.count("<url>") for path, body in files.items() if "initiativen" in path) == 2
    for body in files.values():
        ElementTree.fromstring(body)
    assert [
        client.get(f"/sitemap-{name}.xml").status_code for name in ("initiativen-4", "initiativen-0", "x-1")
    ] == [404] * 3


def test_security_contact_has_a_date_of_expiry(client):
    lines = text_of(client, "/.well-known/security.txt").splitlines()
    assert lines[0].startswith("Contact: mailto:")
    assert lines[1] == "Expires: 2026-12-07T00:00:00Z"


def test_coordination_centres_are_those_of_the_source():
    assert len(towns.COORDINATION) == 18
    assert {"06531", "06433", "06439"} & towns.COORDINATION == set()
