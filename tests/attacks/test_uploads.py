"""Files that are not what they say, too big, too many at once or named after somewhere else (trust.md „Uploads", ASVS V5)."""

import io
import random
import struct
import threading
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from initiatives.models import Picture
from portal import renditions, uploads
from portal.refused import Refused
from tests import make
from tests.staffroom import proven, staff

EMPTY = "Die Datei ist leer. Bitte wählen Sie sie noch einmal aus."
KIND = "Diese Art von Datei nehmen wir nicht. Erlaubt sind: JPEG, PNG, WEBP."
BROKEN = "Das Bild lässt sich nicht lesen. Bitte speichern Sie es neu, zum Beispiel als JPEG."
PIXELS = "Das Bild hat zu viele Bildpunkte. Erlaubt sind 16 Millionen. Bitte verkleinern Sie es."
MOVING = "Bewegte Bilder nehmen wir nicht. Bitte nehmen Sie ein Foto."
SMALL = "Das Bild ist zu klein: Es braucht mindestens 480 Bildpunkte je Seite."
SLENDER = "Das Bild ist zu schmal für unsere Seiten. Bitte schneiden Sie es zu."
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.domain)</script>"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *more):
    """A PNG that says it is so big, and holds almost nothing."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 2000))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + pixels + chunk(b"IEND", b"")


def moving(kind):
    frames = [Image.new("RGB", (500, 500), colour) for colour in ("red", "blue")]
    written = io.BytesIO()
    frames[0].save(written, kind, save_all=True, append_images=frames[1:], duration=100)
    return written.getvalue()


def archive():
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        file.writestr("evil.php", "<?php echo 1;")
    return written.getvalue()


PHOTO = make.picture_file()


def refused():
    """Name → (content, words)."""
    return {
        "0 Bytes": (b"", EMPTY),
        "SVG": (SVG, KIND),
        "SVG nach einem Kommentar": (b"<!-- -->" + SVG, KIND),
        "HTML": (HTML, KIND),
        "GIF": (moving("GIF"), KIND),
        "BMP": (make.picture_file("BMP"), KIND),
        "TIFF": (make.picture_file("TIFF"), KIND),
        "PDF": (b"%PDF-1.7\n1 0 obj", KIND),
        "ZIP": (archive(), KIND),
        "EPS mit Programm": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 500 500\n(x) run", KIND),
        "ein Byte zu spät": (b"\0" + PHOTO, KIND),
        "nur die ersten Bytes": (PHOTO[:3], BROKEN),
        "abgeschnitten": (PHOTO[: len(PHOTO) // 2], BROKEN),
        "PNG, abgeschnitten": (make.picture_file("PNG")[:60], BROKEN),
        "WebP, abgeschnitten": (make.picture_file("WEBP")[:40], BROKEN),
        "PNG im Kopf, JPEG dahinter": (b"\x89PNG\r\n\x1a\n" + PHOTO, BROKEN),
        "RIFF ohne Bild": (b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 40, BROKEN),
        "bewegtes WebP": (moving("WEBP"), MOVING),
        "bewegtes PNG": (moving("PNG"), MOVING),
        "30.000 × 30.000 in 200 Bytes": (png(30_000, 30_000), BROKEN),
        "9.000 × 9.000": (png(9_000, 9_000), PIXELS),
        "2 Milliarden breit": (png(2**31 - 1, 1), BROKEN),
        "0 × 0": (png(0, 0), BROKEN),
        "gepackter Text von 100 MB": (
            png(600, 600, chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 100_000_000))), BROKEN,
        ),
        "1 × 1": (make.picture_file(size=(1, 1)), SMALL),
        "zu schmal": (make.picture_file(size=(2000, 490)), SLENDER),
    }  # fmt: skip


def refusal(content):
    try:
        renditions.make(io.BytesIO(content), size=len(content))
    except Refused as error:
        return str(error)
    return "angenommen"


@pytest.mark.slow
def test_what_is_no_still_picture_of_a_fitting_size_is_refused_in_words_and_at_once(proof):
    cases = refused()
    seen, started = {}, time.monotonic()
    for name, (content, _words) in cases.items():
        seen[name] = refusal(content)
    took = time.monotonic() - started
    proof(
        "attacks", "Hochladen: falsche Dateien", tried=f"{len(cases)}: " + ", ".join(cases),
        expected="jede mit einem Satz abgelehnt", seen=f"{list(seen.values()).count('angenommen')} angenommen, {took:.1f} s",
    )  # fmt: skip
    assert seen == {name: words for name, (_content, words) in cases.items()}
    assert took < 20


def test_nothing_survives_of_a_file_that_is_two_at_once(proof):
    """A picture with a page, an archive or a script behind it, in its comment or in its profile."""
    hidden = [HTML, SVG, archive(), b"<?php echo 1;"]
    comment = b"\xff\xfe" + struct.pack(">H", len(HTML) + 2) + HTML
    both = [PHOTO + more for more in hidden] + [PHOTO[:2] + comment + PHOTO[2:]]
    both += [make.picture_file("PNG", icc_profile=HTML), make.picture_file("JPEG", exif=b"Exif\0\0" + HTML)]
    found = [renditions.make(io.BytesIO(content), size=len(content)) for content in both]
    words = (b"script", b"<?php", b"PK\x03\x04", b"svg")
    survived = [word for made in found for file in made.files.values() for word in words if word in file]
    proof(
        "attacks", "Hochladen: zwei Dateien in einer", tried=f"{len(both)} Bilder mit HTML, SVG, ZIP, PHP dahinter und darin",
        expected="nur die Bildpunkte bleiben", seen=f"{len(survived)} Reste",
    )  # fmt: skip
    assert survived == []
    assert {Image.open(io.BytesIO(file)).format for made in found for file in made.files.values()} == {"WEBP"}


@pytest.mark.slow
def test_changed_bytes_give_a_picture_or_a_sentence_and_never_a_bug(proof):
    """Of each kind some hundred copies with bytes changed at random, the same each time."""
    dice, outcomes = random.Random(20), {"angenommen": 0, "abgelehnt": 0}
    for kind in uploads.PICTURES:
        whole = make.picture_file(kind, size=(490, 490))
        for _ in range(50):
            content = bytearray(whole)
            for _ in range(dice.randint(1, 20)):
                content[dice.randrange(16, len(content))] = dice.randrange(256)
            outcome = refusal(bytes(content))
            outcomes["angenommen" if outcome == "angenommen" else "abgelehnt"] += 1
    proof(
        "attacks", "Hochladen: veränderte Bytes", tried="150 veränderte Bilder dreier Arten",
        expected="ein Bild oder ein Satz", seen=", ".join(f"{n} {word}" for word, n in outcomes.items()),
    )  # fmt: skip
    assert sum(outcomes.values()) == 150
    assert min(outcomes.values()) > 0


@pytest.mark.slow
def test_pictures_are_decoded_one_at_a_time():
    """Memory has a bound, however many come at once."""
    most, inside, lock = [0], [0], threading.Lock()
    before = renditions._upright

    def counted(file, kind):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.05)
        try:
            return before(file, kind)
        finally:
            with lock:
                inside[0] -= 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renditions, "_upright", counted)
        threads = [threading.Thread(target=refusal, args=[PHOTO]) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert (most[0], inside[0]) == (1, 0)


# --- over the wire -----------------------------------------------------------------------------------

NAMES = [
    "../../../secret_key", "..\\..\\evil.webp", "/etc/passwd", "evil.php\x00.jpg", "a" * 5000 + ".jpg", "evil.svg",
    "con", ".htaccess", "‮gpj.exe", "x.jpg; rm -rf", '"><script>.jpg',
]  # fmt: skip


@pytest.fixture
def row(db):
    town = make.organisation()
    return make.initiative(
        organisation=town, municipality=make.municipality(organisation=town), state="draft"
    )


def send(client, row, content, name="foto.jpg", content_type="image/jpeg"):
    file = SimpleUploadedFile("x", content, content_type)
    file._name = name
    address = reverse("admin:initiatives_initiative_pictures", args=[row.pk])
    return client.post(address, {"file": file, "alt": "Ein Bach"})


@pytest.mark.slow
def test_names_and_types_of_files_are_not_believed(row, settings, monkeypatch, proof):
    """The name is ours, whatever the file was called, and the kind is what its content says."""
    monkeypatch.setattr("initiatives.pictures.MOST", 50)
    client = proven(staff(row.organisation))
    media = Path(settings.MEDIA_ROOT)
    kept = [send(client, row, PHOTO, name).status_code for name in NAMES]
    kept += [
        send(client, row, PHOTO, content_type=kind).status_code
        for kind in ("text/html", "image/svg+xml", "x")
    ]
    refused = [
        send(client, row, SVG, "foto.jpg").status_code,
        send(client, row, HTML, "foto.png").status_code,
    ]
    files = sorted(path.relative_to(media).as_posix() for path in media.rglob("*") if path.is_file())
    n = Picture.objects.count()
    proof(
        "attacks", "Hochladen: Namen und Arten", tried=f"{len(NAMES)} Namen mit Pfaden, NUL, Überlänge; falsche Arten",
        expected="eigene Namen in einem Ordner", seen=f"{n} Bilder, {len(files)} Dateien",
    )  # fmt: skip
    assert refused == [422, 422]
    assert set(kept) <= {302, 400, 422}
    assert n == kept.count(302) >= 8
    wanted = {
        f"pictures/{p.name}-{w}.webp" for p in Picture.objects.all() for w in renditions.widths(p.width)
    }
    assert set(files) == wanted
    assert {path.stat().st_mode & 0o777 for path in media.rglob("*.webp")} == {0o600}


def test_a_form_without_a_file_or_with_text_for_one_is_refused_in_words(row):
    client = proven(staff(row.organisation))
    address = reverse("admin:initiatives_initiative_pictures", args=[row.pk])
    for data in ({"alt": "x"}, {"file": "kein Bild", "alt": "x"}):
        answer = client.post(address, data)
        assert answer.status_code == 422
        assert "Bitte wählen Sie ein Bild aus." in answer.content.decode()


def test_a_page_of_staff_takes_no_file_from_another_site(row):
    client = proven(staff(row.organisation))
    client.handler.enforce_csrf_checks = True
    assert send(client, row, PHOTO).status_code == 403
    assert Picture.objects.count() == 0
