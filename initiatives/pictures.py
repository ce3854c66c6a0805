"""Pictures of an initiative: added, told about, put first, removed; and what a template says of one.

Files lie in MEDIA_ROOT/pictures, which no web server hands out. Whether one may be seen is asked of the database each
time (`picture_pages.py`), and a shared cache keeps the answer for half a minute: so a page that goes public on a day
takes its pictures along, and one that is archived takes them back, without a task. Rejected: copying files to a public
folder, a second truth that a crash or a day to come would leave behind.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from initiatives.models import Initiative, Picture
from portal import renditions, uploads
from portal.publishing import refuse_gaps
from portal.refused import Refused

MOST = 8  # of one initiative
ON_CARD, CARD_HEIGHT = 480, 300  # pixels: a card crops to 8 : 5
SURE = timedelta(days=1)  # a file that is younger may be of an upload under way
Address = Callable[[str, int], str]  # of a picture's name and width


@dataclass(frozen=True, slots=True)
class Shown:
    """What an `<img>` says."""

    src: str
    srcset: str
    width: int
    height: int
    alt: str
    focus: str
    credit: str = ""


def public_address(name: str, width: int) -> str:
    """Where everybody sees it, while the page is public."""
    return reverse("picture", args=[name, width])


def shown(picture: Picture, address: Address = public_address) -> Shown:
    """One on its page, in all its widths."""
    sizes = renditions.widths(picture.width)
    middle = max(width for width in sizes if width <= 960)
    return Shown(
        src=address(picture.name, middle),
        srcset=", ".join(f"{address(picture.name, width)} {width}w" for width in sizes),
        width=picture.width,
        height=picture.height,
        alt="" if picture.is_decorative else picture.alt,
        focus=picture.focus,
        credit=picture.credit,
    )


def of_card(initiative: Initiative) -> Shown | None:
    """The first one on a card, from the columns of the row; None where the topic's drawing stands."""
    name = initiative.card_picture
    if not name:
        return None
    small, src = public_address(name, renditions.WIDTHS[0]), public_address(name, ON_CARD)
    srcset = f"{small} {renditions.WIDTHS[0]}w, {src} {ON_CARD}w"
    return Shown(src, srcset, ON_CARD, CARD_HEIGHT, initiative.card_alt, initiative.card_focus)


def path(name: str, width: int) -> Path:
    """The file."""
    return Path(settings.MEDIA_ROOT) / "pictures" / f"{name}-{width}.webp"


def add(
    initiative: Initiative, *, file: IO[bytes], size: int, alt: str, is_decorative: bool, credit: str
) -> Picture:
    """It is the last one of the initiative, in all widths. Raises Refused for a file that does not fit, one too many,
    or a published page without a word on what it shows."""
    if initiative.pictures.count() >= MOST:  # type: ignore[attr-defined]
        raise Refused(_("Mehr als %s Bilder hat eine Seite nicht. Bitte entfernen Sie zuerst eines.") % MOST)
    made = renditions.make(file, size=size)  # takes seconds: outside of the transaction
    picture = Picture(
        initiative=initiative, name=uploads.new_name(), width=made.width, height=made.height, alt=alt.strip(),
        is_decorative=is_decorative, credit=credit.strip(), order=MOST,
    )  # fmt: skip
    with transaction.atomic():
        picture.save()
        _in_order(initiative, list(initiative.pictures.all()))  # type: ignore[attr-defined]
        for width, content in made.files.items():
            _write(path(picture.name, width), content)
    return picture


def _write(target: Path, content: bytes) -> None:
    """The file is there, whole; what a crash leaves behind goes with `sweep`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)


@transaction.atomic
def change(picture: Picture, *, alt: str, is_decorative: bool, credit: str, focus: str) -> None:
    """What is said of it; `focus` is one of nine fields, „00" (left, top) to „22". Raises Refused as `add`."""
    picture.alt, picture.is_decorative, picture.credit = alt.strip(), is_decorative, credit.strip()
    picture.focus_x, picture.focus_y = int(focus[0]) * 50, int(focus[1]) * 50
    picture.save(update_fields=["alt", "is_decorative", "credit", "focus_x", "focus_y"])
    _in_order(picture.initiative, list(picture.initiative.pictures.all()))  # type: ignore[attr-defined]


@transaction.atomic
def put_first(picture: Picture) -> None:
    """It stands on the card and at the head of the page."""
    others = picture.initiative.pictures.exclude(pk=picture.pk)  # type: ignore[attr-defined]
    _in_order(picture.initiative, [picture, *others])


@transaction.atomic
def remove(picture: Picture) -> None:
    """Row and files are gone."""
    initiative, files = picture.initiative, _files(picture)
    picture.delete()
    _in_order(initiative, list(initiative.pictures.all()))  # type: ignore[attr-defined]
    transaction.on_commit(lambda: _unlink(files))


def _unlink(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _files(picture: Picture) -> list[Path]:
    return [path(picture.name, width) for width in renditions.widths(picture.width)]


def _in_order(initiative: Initiative, pictures: list[Picture]) -> None:
    """Numbered as they stand; the row says of the first what a card shows. Raises Refused for gaps of a public page."""
    for order, picture in enumerate(pictures):
        Picture.objects.filter(pk=picture.pk).update(order=order)
    first = pictures[0] if pictures else None
    initiative.card_picture = first.name if first else ""
    initiative.card_alt = first.alt if first and not first.is_decorative else ""
    initiative.card_focus = first.focus if first else ""
    columns = ("card_picture", "card_alt", "card_focus")
    Initiative.objects.filter(pk=initiative.pk).update(
        **{name: getattr(initiative, name) for name in columns}
    )
    refuse_gaps(initiative)


def sweep(*, now: datetime) -> int:
    """Files of no row are gone, once they are a day old: of drafts that were deleted, of uploads that broke off."""
    folder, before = Path(settings.MEDIA_ROOT) / "pictures", (now - SURE).timestamp()
    old = [file for file in folder.glob("*.webp") if file.stat().st_mtime < before]
    known = set(Picture.objects.values_list("name", flat=True)) if old else set()
    gone = [file for file in old if file.name.partition("-")[0] not in known]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)
