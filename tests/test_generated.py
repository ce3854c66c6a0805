"""`./run manage generate_initiatives`: very many rows to measure with, and never by mistake."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from initiatives.models import Initiative
from tests import make

pytestmark = pytest.mark.django_db


def generate(*arguments):
    out = StringIO()
    call_command("generate_initiatives", *map(str, arguments), stdout=out)
    return out.getvalue()


def rows():
    made = Initiative.objects.filter(slug__startswith="erzeugt-").order_by("slug")
    return list(
        made.values_list("slug", "title", "municipality__name", "search_text", "state", "topics__slug")
    )


@pytest.fixture
def example():
    town = make.municipality("Lich")
    return make.initiative(title="Bürgerbus Lich", origin="collected", municipality=town)


def test_same_rows_are_made_every_time_and_those_that_are_there_count(example):
    make.municipality("Ulm")
    assert "3 Initiativen erzeugt" in generate(3)
    first = rows()
    assert "2 Initiativen erzeugt" in generate(5)
    assert "0 Initiativen erzeugt" in generate(5)
    assert rows()[:3] == first
    assert len(rows()) == 5
    assert {(title, town, topic) for _slug, title, town, _text, _state, topic in rows()} == {
        ("Bürgerbus Lich", "Lich", "umwelt"), ("Bürgerbus Ulm", "Ulm", "umwelt"),
    }  # fmt: skip
    Initiative.objects.filter(slug__startswith="erzeugt-").delete()
    generate(5)
    assert rows()[:3] == first


def test_what_is_generated_is_searched_as_what_was_saved(example):
    generate(1)
    row = Initiative.objects.get(slug="erzeugt-0")
    before = (row.life_rank, row.search_title, row.search_text)
    row.save()
    assert (row.life_rank, row.search_title, row.search_text) == before


def test_nothing_is_generated_beside_the_pages_of_towns_nor_on_a_portal_that_is_no_demo(example, settings):
    make.initiative(origin="town")
    with pytest.raises(CommandError, match="Seiten von Kommunen"):
        generate(1)
    settings.DEMO = False
    with pytest.raises(CommandError, match="Nur in der Vorführung"):
        generate(1, "--daneben")
    assert rows() == []
    generate(1, "--daneben", "--messen")
    assert len(rows()) == 1


def test_nothing_is_generated_out_of_nothing():
    with pytest.raises(CommandError, match="Zuerst die Orte"):
        generate(1)
