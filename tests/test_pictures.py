"""Pictures of initiatives: handed in by staff, made anew, seen while their page is public (rule 20, trust.md „Uploads")."""

import os
import subprocess
import sys
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from initiatives import pictures
from initiatives.models import Picture
from initiatives.pictures import path
from portal import remembering, renditions, uploads
from portal.publishing import publish, take_down
from portal.refused import Refused
from tests import make
from tests.bench.statements import statements
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def row():
    town = make.organisation()
    return make.initiative(
        title="Bachpaten", organisation=town, municipality=make.municipality(organisation=town), state="draft",
        contact="Amt", contact_email="amt@lich.example",
    )  # fmt: skip


@pytest.fixture
def clerk(row):
    return proven(staff(row.organisation))


def desk(row):
    return reverse("admin:initiatives_initiative_pictures", args=[row.pk])


def hand_in(clerk, row, content=None, name="foto.jpg", **said):
    file = SimpleUploadedFile(name, make.picture_file() if content is None else content, "image/jpeg")
    return clerk.post(desk(row), {"file": file, "alt": "Kinder am Bach", "credit": ""} | said)


def errors(answer):
    return [str(error) for found in answer.context["form"].errors.values() for error in found]


def address(picture, width=480):
    return reverse("picture", args=[picture.name, width])


def seen(client, picture):
    return client.get(address(picture)).status_code


# --- what becomes of a file --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_picture_is_made_anew_in_fixed_widths_upright_and_without_what_the_camera_knew():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Kamera von Frau Licht"
    content = make.picture_file(size=(2000, 1000), exif=exif)
    made = renditions.make(BytesIO(content), size=len(content))
    assert (made.width, made.height) == (1000, 2000)
    assert {width: Image.open(BytesIO(file)).size for width, file in made.files.items()} == {
        240: (240, 480), 480: (480, 960), 960: (960, 1920), 1000: (1000, 2000),
    }  # fmt: skip
    assert {Image.open(BytesIO(file)).format for file in made.files.values()} == {"WEBP"}
    assert [
        w for w, file in made.files.items() if b"Kamera" in file or Image.open(BytesIO(file)).getexif()
    ] == []


@pytest.mark.parametrize(
    ("width", "found"), [(480, [240, 480]), (1600, [240, 480, 960, 1600]), (9000, [240, 480, 960, 1600])]
)
def test_no_width_is_wider_than_the_picture(width, found):
    assert renditions.widths(width) == found


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "I;16"])
def test_every_kind_of_colour_becomes_a_picture(mode):
    written = BytesIO()
    Image.new(mode, (500, 500)).save(written, "JPEG" if mode == "CMYK" else "PNG")
    made = renditions.make(written, size=len(written.getvalue()))
    assert made.width == 500


MEASURED = """
import re, sys
from pathlib import Path
import django
django.setup()
from portal import renditions
path = Path(sys.argv[1])
with path.open("rb") as file:
    renditions.make(file, size=path.stat().st_size)
print(int(re.search("VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "mode", "size"),
    [("PNG", "RGBA", (4000, 3990)), ("WEBP", "RGB", (3200, 3120)), ("JPEG", "RGB", (2000, 7990))],
)  # fmt: skip
def test_the_biggest_picture_fits_into_the_memory_of_a_container(kind, mode, size, tmp_path):
    """Two processes, each at one picture, share 512 MB, and the 100 MB that are loaded before."""
    path = tmp_path / "picture"
    Image.new(mode, size).save(path, kind, **({"transparency": 0} if mode == "P" else {}))
    command = [sys.executable, "-c", MEASURED, path]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert int(done.stdout) < 300, "MB at most"


def test_what_was_transparent_is_white():
    written = BytesIO()
    Image.new("RGBA", (500, 500), (0, 0, 0, 0)).save(written, "PNG")
    made = renditions.make(written, size=1)
    assert Image.open(BytesIO(made.files[240])).getpixel((10, 10)) == (255, 255, 255)


# --- in the Redaktion --------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_clerk_adds_tells_orders_and_removes_pictures(row, clerk):
    assert hand_in(clerk, row).status_code == 302
    assert hand_in(clerk, row, alt="", credit="Lea Licht").status_code == 302
    first, second = row.pictures.all()
    row.refresh_from_db()
    assert (row.card_picture, row.card_alt, row.card_focus) == (first.name, "Kinder am Bach", "11")

    clerk.post(desk(row), {"picture": second.pk, "first": "1"})
    row.refresh_from_db()
    assert (list(row.pictures.all()), row.card_picture, row.card_alt) == ([second, first], second.name, "")

    name = f"bild-{second.pk}"
    said = {f"{name}-alt": "Ein Fahrrad", f"{name}-credit": "Lea Licht", f"{name}-focus": "20"}
    clerk.post(desk(row), {"picture": second.pk} | said)
    row.refresh_from_db()
    second.refresh_from_db()
    assert (second.alt, second.focus_x, second.focus_y) == ("Ein Fahrrad", 100, 0)
    assert (row.card_alt, row.card_focus) == ("Ein Fahrrad", "20")

    files = [path(second.name, width) for width in renditions.widths(second.width)]
    assert [file.exists() for file in files] == [True] * 3
    pictures.remove(second)
    row.refresh_from_db()
    assert (list(row.pictures.all()), row.card_picture) == ([first], first.name)


def test_files_go_with_the_row(row, django_capture_on_commit_callbacks):
    picture = make.picture(row)
    with django_capture_on_commit_callbacks(execute=True):
        pictures.remove(picture)
    assert list((settings.MEDIA_ROOT / "pictures").iterdir()) == []


@pytest.mark.slow
def test_publishing_waits_for_a_word_on_each_picture(row, clerk):
    make.picture(row)
    second = make.picture(row, alt=" ")
    with pytest.raises(Refused, match="Es fehlt: zu Bild 2 ein Satz, was zu sehen ist, oder „schmückt nur“"):
        publish(row, now=NOW)
    pictures.change(second, alt="", is_decorative=True, credit="", focus="11")
    publish(row, now=NOW)
    answer = hand_in(clerk, row, alt="")
    assert answer.status_code == 422
    assert errors(answer) == [
        "Die Seite ist öffentlich. Es fehlt: zu Bild 3 ein Satz, was zu sehen ist, oder „schmückt nur“."
    ]
    assert row.pictures.count() == 2
    assert len(list((settings.MEDIA_ROOT / "pictures").iterdir())) == 2 * 3


def test_a_page_has_so_many_pictures_and_no_more(row, clerk, monkeypatch):
    monkeypatch.setattr(pictures, "MOST", 1)
    make.picture(row)
    answer = hand_in(clerk, row)
    assert errors(answer) == ["Mehr als 1 Bilder hat eine Seite nicht. Bitte entfernen Sie zuerst eines."]


def test_who_only_reads_sees_pictures_and_changes_none(row):
    picture = make.picture(row)
    reader = proven(staff(row.organisation, "reader", email="liest@lich.example"))
    page = reader.get(desk(row))
    assert (page.status_code, b"<form method" in page.content.split(b'id="content-main"')[1]) == (200, False)
    assert reader.post(desk(row), {"picture": picture.pk, "remove": "1"}).status_code == 404
    assert hand_in(reader, row).status_code == 404
    assert row.pictures.count() == 1


def test_pictures_of_another_page_are_not_there(row, clerk):
    other = make.picture(make.initiative(state="draft"))
    assert clerk.post(desk(row), {"picture": other.pk, "remove": "1"}).status_code == 404
    staffs = reverse("admin:initiatives_initiative_picture", args=[row.pk, other.name, 480])
    assert clerk.get(staffs).status_code == 404
    assert Picture.objects.count() == 1


@pytest.mark.slow
def test_a_big_body_is_taken_only_from_who_is_logged_in_and_only_there(row, clerk, client):
    too_big_elsewhere = make.picture_file() + b"\0" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    made_up = Client()
    made_up.cookies[settings.SESSION_COOKIE_NAME] = "x"
    assert hand_in(clerk, row, too_big_elsewhere).status_code == 302
    answers = {
        "guest": hand_in(client, row, too_big_elsewhere).status_code,
        "made-up session": hand_in(made_up, row, too_big_elsewhere).status_code,
        "form": clerk.post(
            reverse("admin:initiatives_initiative_change", args=[row.pk]), {"text": "x" * 2**20 + "x" * 100}
        ).status_code,
        "public": client.post("/mitmachen/bescheid/", {"email": "x" * (2**20 + 100)}).status_code,
        "too big": hand_in(clerk, row, b"x" * (uploads.BODY + 1)).status_code,
    }
    assert answers == dict.fromkeys(answers, 400)
    page = Page(hand_in(made_up, row, too_big_elsewhere).content.decode())
    assert page.one("h1").text == "Sie sind nicht mehr angemeldet"
    assert page.link("Anmelden und zurück zu den Dateien").endswith(f"?next={desk(row)}")
    assert errors(hand_in(clerk, row, b"x" * (uploads.FILE + 1))) == [
        "Die Datei ist zu groß. Erlaubt sind 15 MB."
    ]


# --- for everybody -----------------------------------------------------------------------------------


def test_a_picture_is_seen_while_its_page_is_public_and_only_then(row, clerk, client, time_machine):
    picture = make.picture(row)
    staffs = reverse("admin:initiatives_initiative_picture", args=[row.pk, picture.name, 480])
    found = [seen(client, picture)]
    row.public_from = date(2026, 6, 11)
    publish(row, now=NOW)
    row.save()
    found.append(seen(client, picture))
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    found.append(seen(client, picture))
    take_down(row, state="archived")
    found.append(seen(client, picture))
    assert found == [404, 404, 200, 404]
    time_machine.move_to(NOW, tick=False)
    assert (clerk.get(staffs).status_code, client.get(staffs).status_code) == (200, 302)


def test_a_picture_comes_as_a_picture_and_as_nothing_else(row, client):
    picture = make.picture(row)
    publish(row, now=NOW)
    answer = client.get(address(picture), headers={"accept-encoding": "br, gzip"})
    assert Image.open(BytesIO(answer.content)).size == (480, 300)
    headers = (
        "Content-Type",
        "X-Content-Type-Options",
        "Content-Security-Policy",
        "Cache-Control",
        "Content-Encoding",
    )
    assert {name: answer.headers.get(name) for name in headers} == {
        "Content-Type": "image/webp",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "public, max-age=3600, s-maxage=30",
        "Content-Encoding": None,
    }
    assert not answer.cookies
    others = (481, 1600, 0)
    assert [client.get(address(picture, width)).status_code for width in others] == [404] * 3
    assert client.get("/bilder/../secret_key-480.webp").status_code == 404
    path(picture.name, 480).unlink()
    assert seen(client, picture) == 404


def test_card_and_page_show_the_pictures_with_size_words_and_focus(row, client):
    first, second = make.picture(row, credit="Lea Licht"), make.picture(row, is_decorative=True, alt="x")
    pictures.change(first, alt="Kinder & Eltern", is_decorative=False, credit="Lea Licht", focus="12")
    publish(row, now=NOW)
    listed = client.get("/initiativen/").content.decode()
    assert (
        f'<img class="topic focus-12" src="/bilder/{first.name}-480.webp" srcset="/bilder/{first.name}-240.webp 240w, '
        f'/bilder/{first.name}-480.webp 480w" sizes="(max-width: 40em) 6rem, 22rem" width="480" height="300" '
        'alt="Kinder &amp; Eltern" loading="lazy" decoding="async">'
    ) in listed
    assert second.name not in listed
    page = client.get(row.get_absolute_url()).content.decode()
    assert f'<img class="focus-12" src="/bilder/{first.name}-800.webp"' in page
    assert 'width="800" height="500" alt="Kinder &amp; Eltern"' in page
    assert "<figcaption>Foto: Lea Licht</figcaption>" in page
    assert page.count('<figure class="shot">') == 2
    assert 'alt=""' in page


def test_public_pages_are_spared_the_styles_of_the_redaktion(client, row):
    make.picture(row, alt="Kinder")
    publish(row, now=NOW)
    assert "pictures.css" not in client.get("/initiativen/").content.decode()
    assert "pictures.css" not in client.get(row.get_absolute_url()).content.decode()


def test_preview_shows_private_pictures_to_staff(row, clerk):
    picture = make.picture(row)
    page = clerk.get(reverse("preview_initiative", args=[row.pk])).content.decode()
    assert f"/verwaltung/initiatives/initiative/{row.pk}/bilder/{picture.name}-800.webp" in page
    assert f'"/bilder/{picture.name}' not in page


def test_more_pictures_cost_no_more_statements(row, client):
    publish(row, now=NOW)
    asked = []
    for most in (1, 3):
        while row.pictures.count() < most:
            make.picture(row)
        pages = ("/initiativen/", row.get_absolute_url(), address(row.pictures.first()))
        remembering.forget()
        asked.append([len(statements(lambda page=page: client.get(page))) for page in pages])
    assert asked[0] == asked[1]
    assert asked[0][2] == 1
    assert max(asked[0]) <= 6


def test_files_of_no_row_are_swept_after_a_day(row, time_machine):
    kept, gone = make.picture(row), make.picture(row)
    Picture.objects.filter(pk=gone.pk).delete()
    time_machine.move_to(timezone.now() + timedelta(days=400), tick=False)
    assert pictures.sweep(now=timezone.now()) == 3
    assert {file.name.partition("-")[0] for file in (settings.MEDIA_ROOT / "pictures").iterdir()} == {
        kept.name
    }
    young = path("0" * 32, 480)
    young.write_bytes(b"x")
    assert pictures.sweep(now=NOW - timedelta(days=400)) == 0
    assert young.exists()
