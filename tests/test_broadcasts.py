"""„Allen schreiben": to whom, how it reads, once, recorded, and true when it leaves."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal import broadcasts, delivery, links, privacy, rescheduling, signups
from portal.broadcasts import Message, Who
from portal.models import AccessLog, Broadcast, Mail, Membership
from portal.refused import Refused
from portal.slots import Signup
from tests import make
from tests.make import BERLIN, NOW
from tests.staffroom import proven, staff
from volunteers.models import Shift

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT = datetime(2026, 6, 10, 22, 0, tzinfo=BERLIN)
S = Signup.Status


@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation(reply_to="antwort@lich.example"))


@pytest.fixture
def user(town):
    return staff(town.organisation, name="Frau Amt")


@pytest.fixture
def clerk(user):
    return proven(user)


def date(town, *, starts=NOW + 10 * DAY, opportunity=None, **fields):
    action = opportunity or make.opportunity(organisation=town.organisation, municipality=town)
    return make.shift(opportunity=action, starts=starts, **fields)


def loaded(*slots):
    return list(Shift.objects.filter(pk__in=[s.pk for s in slots]).select_related(*Shift.row_relations))


def message(*slots, who=Who.SEATED, text="Der Bach steht hoch.", **fields):
    return Message(loaded(*slots), who, "Samstag", "Stiefel mitbringen", text, **fields)


def send(what, user, *, key="k", now=NOW, seen=None):
    seen = seen or broadcasts.digest(what, broadcasts.parties(what))
    return broadcasts.send(what, key=key, by=user, seen=seen, now=now)


def mails(**which):
    """(kind, to) of what waits to leave, in order."""
    return [(m.kind, m.to) for m in Mail.objects.open().filter(**which).order_by("pk")]


def crowd(slot):
    make.signup(slot, email="kim@example.org")
    make.signup(slot, email="wartet@example.org", status=S.WAITING)
    make.signup(slot, email="offen@example.org", status=S.UNCONFIRMED)
    make.signup(
        slot, email="weg@example.org", status=S.ENDED, ended_reason=Signup.Reason.GIVEN_BACK, ended_at=NOW
    )
    return slot


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "to"),
    [
        (Who.SEATED, ["kim@example.org"]),
        (Who.WAITING, ["wartet@example.org"]),
        (Who.BOTH, ["kim@example.org", "wartet@example.org"]),
    ],
)
def test_only_those_meant_get_it_and_the_writer_a_copy(town, user, who, to):
    broadcast = send(message(crowd(date(town)), who=who), user)
    assert mails() == [*(("message", address) for address in to), ("message-copy", "redaktion@lich.example")]
    assert (broadcast.n_mails, broadcast.sent_by, broadcast.organisation) == (
        len(to),
        user,
        town.organisation,
    )


@pytest.mark.slow
def test_the_mail_reads_as_a_letter_of_the_town(town, user):
    slot = crowd(date(town))
    send(message(slot), user)
    mail = Mail.objects.get(kind="message")
    seat = slot.signups.get(email_key="kim@example.org")
    assert (
        mail.subject == "Nachricht: Stiefel mitbringen – Sa., 20. Juni, 12 Uhr, Lich – Bachputz an der Wetter"
    )
    for words in (
        "Guten Tag Kim Muster,\n\nDer Bach steht hoch.\n\nIhr Termin:",
        links.make(links.GIVE_BACK, seat),
        links.make(links.MANAGE, seat.booking),
        "Impressum\nStadt Lich, Unterstadt 1, 35423 Lich",
        "Sie bekommen diese Mail, weil Sie sich für diesen Termin angemeldet haben.",
    ):
        assert words in mail.text
    assert (mail.reply_to, mail.booking, mail.about) == ("antwort@lich.example", seat.booking, seat.label)


def test_the_copy_holds_nobody_s_link_and_no_name(town, user):
    slot = crowd(date(town))
    send(message(slot), user)
    copy = Mail.objects.get(kind="message-copy")
    assert copy.subject.startswith("Kopie: Stiefel mitbringen – ")
    assert "An: alle mit Platz: Samstag" in copy.text
    assert [word for word in ("/anmeldung/", "Kim", "kim@example.org") if word in copy.text + copy.html] == []


def test_one_form_gets_one_mail_about_all_its_dates(town, user):
    first = date(town)
    second = date(town, opportunity=first.opportunity, starts=NOW + 11 * DAY)
    booking = make.booking(organisation=town.organisation)
    for slot in (first, second):
        make.signup(slot, booking=booking)
    send(message(first, second), user)
    (mail,) = Mail.objects.filter(kind="message")
    assert "Ihre Termine:" in mail.text
    assert mail.text.count("Juni 2026") == 2
    assert mail.about == booking.label


def test_sent_twice_it_goes_out_once(town, user):
    slot = crowd(date(town))
    first, second = send(message(slot), user), send(message(slot), user)
    assert (first, Mail.objects.filter(kind="message").count(), Broadcast.objects.count()) == (second, 1, 1)


@pytest.mark.slow
def test_twenty_messages_a_day_are_enough_for_one_organisation(town, user):
    slot = crowd(date(town))
    for n in range(20):
        assert send(message(slot, text=f"Nr. {n}"), user, key=f"k{n}")
    before = Mail.objects.count()
    with pytest.raises(Refused, match="schon 20 Nachrichten"):
        send(message(slot, text="Nr. 21"), user, key="k20")
    assert Mail.objects.count() == before
    elsewhere = make.municipality("Hungen", organisation=make.organisation("Stadt Hungen"))
    assert send(message(crowd(date(elsewhere))), user, key="anderswo")
    assert send(message(slot, text="Nr. 21"), user, key="k20", now=NOW + DAY)


def test_what_changed_since_the_preview_is_not_sent(town, user):
    slot = crowd(date(town))
    what = message(slot)
    seen = broadcasts.digest(what, broadcasts.parties(what))
    make.signup(slot, email="neu@example.org")
    assert send(what, user, seen=seen) is None
    assert (mails(), Broadcast.objects.count()) == ([], 0)
    other = message(slot, text="Etwas anderes")
    assert send(other, user, seen=broadcasts.digest(what, broadcasts.parties(what))) is None


def test_people_without_an_address_alone_are_no_mail(town, user):
    slot = date(town)
    make.signup(slot, booking=make.booking("", "Opa", phone="1", organisation=town.organisation))
    with pytest.raises(Refused, match="selbst an"):
        send(message(slot), user)
    assert (Mail.objects.count(), Broadcast.objects.count()) == (0, 0)


def test_at_night_it_waits_for_the_morning_unless_it_is_urgent(town, user):
    slot = crowd(date(town))
    send(message(slot), user, now=NIGHT)
    send(message(slot, urgent=True), user, key="k2", now=NIGHT)
    due = {mail.kind for mail in Mail.objects.due(NIGHT + HOUR)}
    assert due == {"message-now", "message-copy"}
    assert "message" in {mail.kind for mail in Mail.objects.due(datetime(2026, 6, 11, 7, 1, tzinfo=BERLIN))}


def test_what_would_come_after_the_beginning_is_refused_at_night(town, user):
    slot = crowd(date(town, starts=datetime(2026, 6, 11, 6, 0, tzinfo=BERLIN)))
    with pytest.raises(Refused, match="sofort senden"):
        send(message(slot), user, now=NIGHT)
    assert send(message(slot, urgent=True), user, now=NIGHT).n_mails == 1


def test_a_message_that_waits_says_the_new_time_after_a_move(town, user):
    slot = crowd(date(town))
    send(message(slot), user, now=NIGHT)
    rescheduling.move(slot, starts=slot.starts + DAY, ends=slot.ends + DAY, now=NIGHT + HOUR)
    (mail,) = Mail.objects.open().filter(kind="message")
    assert ("21. Juni 2026" in mail.text, "20. Juni 2026" in mail.text) == (True, False)


@pytest.mark.slow
def test_a_message_that_waits_is_not_sent_to_who_is_not_there_any_more(town, user):
    slot = crowd(date(town))
    later = date(town, opportunity=slot.opportunity, starts=NOW + 12 * DAY)
    kim = slot.signups.get(email_key="kim@example.org")
    make.signup(later, booking=kim.booking)
    send(message(slot, later), user, now=NIGHT)
    signups.give_back(kim, now=NIGHT + HOUR)
    (mail,) = Mail.objects.open().filter(kind="message")
    assert ("22. Juni 2026" in mail.text, "20. Juni 2026" in mail.text) == (True, False)
    signups.give_back(later.signups.get(), now=NIGHT + HOUR)
    assert mails(kind="message") == []


def test_a_cancelled_date_takes_its_waiting_messages_back(town, user):
    slot = crowd(date(town))
    send(message(slot), user, now=NIGHT)
    rescheduling.cancel(slot, reason="Sturm", now=NIGHT + HOUR)
    assert mails(kind="message") == []


def test_words_of_staff_are_text_and_nothing_else(town, user):
    slot = crowd(date(town))
    evil = Message(
        loaded(slot),
        Who.SEATED,
        "x",
        "Betreff\r\nBcc: a@b.example",
        "{{ manage_url }} <b>fett</b>\n\nhttps://x.example",
    )
    send(evil, user)
    mail = Mail.objects.get(kind="message")
    assert ("\n" in mail.subject, "{{ manage_url }} <b>fett</b>" in mail.text) == (False, True)
    assert ("<b>fett" in mail.html, 'href="https://x.example' in mail.html) == (False, False)


def test_it_arrives(town, user, smtp):
    send(message(crowd(date(town))), user)
    delivery.deliver(now=NOW)
    assert sorted(mail["To"] for mail in smtp.messages) == ["kim@example.org", "redaktion@lich.example"]
    (mail,) = [mail for mail in smtp.messages if mail["To"] == "kim@example.org"]
    assert (mail["Reply-To"], mail["Subject"][:32]) == (
        "antwort@lich.example",
        "Nachricht: Stiefel mitbringen – ",
    )


def test_the_text_goes_after_thirty_days_and_the_line_stays(town, user):
    send(message(crowd(date(town))), user)
    privacy.enforce(NOW + 29 * DAY)
    assert Broadcast.objects.get().text == "Der Bach steht hoch."
    privacy.enforce(NOW + 31 * DAY)
    row = Broadcast.objects.get()
    assert (row.headline, row.text, row.audience, row.n_mails) == ("", "", "alle mit Platz: Samstag", 1)


# --- the page -----------------------------------------------------------------------------------------
def soon(town, days=10, **fields):
    starts = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return date(town, starts=starts, **fields)


def page(slot):
    return reverse("admin:volunteers_shift_write", args=[slot.pk])


DATA = {
    "where": "termin", "who": "seated", "headline": "Stiefel mitbringen", "text": "Der Bach steht hoch.",
    "urgent": "on",
}  # fmt: skip


def words(response):
    return " ".join(response.content.decode().split())


def sending(preview):
    return DATA | {
        "send": "1",
        "key": preview.context["shown"]["key"],
        "seen": preview.context["shown"]["seen"],
    }


def test_the_preview_is_a_real_mail_and_sends_nothing(clerk, town):
    slot = crowd(soon(town))
    call = make.booking("", "Opa Ohnemail", phone="06404 1", organisation=town.organisation)
    make.signup(slot, booking=call)
    preview = clerk.post(page(slot), DATA)
    text = words(preview)
    for expected in (
        "<strong>1 Mail</strong> und eine Kopie an Sie.",
        "Guten Tag Kim Muster,",
        "kim@example.org",
        '<strong>Opa Ohnemail</strong>: <a href="tel:064041">06404 1</a>',
        "An 1 Adresse senden",
        "/anmeldung/meine/…/",
    ):
        assert expected in text
    assert Mail.objects.count() == 0
    assert list(AccessLog.objects.values_list("action", flat=True)) == ["Liste gelesen"]


def test_a_test_goes_to_oneself_only(clerk, town):
    slot = crowd(soon(town))
    preview = clerk.post(page(slot), DATA | {"test": "1"})
    assert mails() == [("message-copy", "redaktion@lich.example")]
    assert Mail.objects.get().subject.startswith("Test: Stiefel mitbringen – ")
    assert preview.context["shown"]["n"] == 1


@pytest.mark.slow
def test_sending_is_recorded_and_listed_with_the_date(clerk, town):
    slot = crowd(soon(town))
    data = sending(clerk.post(page(slot), DATA))
    for _click in range(2):
        assert clerk.post(page(slot), data)["Location"] == slot.staff_path
    assert mails() == [("message-now", "kim@example.org"), ("message-copy", "redaktion@lich.example")]
    assert ("Nachricht gesendet", slot.label) in AccessLog.objects.values_list("action", "about")
    text = words(clerk.get(slot.staff_path))
    assert "Gesendete Nachrichten" in text
    assert "<strong>Stiefel mitbringen</strong>" in text
    assert "von Frau Amt" in text


def test_nothing_leaves_without_a_preview(clerk, town):
    slot = crowd(soon(town))
    response = clerk.post(page(slot), DATA | {"send": "1"})
    assert (response.status_code, Mail.objects.count(), response.context["shown"]["anew"]) == (200, 0, True)


def test_who_came_in_between_makes_a_new_preview(clerk, town):
    slot = crowd(soon(town))
    data = sending(clerk.post(page(slot), DATA))
    make.signup(slot, email="neu@example.org")
    anew = clerk.post(page(slot), data)
    assert "Inzwischen hat sich jemand an- oder abgemeldet." in words(anew)
    assert (Mail.objects.count(), anew.context["shown"]["n"]) == (0, 2)


def test_limits_are_said_at_the_field(clerk, town):
    slot = crowd(soon(town))
    response = clerk.post(page(slot), DATA | {"text": "x" * 4001, "headline": ""})
    assert list(response.context["form"].errors) == ["headline", "text"]
    empty = soon(town, days=12)
    assert "Da ist noch niemand, dem Sie schreiben könnten." in words(clerk.post(page(empty), DATA))


@pytest.mark.slow
def test_day_and_action_are_offered_and_nothing_of_another_town(clerk, town):
    slot = crowd(soon(town))
    make.signup(soon(town, days=17, opportunity=slot.opportunity), email="spaeter@example.org")
    make.signup(soon(town), email="nebenan@example.org")
    elsewhere = make.municipality("Hungen", organisation=make.organisation("Stadt Hungen"))
    make.signup(soon(elsewhere), email="fremd@example.org")
    found = {}
    for where in ("termin", "tag", "alle"):
        preview = clerk.post(page(slot), DATA | {"where": where})
        clerk.post(page(slot), sending(preview) | {"where": where})
        found[where] = sorted(to for kind, to in mails(kind="message-now"))
        Mail.objects.all().delete()
    assert found == {
        "termin": ["kim@example.org"],
        "tag": ["kim@example.org", "nebenan@example.org"],
        "alle": ["kim@example.org", "spaeter@example.org"],
    }


def test_an_editor_of_two_towns_writes_to_one_at_a_time(clerk, town, user):
    slot = crowd(soon(town))
    elsewhere = make.municipality("Hungen", organisation=make.organisation("Stadt Hungen"))
    Membership.objects.create(user=user, organisation=elsewhere.organisation)
    make.signup(soon(elsewhere), email="fremd@example.org")
    assert [key for key, _words in clerk.get(page(slot)).context["form"].fields["where"].choices] == [
        "termin"
    ]


@pytest.mark.slow
def test_seminars_use_the_same_page():
    user = staff(make.filled_association(), Membership.Role.SEMINARS, name="Frau Adler")
    client = proven(user)
    session = make.session(starts=timezone.now() + 10 * DAY)
    make.participant(session, email="rathaus@example.org")
    url = reverse("admin:seminars_session_write", args=[session.pk])
    assert client.post(url, sending(client.post(url, DATA))).status_code == 302
    assert mails() == [("message-now", "rathaus@example.org"), ("message-copy", "redaktion@lich.example")]
    subject = Mail.objects.get(kind="message-now").subject
    assert subject.startswith("Nachricht: Stiefel mitbringen – ")
    assert "Anerkennung, die ankommt" in subject
    listed = client.get(reverse("admin:portal_mail_changelist")).context["cl"].result_list
    assert {mail.kind for mail in listed} == {"message-now", "message-copy"}
