"""/ideen/: what works elsewhere, how far the next place is, the Steckbrief on the page and as a PDF."""

from datetime import date
from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from initiatives import idea_sheet
from initiatives.models import Idea
from portal.models import PostalCode
from tests import make
from tests.markup import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def towns():
    """Lich, and others so many kilometres north of it."""
    found = {"Lich": make.municipality("Lich", lat=50.52, lon=8.82)}
    for name, km in [("Laubach", 12), ("Alsfeld", 41)]:
        found[name] = make.municipality(name, lat=50.52 + km / 111.2, lon=8.82)
    PostalCode.objects.create(code="35423", municipality=found["Lich"], place="Lich", lat=50.52, lon=8.82)
    return found


def main_of(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return Page(response.content.decode()).one("main").text


def shown_in(idea, *towns, **fields):
    return [make.initiative(idea=idea, municipality=town, **fields) for town in towns]


@pytest.mark.parametrize(
    ("where", "ort", "sentence"),
    [
        ([], "", "noch in keinem Ort"),
        (["Alsfeld"], "", "in einem Ort"),
        (["Alsfeld", "Laubach"], "", "in 2 Orten"),
        (["Alsfeld", "Laubach"], "35423", "in 2 Orten, der nächste 12 km entfernt: Laubach"),
        (["Alsfeld"], "Lich", "in einem Ort, der nächste 41 km entfernt: Alsfeld"),
        (["Alsfeld", "Lich"], "35423", "in 2 Orten, auch in Lich"),
    ],
)
def test_an_idea_says_in_how_many_places_it_is_and_how_far_the_next_one_is(
    client, towns, where, ort, sentence
):
    idea = make.idea()
    shown_in(idea, *(towns[name] for name in where))
    shown_in(idea, towns["Lich"], state="draft")
    query = f"?ort={ort}" if ort else ""
    for url in (reverse("ideas:list"), idea.get_absolute_url()):
        assert sentence in main_of(client, url + query)


def test_the_page_shows_who_does_it_nearest_first(client, towns):
    idea = make.idea()
    for name in ("Alsfeld", "Lich", "Laubach"):
        shown_in(idea, towns[name], title=f"Café {name}")
    shown_in(idea, towns["Lich"], title="Geheim", state="draft")
    main = main_of(client, idea.get_absolute_url() + "?ort=35423")
    places = [main.index(f"Café {name}") for name in ("Lich", "Laubach", "Alsfeld")]
    assert places == sorted(places)
    assert "Geheim" not in main


def test_the_steckbrief_stands_on_the_page_and_a_draft_says_so(client):
    answers = {"effort": "Ein **Nachmittag** im Monat.", "first_steps": "- Raum suchen\n- Anfangen"}
    idea = make.idea(answers=answers, released_on=None)
    url = idea.get_absolute_url()
    main = main_of(client, url)
    assert "Entwurf, vom Verband zu prüfen." in main
    assert main.index("Raum suchen") < main.index("Ein Nachmittag im Monat.")
    headings = [dt.text for dt in Page(client.get(url).content.decode()).all("dt")]
    assert headings == ["Erste Schritte", "Aufwand"], "what nobody answered has no heading"
    Idea.objects.update(released_on=date(2026, 12, 1))
    released = main_of(client, url)
    assert ("zu prüfen" in released, "Geprüft vom Verband am 1. Dezember 2026." in released) == (False, True)


def test_a_place_with_two_meanings_offers_both(client):
    make.municipality("Homberg (Efze)", official_name="Homberg (Efze), Stadt")
    make.municipality("Homberg (Ohm)", official_name="Homberg (Ohm), Stadt")
    main = main_of(client, reverse("ideas:list") + "?ort=Homberg")
    said = ["Welchen Ort meinen Sie?", "Homberg (Efze)", "Homberg (Ohm)"]
    assert [part for part in said if part not in main] == []


def test_an_empty_portal_leads_on_to_the_collection(client):
    page = Page(client.get(reverse("ideas:list")).content.decode())
    assert page.link("Bis dahin: alle Initiativen").endswith(reverse("initiatives:list"))


def test_an_address_with_a_place_is_not_for_search_engines(client, settings):
    settings.DEMO = False
    idea = make.idea()
    for url in (reverse("ideas:list"), idea.get_absolute_url()):
        assert ["noindex" in client.get(url + query).content.decode() for query in ("", "?ort=35423")] == [
            False,
            True,
        ]


def test_what_is_no_idea_is_not_found(client):
    assert client.get("/ideen/gibt-es-nicht/").status_code == 404
    assert client.get("/ideen/gibt-es-nicht/steckbrief.pdf").status_code == 404


@pytest.mark.slow
def test_the_steckbrief_is_a_tagged_pdf_with_every_answer(client):
    answers = {
        "effort": "Ein **Nachmittag**.\n\n- Vorher\n- Nachher",
        "sources": "[Seite](https://a.example/) #let x",
    }
    idea = make.idea("Repair-Café", answers=answers, text="#set page[fill] <script>", released_on=None)
    response = client.get(reverse("ideas:sheet", args=[idea.slug]))
    assert (response["Content-Type"], "s-maxage" in response["Cache-Control"]) == ("application/pdf", True)
    reader = PdfReader(BytesIO(response.content))
    words = " ".join(page.extract_text() for page in reader.pages)
    catalog = reader.trailer["/Root"]
    assert (catalog["/MarkInfo"]["/Marked"], catalog["/Lang"], reader.metadata.title) == (
        True,
        "de-DE",
        "Repair-Café",
    )
    said = [
        "Entwurf, vom Verband zu prüfen",
        "Ein Nachmittag.",
        "Vorher",
        "#let x",
        "#set page[fill] <script>",
    ]
    assert [part for part in said if part not in " ".join(words.split())] == []


def test_markdown_becomes_runs_without_markup():
    found = idea_sheet.blocks(
        "Zwei **wichtige** Dinge:\n\n- [Hier](https://a.example/)\n- [Dort](javascript:x)"
    )
    assert found == [
        {
            "item": False,
            "runs": [
                {"text": "Zwei ", "bold": False, "url": ""},
                {"text": "wichtige", "bold": True, "url": ""},
                {"text": " Dinge:", "bold": False, "url": ""},
            ],
        },
        {"item": True, "runs": [{"text": "Hier", "bold": False, "url": "https://a.example/"}]},
        {"item": True, "runs": [{"text": "[Dort](javascript:x)", "bold": False, "url": ""}]},
    ]
