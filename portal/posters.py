"""Posters to print: A4, one page, tagged for screen readers (PDF/UA-1), with a QR code to the page.

typst sets them (portal/data/poster.typ) in our own type: `portal/data/fonts/` is what `static/vendor/fira-sans/`
was made of, without its compression, which typst does not read. What people typed reaches it as data, never as markup.
"""

import json
import unicodedata
from io import BytesIO
from pathlib import Path

import segno
import typst
from django.conf import settings
from django.utils.translation import gettext

from portal.bulletin import Notice, beginning

HERE = Path(__file__).parent / "data"
DRAWINGS = settings.BASE_DIR / "static" / "topics"
STORY = 280  # characters of it on a poster
SCRIPTS = ("LATIN", "GREEK", "CYRILLIC")
# Where typst's founts have every letter of these scripts (measured; further up there are gaps): up to Cyrillic,
# Vietnamese and old Greek, and „ﬁ“ as it comes out of a PDF.
DRAWN = (range(0x500), range(0x1E00, 0x2000), range(0xFB00, 0xFB07))


def poster(notice: Notice) -> bytes:
    """The PDF. Of a row that is not public it says „Entwurf“ where the code would stand: that leads nowhere yet."""
    return compiled("poster.typ", _words(notice))


def compiled(template: str, words: dict[str, object]) -> bytes:
    """A PDF (UA-1) of a template in portal/data/ and its data, each text made `legible`."""
    return typst.compile(
        str(HERE / template),
        root=str(HERE),
        font_paths=[str(HERE / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(words)},
        format="pdf",
        pdf_standards=["ua-1"],
    )


def qr_code(url: str) -> str:
    """The address as an SVG; a quarter of it may be lost to rain and tape (level Q)."""
    out = BytesIO()
    segno.make(url, error="q", micro=False).save(out, kind="svg", border=2, dark="#000", xmldecl=False)
    return out.getvalue().decode()


def _words(notice: Notice) -> dict[str, object]:
    public = notice.is_public
    facts = [{"label": f.label, "value": legible(f.value), "strong": f.strong} for f in notice.facts]
    plain = ("kicker", "title", "town", "call", "phone", "contact", "organiser")
    return {name: legible(getattr(notice, name)) for name in plain} | {
        "summary": legible(beginning(notice.story, STORY)),
        "facts": facts,
        "drawing": (DRAWINGS / f"{notice.drawing}.svg").read_text(),
        "drawing_alt": gettext("Zeichnung zum Thema"),
        "address": notice.address if public else "",
        "qr": qr_code(notice.url) if public else "",
        "qr_alt": gettext("QR-Code zur Seite %s") % notice.address,
        "draft": gettext("Entwurf"),
        "site": settings.ASSOCIATION,
    }


def legible(text: str) -> str:
    """Without what neither fount has: PDF/UA refuses a page with empty boxes."""
    return " ".join("".join(c if _has_glyph(c) else " " for c in unicodedata.normalize("NFC", text)).split())


def _has_glyph(character: str) -> bool:
    if character.isspace() or unicodedata.category(character).startswith("C"):
        return False
    if ord(character) < 0x100 or character in "–—‘’‚“”„…•€‹›":
        return True
    is_letter = unicodedata.name(character, "").startswith(SCRIPTS)
    return is_letter and any(ord(character) in drawn for drawn in DRAWN)
