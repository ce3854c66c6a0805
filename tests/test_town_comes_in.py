"""A town comes in: from the form to the first public page, over every mail, with a real mail server."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from initiatives.models import Initiative
from portal import delivery
from portal.models import Membership, Organisation, User
from tests import make
from tests.markup import Page
from tests.staffroom import code, proven, staff, typed

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = {"origin": "http://testserver"}
NEW = "Ein-neues-langes-Passwort-9"


def post_box(smtp):
    """All mails that left: address → (subject, text) of the newest."""
    delivery.deliver()
    return {
        str(mail["To"]): (str(mail["Subject"]), mail.get_body(("plain",)).get_content())
        for mail in smtp.messages
    }


def link_in(text, below):
    return re.search(rf"https?://[^/\s]+({below}\S+)", text)[1]


def steps(client):
    page = client.get("/verwaltung/").content.decode()
    found = re.findall(r"<strong id=\"step-\d+-\d\">(\d\. [^<]+)</strong>", page)
    return [" ".join(step.split()) for step in found]


@pytest.mark.slow
def test_from_the_form_to_the_first_public_page(client, smtp, own_counters):
    association = make.filled_association()
    network = staff(association, Membership.Role.NETWORK, email="netz@verband.example", name="Frau Netz")
    lich = make.municipality("Lich")
    page = make.initiative(
        organisation=association, municipality=lich, title="Bachpaten", slug="bachpaten-lich",
        origin=Initiative.Origin.COLLECTED, source_name="Zeitung", source_url="https://zeitung.example/1",
    )  # fmt: skip
    guest = Client()

    # She finds the page of her town and asks for access.
    form = Page(
        guest.get("/fuer-kommunen/zugang/?seite=bachpaten-lich").content.decode(), "http://testserver/"
    )
    address, _method, fields = form.form("Zugang anfordern")
    asked = dict(fields) | {
        "name": "Erika Weber", "function": "Ehrenamtsbüro", "email": "weber@lich.example",
    }  # fmt: skip
    assert guest.post(address, asked, headers=ORIGIN).status_code == 303

    # One click in the mail; the association hears of it.
    subject, text = post_box(smtp)["weber@lich.example"]
    assert subject == "Noch ein Klick: Zugang für Lich"
    assert guest.post(link_in(text, "/anmeldung/"), headers=ORIGIN).status_code == 303
    assert guest.cookies == {}
    subject, text = post_box(smtp)[association.contact_email]
    assert subject == "Zugang angefordert: Lich"

    # One click of the association.
    desk = proven(network)
    request_page = link_in(text, "/verwaltung/")
    desk.post(request_page, typed(desk.get(request_page)) | {"_approve": "1"})

    # The invitation: a password, the login, the second factor.
    subject, text = post_box(smtp)["weber@lich.example"]
    assert subject == "Ihr Zugang: Redaktion: Stadt Lich"
    clerk = Client()
    opened = clerk.get(link_in(text, "/konto/"), follow=True)
    clerk.post(opened.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    clerk.post(reverse("account_login"), {"login": "weber@lich.example", "password": NEW})
    enrol = clerk.get("/verwaltung/", follow=True)
    activate = reverse("mfa_activate_totp")
    assert Page(enrol.content.decode()).h1
    secret = clerk.get(activate).context["form"].secret
    clerk.post(activate, {"code": code(secret=secret)})

    # Three steps, each with a tick when it is done.
    assert steps(clerk) == ["1. Impressum", "2. Kontakt", "3. Eine Initiative prüfen"]
    town = Organisation.objects.get(municipalities=lich)
    own = reverse("admin:portal_organisation_change", args=[town.pk])
    clerk.post(own, typed(clerk.get(own)) | {"imprint": "Stadt Lich, Unterstadt 1, 35423 Lich"})
    assert steps(clerk) == ["1. Impressum – erledigt ✓", "2. Kontakt", "3. Eine Initiative prüfen"]
    clerk.post(own, typed(clerk.get(own)) | {"contact_email": "ehrenamt@lich.example"})
    take = reverse("take_over", args=[page.slug])
    assert take in clerk.get("/verwaltung/").content.decode()
    clerk.post(take, {"do": "take"})
    assert steps(clerk) == []

    # Everybody sees whose page it is now, and the association has been told.
    public = " ".join(guest.get(page.get_absolute_url()).content.decode().split())
    assert "Herausgeber: Stadt Lich" in public
    assert "ehrenamt@lich.example" in public
    assert post_box(smtp)[association.contact_email][0] == "Übernommen: Bachpaten, Lich"


# --- rights count on the next request ------------------------------------------------------------------


def enters(client):
    return client.get("/verwaltung/").status_code


def sees(client, initiative):
    return client.get(reverse("admin:initiatives_initiative_change", args=[initiative.pk])).status_code


@pytest.mark.slow
def test_a_role_that_is_handed_over_counts_on_the_next_request():
    town = make.organisation()
    page = make.initiative(organisation=town)
    old, new = staff(town, email="alt@lich.example"), staff(email="neu@lich.example")
    before, after = proven(old), proven(new)
    assert (sees(before, page), enters(after)) == (200, 403)
    Membership.objects.filter(user=old).update(user=new)
    after = proven(new)  # who has no role is logged out
    assert (enters(before), sees(after, page)) == (403, 200)


def test_a_deactivated_account_is_out_on_the_next_request():
    town = make.organisation()
    page = make.initiative(organisation=town)
    user = staff(town)
    client = proven(user)
    assert sees(client, page) == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    answer = client.get(reverse("admin:initiatives_initiative_change", args=[page.pk]))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    User.objects.filter(pk=user.pk).update(is_active=True)
    Membership.objects.filter(user=user).delete()
    assert enters(client) == 403


def test_a_second_town_counts_on_the_next_request_and_leaves_again():
    first, second = make.organisation(), make.organisation("Stadt Hungen")
    page = make.initiative(organisation=second)
    user = staff(first)
    client = proven(user)
    assert sees(client, page) == 404
    role = Membership.objects.create(user=user, organisation=second, role=Membership.Role.EDITOR)
    assert sees(client, page) == 200
    role.delete()
    assert (sees(client, page), enters(client)) == (404, 200)
