"""How somebody tells us of a weakness: /.well-known/security.txt (RFC 9116) and the page that it names."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.urls import reverse

from tests import make

pytestmark = pytest.mark.django_db
ADDRESS = "/.well-known/security.txt"


def fields(client):
    response = client.get(ADDRESS)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    lines = response.content.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_security_txt_has_what_the_rfc_wants_and_never_expires_unseen(client, proof):
    """Exactly one Expires less than a year ahead, whenever it is asked for; Policy is a page of ours."""
    ahead = []
    for later in (timedelta(0), timedelta(days=364), timedelta(days=3650)):
        with time_machine.travel(datetime.now(UTC) + later, tick=False):
            ahead.append((datetime.fromisoformat(fields(client)["Expires"]) - datetime.now(UTC)).days)
    said = fields(client)
    proof(
        "attacks",
        "Lücke melden (RFC 9116)",
        tried="security.txt heute, in einem und in zehn Jahren",
        expected="Contact, Expires (unter einem Jahr), Preferred-Languages, Canonical, Policy",
        seen=f"{', '.join(said)}; gültig noch {min(ahead)} bis {max(ahead)} Tage",
    )
    assert list(said) == ["Contact", "Expires", "Preferred-Languages", "Canonical", "Policy"]
    assert all(150 < days < 365 for days in ahead)
    assert said["Canonical"] == django_settings.SITE_URL + ADDRESS
    assert said["Preferred-Languages"] == "de, en"
    assert said["Policy"] == django_settings.SITE_URL + reverse("report_weakness")


@pytest.mark.parametrize(
    ("given", "contact", "shown"),
    [
        ("", "mailto:verband@verband.example", "verband@verband.example"),
        ("cert@verband.example", "mailto:cert@verband.example", "cert@verband.example"),
        (
            "https://verband.example/melden",
            "https://verband.example/melden",
            "https://verband.example/melden",
        ),
    ],
)
def test_page_and_file_name_the_same_contact(client, settings, given, contact, shown):
    settings.SECURITY_CONTACT = given
    row = make.association()
    row.contact_email = "verband@verband.example"
    row.save()
    page = client.get(reverse("report_weakness")).content.decode()
    assert (fields(client)["Contact"], f'href="{contact}">{shown}<' in page) == (contact, True)


def test_without_an_association_the_sender_of_mails_is_named(client, settings):
    settings.DEFAULT_FROM_EMAIL = "Portal <portal@portal.example>"
    assert fields(client)["Contact"] == "mailto:portal@portal.example"
