"""The ideas that ship with the portal: `manage.py import_ideas`."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from initiatives.models import Blueprint, Idea, Initiative
from portal.imports import DATA
from tests import make

pytestmark = pytest.mark.django_db

ENTRY = {
    "slug": "repair-cafe",
    "name": "Repair-Café",
    "topics": ["umwelt", "soziales"],
    "summary": "Wir reparieren zusammen.",
    "text": "Einmal im Monat.",
    "initiatives": ["cafe-lich", "cafe-hungen", "cafe-laubach"],
    "blueprint": {"effort": "Ein Nachmittag im Monat.", "first_steps": "- Einen Raum suchen."},
}


@pytest.fixture
def run(tmp_path):
    """Runs import_ideas on these entries; returns the report's lines."""

    def run(*entries):
        path, out = tmp_path / "ideen.json", io.StringIO()
        path.write_text(json.dumps({"ideas": entries}))
        call_command("import_ideas", path, stdout=out)
        return out.getvalue().splitlines()

    return run


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Idea, Blueprint, Initiative)]


def test_the_shipped_file_has_seven_ideas_and_38_of_the_real_initiatives():
    shipped = json.loads((DATA / "ideas.json").read_text())["ideas"]
    real = {entry["id"] for entry in json.loads((DATA / "initiatives.json").read_text())["initiatives"]}
    keys = [key for entry in shipped for key in entry["initiatives"]]
    assert {entry["name"]: len(entry["initiatives"]) for entry in shipped} == {
        "Dorfladen und Treffpunkt": 7,
        "Bürgerbus": 6,
        "Repair-Café": 5,
        "Digital-Lotsen": 5,
        "Bad in Bürgerhand": 4,
        "Ehrenamtsagentur": 3,
        "Feuerwehr-Nachwuchs": 8,
    }
    assert (len(keys), len(set(keys)), set(keys) - real) == (38, 38, set())
    call_command("import_ideas", stdout=io.StringIO())
    assert Idea.objects.filter(released_on=None).count() == 7, "drafts until the association releases them"
    unanswered = [
        (blueprint.idea.slug, name)
        for blueprint in Blueprint.objects.select_related("idea")
        for name in Blueprint.QUESTIONS
        if not getattr(blueprint, name)
    ]
    assert unanswered == []


def test_an_import_writes_idea_steckbrief_and_examples_and_again_nothing(run):
    cafe = make.initiative(source_key="cafe-lich", origin=Initiative.Origin.COLLECTED)
    other = make.initiative(source_key="bach", origin=Initiative.Origin.COLLECTED)
    assert run(ENTRY) == ["Ideen: 1 neu, 0 geändert, 0 unverändert", "  neu: Repair-Café"]
    idea = Idea.objects.get()
    assert (idea.slug, idea.summary, idea.released_on) == ("repair-cafe", "Wir reparieren zusammen.", None)
    assert {topic.slug for topic in idea.topics.all()} == {"soziales", "umwelt"}
    assert idea.blueprint.answers() == [
        ("first_steps", "Erste Schritte", "- Einen Raum suchen."),
        ("effort", "Aufwand", "Ein Nachmittag im Monat."),
    ]
    assert list(idea.initiatives.all()) == [cafe]
    before = rows()
    assert run(ENTRY) == ["Ideen: 0 neu, 0 geändert, 1 unverändert"]
    assert rows() == before
    other.refresh_from_db()
    assert other.idea is None


def test_a_better_text_reaches_what_nobody_touched_and_leaves_what_the_association_changed(run):
    run(ENTRY)
    better = ENTRY | {"blueprint": {"effort": "Zwei Nachmittage."}}
    assert run(better)[0] == "Ideen: 0 neu, 1 geändert, 0 unverändert"
    Blueprint.objects.update(costs="Fast nichts.")
    assert run(ENTRY)[0] == "Ideen: 0 neu, 0 geändert, 0 unverändert, 1 nicht angefasst"
    assert Blueprint.objects.get().effort == "Zwei Nachmittage."


def test_a_town_decides_for_its_own_pages(run):
    taken = make.initiative(source_key="cafe-lich", origin=Initiative.Origin.TOWN)
    elsewhere = Idea.objects.create(slug="anders", name="Anders", summary="x")
    other = make.initiative(source_key="cafe-hungen", origin=Initiative.Origin.COLLECTED, idea=elsewhere)
    run(ENTRY)
    taken.refresh_from_db()
    other.refresh_from_db()
    assert (taken.idea, other.idea) == (None, elsewhere)


@pytest.mark.parametrize(
    "entry",
    [
        {key: value for key, value in ENTRY.items() if key != "blueprint"},
        ENTRY | {"topics": ["gibt-es-nicht"]},
        ENTRY | {"name": ""},
    ],
    ids=["without Steckbrief", "unknown topic", "without a name"],
)
def test_a_broken_file_changes_nothing(run, entry):
    with pytest.raises(CommandError) as error:
        run(ENTRY | {"slug": "gut", "name": "Gut"}, entry)
    assert "ideen.json wurde nicht eingelesen" in str(error.value)
    assert not Idea.objects.exists()
