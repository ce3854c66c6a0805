"""A page on its way to the public: handed in, remarks, sent back, shown from a day on (rule 19)."""

from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from initiatives.models import Initiative, PageLink, Remark
from portal.models import Mail, Membership, Organisation
from portal.publishing import publish
from tests import make, sitemaps
from tests.make import NOW
from tests.staffroom import proven, staff, typed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def town():
    return make.organisation()


@pytest.fixture
def anna(town):
    return staff(town, email="anna@lich.example", name="Anna Amt")


@pytest.fixture
def berta(town):
    return staff(town, email="berta@lich.example", name="Berta Büro")


def draft(town, **fields):
    contact = {"contact": "Umweltbüro", "contact_email": "umwelt@lich.example"}
    where = make.municipality(organisation=town)
    return make.initiative(
        organisation=town, municipality=where, title="Bachpaten", **(contact | {"state": "draft"} | fields)
    )


def page(row):
    return reverse("admin:initiatives_initiative_change", args=[row.pk])


def press(user, row, button, **answers):
    client = proven(user)
    data = typed(client.get(page(row))) | answers | {button: "1"}
    answer = client.post(page(row), data, follow=True)
    row.refresh_from_db()
    return [str(message) for message in answer.context["messages"]]


def mails():
    return sorted(Mail.objects.values_list("kind", "to"))


@pytest.mark.slow
def test_a_draft_is_handed_in_sent_back_and_published_each_step_with_its_words(town, anna, berta):
    staff(town, Membership.Role.READER, email="liest@lich.example")
    staff(town, email="weg@lich.example", is_active=False)
    staff(make.organisation("Stadt Hungen"), email="fremd@hungen.example")
    row = draft(town)

    assert press(anna, row, "_hand_in", remark="Stimmt die Telefonnummer?") == [
        "Zur Prüfung gegeben. Die anderen in Ihrer Redaktion bekommen eine Mail."
    ]
    assert (row.state, mails()) == ("in_review", [("review-asked", "berta@lich.example")])
    mail = Mail.objects.get()
    assert mail.subject == f"Zur Prüfung: Bachpaten, {row.municipality.name}"
    assert "Anna Amt bittet Sie" in mail.text
    assert "Stimmt die Telefonnummer?" in mail.text
    assert page(row) in mail.text
    start = proven(berta).get("/verwaltung/").content.decode()
    assert "„Bachpaten“ wartet seit heute auf Prüfung" in start

    assert press(berta, row, "_send_back") == ["Bitte schreiben Sie als Bemerkung dazu, was noch zu tun ist."]
    assert row.state == "in_review"
    assert press(berta, row, "_send_back", remark="Die Nummer\nist alt.") == ["Zurück zum Entwurf."]
    assert row.state == "draft"
    assert mails()[1:] == [("review-back", "anna@lich.example")]
    assert "Berta Büro: Die Nummer" in proven(anna).get("/verwaltung/").content.decode()
    shown = proven(anna).get(page(row)).content.decode()
    assert "<strong>Berta Büro</strong>, Mi., 10. Juni, 12 Uhr, zurück zum Entwurf" in shown
    assert "<strong>Anna Amt</strong>, Mi., 10. Juni, 12 Uhr, zur Prüfung gegeben" in shown

    press(anna, row, "_publish")
    assert row.state == "published"
    said = list(Remark.objects.order_by("pk").values_list("by__name", "step", "text", "said_at"))
    assert said == [
        ("Anna Amt", "handed_in", "Stimmt die Telefonnummer?", NOW),
        ("Berta Büro", "sent_back", "Die Nummer\nist alt.", NOW),
    ]


def test_a_remark_without_a_step_is_kept_and_told_to_the_others(town, anna, berta):
    row = draft(town)
    press(anna, row, "_continue", remark="Bitte noch ein Bild.")
    assert (row.state, Remark.objects.get().step, mails()) == (
        "draft",
        "note",
        [("review-remark", "berta@lich.example")],
    )
    assert "Bitte noch ein Bild." in Mail.objects.get().text


def test_a_remark_that_is_too_long_is_refused_with_all_that_was_typed(town, anna):
    row = draft(town)
    data = typed(proven(anna).get(page(row))) | {
        "remark": "x" * 2001,
        "title": "Neuer Titel",
        "_hand_in": "1",
    }
    answer = proven(anna).post(page(row), data)
    assert (answer.status_code, Remark.objects.count()) == (200, 0)
    assert 'value="Neuer Titel"' in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, row.title) == ("draft", "Bachpaten")


@pytest.mark.slow
def test_whoever_works_alone_may_publish_and_nobody_gets_a_mail(town, anna):
    row = draft(town)
    press(anna, row, "_hand_in")
    press(anna, row, "_publish")
    assert (row.state, mails()) == ("published", [])
    assert LogEntry.objects.filter(object_id=str(row.pk)).count() == 4  # two saves, two steps


@pytest.mark.slow
def test_two_people_hand_in_the_same_draft_and_it_happens_once(town, anna, berta):
    row = draft(town)
    client = proven(berta)
    data = typed(client.get(page(row))) | {"_hand_in": "1"}
    press(anna, row, "_hand_in")
    answer = client.post(page(row), data, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "Zur Prüfung geben können Sie nur einen Entwurf."
    ]
    assert (row.state, Remark.objects.count()) == ("in_review", 1)


@pytest.mark.slow
def test_an_archived_page_goes_back_to_the_drafts(town, anna):
    row = draft(town, state="archived")
    press(anna, row, "_draft")
    assert row.state == "draft"


@pytest.mark.slow
def test_who_only_reads_sees_remarks_and_no_place_for_them(town, anna):
    row = draft(town)
    press(anna, row, "_hand_in", remark="Stimmt das?")
    reader = staff(town, Membership.Role.READER, email="liest@lich.example")
    shown = proven(reader).get(page(row)).content.decode()
    assert ("Stimmt das?" in shown, 'name="remark"' in shown) == (True, False)


@pytest.mark.slow
def test_the_start_page_asks_no_more_for_many_drafts(town, anna, berta, django_assert_max_num_queries):
    client = proven(berta)
    counts = []
    for n in (1, 3):
        while Initiative.objects.count() < n:
            press(anna, draft(town), "_hand_in", remark="Bitte ansehen.")
        with django_assert_max_num_queries(80) as asked:
            client.get("/verwaltung/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


# --- a day -------------------------------------------------------------------------------------------

CANARY = "Zaunkönigin"


def test_a_page_appears_on_its_day_by_itself_and_not_before(town, client, time_machine):
    row = draft(town, public_from=date(2026, 6, 12))
    row.title, row.slug = CANARY, "zaunkoenigin"
    row.save()
    publish(row, now=NOW)
    seen = []
    for hours in (0, 35, 36):  # noon of the 10th; the last hour of the 11th; midnight
        time_machine.move_to(NOW + timedelta(hours=hours), tick=False)
        row.refresh_from_db()
        listed = CANARY in client.get("/initiativen/").content.decode()
        named = "/initiativen/zaunkoenigin/" in sitemaps.addresses(client)
        status = client.get("/initiativen/zaunkoenigin/").status_code
        seen.append((status, listed, named, row.is_public, Initiative.objects.public().count()))
    hidden, shown = (404, False, False, False, 0), (200, True, True, True, 1)
    assert seen == [hidden, hidden, shown]


@pytest.mark.slow
def test_staff_read_from_when_a_page_is_public_and_may_take_it_back(town, anna):
    row = draft(town, public_from=date(2026, 7, 1))
    press(anna, row, "_publish")
    shown = proven(anna).get(page(row)).content.decode()
    assert "Veröffentlicht, öffentlich ab 1. Juli 2026".lower() in shown.lower()
    assert "Auf der Internetseite ansehen" not in shown
    assert "vorschau/initiative/" in shown
    press(anna, row, "_draft")
    assert row.state == "draft"


@pytest.mark.slow
def test_what_a_waiting_page_needs_cannot_be_emptied(town, anna):
    row = draft(town, public_from=date(2026, 7, 1))
    press(anna, row, "_publish")
    data = typed(proven(anna).get(page(row))) | {"summary": "", "_save": "1"}
    answer = proven(anna).post(page(row), data)
    row.refresh_from_db()
    assert (answer.status_code, bool(row.summary)) == (200, True)


# --- preview -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("state", ["draft", "in_review", "published", "archived"])
def test_preview_is_the_real_page_with_a_bar_and_for_nobody_else(town, anna, client, state):
    row = draft(town, state=state, text="So **sieht** es aus.")
    url = reverse("preview_initiative", args=[row.pk])
    answer = proven(anna).get(url)
    said = answer.content.decode()
    assert answer.status_code == 200
    assert "<strong>Vorschau</strong>" in said
    assert "<strong>sieht</strong>" in said
    assert page(row) in said
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex")
    others = {
        "guest": client.get(url),
        "other": proven(staff(make.organisation("Stadt Hungen"), email="fremd@hungen.example")).get(url),
        "seminars": proven(
            staff(
                make.organisation("Verband", kind=Organisation.Kind.ASSOCIATION),
                Membership.Role.SEMINARS,
                email="seminare@verband.example",
            )
        ).get(url),
    }
    assert {name: other.status_code for name, other in others.items()} == {
        "guest": 302, "other": 404, "seminars": 404,
    }  # fmt: skip
    assert [name for name, other in others.items() if "Bachpaten" in other.content.decode()] == []
    assert proven(anna).post(url).status_code == 405


def test_a_draft_is_deleted_with_its_links_and_a_public_page_is_not(town, anna):
    row = draft(town)
    PageLink.objects.create(initiative=row, url="https://weg.example/", next_at=NOW)
    address = reverse("admin:initiatives_initiative_delete", args=[row.pk])
    window = proven(anna)
    assert window.post(address, {"post": "yes"}).status_code == 302
    assert not Initiative.objects.filter(pk=row.pk).exists()
    public = draft(town, state="published", published_at=NOW)
    address = reverse("admin:initiatives_initiative_delete", args=[public.pk])
    assert window.post(address, {"post": "yes"}).status_code == 404
    assert Initiative.objects.filter(pk=public.pk).exists()
