"""Citizens propose without an account: sent, confirmed, decided with staff's words (rules 17, 19, 25, 26)."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from initiatives import proposals
from initiatives.models import Initiative, Proposal
from initiatives.resembling import resembling
from portal import delivery, journal, links, overdue, privacy, restoring, traps, trust
from portal.association import association
from portal.journal import Journal
from portal.models import AccessLog, Mail, Membership
from tests import make
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff, typed
from tests.test_mails import links_of
from tests.test_privacy import places_of

pytestmark = pytest.mark.django_db
SITE, DAY = "http://testserver", timedelta(days=1)
URL = "/initiativen/vorschlagen/"
SAID = {
    "title": "Bücherschrank am Markt",
    "municipality": "Lich",
    "text": "Ein Schrank, aus dem alle Bücher nehmen.",
    "name": "Kim Muster",
    "email": "kim@example.org",
}


@pytest.fixture(autouse=True)
def clock(own_counters):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lich():
    return make.municipality("Lich", organisation=make.organisation())


def post(client, do="look", url=URL, **changes):
    data = {"issued": traps.issue(NOW - timedelta(seconds=60)), "betreff": "", "do": do}
    return client.post(url, data | SAID | changes, headers={"origin": SITE})


def press(client, url, do=""):
    return client.post(url, {"do": do} if do else {}, headers={"origin": SITE})


def page_of(client, url):
    return " ".join(client.get(url).content.decode().split())


def link(mail, label):
    """Where the link of this label leads, without the host."""
    return dict(links_of(mail.text))[label].removeprefix("http://localhost:8000")


def mails():
    return [(mail.kind, mail.to, mail.subject) for mail in Mail.objects.order_by("queued_at", "pk")]


@pytest.mark.slow
def test_from_the_form_to_the_public_page_and_the_search(client, lich):
    editor = staff(lich.organisation)
    assert post(client).status_code == 200
    assert (Proposal.objects.count(), Mail.objects.count()) == (0, 0), "looking stores nothing"
    response = post(client, "send")
    assert response.status_code == 303
    assert "Noch ein Klick" in page_of(client, response["Location"])
    asked = Mail.objects.get()
    confirm = link(asked, "Vorschlag bestätigen")
    assert "Bücherschrank am Markt" in page_of(client, confirm)
    assert Initiative.objects.count() == 0, "nothing changes on GET"
    own_page = press(client, confirm)["Location"]
    assert own_page == link(asked, "Mein Vorschlag")
    assert "Stadt Lich liest ihn und antwortet Ihnen per Mail" in page_of(client, own_page)
    page = Initiative.objects.get()
    assert (page.state, page.organisation, page.municipality) == ("proposed", lich.organisation, lich)
    assert client.get(page.get_absolute_url()).status_code == 404
    assert "Bücherschrank" not in page_of(client, "/initiativen/?suche=Nichts")

    browser = proven(editor)
    row = Proposal.objects.get()
    desk = reverse("admin:initiatives_proposal_change", args=[row.pk])
    assert desk in page_of(browser, reverse("admin:index"))
    shown = page_of(browser, desk)
    assert [word for word in SAID.values() if word not in shown] == []
    response = browser.post(desk, {"answer": "Schöne Idee, wir machen eine Seite daraus.", "_accept": "1"})
    draft = reverse("admin:initiatives_initiative_change", args=[page.pk])
    assert response["Location"] == draft
    assert "macht daraus eine Seite" in page_of(client, own_page)
    form = typed(browser.get(draft)) | {
        "topics": [make.topic().pk], "contact": "Kulturamt", "contact_email": "kultur@lich.example", "_publish": "1",
    }  # fmt: skip
    browser.post(draft, form)
    assert "Ihr Vorschlag ist veröffentlicht" in page_of(client, own_page)
    found = page_of(client, "/initiativen/?suche=buecherschraenke")
    assert page.get_absolute_url() in found
    public = page_of(client, page.get_absolute_url())
    assert [word for word in ("Kim Muster", "kim@example.org") if word in public + found] == []
    assert mails() == [
        ("proposal-confirm", "kim@example.org", "Noch ein Klick: Ihr Vorschlag für Lich"),
        ("proposal-received", "ehrenamt@lich.example", "Neuer Vorschlag: Lich"),
        ("proposal-decided", "kim@example.org", "Ihr Vorschlag: übernommen, Lich"),
    ]
    assert "Schöne Idee, wir machen eine Seite daraus." in Mail.objects.get(kind="proposal-decided").text
    assert list(AccessLog.objects.order_by("pk").values_list("action", flat=True)) == [
        "Vorschlag gelesen", "Vorschlag übernommen",
    ]  # fmt: skip


def test_name_and_address_stand_neither_on_the_page_nor_in_its_versions(lich):
    row = make.proposal(lich, confirmed_at=None)
    proposals.confirm(row, now=NOW)
    page = Initiative.objects.values().get()
    versions = list(Initiative.versions.values())
    assert [v["summary"] for v in versions] == [row.text]
    assert [word for word in ("Kim Muster", "kim@example.org") if word in f"{page}{versions}"] == []


def test_mails_to_staff_and_to_an_unproved_address_carry_no_words_of_the_guest(lich):
    row = proposals.send(**SAID | {"municipality": lich, "title": "KANARIE", "text": "KANARIE"}, now=NOW)
    proposals.confirm(row, now=NOW)
    staff_s = Mail.objects.get(kind="proposal-received")
    assert "KANARIE" not in "".join(f"{mail.subject}{mail.text}{mail.html}" for mail in Mail.objects.all())
    assert "Kim" not in staff_s.text
    assert link(staff_s, "Vorschlag ansehen") == f"/verwaltung/initiatives/proposal/{row.pk}/change/"


def test_what_does_not_fit_is_said_above_the_form(client):
    page = page_of(client, URL)
    head, _form = page.split("<form class=", 1)
    for word in ("Schlagloch", "115", "Petition", "Wahlwerbung", "Spendenaufruf", "Gewerbe"):
        assert word in head
    assert 'value="Lich"' in page_of(client, URL + "?ort=Lich")


def test_the_look_names_the_reader_and_what_there_is_already_as_a_step_not_as_an_error(client, lich):
    there = make.initiative(
        title="Offener Bücherschrank", municipality=make.municipality("Hungen", lat=50.47)
    )
    make.initiative(title="Bücherschrank fern", municipality=make.municipality("Kassel", lat=51.3, lon=9.5))
    make.initiative(title="Bücherschrank Entwurf", municipality=lich, state="draft")
    response = post(client)
    page = " ".join(response.content.decode().split())
    assert response.status_code == 200
    assert "Die Redaktion: Stadt Lich." in page
    assert "Ähnliches gibt es schon in Hungen" in page
    assert there.get_absolute_url() in page
    assert [word for word in ("Bücherschrank fern", "Bücherschrank Entwurf", "Fehler") if word in page] == []
    sends = {e.get("name"): e.get("value") or "" for e in Page(page).all("input")} | {"do": "send"}
    assert client.post(URL, sends, headers={"origin": SITE}).status_code == 303
    assert Proposal.objects.get().text == SAID["text"]


def test_back_keeps_what_was_typed(client, lich):
    page = page_of(client, URL)
    response = post(client, "back")
    page = response.content.decode()
    assert (response.status_code, [word for word in SAID.values() if word not in page]) == (200, [])


@pytest.mark.parametrize(
    ("typed_title", "there", "is_alike"),
    [
        ("Repaircafé im Bürgerhaus", "Repair-Café Lich", True),
        ("Ein Dorfladen für uns alle", "Unsere Dorfläden", True),
        ("Bürgerbus", "Der Bürgerbus fährt", True),
        ("Dorfladen in unserem Ortsteil", "Dorfladen Eberstadt", True),
        ("Bürgerbus für unser Dorf", "Dorfbad in Vereinshand", False),
        ("Lesepaten", "Bachpaten", False),
        ("Unsere neue Initiative", "Initiative für alle", False),
    ],
)
def test_alike_is_what_shares_the_telling_words(lich, typed_title, there, is_alike):
    make.initiative(title=there, municipality=lich)
    assert [row.title for row in resembling(typed_title, lich)] == ([there] if is_alike else [])


def test_without_a_redaktion_the_association_reads_it_and_that_is_said_before_sending(client):
    ours = make.filled_association()
    make.municipality("Stillbach")
    page = " ".join(post(client, municipality="Stillbach").content.decode().split())
    assert "Stillbach hat noch keine eigene Redaktion" in page
    assert "treuhänderisch" in page
    post(client, "send", municipality="Stillbach")
    press(client, link(Mail.objects.get(), "Vorschlag bestätigen"))
    row = Proposal.objects.get()
    assert (row.organisation, row.initiative.organisation) == (ours, ours)
    received = " ".join(Mail.objects.get(kind="proposal-received").text.split())
    assert "Deshalb entscheiden Sie, treuhänderisch." in received


def test_what_waits_goes_to_the_town_as_soon_as_it_has_a_redaktion():
    ours = make.filled_association()
    network = proven(staff(ours, Membership.Role.NETWORK, email="netz@verband.example"))
    quiet, own = make.municipality("Stillbach"), make.organisation("Stadt Stillbach")
    row, decided = (make.proposal(quiet, organisation=ours, settled_at=at, decision=to) for at, to in
                    [(None, ""), (NOW, "declined")])  # fmt: skip
    desk = reverse("admin:initiatives_proposal_change", args=[row.pk])
    assert network.get(desk).status_code == 200
    quiet.organisation = own
    quiet.save()
    trust.hand_over(quiet, organisation=own)
    assert network.get(desk).status_code == 404
    row.refresh_from_db()
    decided.refresh_from_db()
    assert (row.organisation, row.initiative.organisation, decided.organisation) == (own, own, ours)


def test_a_proposal_that_is_declined_needs_a_sentence_and_leaves_no_page(client, lich):
    row, browser = make.proposal(lich), proven(staff(lich.organisation))
    desk = reverse("admin:initiatives_proposal_change", args=[row.pk])
    browser.post(desk, {"answer": "  ", "_decline": "1"})
    assert "Bitte schreiben Sie einen Satz dazu" in page_of(browser, desk)
    browser.post(desk, {"answer": "Das macht schon der Lesekreis, Telefon 06404 1.", "_decline": "1"})
    row.refresh_from_db()
    assert (row.decision, Initiative.objects.count()) == ("declined", 0)
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == ("kim@example.org", "Ihr Vorschlag: nicht übernommen, Lich")
    assert "Das macht schon der Lesekreis, Telefon 06404 1." in mail.text
    own_page = page_of(client, link(mail, "Mein Vorschlag"))
    assert "Das macht schon der Lesekreis" in own_page
    browser.post(desk, {"answer": "Doch!", "_accept": "1"})
    assert (Mail.objects.count(), Proposal.objects.get().decision) == (1, "declined")


def test_withdrawing_deletes_everything_and_a_restored_backup_does_so_again(client, lich):
    row = make.proposal(lich)
    proposals.withdraw(make.proposal(lich, email="anders@example.org"), now=NOW)
    own_page = links.url("proposal:manage", proposals.MANAGE, row).removeprefix("http://localhost:8000")
    assert "Zurückziehen und löschen" in page_of(client, own_page)
    response = press(client, own_page, "withdraw")
    assert "Ihre Angaben sind gelöscht" in page_of(client, response["Location"])
    assert (Proposal.objects.count(), Initiative.objects.count()) == (0, 0)
    assert client.get(own_page).status_code == 404
    again = make.proposal(lich, id=row.pk)
    known = Journal(forgotten=[("initiatives.proposal", again.pk)])
    assert (restoring._erase_again(known, now=NOW), Proposal.objects.count()) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_withdrawn_proposal_is_in_no_column_and_no_file_and_others_stay(settings, lich):
    settings.EMAIL_BACKEND = "portal.mailfiles.EmailBackend"
    mine, other = (
        proposals.send(**SAID | {"municipality": lich, "name": name, "email": f"{name}@example.org"}, now=NOW)
        for name in ("zwitscherkanarie", "bleibt")
    )
    delivery.deliver(now=NOW)
    assert "mail file" in places_of("zwitscherkanarie")
    stays = places_of("bleibt")

    proposals.withdraw(mine, now=NOW)

    assert (places_of("zwitscherkanarie"), places_of("bleibt")) == (set(), stays)
    assert list(Proposal.objects.all()) == [other]
    assert Mail.objects.count() == 2, "the mail of today counts for its mailbox"
    known = journal.read(Path(settings.JOURNAL_DIR), since=NOW)
    assert known.forgotten == [("initiatives.proposal", mine.pk)]


def test_deleting_one_s_words_leaves_the_page_that_was_taken_over(client, lich):
    row = make.proposal(lich)
    page = proposals.accept(row, answer="", by=staff(lich.organisation), now=NOW)
    mail = Mail.objects.get()
    press(client, link(mail, "Mein Vorschlag"), "withdraw")
    assert list(Initiative.objects.values_list("pk", "state")) == [(page.pk, "draft")]
    assert (Proposal.objects.count(), Mail.objects.filter(about=row.label).count()) == (0, 0)


@pytest.mark.slow
def test_an_old_link_says_so_and_the_night_deletes_what_nobody_confirmed_or_decided(client, lich, clock):
    row = proposals.send(**SAID | {"municipality": lich}, now=NOW)
    waiting, settled = make.proposal(lich), make.proposal(lich)
    proposals.decline(settled, answer="Nein.", by=staff(lich.organisation), now=NOW)
    confirm = link(Mail.objects.get(kind="proposal-confirm"), "Vorschlag bestätigen")
    clock.move_to(NOW + 3 * DAY)
    assert "Der Link gilt nicht mehr" in page_of(client, confirm)
    press(client, confirm)
    assert Proposal.objects.get(pk=row.pk).confirmed_at is None
    left = []
    for days in (3, 29, 30, 182, 183):
        privacy.enforce(NOW + days * DAY)
        left.append(set(Proposal.objects.values_list("pk", flat=True)))
    both = {waiting.pk, settled.pk}
    assert left == [both, both, {waiting.pk}, {waiting.pk}, set()]
    assert Initiative.objects.count() == 0, "the words of somebody whom nobody answered"


def test_the_same_words_twice_are_one_proposal_and_three_mails_a_day_are_enough(client, lich):
    for _click in range(5):
        post(client, "send")
    assert (Proposal.objects.count(), Mail.objects.count()) == (1, 3)
    confirm = link(Mail.objects.first(), "Vorschlag bestätigen")
    assert press(client, confirm)["Location"] == press(client, confirm)["Location"]
    assert Initiative.objects.count() == 1


def test_a_late_answer_reminds_everybody_of_the_redaktion_and_is_owned_up_to(lich):
    for name in ("weber", "sander"):
        staff(lich.organisation, email=f"{name}@lich.example", enrolled=False)
    make.proposal(lich, title="KANARIE")
    for number in range(40):
        proposals.tell_overdue(now=NOW + number * DAY)
    told = [(mail.kind, mail.to, mail.subject) for mail in Mail.objects.order_by("pk")]
    assert told == [
        ("overdue", "weber@lich.example", "Wartet seit zwei Wochen: Vorschlag für eine Initiative"),
        ("overdue", "sander@lich.example", "Wartet seit zwei Wochen: Vorschlag für eine Initiative"),
        ("still-open", "kim@example.org", "Noch keine Antwort: Vorschlag für eine Initiative"),
    ]
    assert not Mail.objects.filter(text__contains="KANARIE").exists()
    assert overdue.latest_day(10, today=timezone.localdate(Mail.objects.first().queued_at)) >= NOW.date()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"municipality": "Xyzzingen"}, "Diesen Ort haben wir in Hessen nicht gefunden"),
        ({"title": "Mehr auf http://werbung.example"}, "Bitte schreiben Sie hier keine Internetadresse."),
        ({"name": ""}, "Bitte geben Sie Ihren Namen ein."),
        ({"text": "x" * 1501}, "Bitte nehmen Sie höchstens 1500 Zeichen."),
        ({"betreff": "Kaufen!"}, "Das ging sehr schnell."),
    ],
)
def test_mistakes_are_said_at_both_steps_and_store_nothing(client, lich, changes, sentence):
    for do in ("look", "send"):
        response = post(client, do, **changes)
        assert (response.status_code, sentence in response.content.decode()) == (422, True)
    assert (Proposal.objects.count(), Mail.objects.count()) == (0, 0)


def test_a_foreign_page_cannot_send_and_many_posts_are_too_many(client, lich):
    assert client.post(URL, SAID, headers={"origin": "https://boese.example"}).status_code == 403
    assert [post(client).status_code for _post in range(21)][-2:] == [200, 429]


def test_a_landkreis_is_meant_when_it_is_named(client):
    kreis = make.municipality("Landkreis Gießen", level="kreis", organisation=association())
    make.municipality("Lich", district=kreis)
    post(client, "send", municipality="Landkreis Gießen")
    assert Proposal.objects.get().municipality == kreis
