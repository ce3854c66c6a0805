"""Files on an idea: handed in by the association, checked by what they are, fetched as attachments."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from initiatives import idea_files
from initiatives.models import IdeaFile
from portal.models import Membership
from portal.refused import Refused
from tests import make
from tests.markup import Page
from tests.staffroom import proven, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def network():
    return proven(staff(make.filled_association(), Membership.Role.NETWORK))


def address(idea):
    return reverse("admin:initiatives_idea_files", args=[idea.pk])


def hand_in(browser, idea, content, name="Laufzettel.pdf", title="Laufzettel"):
    return browser.post(address(idea), {"title": title, "file": SimpleUploadedFile(name, content)})


def test_a_file_is_handed_in_fetched_as_an_attachment_and_removed(client, network, settings):
    idea = make.idea()
    assert hand_in(network, idea, make.PDF, name="../../Frau Weber.exe").status_code == 302
    row = IdeaFile.objects.get()
    assert (row.file.name.startswith("ideas/"), "Weber" in row.file.name) == (True, False)
    page = Page(client.get(idea.get_absolute_url()).content.decode())
    assert page.link("Laufzettel").endswith(row.get_absolute_url())
    response = client.get(row.get_absolute_url())
    assert response.content == make.PDF
    assert (response["Content-Type"], response["Content-Disposition"], response["X-Content-Type-Options"]) == (
        "application/pdf", 'attachment; filename="laufzettel.pdf"', "nosniff",
    )  # fmt: skip
    other = make.idea("Bürgerbus")
    assert client.get(reverse("ideas:file", args=[other.slug, row.pk])).status_code == 404
    assert network.post(address(other), {"remove": row.pk}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_removed_file_is_gone_from_the_disk(client, network, settings):
    idea = make.idea()
    row = make.idea_file(idea)
    assert [path.is_file() for path in (settings.MEDIA_ROOT / "ideas").iterdir()] == [True]
    asked = Page(network.post(address(idea), {"remove": row.pk}).content.decode())
    assert IdeaFile.objects.count() == 1
    network.post(address(idea), dict(asked.form("Ja, Datei entfernen")[2]))
    assert (IdeaFile.objects.count(), list((settings.MEDIA_ROOT / "ideas").iterdir())) == (0, [])
    assert client.get(row.get_absolute_url()).status_code == 404


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Die Datei ist leer."),
        (b"<script>alert(1)</script>", "Diese Art von Datei nehmen wir nicht. Erlaubt sind: PDF."),
        (b"\xff\xd8\xff\xe0 JFIF", "Erlaubt sind: PDF."),
    ],
)
def test_what_is_no_pdf_is_refused_in_german_and_kept_nowhere(network, settings, content, sentence):
    idea = make.idea()
    response = hand_in(network, idea, content)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not IdeaFile.objects.exists()
    assert not (settings.MEDIA_ROOT / "ideas").exists()


def test_an_idea_has_at_most_ten_files():
    idea = make.idea()
    for n in range(idea_files.MOST):
        make.idea_file(idea, f"Datei {n}")
    with pytest.raises(Refused, match="Mehr als 10 Dateien"):
        idea_files.add(idea, title="Noch eine", file=BytesIO(make.PDF), size=10, now=make.NOW)


def test_a_town_hands_in_none():
    idea = make.idea()
    clerk = proven(staff(make.organisation()))
    assert [clerk.get(address(idea)).status_code, hand_in(clerk, idea, make.PDF).status_code] == [404, 404]
    assert not IdeaFile.objects.exists()
