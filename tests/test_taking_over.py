"""Rule 20: a town takes over a collected page or removes it in one click; others ask, or give a hint."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from initiatives import hints
from initiatives.models import Hint, Initiative
from portal import privacy, traps
from portal.association import association
from portal.models import AccessLog, Mail, Membership
from tests import make
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff, typed

pytestmark = pytest.mark.django_db
SITE = "http://testserver"
ORIGIN = {"origin": SITE}


@pytest.fixture(autouse=True)
def clock(own_counters):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def town():
    return make.organisation()


@pytest.fixture
def collected(town):
    return make.initiative(
        organisation=make.filled_association(),
        municipality=make.municipality("Lich", organisation=town),
        title="Bachpaten",
        slug="bachpaten-lich",
        origin=Initiative.Origin.COLLECTED,
        contact="Frau Geheim",
        source_name="Zeitung",
        source_url="https://zeitung.example/bericht",
        published_at=NOW,
    )


@pytest.fixture
def editor(town):
    return staff(town)


def address(initiative):
    return reverse("take_over", args=[initiative.slug])


def send(client, url, **changes):
    data = {"issued": traps.issue(NOW - timedelta(seconds=60)), "betreff": "", "text": "", "email": ""}
    return client.post(url, data | changes, headers=ORIGIN)


def flat(mail):
    return " ".join(mail.text.split())


def test_one_click_makes_the_page_the_town_s_and_keeps_address_and_source(client, collected, editor, town):
    page = Page(client.get(collected.get_absolute_url()).content.decode())
    assert page.link("Seite übernehmen") == SITE + address(collected)
    browser = proven(editor)
    collected.remarks.create(text="Quelle noch prüfen", by=editor, said_at=NOW)
    response = browser.post(address(collected), {"do": "take"})
    assert not collected.remarks.exists()  # what the association noted was for itself
    assert response["Location"] == reverse("admin:initiatives_initiative_change", args=[collected.pk])
    collected.refresh_from_db()
    assert (collected.origin, collected.organisation, collected.state) == ("town", town, "published")
    assert (collected.contact, collected.contact_email) == ("Stadt Lich", "ehrenamt@lich.example")
    assert collected.source_url == "https://zeitung.example/bericht"
    public = client.get(collected.get_absolute_url()).content.decode()
    assert "ehrenamt@lich.example" in public
    assert [word for word in ("Geheim", "Zusammengestellt vom HSGB") if word in public] == []
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (association().contact_email, "Übernommen: Bachpaten, Lich")
    assert AccessLog.objects.filter(user=editor, action="Seite übernommen", organisation=town).count() == 1
    assert browser.post(address(collected), {"do": "take"}).status_code == 404


def test_reading_the_page_takes_nothing_over_and_a_foreign_post_is_refused(collected, editor):
    proven(editor).get(address(collected))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = proven(editor).cookies
    assert strict.post(address(collected), {"do": "take"}).status_code == 403
    collected.refresh_from_db()
    assert collected.origin == "collected"


def test_without_imprint_the_page_stays_public_as_it_is_and_the_town_is_told_what_to_do(
    collected, editor, town
):
    town.imprint = ""
    town.save()
    response = proven(editor).post(address(collected), {"do": "take"})
    assert response.status_code == 422
    said = response.content.decode()
    assert "Bitte füllen Sie zuerst Impressum und E-Mail aus" in said
    assert reverse("admin:portal_organisation_change", args=[town.pk]) in said
    collected.refresh_from_db()
    assert (collected.origin, collected.is_public) == ("collected", True)


def test_the_town_removes_the_page_without_a_reason_and_open_hints_are_done(client, collected, editor, town):
    make.hint(collected)
    asked = proven(editor).post(address(collected), {"do": "remove"})
    collected.refresh_from_db()
    assert (asked.status_code, collected.is_public) == (200, True)
    assert "Ja, Seite entfernen" in asked.content.decode()
    assert proven(editor).post(address(collected), {"do": "remove-now"}).status_code == 302
    collected.refresh_from_db()
    assert (collected.state, client.get(collected.get_absolute_url()).status_code) == ("archived", 404)
    assert Hint.objects.open().count() == 0
    assert Mail.objects.get().subject == "Entfernt: Bachpaten, Lich"


@pytest.mark.parametrize("who", ["nobody", "other town", "network", "left", "seminars in the town's name"])
def test_nobody_else_takes_it_over_and_all_see_the_ways(collected, editor, town, who):
    people = {
        "nobody": lambda: Client(),
        "other town": lambda: proven(staff(make.organisation("Stadt Hungen"), email="a@hungen.example")),
        "network": lambda: proven(staff(association(), Membership.Role.NETWORK, email="n@verband.example")),
        "seminars in the town's name": lambda: proven(
            staff(town, Membership.Role.SEMINARS, email="s@lich.example")
        ),
        "left": lambda: proven(staff(town, email="fort@lich.example", is_active=False)),
    }
    browser = people[who]()
    page = Page(browser.get(address(collected)).content.decode())
    assert page.link("Zugang anfordern") == f"{SITE}/fuer-kommunen/zugang/?seite=bachpaten-lich"
    assert page.link("Seite entfernen lassen") == f"{SITE}/initiativen/bachpaten-lich/entfernen/"
    assert browser.post(address(collected), {"do": "take"}).status_code == 404
    collected.refresh_from_db()
    assert collected.origin == "collected"


def test_form_for_access_knows_town_and_page(client, collected):
    page = Page(client.get("/fuer-kommunen/zugang/?seite=bachpaten-lich").content.decode())
    _address, _method, fields = page.form("Zugang anfordern")
    assert (dict(fields)["municipality"], dict(fields)["page"]) == ("Lich", "bachpaten-lich")


def test_password_alone_takes_nothing_over(collected, editor):
    client = Client()
    client.force_login(editor)
    assert client.post(address(collected), {"do": "take"})["Location"].startswith("/konto/")
    collected.refresh_from_db()
    assert collected.origin == "collected"


# --- hints ------------------------------------------------------------------------------------------


def test_hint_reaches_the_association_without_the_words_of_the_guest(client, collected):
    page = Page(client.get(collected.get_absolute_url()).content.decode())
    response = send(client, page.link("Hinweis geben"), text="Die Gruppe ist fort.", email="kim@example.org")
    assert (response.status_code, client.cookies) == (303, {})
    assert "Der Verband sieht sie sich an." in client.get(response["Location"]).content.decode()
    hint, mail = Hint.objects.get(), Mail.objects.get()
    assert (hint.kind, hint.text, hint.email) == ("hint", "Die Gruppe ist fort.", "kim@example.org")
    assert (mail.to, mail.subject) == (association().contact_email, "Hinweis: Bachpaten")
    assert "fort" not in mail.text
    assert "kim@" not in mail.text


@pytest.mark.slow
def test_hint_about_a_town_s_own_page_goes_to_the_town(client, town, editor):
    own = make.initiative(organisation=town, title="Eigene")
    send(client, reverse("initiatives:hint", args=[own.slug]), text="Tippfehler")
    assert Mail.objects.get().to == "ehrenamt@lich.example"
    assert "Hinweis zu „Eigene“ wartet seit heute" in proven(editor).get("/verwaltung/").content.decode()
    assert client.get(reverse("initiatives:removal", args=[own.slug])).status_code == 404


def test_removal_needs_no_reason(client, collected):
    assert send(client, "/initiativen/bachpaten-lich/entfernen/").status_code == 303
    assert Hint.objects.get().kind == "removal"
    assert Mail.objects.get().subject == "Bitte um Entfernen: Bachpaten"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": ""}, "Bitte schreiben Sie, was nicht stimmt."),
        ({"text": "x", "email": "kim"}, "Bitte geben Sie die E-Mail-Adresse vollständig ein"),
        ({"text": "x", "betreff": "x"}, "Das ging sehr schnell."),
    ],
)
def test_mistakes_are_named_and_nothing_is_stored(client, collected, changes, said):
    response = send(client, "/initiativen/bachpaten-lich/hinweis/", **changes)
    assert (response.status_code, said in response.content.decode()) == (422, True)
    assert (Hint.objects.count(), Mail.objects.count()) == (0, 0)


def test_foreign_page_cannot_post(client, collected):
    url = "/initiativen/bachpaten-lich/hinweis/"
    assert client.post(url, {"text": "x"}, headers={"origin": "https://evil.example"}).status_code == 403


@pytest.mark.slow
def test_a_flood_is_one_mail_a_day_and_ends_at_twenty(collected):
    answers = [
        send(
            Client(REMOTE_ADDR=f"192.0.2.{n}"), "/initiativen/bachpaten-lich/hinweis/", text=f"Nummer {n}"
        ).status_code
        for n in range(22)
    ]
    assert answers == [303] * 20 + [422] * 2
    assert (Hint.objects.count(), Mail.objects.count()) == (20, 1)


@pytest.mark.slow
def test_a_flood_over_many_pages_is_five_mails_a_day(town):
    for n in range(8):
        hints.give(make.initiative(organisation=town, slug=f"i{n}"), kind="hint", text="x", email="", now=NOW)
    assert (Hint.objects.count(), Mail.objects.filter(kind="hint").count()) == (8, 5)


def test_who_read_hints_stands_in_the_log_that_colleagues_see(town, editor):
    hint, client = make.hint(make.initiative(organisation=town)), proven(editor)
    client.get(reverse("admin:initiatives_hint_changelist"))
    client.get(reverse("admin:initiatives_hint_change", args=[hint.pk]))
    entries = AccessLog.objects.order_by("pk").values_list("action", "organisation")
    assert list(entries) == [("Liste gelesen", town.pk), ("Hinweis gelesen", town.pk)]


def settle(user, hint, name, **more):
    client = proven(user)
    url = reverse("admin:initiatives_hint_change", args=[hint.pk])
    return client.post(url, typed(client.get(url)) | {name: "1"} | more, follow=True).content.decode()


@pytest.mark.slow
def test_staff_answer_once_and_the_answer_is_mailed(collected):
    net = staff(association(), Membership.Role.NETWORK, email="netz@verband.example")
    hint = make.hint(collected, email="kim@example.org")
    assert "Erledigt." in settle(net, hint, "_settle", answer="Danke, ist geändert.")
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == ("kim@example.org", "Ihre Nachricht: Bachpaten")
    assert "Danke, ist geändert." in flat(mail)
    hint.refresh_from_db()
    assert (hint.state_in_words, hint.settled_by) == ("beantwortet", net)
    assert AccessLog.objects.filter(user=net, action="Hinweis erledigt").count() == 1
    settle(net, hint, "_settle", answer="Noch einmal")
    assert Mail.objects.count() == 1


def test_done_without_words_mails_nobody_and_the_page_may_go_with_it(collected):
    net = staff(association(), Membership.Role.NETWORK, email="netz@verband.example")
    hint = make.hint(collected, kind=Hint.Kind.REMOVAL, email="kim@example.org")
    asked = Page(settle(net, hint, "_remove"))
    collected.refresh_from_db()
    hint.refresh_from_db()
    assert (collected.is_public, hint.settled_at) == (True, None)
    _address, _method, fields = asked.form("Ja, Seite entfernen")
    url = reverse("admin:initiatives_hint_change", args=[hint.pk])
    assert "Die Seite ist entfernt." in proven(net).post(url, dict(fields), follow=True).content.decode()
    collected.refresh_from_db()
    assert (collected.state, Mail.objects.count()) == ("archived", 0)


@pytest.mark.slow
def test_what_was_typed_before_the_question_is_mailed_after_it(collected):
    net = staff(association(), Membership.Role.NETWORK, email="netz@verband.example")
    hint = make.hint(collected, kind=Hint.Kind.REMOVAL, email="kim@example.org")
    asked = Page(settle(net, hint, "_remove", answer="Sie ist weg."))
    _address, _method, fields = asked.form("Ja, Seite entfernen")
    proven(net).post(reverse("admin:initiatives_hint_change", args=[hint.pk]), dict(fields))
    assert "Sie ist weg." in flat(Mail.objects.get(to="kim@example.org"))


@pytest.mark.slow
def test_hints_move_with_the_page_to_the_town(collected, editor):
    hint = make.hint(collected)
    url = reverse("admin:initiatives_hint_change", args=[hint.pk])
    assert proven(editor).get(url).status_code == 404
    proven(editor).post(address(collected), {"do": "take"})
    assert proven(editor).get(url).status_code == 200


@pytest.mark.slow
def test_hints_go_30_days_after_the_answer_and_unanswered_after_half_a_year(collected):
    make.hint(collected, settled_at=NOW)
    make.hint(collected)
    privacy.enforce(NOW + timedelta(days=29))
    assert Hint.objects.count() == 2
    privacy.enforce(NOW + timedelta(days=30))
    assert Hint.objects.count() == 1
    privacy.enforce(NOW + timedelta(days=183))
    assert Hint.objects.count() == 0


def test_places_without_redaktion_say_that_the_association_looks_after_them(client, collected):
    quiet = make.municipality("Stillbach")
    theirs = make.initiative(
        organisation=association(), municipality=quiet, origin=Initiative.Origin.COLLECTED
    )
    for url in (quiet.get_absolute_url(), theirs.get_absolute_url()):
        assert "<strong>durch den Verband</strong>" in client.get(url).content.decode()
    for url in (collected.municipality.get_absolute_url(), collected.get_absolute_url()):
        assert "<strong>durch den Verband</strong>" not in client.get(url).content.decode()
