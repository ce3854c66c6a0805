"""The search of the collection: which words find what, in what order, and what is offered instead."""

import re

import pytest

from initiatives import spelling
from initiatives.models import Idea, Initiative
from initiatives.wording import terms
from portal.models import PostalCode
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(make.NOW, tick=False)


def page_of(client, **query):
    response = client.get("/initiativen/", query)
    assert response.status_code == 200
    return response.content.decode()


def titles(page):
    parts = page.split('class="card__title">')[1:]
    return [re.sub("<[^>]+>", "", part.partition("</a>")[0]) for part in parts]


def test_words_of_title_place_topic_idea_organisation_and_landkreis_are_found(client):
    district = make.municipality("Vogelsbergkreis", level="kreis")
    idea = Idea.objects.create(name="Leihladen", slug="leihladen", summary="Leihen statt kaufen.")
    row = make.initiative(
        title="Bach", municipality=make.municipality("Alsfeld", district=district), place="Lingelbach",
        carrier="Angelsportverein", text="Wir haben **Gummistiefel**.", idea=idea,
    )  # fmt: skip
    row.topics.set([make.topic("gesundheit", "Gesundheit")])
    row.index()
    make.initiative(title="Wald", summary="Wir gehen.", municipality=make.municipality("Ulm"))
    for word in ["Bäche", "alsfeld", "Lingelbach", "Gesundheit", "Leihläden", "Vogelsberg",
                 "Gummistiefel", "Sportvereine"]:  # fmt: skip
        assert titles(page_of(client, suche=word)) == ["Bach"], word


def test_title_comes_before_text_and_running_before_example(client):
    make.initiative(title="Fest", summary="Mit Garten und Musik.", is_rich=True)
    make.initiative(title="Gartenfreunde", summary="Ein Verein.")
    make.initiative(title="Der Garten", summary="Ein Verein.")
    make.initiative(title="Unser Garten", summary="Ein Verein.", life_state="running")
    assert titles(page_of(client, suche="Garten")) == ["Unser Garten", "Der Garten", "Gartenfreunde", "Fest"]


def test_short_word_is_no_middle_of_another_and_an_ending_is_no_word(client):
    make.initiative(title="Fahrrad", municipality=make.municipality("Ulm"))
    make.initiative(title="Tradition", municipality=make.municipality("Ulm"))
    make.initiative(title="Ehrenamtlich", municipality=make.municipality("Ulm"))
    make.initiative(title="Bad", municipality=make.municipality("Lich"))
    assert titles(page_of(client, suche="Rad")) == ["Fahrrad"]
    assert titles(page_of(client, suche="Lich")) == ["Bad"]


@pytest.mark.parametrize(
    ("typed", "stems"),
    [
        ("Hilfe für alte Leute", ["hilf", "senior"]),
        ("Wo gibt es einen Bus?", ["bus"]),
        ("für alle", ["fur", "all"]),  # of nothing but fillers: taken at its word
        ("Tante-Emma-Laden", ["dorflad"]),
        ("a b c d e f g h", ["a", "b", "c", "d", "e", "f"]),
    ],
)
def test_fillers_say_nothing_and_some_words_mean_others(typed, stems):
    assert [term.stem for term in terms(typed)] == stems


def test_what_was_found_is_marked_and_everything_else_is_escaped(client):
    make.initiative(
        title="<b>Dorfläden</b> & mehr",
        summary="Der erste Satz handelt von etwas anderem, und zwar sehr ausführlich, mit vielen Worten ohne jeden "
        "Bezug zu dem, was gesucht wurde. Hier hilft der <i>Laden</i> allen.",
    )
    page = page_of(client, suche="Laden")
    assert "&lt;b&gt;<mark>Dorfläden</mark>&lt;/b&gt; &amp; mehr</a>" in page
    assert "… Hier hilft der &lt;i&gt;<mark>Laden</mark>&lt;/i&gt; allen.</p>" in page
    assert "<mark>" not in page_of(client)


def test_slip_is_forgiven_with_a_link_to_what_was_meant(client):
    make.initiative(title="Nachbarschaftshilfe Hahn", municipality=make.municipality("Taunusstein"))
    make.initiative(title="Bürgerbus", municipality=make.municipality("Lich"))
    page = page_of(client, suche="Nachbarschaftshlfe", thema="umwelt")
    assert "Dazu haben wir noch nichts gefunden" in page
    assert (
        'Meinten Sie <a href="?suche=Nachbarschaftshilfe&amp;thema=umwelt">Nachbarschaftshilfe</a>?' in page
    )
    assert titles(page) == ["Nachbarschaftshilfe Hahn"]
    assert "Meinten Sie" not in page_of(client, suche="Xylophonquartett")


@pytest.mark.parametrize("state", [s for s in Initiative.State.values if s != "published"])
def test_words_of_what_is_not_public_are_never_suggested(client, state):
    make.initiative(title="Nachbarschaftshilfe", state=state)
    make.initiative(title="Bürgerbus")
    page = page_of(client, suche="Nachbarschaftshlfe")
    assert "Nachbarschaftshilfe" not in page
    assert titles(page) == ["Bürgerbus"]


def test_compound_that_nobody_uses_is_taken_apart(client):
    make.initiative(title="Jugendforum", summary="Mit Beteiligung.", municipality=make.municipality("Ulm"))
    make.initiative(title="Bach", municipality=make.municipality("Ulm"))
    assert spelling.meant("Jugendbeteiligung", spelling.words()) == ("", "jugend beteiligung")
    assert titles(page_of(client, suche="Jugendbeteiligung")) == ["Jugendforum"]


def test_where_few_fit_all_words_those_follow_that_fit_some(client):
    for title in ["Theater im Park", "Theater im Wald", "Park und Garten", "Anderes"]:
        make.initiative(title=title, municipality=make.municipality("Ulm"))
    page = page_of(client, suche="Theater Park")
    assert titles(page) == ["Theater im Park", "Theater im Wald", "Park und Garten"]
    assert "Eine Initiative zu „Theater Park“</h2>" in page
    assert "Das passt zum Teil" in page


def test_nothing_found_at_a_place_offers_what_is_near_the_nearest_ring_first(client):
    lich = make.municipality("Lich", lat=50.52, lon=8.82)
    PostalCode.objects.create(code="35423", municipality=lich, place="Lich", lat=50.52, lon=8.82)
    for title, lat in [("Weit", 50.9), ("Nah", 50.6), ("Fort", 51.5)]:
        make.initiative(title=title, municipality=make.municipality(title, lat=lat, lon=8.82))
    page = page_of(client, suche="xyzzy", ort="35423")
    assert titles(page) == ["Nah", "Weit"]
    assert "In der Nähe von 35423 Lich</h2>" in page


def test_what_was_set_after_the_row_was_saved_is_found_too(client):
    """Publishing saves a row with few columns; its topics were set before."""
    row = make.initiative(title="Bach", state="draft")
    row.topics.set([make.topic("gesundheit", "Gesundheit")])
    row.state = "published"
    row.save(update_fields=["state"])
    assert titles(page_of(client, suche="Gesundheit")) == ["Bach"]
