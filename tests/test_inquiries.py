"""„Nach Erfahrungen fragen" (rules 17, 22, 26): asked, confirmed, answered in staff's words, and gone after its time."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from initiatives import inquiries
from initiatives.models import Initiative, Inquiry
from portal import privacy, records, traps
from portal.association import association
from portal.models import AccessLog, Mail, Membership
from tests import make
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff, typed

pytestmark = pytest.mark.django_db
ORIGIN = {"origin": "http://testserver"}
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(own_counters):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def town():
    return make.organisation(contact_email="ehrenamt@lich.example")


@pytest.fixture
def page(town):
    place = make.municipality("Lich", organisation=town)
    return make.initiative(
        organisation=town, municipality=place, title="Bachpaten", slug="bachpaten-lich",
        contact="Umweltbüro", contact_email="bach@verein.example",
    )  # fmt: skip


def send(client, page, **changes):
    data = {
        "issued": traps.issue(NOW - timedelta(minutes=1)),
        "betreff": "",
        "text": "Was hat das gekostet?\nUnd wer hat geholfen?",
        "name": "Erika Weber",
        "email": "weber@hungen.example",
        "organisation": "Stadt Hungen",
    }
    url = reverse("initiatives:inquiry", args=[page.slug])
    return client.post(url, data | changes, headers=ORIGIN)


def link_of(mail):
    return re.search(r"https?://[^/\s]+(/anmeldung/\S+)", mail.text)[1]


def told(**which):
    return [(mail.kind, mail.to) for mail in Mail.objects.filter(**which).order_by("pk")]


def press(user, row, name, **more):
    client = proven(user)
    url = reverse("admin:initiatives_inquiry_change", args=[row.pk])
    return client.post(url, typed(client.get(url)) | {name: "1"} | more, follow=True).content.decode()


def test_question_goes_from_the_page_by_one_click_to_staff_and_back_in_their_words(client, page, town):
    detail = Page(client.get(page.get_absolute_url()).content.decode())
    assert detail.link("Nach Erfahrungen fragen").endswith("/initiativen/bachpaten-lich/fragen/")
    response = send(client, page)
    assert (response.status_code, client.cookies) == (303, {})
    assert "Noch ein Klick" in client.get(response["Location"]).content.decode()
    asked = Mail.objects.get()
    assert (asked.to, asked.subject) == ("weber@hungen.example", "Noch ein Klick: Ihre Frage zu „Bachpaten“")
    assert "gekostet" not in asked.text + asked.html
    assert "Hungen" not in asked.text + asked.html

    link = link_of(asked)
    assert client.get(link).status_code == 200
    assert Inquiry.objects.confirmed().count() == 0
    assert client.post(link, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post(link, headers=ORIGIN).status_code == 303
    assert "Ihre Frage ist angekommen" in client.post(link, headers=ORIGIN).content.decode()
    notices = Mail.objects.filter(kind="inquiry").order_by("pk")
    assert [mail.to for mail in notices] == ["ehrenamt@lich.example", "bach@verein.example"]
    for mail in notices:
        assert mail.subject == "Frage nach Erfahrungen: Bachpaten"
        said = mail.text + mail.html
        assert [word for word in ("gekostet", "Weber", "hungen") if word in said] == []

    clerk = staff(town, name="Frau Sander")
    start = proven(clerk).get("/verwaltung/").content.decode()
    assert "Frage nach Erfahrungen mit „Bachpaten“ wartet seit heute" in start
    row = Inquiry.objects.get()
    said = press(clerk, row, "_answer", answer="200 Euro.\n\nDie Feuerwehr half.")
    assert "Ihre Antwort ist unterwegs." in said
    answer = Mail.objects.get(kind="inquiry-answered")
    assert (answer.to, answer.subject) == ("weber@hungen.example", "Antwort auf Ihre Frage: Bachpaten")
    assert "200 Euro.\n\nDie Feuerwehr half." in answer.text
    assert answer.reply_to == "ehrenamt@lich.example"
    assert "Ihre Frage ist erledigt" in client.get(link).content.decode()


def test_who_read_and_answered_stands_in_the_log_in_words(town, page):
    row, clerk = make.inquiry(page), staff(town, name="Frau Sander")
    client = proven(clerk)
    client.get(reverse("admin:initiatives_inquiry_changelist"))
    client.get(reverse("admin:initiatives_inquiry_change", args=[row.pk]))
    inquiries.settle(row, answer="Gern.", by=clerk, now=NOW)
    entries = list(AccessLog.objects.order_by("pk"))
    names = records.names(entry.about for entry in entries)
    what = f"Frage nach Erfahrungen {row.pk}"
    assert [records.sentence(entry, names) for entry in entries] == [
        "Frau Sander hat die Liste von Fragen nach Erfahrungen gelesen.",
        f"Frau Sander hat {what} gelesen.",
        f"Frau Sander hat {what} beantwortet.",
    ]
    assert {entry.organisation for entry in entries} == {town}


def test_an_answer_needs_words_and_is_sent_once(town, page):
    row, clerk = make.inquiry(page), staff(town)
    assert "Bitte schreiben Sie eine Antwort." in press(clerk, row, "_answer", answer="  ")
    inquiries.settle(row, answer="Gern.", by=clerk, now=NOW)
    with pytest.raises(inquiries.Refused, match="schon beantwortet"):
        inquiries.settle(row, answer="Noch einmal.", by=clerk, now=NOW)
    assert told() == [("inquiry-answered", "weber@hungen.example")]


def test_done_without_an_answer_mails_nobody(town, page):
    row, clerk = make.inquiry(page), staff(town)
    assert "Erledigt, ohne Mail." in press(clerk, row, "_close", answer="Das ist Werbung.")
    row.refresh_from_db()
    assert (row.settled_at, row.settled_by, row.answer, told()) == (NOW, clerk, "", [])
    assert AccessLog.objects.filter(action="Frage ohne Antwort erledigt").count() == 1


def test_question_about_a_collected_page_goes_to_the_association_alone(client):
    ours = make.filled_association()
    page = make.initiative(
        organisation=ours, origin=Initiative.Origin.COLLECTED, contact_email="stand@quelle.example"
    )
    send(client, page)
    client.post(link_of(Mail.objects.get()), headers=ORIGIN)
    assert told(kind="inquiry") == [("inquiry", ours.contact_email)]
    net = staff(ours, Membership.Role.NETWORK, email="netz@verband.example")
    assert "Frage nach Erfahrungen mit" in proven(net).get("/verwaltung/").content.decode()


def test_unconfirmed_question_is_nobodys(town, page):
    row = make.inquiry(page, confirmed_at=None)
    client = proven(staff(town))
    assert client.get(reverse("admin:initiatives_inquiry_change", args=[row.pk])).status_code == 404
    assert "Weber" not in client.get(reverse("admin:initiatives_inquiry_changelist")).content.decode()


def test_asked_about_is_counted_once_for_the_same_words_and_stays_when_the_question_goes(page):
    for _twice in range(2):
        row = inquiries.ask(page, name="Kim", email="kim@example.org", organisation="", text="Wie?", now=NOW)
        assert inquiries.confirm(row, now=NOW)
    page.refresh_from_db()
    assert (page.n_inquiries, Inquiry.objects.count()) == (1, 1)
    privacy.enforce(NOW + timedelta(days=183))
    page.refresh_from_db()
    assert (page.n_inquiries, Inquiry.objects.count()) == (1, 0)


def test_link_works_for_72_hours_and_then_says_so_kindly(client, page, clock):
    send(client, page)
    link = link_of(Mail.objects.get())
    clock.shift(timedelta(hours=72))
    assert "Der Link gilt nicht mehr" in client.post(link, headers=ORIGIN).content.decode()
    privacy.enforce(NOW + timedelta(hours=72))
    assert (Inquiry.objects.count(), client.get(link).status_code) == (0, 404)


def test_page_that_went_meanwhile_is_not_named_and_nobody_is_told(client, page):
    send(client, page)
    link = link_of(Mail.objects.get())
    Initiative.objects.filter(pk=page.pk).update(state="archived")
    said = client.post(link, headers=ORIGIN).content.decode()
    assert ("Diese Seite gibt es nicht mehr" in said, "Bachpaten" in said) == (True, False)
    assert told(kind="inquiry") == []
    assert client.get("/initiativen/bachpaten-lich/fragen/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": ""}, "Bitte schreiben Sie Ihre Frage."),
        ({"name": ""}, "Bitte geben Sie Ihren Namen ein."),
        ({"email": "weber"}, "Bitte geben Sie die E-Mail-Adresse vollständig ein"),
        ({"organisation": "www.werbung.example"}, "Bitte schreiben Sie hier keine Internetadresse."),
        ({"betreff": "x"}, "Das ging sehr schnell."),
    ],
)
def test_mistakes_are_named_and_nothing_is_stored(client, page, changes, said):
    response = send(client, page, **changes)
    assert (response.status_code, said in response.content.decode()) == (422, True)
    assert (Inquiry.objects.count(), Mail.objects.count()) == (0, 0)


def test_fourth_question_of_a_day_sends_no_mail_to_a_stranger(page):
    for n in range(4):
        inquiries.ask(page, name="Kim", email="kim@example.org", organisation="", text=f"{n}?", now=NOW)
    assert (Inquiry.objects.count(), Mail.objects.count()) == (4, 3)


def test_a_day_of_questions_is_one_mail_to_each_contact(page):
    for n in range(3):
        row = inquiries.ask(page, name="Kim", email=f"k{n}@example.org", organisation="", text="?", now=NOW)
        inquiries.confirm(row, now=NOW)
    assert told(kind="inquiry") == [("inquiry", "ehrenamt@lich.example"), ("inquiry", "bach@verein.example")]


def test_late_answer_reminds_the_redaktion_and_is_owned_up_to(town, page):
    staff(town, email="weber@lich.example", enrolled=False)
    staff(town, email="sander@lich.example", enrolled=False)
    row = make.inquiry(page)
    for number in range(40):
        inquiries.tell_overdue(now=NOW + number * DAY)
    assert told() == [
        ("overdue", "weber@lich.example"),
        ("overdue", "sander@lich.example"),
        ("still-open", "weber@hungen.example"),
    ]
    reminder = Mail.objects.filter(kind="overdue").first()
    assert reminder.subject == "Wartet seit zwei Wochen: Frage zu „Bachpaten“"
    assert f"/verwaltung/initiatives/inquiry/{row.pk}/" in reminder.text


def test_question_moves_with_a_page_that_the_town_takes_over(town):
    place = make.municipality("Lich", organisation=town)
    page = make.initiative(organisation=association(), municipality=place, origin="collected")
    row, clerk = make.inquiry(page), proven(staff(town))
    url = reverse("admin:initiatives_inquiry_change", args=[row.pk])
    assert clerk.get(url).status_code == 404
    Initiative.objects.filter(pk=page.pk).update(organisation=town, origin="town")
    assert clerk.get(url).status_code == 200
