"""„Text fürs Mitteilungsblatt“: a paragraph that fits, a poster that opens, short addresses that last."""

import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from pypdf import PdfReader

from initiatives import bulletin as of_initiatives
from portal.bulletin import MOST, paragraph, sentences
from portal.posters import poster
from tests import make
from tests.staffroom import proven, staff
from volunteers import bulletin as of_actions

pytestmark = pytest.mark.django_db
HOSTILE = '#set page(fill: red) $x$ *fett* _kursiv_ "Zitat" @ref <label> `code` \\ Übermaß 🧹 #eval("1+1")'


def action(**fields):
    row = make.opportunity(**fields)
    make.shift(opportunity=row)
    return row


def notice(**fields):
    return of_actions.notice(action(**fields), now=make.NOW)


def read(pdf):
    """The PDF as a second library sees it, and its words on one line."""
    reader = PdfReader(io.BytesIO(pdf))
    return reader, " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_an_action_says_when_where_what_to_bring_and_whom_to_call(settings):
    settings.SITE_URL = "https://portal.example.org"
    row = action()
    assert paragraph(of_actions.notice(row, now=make.NOW)) == (
        "Hilfe gesucht in Lich: Bachputz an der Wetter. Wir sammeln Müll am Ufer der Wetter. "
        "Termin: Samstag, 20. Juni 2026, 12–15 Uhr. Treffpunkt: Brücke am Schloss, Schlossgasse 1, Lich. "
        "Bitte mitbringen: Gummistiefel, Handschuhe. Kinder nur in Begleitung. "
        "Veranstalter: Stadt Lich, Unterstadt 1, 35423 Lich. "
        f"Anmeldung und Fragen: Frau Beispiel, Telefon 06404 806123 oder portal.example.org/h/{row.pk}."
    )


def test_several_dates_are_named_and_the_rest_is_counted():
    row = action()
    for days in (11, 12, 13, 14):
        make.shift(opportunity=row, starts=make.NOW + timedelta(days=days))
    make.shift(opportunity=row, starts=make.NOW + timedelta(days=9), cancelled_at=make.NOW)
    text = paragraph(of_actions.notice(row, now=make.NOW))
    assert (
        "Termine: Samstag, 20. Juni 2026, 12–15 Uhr; Sonntag, 21. Juni 2026, 12–15 Uhr; "
        "Montag, 22. Juni 2026, 12–15 Uhr; und 2 weitere." in text
    )


def test_what_has_no_date_says_so():
    assert "Der nächste Termin steht noch nicht fest." in paragraph(
        of_actions.notice(make.opportunity(), now=make.NOW)
    )


def test_what_does_not_fit_is_left_out_as_whole_sentences():
    long = notice(
        summary="Erster Satz über den Bach. " + "Noch ein Satz, der etwas länger ist. " * 30,
        bring="Gummistiefel und " * 17, organiser="Verein " * 22, meeting_point="Am Bach " * 24,
    )  # fmt: skip
    text = paragraph(long)
    assert len(text) <= MOST
    assert text.startswith("Hilfe gesucht in Lich: Bachputz an der Wetter. ")
    assert "Termin: Samstag, 20. Juni 2026, 12–15 Uhr." in text
    assert text.endswith(f"{long.path}.")
    kept = {part.text for part in (*long.opening, *long.closing)} | set(sentences(long.story))
    assert [said for said in sentences(text) if not any(said in whole for whole in kept)] == []


def test_the_story_is_never_told_with_a_gap():
    told = notice(summary="Kurz. " + "Lang " * 120 + "ist das. Schluss.")
    assert "Kurz. Termin" in paragraph(told)
    assert "Schluss." not in paragraph(told)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Am 3. Mai geht es los. Kommen Sie!", ["Am 3. Mai geht es los.", "Kommen Sie!"]),
        ("Es hilft z. B. Frau Dr. Adler. Danke.", ["Es hilft z. B. Frau Dr. Adler.", "Danke."]),
        ("Wer kommt? „Alle!“ Gut so", ["Wer kommt?", "„Alle!“", "Gut so."]),
        ("Ab 12 J. Mehr folgt.", ["Ab 12 J. Mehr folgt."]),
        ("  ", []),
    ],
)
def test_a_sentence_ends_where_a_reader_ends_it(text, found):
    assert sentences(text) == found


REAL = json.loads(Path("portal/data/initiatives.json").read_text())["initiatives"]


@pytest.mark.slow
def test_all_real_initiatives_fit_and_are_whole_sentences():
    row = make.initiative()
    assert len(REAL) == 94
    for real in REAL:
        row.title, row.summary, row.carrier = real["title"], real["summary"], real["organisation"] or ""
        row.municipality.name, row.year = real["municipality"], real["year"]
        text = paragraph(of_initiatives.notice(row))
        told = [said for said in sentences(row.summary) if said in text]
        assert len(text) <= MOST
        assert told != []
        assert row.summary.startswith(" ".join(told))
        assert re.search(r"[.!?]“?$", told[-1])
        assert text.startswith(f"Initiative in {real['municipality']}: {real['title']}")
        assert text.endswith(f"/i/{row.pk}.")


def test_an_initiative_without_a_number_of_its_own_names_its_publisher_s():
    row = make.initiative(contact="", organisation=make.organisation("Stadt Lich", contact_phone="06404 1"))
    assert "Auskunft: Stadt Lich, Telefon 06404 1 oder " in paragraph(of_initiatives.notice(row))


# --- the poster -----------------------------------------------------------------------------------------


def test_the_poster_is_one_tagged_page_in_german_that_a_second_library_reads():
    said = notice()
    reader, words = read(poster(said))
    root = reader.trailer["/Root"]
    assert len(reader.pages) == 1
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"][:2]) == (True, "de")
    assert root["/StructTreeRoot"]["/K"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712  # pypdf's own type
    assert "pdfuaid" in root["/Metadata"].get_data().decode()
    assert reader.metadata.title == "Bachputz an der Wetter"
    fonts = {
        str(font["/BaseFont"])[8:] for font in reader.pages[0]["/Resources"]["/Font"].get_object().values()
    }
    assert {name.split("-")[0] for name in fonts} == {"FiraSans"}
    for part in (said.title, "Samstag, 20. Juni 2026", "Schlossgasse 1", "Gummistiefel", "06404 806123",
                 said.address, said.organiser):  # fmt: skip
        assert part in words


def alternatives(node):
    """The alternative texts of all pictures below a node of the structure."""
    node = node.get_object()
    if isinstance(node, list):
        return [text for child in node for text in alternatives(child)]
    if not hasattr(node, "get"):
        return []
    own = [str(node["/Alt"])] if "/Alt" in node else []
    return own + (alternatives(node["/K"]) if "/K" in node else [])


def test_pictures_of_the_poster_have_words():
    said = notice()
    reader, _words = read(poster(said))
    found = alternatives(reader.trailer["/Root"]["/StructTreeRoot"]["/K"])
    assert found == ["Zeichnung zum Thema", f"QR-Code zur Seite {said.address}"]


def test_markup_in_what_people_typed_is_printed_not_obeyed():
    said = notice(title=HOSTILE[:80], summary=HOSTILE, bring=HOSTILE, meeting_point=HOSTILE)
    reader, words = read(poster(replace(said, title=HOSTILE, town=HOSTILE)))
    assert len(reader.pages) == 1
    assert reader.metadata.title == HOSTILE.replace("🧹 ", "")
    assert '#eval("1+1")' in words
    assert "Übermaß" in words


@pytest.mark.parametrize("word", ["W", "Donaudampfschifffahrtsgesellschaft", "Straße "])
def test_the_longest_texts_stay_on_one_page(word):
    def fill(most):
        return (word * most)[:most].strip() or word

    said = notice(title=fill(80), summary=f"{fill(270)}.", bring=fill(300), meeting_point=fill(200), organiser=fill(160),
                  contact=fill(120))  # fmt: skip
    assert len(read(poster(said))[0].pages) == 1


@pytest.mark.parametrize("name", ["Świąteczna Łódź", "Бахпуц", "漢字 und mehr", "\u202everkehrt", "a\x00b"])
def test_letters_of_other_languages_do_not_stop_the_printer(name):
    row = make.opportunity()
    row.organiser = name
    assert len(read(poster(of_actions.notice(row, now=make.NOW)))[0].pages) == 1


@pytest.mark.parametrize(
    "odd", ["Ꞛ ꟸ", "Ԁ", "ﬁ Ｆ", "Å\u0308\u0308", "𝐀 אב", "\u202eabc", "ᲀ Ꙃ", "\x01\ufffe"]
)
def test_a_letter_that_no_fount_has_costs_no_poster(odd):
    row = action(title=f"Bachputz {odd}", summary=odd * 3)
    assert "Bachputz" in read(poster(of_actions.notice(row, now=make.NOW)))[1]


def test_a_draft_s_poster_says_so_and_leads_nowhere():
    said = notice(state="draft")
    reader, words = read(poster(said))
    assert "Entwurf" in words
    assert said.address not in words
    assert alternatives(reader.trailer["/Root"]["/StructTreeRoot"]["/K"]) == ["Zeichnung zum Thema"]


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("zbarimg") and shutil.which("pdftoppm")), reason="braucht zbar-tools und poppler-utils"
)
def test_the_code_on_the_poster_leads_to_the_page(tmp_path):
    """Read by another program (zbar) from the printed page (poppler), as a telephone would."""
    said = notice()
    (tmp_path / "poster.pdf").write_bytes(poster(said))
    subprocess.run(
        ["pdftoppm", "-q", "-r", "80", "-png", "-singlefile", "poster.pdf", "poster"],
        cwd=tmp_path,
        check=True,
    )
    done = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "--nodbus", "poster.png"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == said.url


# --- short addresses --------------------------------------------------------------------------------------


def test_a_number_leads_to_the_page_by_whatever_name_it_has_now(client):
    row, plan = action(), make.initiative()
    assert client.get(f"/h/{row.pk}").headers["Location"] == row.get_absolute_url()
    assert client.get(f"/i/{plan.pk}").headers["Location"] == plan.get_absolute_url()
    row.slug = "anders"
    row.save()
    answer = client.get(f"/h/{row.pk}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/mitmachen/anders/")
    assert "s-maxage=30" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("state", ["draft", "archived"])
def test_a_number_of_what_is_not_public_is_no_address(client, state):
    row, plan = action(state=state), make.initiative(state=state)
    assert [client.get(f"/h/{row.pk}").status_code, client.get(f"/i/{plan.pk}").status_code] == [404, 404]


@pytest.mark.parametrize("number", ["0", "999999", "9" * 40])
def test_a_number_that_nothing_has_is_no_address(client, number):
    assert [client.get(f"/{kind}/{number}").status_code for kind in "hi"] == [404, 404]


# --- the pages of the Redaktion -----------------------------------------------------------------------------


def test_the_page_shows_the_text_its_length_and_the_poster():
    row = action()
    client = proven(staff(row.organisation))
    page = client.get(reverse("admin:volunteers_opportunity_bulletin", args=[row.pk])).content.decode()
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL).group(1)
    assert text.startswith("Hilfe gesucht in Lich: Bachputz an der Wetter.")
    assert f"{len(text)} von höchstens 600 Zeichen." in page
    answer = client.get(reverse("admin:volunteers_opportunity_poster", args=[row.pk]))
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")


def test_the_page_of_a_draft_says_that_its_address_leads_nowhere_yet():
    row = make.initiative(state="draft", contact_phone="", organisation=make.organisation(contact_phone=""))
    client = proven(staff(row.organisation))
    page = client.get(reverse("admin:initiatives_initiative_bulletin", args=[row.pk])).content.decode()
    assert "Die Seite ist noch nicht öffentlich" in page
    assert "Es fehlt eine Telefonnummer." in page


def test_the_overview_lists_public_rows_of_one_s_own_that_are_to_come(time_machine):
    time_machine.move_to(make.NOW)
    row = action(title="Bachputz")
    over = make.opportunity(title="Vorbei", organisation=row.organisation)
    make.shift(opportunity=over, starts=make.NOW - timedelta(days=3))
    make.opportunity(title="Fremd", organisation=make.organisation("Stadt Anderswo"))
    make.initiative(title="Bachpaten", organisation=row.organisation)
    make.initiative(title="Entwurf", organisation=row.organisation, state="draft")
    blocks = proven(staff(row.organisation)).get(reverse("admin:bulletins")).context["blocks"]
    assert [[line["text"] for line in block["lines"]] for block in blocks] == [["Bachputz"], ["Bachpaten"]]


def test_the_change_page_leads_to_the_text():
    row = action()
    page = proven(staff(row.organisation)).get(reverse("admin:volunteers_opportunity_change", args=[row.pk]))
    assert reverse("admin:volunteers_opportunity_bulletin", args=[row.pk]) in page.content.decode()
