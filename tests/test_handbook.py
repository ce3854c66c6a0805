"""The handbook for clerks: its pages, its pictures, and that what it calls a button is one."""

import re
import struct
from itertools import pairwise

import pytest
from django.urls import reverse

from portal import broadcasts, handbook, retention
from tests import source

CHAPTERS = handbook.chapters()
PICTURES = source.ROOT / "static" / "handbuch"
NAMED = re.compile(r"\*\*„([^“]+)“\*\*")


def files():
    return sorted(handbook.FOLDER.glob("[0-9]*.md"))


def test_the_index_leads_to_every_chapter(client):
    page = client.get(reverse("handbook")).content.decode()
    assert len(CHAPTERS) == len(files()) >= 12
    assert [chapter.title for chapter in CHAPTERS if f'href="{chapter.get_absolute_url()}"' not in page] == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.slug)
def test_a_chapter_has_one_heading_a_lead_and_leads_on(client, chapter):
    page = client.get(chapter.get_absolute_url()).content.decode()
    levels = re.findall(r"<h(\d)", page)
    assert levels.count("1") == 1
    assert [pair for pair in pairwise(levels) if int(pair[1]) > int(pair[0]) + 1] == []
    assert chapter.lead in page
    assert "![" not in page
    assert "**" not in page


def test_a_chapter_that_nobody_wrote_is_not_found(client):
    assert client.get(reverse("handbook_chapter", args=["gibt-es-nicht"])).status_code == 404


def test_what_stands_in_bold_quotes_is_written_in_the_portal():
    """Buttons, headings and fields: in a template or in the code, word for word."""
    said = "\n".join(
        source.read(path)
        for path in source.files(".html", ".py")
        if path.parts[0] in ("templates", *source.APPS) and path.name != "handbook.py"
    )
    wrong = [
        f"{path.name}: „{words}“"
        for path in files()
        for words in NAMED.findall(" ".join(path.read_text().split()))
        if f'"{words}"' not in said
    ]
    assert wrong == [], "The handbook names what the portal does not say (any more)."


def size(path):
    """Width and height of a WebP picture (RFC 9649: VP8, VP8L or VP8X after the RIFF header)."""
    data = path.read_bytes()
    kind = data[12:16]
    if kind == b"VP8 ":
        return tuple(side & 0x3FFF for side in struct.unpack("<HH", data[26:30]))
    if kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return tuple(int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))


def test_every_picture_is_there_in_its_size_says_what_it_shows_and_is_used():
    named = [part for chapter in CHAPTERS for part in chapter.parts if part.picture]
    found = {f"handbuch/{path.name}": path for path in PICTURES.glob("*.webp")}
    assert {part.picture for part in named} == set(found), "Run `python -m tests.handbook`."
    assert {name: size(path) for name, path in found.items()} == dict.fromkeys(
        found, (handbook.WIDTH, handbook.HEIGHT)
    )
    assert [part.picture for part in named if len(part.alt) < 15] == []
    assert sum(path.stat().st_size for path in found.values()) < 1_000_000


def test_the_periods_in_the_handbook_are_those_that_hold():
    text = " ".join((handbook.FOLDER / "20-datenschutz.md").read_text().split())
    assert f"{retention.K3_PHONE.days} Tage nach dem Termin" in text
    assert f"Namen und Adressen nach {retention.K3_PERSON.days} Tagen" in text
    assert f"Anmeldungen nach {retention.K0_UNCONFIRMED.days} Tagen" in text
    assert f"nach {retention.K1_MAILS.days} Tagen" in (handbook.FOLDER / "15-mails.md").read_text()


def test_the_limit_of_messages_in_the_handbook_is_the_one_that_holds():
    words = f"öchstens {broadcasts.A_DAY} Nachrichten in 24 Stunden"
    texts = {path.name: " ".join(path.read_text().split()) for path in files()}
    named = [name for name, text in texts.items() if "Nachrichten in 24 Stunden" in text]
    assert named == ["09-allen-schreiben.md", "19-seminare.md"]
    assert [name for name in named if words not in texts[name]] == []
    assert f"Höchstens {broadcasts.TEXT} Zeichen** hat der Text, {broadcasts.HEADLINE} der" in texts[named[0]]
