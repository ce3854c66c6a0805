"""„Zugang anfordern": a town asks, proves its address, is let in by the association or hears why not."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from portal import access_requests, mail_domains, privacy, traps
from portal.association import association
from portal.models import AccessLog, AccessRequest, Booking, Mail, Membership, Organisation, User
from portal.refused import Refused
from tests import make
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff, typed

pytestmark = pytest.mark.django_db
ADDRESS = "/fuer-kommunen/zugang/"
ORIGIN = {"origin": "http://testserver"}


@pytest.fixture(autouse=True)
def clock(own_counters):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lich():
    return make.municipality("Lich")


@pytest.fixture
def net():
    return staff(association(), Membership.Role.NETWORK, email="netz@verband.example", name="Frau Netz")


def send(client, *, seconds=60, **changes):
    data = {
        "issued": traps.issue(NOW - timedelta(seconds=seconds)),
        "betreff": "",
        "municipality": "Lich",
        "name": "Erika Weber",
        "function": "Ehrenamtsbüro",
        "email": "weber@lich.example",
        "second_name": "",
        "second_email": "",
        "page": "",
    }
    return client.post(ADDRESS, data | changes, headers=ORIGIN)


def link_of(mail):
    return re.search(r"https?://[^/\s]+(/(?:anmeldung|konto)/\S+)", mail.text)[1]


def flat(mail):
    return " ".join(mail.text.split())


def button(net, row, name, **more):
    client = proven(net)
    url = reverse("admin:portal_accessrequest_change", args=[row.pk])
    return client.post(url, typed(client.get(url)) | {name: "1"} | more, follow=True).content.decode()


def test_form_is_on_the_page_for_towns_and_asks_for_a_click(client, lich):
    page = Page(client.get("/fuer-kommunen/").content.decode(), "http://testserver/fuer-kommunen/")
    address, method, fields = page.form("Zugang anfordern")
    fields = dict(fields) | {
        "municipality": "35423",
        "name": "Erika Weber",
        "function": "Amt",
        "email": "weber@lich.example",
    }
    lich.postal_codes.create(code="35423", place="Lich", lat=lich.lat, lon=lich.lon)
    with time_machine.travel(NOW + timedelta(seconds=30), tick=False):
        response = client.post(address, fields, headers=ORIGIN)
    assert (method, response.status_code) == ("POST", 303)
    assert "Noch ein Klick" in client.get(response["Location"]).content.decode()
    assert client.cookies == {}
    row, mail = AccessRequest.objects.get(), Mail.objects.get()
    assert (row.state, row.municipality) == ("requested", lich)
    assert [mail.to, mail.subject] == ["weber@lich.example", "Noch ein Klick: Zugang für Lich"]


def test_click_tells_the_association_and_reading_the_page_changes_nothing(client, lich):
    send(client)
    link = link_of(Mail.objects.get())
    client.get(link)
    assert AccessRequest.objects.get().state == "requested"
    assert client.post(link, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post(link, headers=ORIGIN).status_code == 303
    assert client.post(link, headers=ORIGIN).status_code == 200  # again: the same page, no second mail
    assert "Ihre Anfrage ist beim Verband" in client.get(link).content.decode()
    told = Mail.objects.exclude(kind="access-confirm").get()
    assert (told.to, told.subject) == (association().contact_email, "Zugang angefordert: Lich")
    assert "Weber" not in told.text


def test_link_works_for_72_hours_and_then_says_so_kindly(client, lich, clock):
    send(client)
    link = link_of(Mail.objects.get())
    clock.shift(timedelta(hours=72))
    assert "Der Link gilt nicht mehr" in client.post(link, headers=ORIGIN).content.decode()
    assert AccessRequest.objects.get().state == "requested"
    assert privacy.enforce(NOW + timedelta(hours=72))["K0 unbestätigte Anfragen"] == 1
    assert (AccessRequest.objects.count(), client.get(link).status_code) == (0, 404)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"municipality": ""}, "Bitte nennen Sie Ihren Ort."),
        ({"municipality": "Xyzzingen"}, "Diesen Ort haben wir in Hessen nicht gefunden."),
        ({"municipality": "Homberg"}, "Bitte schreiben Sie einen von diesen: Homberg (Efze), Homberg (Ohm)."),
        ({"name": "http://boese.example"}, "Bitte schreiben Sie den Namen ohne die Zeichen"),
        ({"function": ""}, "welche Aufgabe Sie im Rathaus haben"),
        ({"email": "weber"}, "Bitte geben Sie die E-Mail-Adresse vollständig ein"),
        ({"second_name": "Kim"}, "auch die E-Mail-Adresse der zweiten Person"),
        ({"second_email": "kim@lich.example"}, "auch den Namen der zweiten Person"),
        ({"second_name": "Kim", "second_email": "Weber@Lich.example"}, "Jede Person braucht ihre eigene."),
        ({"betreff": "x"}, "Das ging sehr schnell."),
    ],
)
def test_mistakes_are_named_and_nothing_is_stored(client, lich, changes, said):
    for name in ("Homberg (Efze)", "Homberg (Ohm)"):
        make.municipality(name, slug=name[-5:-1].lower())
    response = send(client, **changes)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert (AccessRequest.objects.count(), Mail.objects.count()) == (0, 0)


def test_known_and_unknown_addresses_get_the_same_page(client, lich, net):
    pages = []
    for email in (net.email, "fremd@lich.example"):
        response = send(client, email=email)
        pages.append((response.status_code, client.get(response["Location"]).content))
    without = [(status, re.sub(rb"[\w.-]+@[\w.]+|/anmeldung/\S+", b"", page)) for status, page in pages]
    assert without[0] == without[1]


def test_one_address_gets_at_most_three_mails_a_day(client, lich):
    assert {send(client).status_code for _turn in range(5)} == {303}
    assert Mail.objects.filter(to="weber@lich.example").count() == 3


def test_strangers_with_many_mailboxes_fill_no_mailbox_of_staff(lich, net):
    """Anybody may own a domain full of addresses; all requests stand on the start page."""
    town = make.organisation()
    make.municipality("Hungen", organisation=town, ags="06531007")
    editor = staff(town, email="weber@hungen.example")
    for n in range(8):
        row = access_requests.ask(
            municipality=town.municipalities.get(), name="Eva Falsch", email=f"a{n}@fremd.example",
            function="Amt", now=NOW,
        )  # fmt: skip
        access_requests.confirm(row, now=NOW)
    for kind, to in (("access-asked", association().contact_email), ("access-info", editor.email)):
        assert Mail.objects.filter(kind=kind, to=to).count() == 5
    assert AccessRequest.objects.waiting().count() == 8


def test_a_contact_on_the_spot_who_becomes_an_editor_need_not_prove_the_address_again(lich, net):
    contact = User.objects.create_user(
        "weber@lich.example", name="Erika Weber"
    )  # as `coordination.name` does
    row = make.access_request(lich, email=contact.email, confirmed_at=NOW)
    access_requests.approve(row, by=net, now=NOW)
    assert EmailAddress.objects.get(user=contact, email=contact.email, primary=True).verified


def test_who_read_the_requests_stands_in_the_log_of_the_association(lich, net):
    row, client = make.access_request(lich, confirmed_at=NOW), proven(net)
    client.get(reverse("admin:portal_accessrequest_changelist"))
    client.get(reverse("admin:portal_accessrequest_change", args=[row.pk]))
    entries = AccessLog.objects.order_by("pk").values_list("action", "organisation")
    ours = association().pk
    assert list(entries) == [("Liste gelesen", ours), ("Anfrage gelesen", ours)]


def test_same_town_asked_twice_waits_once(client, lich):
    for _turn in range(2):
        access_requests.confirm(make.access_request(lich, confirmed_at=None), now=NOW)
    assert AccessRequest.objects.waiting().count() == 1


@pytest.mark.parametrize(
    ("email", "fit", "warns"),
    [
        ("weber@lich.example", "KNOWN", False),
        ("weber@stadt-lich.example", "OTHER", True),
        ("weber.lich@web.de", "FREEMAIL", True),
    ],
)
def test_domain_is_measured_against_the_known_addresses_of_the_town(email, fit, warns):
    town = make.municipality("Lich", organisation=make.organisation())
    found = mail_domains.assess(email, town)
    assert (found.fit.name, found.is_warning) == (fit, warns)


def test_nothing_known_of_a_town_is_said_to_be_unknown(lich):
    found = mail_domains.assess("weber@lich.de", lich)
    assert found.fit is mail_domains.Fit.UNKNOWN
    assert "unbekannt" in found.sentence
    assert "das ist kein Beweis" in found.sentence
    assert "kommt darin nicht vor" in mail_domains.assess("weber@giessen.de", lich).sentence


@pytest.mark.slow
def test_the_association_sees_the_request_with_the_domain_and_approves_with_one_button(lich, net):
    row = make.access_request(
        lich, "weber@web.de", second_name="Kim Sander", second_email="sander@lich.example"
    )
    start = proven(net).get("/verwaltung/").content.decode()
    assert "Anfrage nach Zugang für Lich wartet" in start
    assert "web.de ist ein Anbieter für jedermann" in start
    assert "Die Einladung ist unterwegs und gilt 14 Tage." in button(net, row, "_approve")
    town = Organisation.objects.get(municipalities=lich)
    assert (town.name, town.kind, town.may_publish) == ("Stadt Lich", "town", False)
    people = User.objects.filter(memberships__organisation=town).order_by("email")
    assert [(user.email, user.name, user.has_usable_password()) for user in people] == [
        ("sander@lich.example", "Kim Sander", False),
        ("weber@web.de", "Erika Weber", False),
    ]
    mails = Mail.objects.filter(kind="invitation").order_by("to")
    assert [(mail.to, mail.secret) for mail in mails] == [(user.email, True) for user in people]
    assert "Ihre Rolle: Redaktion: Stadt Lich" in flat(mails[0])
    assert "gilt bis zum 24. Juni 2026, 12:00 Uhr und nur ein Mal" in flat(mails[0])
    row.refresh_from_db()
    assert (row.state, row.settled_by, row.settled_at) == ("approved", net, NOW)
    assert AccessLog.objects.filter(action="Zugang freigegeben", user=net, organisation=town).count() == 1
    with pytest.raises(Refused, match="schon entschieden"):
        access_requests.approve(row, by=net, now=NOW)


def test_approval_hands_over_what_the_association_did_in_trust(lich, net):
    action = make.opportunity(organisation=association(), municipality=lich)
    seat = make.signup(make.shift(opportunity=action))
    access_requests.approve(make.access_request(lich), by=net, now=NOW)
    action.refresh_from_db()
    booking = Booking.objects.get(pk=seat.booking_id)
    assert (action.organisation.name, booking.organisation) == ("Stadt Lich", action.organisation)


def test_declining_needs_a_sentence_and_mails_it(lich, net):
    row = make.access_request(lich)
    assert "Bitte schreiben Sie einen Satz dazu" in button(net, row, "_decline", answer=" ")
    said = "Bitte lassen Sie sich vom Hauptamt benennen."
    assert "Ihr Satz ist unterwegs" in button(net, row, "_decline", answer=said)
    mail = Mail.objects.get(kind="access-declined")
    assert (mail.to, said in flat(mail)) == ("weber@stadt.example", True)
    assert (User.objects.count(), Organisation.objects.count()) == (1, 1)


def test_editors_of_the_town_are_told_without_the_name_and_approval_stays_with_the_association(net):
    town = make.organisation()
    lich = make.municipality("Lich", organisation=town)
    colleague = staff(town)
    staff(town, email="fort@lich.example", is_active=False)
    row = make.access_request(lich, confirmed_at=None)
    access_requests.confirm(row, now=NOW)
    info = Mail.objects.get(kind="access-info")
    assert (info.to, "Weber" in info.text) == (colleague.email, False)
    assert "Für Lich gibt es schon eine Redaktion." in flat(Mail.objects.get(kind="access-asked"))
    url = reverse("admin:portal_accessrequest_change", args=[row.pk])
    assert proven(colleague).post(url, {"_approve": "1"}).status_code == 404
    access_requests.approve(row, by=net, now=NOW)
    assert [user.email for user in access_requests.editors(town)] == [colleague.email, "weber@stadt.example"]


def test_who_has_an_account_already_keeps_it_and_gets_the_second_town(lich, net):
    user = staff(make.organisation("Stadt Hungen"), email="weber@stadt.example", name="Erika Weber")
    access_requests.approve(make.access_request(lich), by=net, now=NOW)
    assert sorted(str(m.organisation) for m in user.memberships.all()) == ["Stadt Hungen", "Stadt Lich"]
    mail = Mail.objects.get(to=user.email)
    assert mail.subject == "Zugang erweitert: Stadt Lich"


@pytest.mark.parametrize("account", [{"is_active": False}, {"is_superuser": True}])
def test_account_that_left_or_is_the_operator_s_is_not_let_in_from_here(lich, net, account):
    staff(email="weber@stadt.example", **account)
    row = make.access_request(lich)
    assert "nicht aktiv ist oder dem Betrieb gehört" in button(net, row, "_approve")
    row.refresh_from_db()
    assert (row.state, Organisation.objects.filter(kind="town").count()) == ("confirmed", 0)


def test_invitation_works_for_14_days_once_and_ends_with_the_password(client, lich, net, clock):
    access_requests.approve(make.access_request(lich), by=net, now=NOW)
    link = link_of(Mail.objects.get(kind="invitation"))
    clock.move_to(NOW + timedelta(days=14, seconds=1))
    assert "password1" not in Client().get(link, follow=True).content.decode()
    clock.move_to(NOW + timedelta(days=14))
    page = client.get(link, follow=True)
    assert "password1" in page.content.decode()
    new = "Ein-neues-langes-Passwort-9"
    client.post(page.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert User.objects.get(email="weber@stadt.example").check_password(new)
    assert "password1" not in Client().get(link, follow=True).content.decode()


def test_link_of_a_forgotten_password_still_ends_after_three_days(client, clock):
    user = staff(make.organisation())
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = link_of(Mail.objects.get())
    clock.move_to(NOW + timedelta(days=3))
    assert "password1" in Client().get(link, follow=True).content.decode()
    clock.move_to(NOW + timedelta(days=3, seconds=1))
    assert "password1" not in Client().get(link, follow=True).content.decode()


@pytest.mark.slow
def test_requests_go_30_days_after_the_decision_and_unanswered_after_six_months(lich, net):
    decided, waiting = make.access_request(lich), make.access_request(lich, "a@b.example")
    access_requests.decline(decided, answer="Nein.", by=net, now=NOW)
    privacy.enforce(NOW + timedelta(days=29))
    assert AccessRequest.objects.count() == 2
    privacy.enforce(NOW + timedelta(days=30))
    assert list(AccessRequest.objects.all()) == [waiting]
    privacy.enforce(NOW + timedelta(days=183))
    assert AccessRequest.objects.count() == 0
