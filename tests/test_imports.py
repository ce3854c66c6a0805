"""The two imports: what they write, that repeating is harmless, and what they say of a broken file."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from initiatives import collected
from initiatives.models import Initiative, Topic
from portal.association import association
from portal.imports import DATA
from portal.models import OPEN_IMPRINT, Municipality, OldSlug, Organisation, PostalCode
from tests import make

pytestmark = pytest.mark.django_db

TOWNS = """\
ags,level,name,official_name,kind,special_status,district_ags,gov_region,postal_code,lat,lon,population,population_date,area_km2,ags_former,seat
06531000,kreis,Landkreis Gießen,Landkreis Gießen,Landkreis,,06531,Gießen,,50.57,8.72,280000,2024-12-31,854.00,,Gießen
06435000,kreis,Main-Kinzig-Kreis,Main-Kinzig-Kreis,Landkreis,,06435,Darmstadt,,50.20,9.20,330000,2024-12-31,1321.00,,Gelnhausen
06531011,gemeinde,Lich,"Lich, Stadt",Stadt,,06531,Gießen,35423,50.52,8.82,14000,2024-12-31,77.63,,
06435014,gemeinde,Hanau,"Hanau, Stadt",Stadt,,06435,Darmstadt,63450,50.13,8.91,97956,2024-12-31,76.28,,
"""
HANAU_BEFORE = (
    '06435014,gemeinde,Hanau,"Hanau, Stadt",Stadt,,06435,Darmstadt,63450,50.13,8.91,97956,2024-12-31,76.28,,'
)
HANAU_NOW = '06415000,gemeinde,Hanau,"Hanau, Stadt",kreisfreie Stadt,,06415,Darmstadt,63450,50.13,8.91,97956,2024-12-31,76.28,06435014,'
TOWNS_NOW = TOWNS.replace(HANAU_BEFORE, HANAU_NOW)
CODES = "postal_code,ags,place,lat,lon\n35423,06531011,Lich,50.51,8.83\n63450,06435014,Hanau,50.13,8.92\n"


@pytest.fixture
def run(tmp_path):
    """Runs import_municipalities on these two texts; returns the report's lines."""

    def run(towns=TOWNS, codes=CODES, encoding="utf-8"):
        (tmp_path / "orte.csv").write_text(towns, encoding=encoding)
        (tmp_path / "plz.csv").write_text(codes, encoding="utf-8")
        out = io.StringIO()
        call_command(
            "import_municipalities",
            municipalities=tmp_path / "orte.csv",
            postal_codes=tmp_path / "plz.csv",
            stdout=out,
        )
        return out.getvalue().splitlines()

    return run


def refusal(run, **files):
    with pytest.raises(CommandError) as error:
        run(**files)
    return str(error.value).splitlines()


def everything():
    return [list(model.objects.order_by("pk").values()) for model in (Municipality, PostalCode, OldSlug)]


# --- towns --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_real_files_give_all_of_hessen():
    call_command("import_municipalities", stdout=io.StringIO())
    levels = {level: Municipality.objects.filter(level=level).count() for level in Municipality.Level.values}
    assert levels == {"gemeinde": 421, "kreis": 21}
    assert PostalCode.objects.count() == 557
    assert PostalCode.objects.values("code").distinct().count() == 546
    assert Municipality.objects.filter(level="gemeinde", district=None).count() == 6
    slugs = dict(Municipality.objects.values_list("name", "slug"))
    assert {
        name: slugs[name] for name in ["Homberg (Efze)", "Homberg (Ohm)", "Gießen", "Landkreis Gießen"]
    } == {
        "Homberg (Efze)": "homberg-efze",
        "Homberg (Ohm)": "homberg-ohm",
        "Gießen": "giessen",
        "Landkreis Gießen": "landkreis-giessen",
    }
    assert len(set(slugs.values())) == 442
    before = everything()
    out = io.StringIO()
    call_command("import_municipalities", stdout=out)
    assert out.getvalue().splitlines() == [
        "Orte: 0 neu, 0 geändert, 442 unverändert",
        "Postleitzahlen: 0 neu, 0 geändert, 557 unverändert",
    ]
    assert everything() == before


def test_report_names_what_is_new(run):
    assert run() == [
        "Orte: 4 neu, 0 geändert, 0 unverändert",
        "  neu: Landkreis Gießen; Main-Kinzig-Kreis; Lich; Hanau",
        "Postleitzahlen: 2 neu, 0 geändert, 0 unverändert",
        "  neu: 35423 Lich; 63450 Hanau",
    ]


def test_report_says_what_changed_and_staffs_columns_stay(run):
    run()
    Municipality.objects.filter(name="Lich").update(help_desk="Büro im Rathaus", is_member=True)
    assert run(TOWNS.replace("14000", "14100"))[:2] == [
        "Orte: 0 neu, 1 geändert, 3 unverändert",
        "  geändert: Lich (Einwohnerinnen und Einwohner: 14000 → 14100)",
    ]
    lich = Municipality.objects.get(name="Lich")
    assert (lich.population, lich.help_desk, lich.is_member) == (14100, "Büro im Rathaus", True)


def test_new_key_continues_the_same_row(run):
    run()
    before = Municipality.objects.get(name="Hanau")
    lines = run(TOWNS_NOW)
    after = Municipality.objects.get(name="Hanau")
    assert (after.pk, after.ags, after.ags_former, after.district, after.slug) == (
        before.pk,
        "06415000",
        "06435014",
        None,
        "hanau",
    )
    assert lines[1] == (
        "  geändert: Hanau (Gemeindeschlüssel (AGS): 06435014 → 06415000, früherer AGS: leer → 06435014, "
        "Art: Stadt → kreisfreie Stadt, Landkreis: Main-Kinzig-Kreis → leer)"
    )
    assert run(TOWNS_NOW)[0] == "Orte: 0 neu, 0 geändert, 4 unverändert"


def test_town_that_has_two_rows_is_merged_into_its_successor(run):
    run()
    make.municipality("Hanau (neu)", ags="06415000", slug="hanau-neu")
    lines = run(TOWNS_NOW)
    old, new = Municipality.objects.get(ags="06435014"), Municipality.objects.get(ags="06415000")
    assert old.successor == new
    assert "  zusammengeführt: Hanau (06435014) → Hanau" in lines
    assert list(Municipality.objects.current().values_list("ags", flat=True).order_by("ags")) == [
        "06415000",
        "06435000",
        "06531000",
        "06531011",
    ]


def test_renamed_town_keeps_its_old_address(run):
    run()
    run(TOWNS.replace("gemeinde,Lich,", "gemeinde,Lich an der Wetter,"))
    assert Municipality.objects.get(ags="06531011").slug == "lich-an-der-wetter"
    assert list(OldSlug.objects.values_list("kind", "old", "current")) == [
        ("municipality", "lich", "lich-an-der-wetter")
    ]


def test_town_missing_from_the_file_stays_and_is_named(run):
    run()
    lines = run(
        TOWNS.replace(HANAU_BEFORE + "\n", ""), CODES.replace("63450,06435014,Hanau,50.13,8.92\n", "")
    )
    assert lines == [
        "Orte: 0 neu, 0 geändert, 3 unverändert, 1 nicht mehr in der Datei, bleibt",
        "  nicht mehr in der Datei, bleibt: Hanau",
        "Postleitzahlen: 0 neu, 0 geändert, 1 unverändert, 1 entfernt",
        "  entfernt: 63450 Hanau",
    ]
    assert Municipality.objects.filter(name="Hanau").count() == 1


BROKEN_TOWNS = [
    (("06531011", "0653101"), "Zeile 4: „0653101“ in „ags“ ist kein Gemeindeschlüssel (AGS): acht Ziffern, die mit 06 beginnen."),
    ((",50.52,8.82,", ',"50,52",8.82,'), "Zeile 4: „50,52“ in „lat“ ist keine Zahl zwischen 49.0 und 52.0."),
    ((",50.52,8.82,", ",8.82,50.52,"), "Zeile 4: „8.82“ in „lat“ ist keine Zahl zwischen 49.0 und 52.0."),
    ((",50.52,8.82,", ",nan,8.82,"), "Zeile 4: „nan“ in „lat“ ist keine Zahl zwischen 49.0 und 52.0."),
    ((",14000,", ",14.000,"), "Zeile 4: „14.000“ in „population“ ist keine ganze Zahl."),
    (("14000,2024-12-31", "14000,31.12.2024"), "Zeile 4: „31.12.2024“ in „population_date“ ist kein Tag der Form 2024-12-31."),
    ((",77.63,", ",groß,"), "Zeile 4: „groß“ in „area_km2“ ist keine Zahl der Form 123.45."),
    ((",gemeinde,Lich", ",dorf,Lich"), "Zeile 4: „dorf“ in „level“ ist weder „kreis“ noch „gemeinde“."),
    ((",gemeinde,Lich", ",gemeinde,"), "Zeile 4: „name“ ist leer."),
    ((",gemeinde,Lich", ",gemeinde," + "L" * 81), "Zeile 4: „name“ ist länger als 80 Zeichen."),
    ((",gemeinde,Lich", ",gemeinde,Li\x07ch"), "Zeile 4: „name“ enthält Steuerzeichen."),
    ((",Gießen,35423,", ",Gießen,3542,"), "Zeile 4: „3542“ in „postal_code“ ist keine Postleitzahl aus fünf Ziffern."),
    (("06531011,gemeinde,Lich,\"Lich, Stadt\",Stadt,,06531", "06599011,gemeinde,Lich,\"Lich, Stadt\",Stadt,,06599"), "Zeile 4: Den Landkreis 06599 gibt es in dieser Datei nicht."),
    (("Stadt,,06531,", "Stadt,,06435,"), "Zeile 4: Schlüssel 06531011 und Kreis 06435 passen nicht zusammen."),
    (("06435014,gemeinde,Hanau,\"Hanau, Stadt\",Stadt,,06435", "06531011,gemeinde,Hanau,\"Hanau, Stadt\",Stadt,,06531"), "Zeile 5: 06531011 steht schon in Zeile 4."),
    ((",Stadt,,06435,Darmstadt", ",Stadt,06435,Darmstadt"), "Zeile 5: 15 statt 16 Spalten."),
]  # fmt: skip


@pytest.mark.parametrize(("swap", "sentence"), BROKEN_TOWNS)
def test_broken_line_is_named_and_nothing_is_written(run, swap, sentence):
    assert swap[0] in TOWNS
    lines = refusal(run, towns=TOWNS.replace(*swap), codes=CODES)
    assert lines[0] == "orte.csv wurde nicht eingelesen, es wurde nichts geändert:"
    assert f"  {sentence}" in lines
    assert everything() == [[], [], []]


def test_all_errors_of_a_file_are_told_at_once(run):
    lines = refusal(run, towns=TOWNS.replace("14000", "x").replace("97956", "y"))
    assert lines[1:] == [
        "  Zeile 4: „x“ in „population“ ist keine ganze Zahl.",
        "  Zeile 5: „y“ in „population“ ist keine ganze Zahl.",
    ]


def test_wrong_encoding_is_named_with_its_line(run):
    lines = refusal(run, towns=TOWNS, encoding="latin-1")
    assert lines[1] == "  Zeile 2: kein UTF-8. Bitte die Datei mit der Zeichenkodierung UTF-8 speichern."


def test_file_saved_with_a_mark_for_utf8_is_read(run):
    assert run(TOWNS, encoding="utf-8-sig")[0] == "Orte: 4 neu, 0 geändert, 0 unverändert"


def test_semicolons_and_missing_columns_are_explained(run):
    lines = refusal(run, towns=TOWNS.replace(",", ";"))
    assert lines[1].startswith("  Zeile 1: Es fehlen die Spalten ags, level, name,")
    assert lines[1].endswith(f"Erwartet wird, mit Komma getrennt: {TOWNS.splitlines()[0]}")


def test_empty_file_open_quote_and_absent_file_are_explained(run, tmp_path):
    assert refusal(run, towns=TOWNS.splitlines()[0])[1] == "  Die Datei enthält keine Zeilen mit Daten."
    assert refusal(run, towns=TOWNS + '"offen')[1].startswith("  Zeile 6: ")
    with pytest.raises(CommandError, match=r"(?s)fehlt\.csv.*lässt sich nicht lesen"):
        call_command("import_municipalities", municipalities=tmp_path / "fehlt.csv")


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        (CODES + "3542x,06531011,Lich,50.5,8.8\n", "Zeile 4: „3542x“ in „postal_code“ ist keine Postleitzahl aus fünf Ziffern."),
        (CODES + "35423,06531011,Lich,50.5,8.8\n", "Zeile 4: 35423 für 06531011 steht schon in Zeile 2."),
        (CODES + "35424,06531999,Lich,50.5,8.8\n", "Zeile 4: Den Ort 06531999 gibt es in der Datei der Orte nicht."),
        (CODES + "35424,06531011,,50.5,8.8\n", "Zeile 4: „place“ ist leer."),
    ],
)  # fmt: skip
def test_broken_postal_code_keeps_the_towns_out_too(run, codes, sentence):
    assert refusal(run, codes=codes) == [
        "plz.csv wurde nicht eingelesen, es wurde nichts geändert:",
        f"  {sentence}",
    ]
    assert everything() == [[], [], []]


def test_postal_codes_may_use_the_former_key(run):
    run(TOWNS_NOW)
    assert PostalCode.objects.get(code="63450").municipality.ags == "06415000"


# --- initiatives --------------------------------------------------------------------------------

ENTRY = {
    "id": "repair-cafe-lich",
    "title": "Repair-Café",
    "ags": "06531011",
    "place": "Eberstadt",
    "topic": "umwelt",
    "organisation": "Nachbarschaftshilfe Lich e.V.",
    "year": 2022,
    "year_estimated": True,
    "source_detail": "ausführlich",
    "reported_by": "Presse",
    "source_url": "https://presse.example/repair-cafe",
    "summary": "Einmal im Monat wird gemeinsam repariert.",
}


@pytest.fixture
def collect(tmp_path):
    """Runs import_initiatives on these entries; returns the report's lines."""
    make.municipality("Lich", ags="06531011", slug="lich")

    def collect(*entries, text=None):
        path = tmp_path / "sammlung.json"
        path.write_text(text or json.dumps({"initiatives": entries}), encoding="utf-8")
        out = io.StringIO()
        call_command("import_initiatives", path, stdout=out)
        return out.getvalue().splitlines()

    return collect


@pytest.mark.slow
def test_the_real_file_gives_94_published_examples():
    make.filled_association()
    call_command("import_municipalities", stdout=io.StringIO())
    out = io.StringIO()
    call_command("import_initiatives", stdout=out)
    assert out.getvalue().splitlines()[0] == "Gesammelte Initiativen: 94 neu, 0 geändert, 0 unverändert"
    rows = Initiative.objects.all()
    facts = set(rows.values_list("state", "origin", "life_state", "organisation__kind"))
    assert facts == {("published", "collected", "example", "association")}
    assert rows.values("municipality").distinct().count() == 71
    assert rows.filter(is_rich=True).count() == 75
    assert [row.title for row in rows if row.missing_for_publication()] == []
    assert Topic.objects.count() == 12
    assert "buergerbus-d-bus-homberg-efze" in rows.values_list("slug", flat=True)
    out = io.StringIO()
    call_command("import_initiatives", stdout=out)
    assert out.getvalue().splitlines() == ["Gesammelte Initiativen: 0 neu, 0 geändert, 94 unverändert"]


def test_entry_becomes_a_collected_example_with_its_source(collect):
    collect(ENTRY)
    row = Initiative.objects.get()
    assert (row.slug, row.place_name, row.year_label, row.is_rich) == (
        "repair-cafe-lich",
        "Lich, Eberstadt",
        "um 2022",
        True,
    )
    assert (row.source_name, row.source_url) == ("Presse", "https://presse.example/repair-cafe")
    assert [topic.slug for topic in row.topics.all()] == ["umwelt"]
    assert row.published_at is not None


def test_changed_entry_is_brought_up_to_date(collect):
    collect(ENTRY)
    lines = collect(ENTRY | {"title": "Reparatur-Café", "topic": "soziales"})
    row = Initiative.objects.get()
    assert lines == [
        "Gesammelte Initiativen: 0 neu, 1 geändert, 0 unverändert",
        "  geändert: Reparatur-Café",
    ]
    assert (row.title, row.slug, [t.slug for t in row.topics.all()]) == (
        "Reparatur-Café",
        "reparatur-cafe-lich",
        ["soziales"],
    )
    assert OldSlug.objects.get().old == "repair-cafe-lich"


def taken_over(row):
    row.origin, row.organisation = Initiative.Origin.TOWN, make.organisation("Stadt Lich")
    row.save()


def edited(row):
    row.text = "Mehr dazu."
    row.save()


def archived(row):
    row.state = Initiative.State.ARCHIVED
    row.save()


def given_another_topic(row):
    row.topics.set([make.topic("kultur", "Kultur")])


@pytest.mark.parametrize("touch", [taken_over, edited, archived, given_another_topic])
def test_what_anybody_changed_is_never_touched_again(collect, touch):
    collect(ENTRY)
    touch(Initiative.objects.get())
    before = list(Initiative.objects.values())
    lines = collect(ENTRY | {"summary": "Neu verfasst."})
    assert lines == [
        "Gesammelte Initiativen: 0 neu, 0 geändert, 0 unverändert, 1 nicht angefasst",
        "  nicht angefasst: Repair-Café",
    ]
    assert list(Initiative.objects.values()) == before


def test_two_of_one_name_in_a_town_get_two_addresses(collect):
    collect(ENTRY, ENTRY | {"id": "zweites"})
    assert list(Initiative.objects.order_by("pk").values_list("slug", flat=True)) == [
        "repair-cafe-lich",
        "repair-cafe-lich-2",
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ags": "06999999"}, "den Ort 06999999 gibt es nicht (zuerst die Orte einlesen)."),
        ({"topic": "tanz"}, "das Thema „tanz“ gibt es nicht."),
        ({"source_url": "javascript:alert(1)"}, "„source_url“ ist keine Adresse, die mit http beginnt."),
        ({"summary": "  "}, "„summary“ ist leer."),
        ({"summary": None}, "„summary“ fehlt oder ist kein Text."),
        ({"year": "2022"}, "„year“ ist kein Jahr zwischen 1945 und 2027."),
        ({"year_estimated": "ja"}, "„year_estimated“ ist weder true noch false."),
        ({"source_detail": "mittel"}, "„source_detail“ ist weder „ausführlich“ noch „kurz“."),
        ({"title": "T" * 121}, "„title“ ist länger als 120 Zeichen."),
        ({"place": "a\x00b"}, "„place“ enthält Steuerzeichen."),
    ],
)
def test_broken_entry_is_named_by_number_and_nothing_is_written(collect, time_machine, change, sentence):
    time_machine.move_to(make.NOW)
    broken = ENTRY | {"id": "zwei"} | change
    with pytest.raises(CommandError) as error:
        collect(ENTRY, broken)
    title = f" („{broken['title'][:60]}“)"
    assert str(error.value).splitlines() == [
        "sammlung.json wurde nicht eingelesen, es wurde nichts geändert:",
        f"  Eintrag 2{title}: {sentence}",
    ]
    assert (Initiative.objects.count(), Topic.objects.count(), Organisation.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"initiatives": [\n{"id": 1,}]}', "Zeile 2: kein gültiges JSON"),
        ("[]", "Die Liste „initiatives“ fehlt oder ist leer."),
        ('{"initiatives": ["x"]}', "Eintrag 1: ist kein Objekt mit Feldern."),
    ],
)
def test_broken_json_is_explained(collect, text, sentence):
    with pytest.raises(CommandError) as error:
        collect(text=text)
    assert sentence in str(error.value)


def test_same_id_twice_is_refused(collect):
    with pytest.raises(CommandError, match=r"Eintrag 2 .*: die id steht schon bei Eintrag 1"):
        collect(ENTRY, ENTRY)


def test_association_says_that_its_imprint_is_open_and_cannot_publish_before_it_is_filled_in():
    row = association()
    assert (row.may_publish, row.imprint_is_open, association() == row) == (False, True, True)
    assert row.imprint == f"Hessischer Städte- und Gemeindebund\n{OPEN_IMPRINT}"


def test_every_topic_of_the_file_has_a_name():
    used = {entry["topic"] for entry in json.loads((DATA / "initiatives.json").read_text())["initiatives"]}
    assert used == set(collected.topics.NAMES)


def test_sources_of_every_data_file_are_named():
    named = (DATA / "SOURCES.md").read_text(encoding="utf-8")
    files = sorted(path.name for path in DATA.iterdir() if path.name != "SOURCES.md")
    assert [name for name in files if name not in named] == []
    assert "ODbL" in named


def test_official_keys_are_unique_in_the_file():
    with (DATA / "municipalities.csv").open(encoding="utf-8") as file:
        keys = [row["ags"] for row in csv.DictReader(file)]
    assert (len(keys), len(set(keys))) == (442, 442)
