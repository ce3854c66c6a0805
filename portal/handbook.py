"""The handbook for clerks: one Markdown file per task in docs/handbuch/, shown at /handbuch/.

A file is `<order>-<slug>.md`: „# Titel“, a first sentence for the table of contents, sections with „##“. A line
`![Was zu sehen ist](name)` is a picture of static/handbuch/, taken by `python -m tests.handbook` from the running
demonstration. What a button says stands in **„bold quotes“**; `tests/test_handbook.py` looks each of them up in the
templates and in the code, so that the text stays true.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.urls import reverse

FOLDER: Path = settings.BASE_DIR / "docs" / "handbuch"
WIDTH, HEIGHT = 1000, 700  # of every picture
_PICTURE = re.compile(r"^!\[(?P<alt>[^\]]+)\]\((?P<name>[a-z0-9-]+)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """A run of Markdown, or a picture with what it shows in words."""

    text: str = ""
    picture: str = ""
    alt: str = ""


@dataclass(frozen=True)
class Chapter:
    slug: str
    title: str
    lead: str
    parts: tuple[Part, ...]

    def get_absolute_url(self) -> str:
        return reverse("handbook_chapter", args=[self.slug])


@cache
def chapters() -> tuple[Chapter, ...]:
    """All chapters in order; read once, they change with the code."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("[0-9]*.md")))


def _read(path: Path) -> Chapter:
    title, lead, *rest = path.read_text().strip().split("\n\n")
    body = re.sub(r"^#(#+ )", r"\1", "\n\n".join(rest), flags=re.MULTILINE)  # the page has its h1
    slug = path.stem.partition("-")[2]
    return Chapter(slug, title.removeprefix("# "), " ".join(lead.split()), tuple(_parts(body)))


def _parts(body: str) -> list[Part]:
    found, end = [], 0
    for picture in _PICTURE.finditer(body):
        found += [Part(text=body[end : picture.start()].strip())]
        found += [Part(picture=f"handbuch/{picture['name']}.webp", alt=picture["alt"])]
        end = picture.end()
    return [part for part in [*found, Part(text=body[end:].strip())] if part != Part()]
