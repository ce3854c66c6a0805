"""„Das wünsche ich mir auch" (rule 23): a wish to one's own town, confirmed, seen there, a number elsewhere."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from initiatives import wishes
from initiatives.models import Initiative, Wish
from portal import consents, privacy, records, traps, trust
from portal.association import association
from portal.models import AccessLog, Mail, Membership
from tests import make
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff, typed

pytestmark = pytest.mark.django_db
ORIGIN = {"origin": "http://testserver"}
DAY = timedelta(days=1)
NOT_A_PETITION = "Ihr Wunsch geht an die Verwaltung. Es ist keine Petition."


@pytest.fixture(autouse=True)
def clock(own_counters):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lich():
    """A town with its own Redaktion."""
    return make.municipality("Lich", organisation=make.organisation(), slug="lich")


@pytest.fixture
def bus(lich):
    """What a neighbour has."""
    return make.initiative(title="Bürgerbus", slug="buergerbus", municipality=make.municipality("Hungen"))


def send(client, thing, **changes):
    data = {
        "issued": traps.issue(NOW - timedelta(minutes=1)),
        "betreff": "",
        "ort": "Lich",
        "email": "kim@example.org",
    }
    return client.post(reverse("initiatives:wish", args=[thing.slug]), data | changes, headers=ORIGIN)


def links_of(mail):
    """Those to confirm and to end it."""
    return re.findall(r"https?://[^/\s]+(/anmeldung/\S+)", mail.text)


def test_wish_goes_from_the_page_by_one_click_to_the_town_and_back_by_another(client, bus, lich):
    page = Page(client.get(bus.get_absolute_url()).content.decode())
    form = client.get(page.link("Das wünsche ich mir auch")).content.decode()
    assert (NOT_A_PETITION in form, client.cookies) == (True, {})
    response = send(client, bus)
    assert "Erst nach Ihrem Klick in der Mail kommt Ihr Wunsch an." in client.get(response["Location"]).text
    mail = Mail.objects.get()
    assert [mail.to, mail.subject] == ["kim@example.org", "Noch ein Klick: Ihr Wunsch für Lich, „Bürgerbus“"]
    assert NOT_A_PETITION in " ".join(mail.text.split())
    confirm, end = links_of(mail)[:2]
    assert NOT_A_PETITION in client.get(confirm).text
    assert Wish.objects.confirmed().count() == 0
    assert "Danke, Ihr Wunsch ist angekommen." in client.post(confirm, headers=ORIGIN, follow=True).text
    row = Wish.objects.get()
    assert (row.organisation, row.municipality, row.initiative) == (lich.organisation, lich, bus)

    seen = proven(staff(lich.organisation)).get(reverse("admin:initiatives_wish_changelist")).text
    assert [word in seen for word in ("Bürgerbus", "kim@example.org", "<strong>1</strong>")] == [True] * 3
    said = client.post(end, {"do": "end"}, headers=ORIGIN, follow=True).text
    assert "Ihr Wunsch ist zurückgenommen" in said
    row.refresh_from_db()
    assert (row.email, row.email_key, row.ended_at, Mail.objects.count()) == ("", None, NOW, 0)
    assert len(row.erased_hash) == 64


def test_an_idea_is_wished_for_from_its_page(client, lich):
    idea = make.idea("Dorfladen")
    page = Page(client.get(idea.get_absolute_url()).content.decode())
    address = page.link("Das wünsche ich mir auch").removeprefix("http://testserver")
    data = {"issued": traps.issue(NOW - DAY), "betreff": "", "ort": "Lich", "email": "kim@example.org"}
    assert client.post(address, data, headers=ORIGIN).status_code == 303
    client.post(links_of(Mail.objects.get())[0], headers=ORIGIN)
    counted = wishes.counts(Wish.objects.confirmed())
    assert [(each.title, each.url, each.n) for each in counted] == [("Dorfladen", idea.get_absolute_url(), 1)]


def test_wish_for_a_town_in_trust_reaches_the_association_until_the_town_has_staff(client, bus):
    quiet = make.municipality("Stillbach")
    send(client, bus, ort="Stillbach")
    row = Wish.objects.get()
    client.post(links_of(Mail.objects.get())[0], headers=ORIGIN)
    net = proven(staff(make.filled_association(), Membership.Role.NETWORK, email="netz@verband.example"))
    url = reverse("admin:initiatives_wish_change", args=[row.pk])
    assert (row.organisation, net.get(url).status_code) == (association(), 200)
    town_s = make.organisation("Stadt Stillbach")
    quiet.organisation = town_s
    quiet.save()
    trust.hand_over(quiet, organisation=town_s)
    row.refresh_from_db()
    assert (row.organisation, Mail.objects.get().organisation, net.get(url).status_code) == (
        town_s,
        town_s,
        404,
    )
    assert proven(staff(town_s)).get(url).status_code == 200


def test_one_wish_for_each_address_thing_and_town(client, bus, lich):
    other = make.initiative(title="Repair-Café", municipality=bus.municipality)
    make.municipality("Hadamar")
    answers = [send(client, bus), send(client, bus, email="KIM@example.org"), send(client, other)]
    answers += [send(client, bus, ort="Hadamar"), send(client, bus, email="lea@example.org")]
    assert {answer.status_code for answer in answers} == {303}
    assert Wish.objects.count() == 4
    assert Mail.objects.filter(to__iexact="kim@example.org").count() == 3  # a day


def test_wish_that_is_confirmed_already_is_no_oracle(client, bus, lich):
    make.wish(municipality=lich, initiative=bus)
    response = send(client, bus)
    assert (response.status_code, Wish.objects.count(), Mail.objects.count()) == (303, 1, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ort": ""}, "Bitte nennen Sie Ihren Ort."),
        ({"ort": "Xyzzingen"}, "Diesen Ort haben wir in Hessen nicht gefunden."),
        ({"email": "kim"}, "Bitte geben Sie die E-Mail-Adresse vollständig ein"),
        ({"betreff": "x"}, "Das ging sehr schnell."),
    ],
)
def test_mistakes_are_named_and_nothing_is_stored(client, bus, changes, said):
    response = send(client, bus, **changes)
    assert (response.status_code, said in response.content.decode()) == (422, True)
    assert (Wish.objects.count(), Mail.objects.count()) == (0, 0)


def test_nobody_wishes_for_what_is_not_public(client, bus, lich):
    row = make.wish(municipality=lich, initiative=bus)
    Initiative.objects.filter(pk=bus.pk).update(state="archived")
    row.refresh_from_db()
    assert client.get("/initiativen/buergerbus/wunsch/").status_code == 404
    assert row.words()[0] == ("Ihr Wunsch", "eine Initiative, die hier nicht mehr steht")


def test_town_shows_its_numbers_only_if_it_wants_from_five_on_and_nothing_hidden(client, bus, lich):
    hidden, cafe = make.initiative(title="Geheim"), make.initiative(title="Repair-Café")
    for n in range(5):
        for thing in (bus, hidden):
            make.wish(f"k{n}@example.org", municipality=lich, initiative=thing)
    make.wish("k1@example.org", municipality=lich, initiative=cafe)
    make.wish("k7@example.org", municipality=lich, initiative=bus, confirmed_at=None)
    Initiative.objects.filter(pk=hidden.pk).update(state="archived")
    assert "Das wünschen sich Menschen hier" not in client.get("/orte/lich/").text
    clerk = proven(staff(lich.organisation))
    url = reverse("admin:portal_organisation_change", args=[lich.organisation.pk])
    clerk.post(url, typed(clerk.get(url)) | {"shows_wishes": "on"})
    lich.refresh_from_db()
    (shown,) = wishes.public_counts(lich)
    assert shown == ("Bürgerbus", "/initiativen/buergerbus/", 5)
    page = client.get("/orte/lich/").text
    assert '<a href="/initiativen/buergerbus/">Bürgerbus</a>: 5 Menschen' in page
    assert [word for word in ("Geheim", "k1@") if word in page] == []
    lists = clerk.get(reverse("admin:initiatives_wish_changelist")).text
    assert ("eine Initiative, die hier nicht mehr steht" in lists, "Geheim" in lists) == (True, False)


def test_counts_cost_one_statement_however_many_wishes(django_assert_num_queries, lich):
    things = [make.initiative(title=f"Sache {n}") for n in range(3)]
    for things_wished in (things[:1], things):
        Wish.objects.all().delete()
        for thing in things_wished:
            make.wish(municipality=lich, initiative=thing)
        with django_assert_num_queries(1):
            assert len(wishes.counts(Wish.objects.confirmed())) == len(things_wished)


def test_who_read_wishes_stands_in_the_log_in_words(lich):
    row, clerk = make.wish(municipality=lich), staff(lich.organisation, name="Frau Sander")
    client = proven(clerk)
    assert "1 neuer Wunsch aus Ihrem Ort" in client.get("/verwaltung/").text
    client.get(reverse("admin:initiatives_wish_changelist"))
    client.get(reverse("admin:initiatives_wish_change", args=[row.pk]))
    entries = list(AccessLog.objects.order_by("pk"))
    names = records.names(entry.about for entry in entries)
    assert [records.sentence(entry, names) for entry in entries] == [
        "Frau Sander hat die Liste von Wünschen gelesen.",
        f"Frau Sander hat Wunsch {row.pk} gelesen.",
    ]
    assert {entry.organisation for entry in entries} == {lich.organisation}


def test_wish_is_proved_exported_warned_of_and_ends_by_itself(client, bus, lich):
    send(client, bus)
    row = Wish.objects.get()
    client.post(links_of(Mail.objects.get())[0], headers=ORIGIN)
    row.refresh_from_db()
    (proof,) = consents.of("kim@example.org")
    assert f"{row}, Stadt Lich: Fassung wunsch-2026-12" in proof
    kept = privacy.export_lasting(row)
    assert kept["wunsch"] == {"Ihr Wunsch": "Bürgerbus", "Ort": "Lich"}
    assert kept["gespeichert"]["E-Mail"] == "kim@example.org"
    assert wishes.warn_due(now=NOW + 334 * DAY) == 0
    assert [wishes.warn_due(now=NOW + 336 * DAY) for _twice in range(2)] == [1, 0]
    warning = Mail.objects.get(kind="watch-ending")
    assert warning.subject == "Noch bis 10. Juni 2027: Ihr Wunsch für Lich, „Bürgerbus“"
    privacy.enforce(NOW + 365 * DAY)
    row.refresh_from_db()
    assert (row.email, row.email_key) == ("", None)
