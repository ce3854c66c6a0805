"""„Wer war da?" by mail (rule 11): who is asked when, the contact's page behind the link, and thanks after it."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal import attendance, attendance_mail, links, records
from portal.models import AccessLog, Mail
from portal.rescheduling import cancel
from portal.slots import Signup
from tests import make
from tests.staffroom import proven, staff, typed
from tests.test_reminders import START, berlin, deliver, log, seated, sweep

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ENDED = berlin(6, 20, 12)  # when a date that begins at START is over
ORIGIN = {"HTTP_ORIGIN": "http://testserver"}


def asked(**which):
    return log("who-came", **which)


# --- who is asked, and when -----------------------------------------------------------------------------
@pytest.mark.slow
def test_the_contact_is_asked_once_when_the_date_is_over():
    slot = make.shift(starts=START)
    seated(slot)

    sweep(START, ENDED)
    sweep(ENDED, ENDED + 3 * DAY)

    assert asked() == [("20.06. 12:00", "bachputz", "Wer war da? Sa., 20. Juni, 9 Uhr, Lich")]
    (mail,) = Mail.objects.filter(kind="who-came")
    assert "Angemeldet: 1 von 10 Plätzen vergeben" in mail.text
    assert ("Kim" in mail.text + mail.html, mail.useful_until) == (False, ENDED + 14 * DAY)


@pytest.mark.slow
def test_a_date_that_ends_in_the_evening_is_asked_about_in_the_morning():
    seated(make.shift(starts=berlin(6, 20, 19)))
    sweep(berlin(6, 20, 18), berlin(6, 21, 8))
    assert [when for when, *_ in asked()] == ["21.06. 07:00"]


@pytest.mark.slow
def test_a_mail_that_waits_for_the_server_does_not_leave_at_night():
    seated(make.shift(starts=START))
    sweep(START, berlin(6, 20, 20), mail_server=False)
    deliver(berlin(6, 20, 22))
    assert Mail.objects.get(kind="who-came").sent_at is None
    deliver(berlin(6, 21, 7))
    assert Mail.objects.get(kind="who-came").sent_at == berlin(6, 21, 7)


@pytest.mark.slow
@pytest.mark.parametrize("reason", ["cancelled", "nobody", "no contact", "answered", "too late"])
def test_nobody_is_asked_about(reason):
    slot = make.shift(starts=START)
    if reason == "nobody":
        make.signup(slot, status=Signup.Status.WAITING)
    else:
        seated(slot)
    if reason == "cancelled":
        cancel(slot, reason="Sturm", now=START - DAY)
    if reason == "no contact":
        type(slot.opportunity).objects.update(contact_email="")
    if reason == "answered":
        attendance.all_came(slot, by="Frau Amt", now=ENDED - timedelta(minutes=5))
    since = ENDED + 14 * DAY if reason == "too late" else START
    sweep(since, since + DAY)
    assert asked() == []


def test_who_answers_at_the_desk_takes_the_question_back():
    slot = make.shift(starts=START)
    seated(slot)
    sweep(ENDED, ENDED, mail_server=False)
    attendance.all_came(slot, by="Frau Amt", now=ENDED + timedelta(minutes=5))
    assert asked() == []
    assert Mail.objects.get(kind="who-came").withdrawn_at is not None


# --- the page ---------------------------------------------------------------------------------------------
@pytest.fixture
def slot():
    """A date that is over, with three people of whom two share a first name and an initial."""
    slot = make.shift(starts=START)
    for email, name in [("kim", "Kim Muster"), ("kim2", "Kim Mai"), ("ada", "Ada Beispiel")]:
        booking = make.booking(f"{email}@example.org", name, organisation=slot.organisation, phone="0171 555")
        make.signup(slot, booking=booking)
    return slot


@pytest.fixture
def client():
    """A browser two hours after the end."""
    with time_machine.travel(ENDED + timedelta(hours=2), tick=False):
        yield Client()


def mailed_link(slot):
    """The address that the contact's mail leads to."""
    sweep(ENDED, ENDED, mail_server=False)
    (mail,) = Mail.objects.filter(kind="who-came", withdrawn_at=None)
    return next(line for line in mail.text.splitlines() if "/wer-war-da/" in line).removeprefix(
        "http://localhost:8000"
    )


def noted(slot):
    rows = slot.signups.select_related("booking").order_by("pk")
    return {s.booking.name: (s.attended, s.attended_by) for s in rows}


def logged():
    return list(AccessLog.objects.order_by("pk").values_list("action", "about", "user", "organisation"))


def test_the_contact_says_with_one_click_that_all_were_there(client, slot):
    link = mailed_link(slot)
    assert "Alle waren da" in client.get(link).content.decode()
    assert noted(slot)["Ada Beispiel"] == (None, "")

    response = client.post(link, {"do": "all"}, follow=True, **ORIGIN)

    by = "Frau Beispiel (Kontakt)"
    assert noted(slot) == dict.fromkeys(["Kim Muster", "Kim Mai", "Ada Beispiel"], (True, by))
    text = response.content.decode()
    assert ("Danke, Ihre Antwort ist gespeichert." in text, "3 waren da." in text) == (True, True)
    organisation = slot.organisation.pk
    read, wrote = "Per Mail-Link: Liste gelesen", "Per Mail-Link: Anwesenheit notiert"
    entries = AccessLog.objects.order_by("pk")
    said = [records.sentence(entry, {slot.label: "„Bachputz“"}) for entry in entries[:2]]
    assert said == [
        "Die Kontaktperson hat über ihren Link die Liste von „Bachputz“ gelesen.",
        "Die Kontaktperson hat über ihren Link notiert, wer da war: „Bachputz“.",
    ]
    assert logged() == [(what, slot.label, None, organisation) for what in (read, wrote, read)]


def test_the_page_names_nobody_more_than_ticking_needs(client, slot):
    text = client.get(mailed_link(slot)).content.decode()
    assert [name in text for name in ("Ada B.", "Kim Mai", "Kim Muster")] == [True, True, True]
    assert [secret in text for secret in ("Beispiel<", "@example.org", "0171")] == [False, False, False]


def test_answers_for_single_people_are_saved_and_taken_back(client, slot):
    link = mailed_link(slot)
    page = client.get(link)
    form = page.context["form"]
    data = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
    kim, mai, ada = slot.signups.order_by("pk")
    client.post(link, data | {f"war_{kim.pk}": "ja", f"war_{ada.pk}": "nein", "walk_in": "2"}, **ORIGIN)
    by = "Frau Beispiel (Kontakt)"
    assert noted(slot) == {"Kim Muster": (True, by), "Kim Mai": (None, ""), "Ada Beispiel": (False, by)}

    client.post(link, {"do": "back"}, **ORIGIN)

    assert noted(slot) == dict.fromkeys(["Kim Muster", "Kim Mai", "Ada Beispiel"], (None, ""))
    assert mai.attended is None


def test_a_post_from_elsewhere_is_refused(client, slot):
    link = mailed_link(slot)
    response = client.post(link, {"do": "all"}, HTTP_ORIGIN="https://boese.example")
    assert (response.status_code, noted(slot)["Kim Mai"]) == (403, (None, ""))


def test_the_page_is_kept_nowhere(client, slot):
    headers = client.get(mailed_link(slot)).headers
    assert [headers[name] for name in ("Cache-Control", "Referrer-Policy", "X-Robots-Tag")] == [
        "no-store", "same-origin", "noindex",
    ]  # fmt: skip


@pytest.mark.parametrize("after", [14 * DAY - timedelta(minutes=1), 14 * DAY])
def test_the_link_lives_for_14_days(slot, after):
    link = mailed_link(slot)
    with time_machine.travel(ENDED + after, tick=False):
        text = Client().get(link).content.decode()
        Client().post(link, {"do": "all"}, **ORIGIN)
    lives = after < 14 * DAY
    assert ("Ada B." in text, "Dieser Link gilt nicht mehr" in text) == (lives, not lives)
    assert noted(slot)["Kim Mai"][0] is (True if lives else None)


def test_a_token_of_another_purpose_or_date_opens_nothing(client, slot):
    other = make.session(starts=START)
    wrong = [
        links.make(links.MANAGE, slot.signups.first().booking),
        links.make(links.GIVE_BACK, slot.signups.first()),
        links.make(links.WHO_CAME, slot)[:-1],
    ]
    codes = [client.get(f"/anmeldung/wer-war-da/{token}/").status_code for token in wrong]
    token = links.make(links.WHO_CAME, slot)
    codes += [
        client.get(f"/anmeldung/{page}/{token}/").status_code for page in ("meine", "freigeben", "platz")
    ]
    assert codes == [404] * 6
    text = client.get(f"/anmeldung/wer-war-da/{links.make(links.WHO_CAME, other)}/").content.decode()
    assert ("Ada B." in text, "Anerkennung" in text) == (False, True)


@pytest.mark.slow
def test_another_contact_ends_the_link_of_the_former_and_is_asked_anew(client, slot):
    town = slot.opportunity.municipality
    type(town).objects.filter(pk=town.pk).update(organisation=slot.organisation)
    link = mailed_link(slot)
    clerk = proven(staff(slot.organisation))
    page = reverse("admin:volunteers_opportunity_change", args=[slot.opportunity_id])
    data = typed(clerk.get(page)) | {"contact_email": "neu@lich.example", "_continue": "1"}
    assert clerk.post(page, data).status_code == 302

    assert client.get(link).status_code == 404
    sweep(ENDED + DAY, ENDED + DAY)
    assert [to for _when, to, _subject in asked()] == ["neu"]


# --- thanks ---------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_thanks_leave_in_the_morning_once_the_contact_answered_and_know_who_came(slot):
    sweep(ENDED, ENDED)
    kim, _mai, ada = slot.signups.order_by("pk")
    attendance.note(slot, came={kim.pk: True, ada.pk: False}, by="Kontakt", now=ENDED + timedelta(hours=1))

    sweep(berlin(6, 21, 6), berlin(6, 21, 8))

    thanks = {mail.to: mail.text for mail in Mail.objects.filter(kind="thanks")}
    assert set(thanks) == {"kim@example.org", "kim2@example.org"}
    assert ["und Sie waren dabei" in thanks[f"{to}@example.org"] for to in ("kim", "kim2")] == [True, False]
    assert ["Wenn Sie dabei waren" in thanks[f"{to}@example.org"] for to in ("kim", "kim2")] == [False, True]


@pytest.mark.slow
def test_without_an_answer_thanks_wait_until_the_evening_and_claim_nothing(slot):
    sweep(ENDED, berlin(6, 21, 20))
    assert {when for when, *_ in log("thanks")} == {"21.06. 17:00"}
    assert all("Wenn Sie dabei waren" in mail.text for mail in Mail.objects.filter(kind="thanks"))


@pytest.mark.slow
def test_a_date_without_a_contact_waits_for_nobody(slot):
    type(slot.opportunity).objects.update(contact_email="")
    sweep(ENDED, berlin(6, 21, 20))
    assert {when for when, *_ in log("thanks")} == {"21.06. 07:00"}


@pytest.mark.slow
def test_two_dates_of_one_form_are_thanked_for_together():
    early = make.shift(starts=START)
    late = make.shift(starts=START + timedelta(hours=5), opportunity=early.opportunity)
    seated(early, late)
    attendance.all_came(early, by="Kontakt", now=ENDED)
    sweep(ENDED, berlin(6, 21, 20))
    assert [when for when, *_ in log("thanks")] == ["21.06. 17:00"]
    (mail,) = Mail.objects.filter(kind="thanks")
    assert ("9–12 Uhr" in mail.text, "14–17 Uhr" in mail.text, "und Sie waren dabei" in mail.text) == (
        True, True, False,
    )  # fmt: skip


def test_asking_is_harmless_when_run_twice(slot):
    model = type(slot.signups.first())
    assert [attendance_mail.ask(model, ENDED), attendance_mail.ask(model, ENDED)] == [1, 0]
