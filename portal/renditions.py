"""A picture from outside becomes WebP in fixed widths: decoded, turned upright, scaled, and written anew.

So nothing of the file survives but its pixels: no place and no name in EXIF, no second file behind the first. What
it says of its size is asked before a pixel is decoded, and one picture is decoded at a time in a process, so that
memory has a bound: about 4 bytes for each of 40 million pixels. Rejected: trusting file names or the browser's type;
keeping the original, which would have to be guarded as well.
"""

import io
import struct
import threading
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from portal import uploads
from portal.refused import Refused

WIDTHS = (240, 480, 960, 1600)  # CSS pixels times what screens have of them: from a card on a phone to a page
SMALLEST = 480  # wide: less looks blurred on every page
# Of the picture as it comes; a telephone's has 12 to 24. A JPEG is decoded at a fraction of its size, others whole:
# two processes, each at one, share the 512 MB of a container (tests/test_pictures.py measures it).
PIXELS = {"JPEG": 40_000_000, "PNG": 16_000_000, "WEBP": 10_000_000}
DECODED = 16_000_000  # of a JPEG that is too slender for a fraction
SLENDER = 4  # so many times as long as wide at most, and the other way round
QUALITY = 72
# What Pillow raises for files that are not what they say, found by changing bytes (tests/attacks/test_uploads.py).
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, ZeroDivisionError, EOFError,
    struct.error, MemoryError, Image.DecompressionBombError,
)  # fmt: skip
_one = threading.Lock()


@dataclass(frozen=True)
class Renditions:
    """The widest one's size in pixels, and the file of each width."""

    width: int
    height: int
    files: dict[int, bytes]


def widths(width: int) -> list[int]:
    """The widths that a picture of this one has, ascending."""
    return sorted({each for each in WIDTHS if each < width} | {min(width, WIDTHS[-1])})


def make(file: IO[bytes], *, size: int) -> Renditions:
    """The picture in all widths. Raises Refused for what is no still JPEG, PNG or WebP picture of a fitting size."""
    kind = uploads.kind(file, size=size, allowed=uploads.PICTURES)
    with _one:
        try:
            picture = _upright(file, kind)
            return _all(picture)
        except _BROKEN:
            raise Refused(
                _("Das Bild lässt sich nicht lesen. Bitte speichern Sie es neu, zum Beispiel als JPEG.")
            ) from None


def _upright(file: IO[bytes], kind: str) -> Image.Image:
    picture: Image.Image = Image.open(file, formats=[kind])
    _refuse_unfit(picture, PIXELS[kind])
    if kind == "JPEG":  # decodes a big one at a fraction of its size
        picture.draft("RGB", (WIDTHS[-1], WIDTHS[-1]))  # type: ignore[attr-defined]
        _refuse_unfit(picture, DECODED)
    return _opaque(ImageOps.exif_transpose(_smaller(picture)))


def _smaller(picture: Image.Image) -> Image.Image:
    """Its shorter side is no longer than a page may need, before anything else makes copies of it."""
    factor = WIDTHS[-1] / min(picture.size)
    if factor >= 1:
        return picture
    if picture.mode not in ("L", "RGB", "RGBA"):
        picture = picture.convert("RGBA" if _is_transparent(picture) else "RGB")
    size = (round(picture.width * factor), round(picture.height * factor))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _refuse_unfit(picture: Image.Image, pixels: int) -> None:
    """Before anything is decoded."""
    width, height = picture.size
    if width * height > pixels:
        most = pixels // 1_000_000
        raise Refused(
            _("Das Bild hat zu viele Bildpunkte. Erlaubt sind %s Millionen. Bitte verkleinern Sie es.") % most
        )
    if getattr(picture, "n_frames", 1) > 1:
        raise Refused(_("Bewegte Bilder nehmen wir nicht. Bitte nehmen Sie ein Foto."))
    if min(width, height) < SMALLEST:
        raise Refused(_("Das Bild ist zu klein: Es braucht mindestens %s Bildpunkte je Seite.") % SMALLEST)
    if max(width, height) > SLENDER * min(width, height):
        raise Refused(_("Das Bild ist zu schmal für unsere Seiten. Bitte schneiden Sie es zu."))


def _opaque(picture: Image.Image) -> Image.Image:
    """In red, green and blue; what was transparent is white."""
    if _is_transparent(picture):
        behind = Image.new("RGBA", picture.size, "white")
        behind.alpha_composite(picture.convert("RGBA"))
        picture = behind
    return picture.convert("RGB")


def _is_transparent(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _all(picture: Image.Image) -> Renditions:
    files: dict[int, bytes] = {}
    whole = picture.size
    found = widths(picture.width)
    for width in reversed(found):  # each from the next bigger one
        height = max(1, round(whole[1] * width / whole[0]))
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        written = io.BytesIO()
        picture.save(written, "WEBP", quality=QUALITY, method=4)
        files[width] = written.getvalue()
    return Renditions(found[-1], round(whole[1] * found[-1] / whole[0]), files)
