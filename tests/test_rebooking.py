"""Moving a party to another date of the same action: one transaction, one mail (rules 5, 6, 8, 13–16)."""

from datetime import timedelta

import pytest
from icalendar import Calendar

from portal.models import Mail
from portal.rebooking import rebook
from portal.refused import Refused
from portal.reminders import queue_due
from portal.rescheduling import cancel
from portal.signups import confirm, give_back, register
from portal.slots import Signup
from tests import make
from tests.make import NOW
from volunteers.models import ShiftSignup

pytestmark = pytest.mark.django_db
Status = Signup.Status
DAY = timedelta(days=1)


@pytest.fixture
def action():
    return make.opportunity()


@pytest.fixture
def here(action):
    return make.shift(opportunity=action, starts=NOW + 10 * DAY, capacity=1)


@pytest.fixture
def there(action):
    return make.shift(opportunity=action, starts=NOW + 17 * DAY, capacity=2)


def seated(slot, email="kim@example.org", **fields):
    return make.signup(slot, email=email, seated_at=NOW, **fields)


def mails():
    return [(m.kind, m.to, m.subject) for m in Mail.objects.open().order_by("pk")]


def states(slot):
    return [(s.email_key, s.status, s.ended_reason) for s in slot.signups.order_by("pk")]


def events(mail):
    found = Calendar.from_ical(mail.calendar).walk("VEVENT")
    return [(str(e["uid"]).partition("@")[0], str(e["status"]), int(e["sequence"])) for e in found]


@pytest.mark.slow
def test_the_seat_here_goes_to_the_next_and_the_party_has_one_there(here, there):
    kim = seated(here)
    make.signup(here, email="wanda@example.org", status=Status.WAITING)
    new = rebook(kim, to=there, may_wait=False, now=NOW)
    assert states(here) == [("kim@example.org", "ended", "moved"), ("wanda@example.org", "confirmed", "")]
    assert states(there) == [("kim@example.org", "confirmed", "")]
    assert (new.booking, new.seated_at, new.place) == (kim.booking, NOW, 1)
    assert mails() == [
        ("rebooked", "kim@example.org", "Umgebucht: Sa., 27. Juni, 12 Uhr, Lich – Bachputz an der Wetter"),
        (
            "promoted",
            "wanda@example.org",
            "Nachgerückt, Sie haben einen Platz: Sa., 20. Juni, 12 Uhr, Lich – Bachputz an der Wetter",
        ),
    ]
    mail = Mail.objects.get(kind="rebooked")
    assert "Bisher: Samstag, 20. Juni 2026, 12–15 Uhr" in mail.text
    assert "- Samstag, 27. Juni 2026, 12–15 Uhr" in mail.text


def test_the_calendar_of_the_person_loses_the_old_date_and_gets_the_new(here, there):
    kim = seated(here)
    new = rebook(kim, to=there, may_wait=False, now=NOW)
    mail = Mail.objects.get(kind="rebooked")
    assert mail.calendar_method == "PUBLISH"
    assert events(mail) == [
        (f"shiftsignup-{kim.pk}", "CANCELLED", 1),
        (f"shiftsignup-{new.pk}", "CONFIRMED", 0),
    ]


def test_a_full_date_is_refused_and_nothing_has_changed(here, there):
    kim = seated(here, seats=1)
    seated(there, "eins@example.org", seats=2)
    make.signup(here, email="wanda@example.org", status=Status.WAITING)
    before = (states(here), states(there))
    with pytest.raises(Refused, match=r"nicht genug Plätze frei. Es ginge nur auf die Warteliste"):
        rebook(kim, to=there, may_wait=False, now=NOW)
    assert (states(here), states(there)) == before
    assert mails() == []


def test_a_full_date_takes_who_may_wait_at_the_end_of_its_queue(here, there):
    kim = seated(here)
    seated(there, "eins@example.org", seats=2)
    make.signup(there, email="vorn@example.org", status=Status.WAITING)
    new = rebook(kim, to=there, may_wait=True, now=NOW)
    assert (new.status, new.position()) == (Status.WAITING, 2)
    assert [subject.partition(":")[0] for _kind, _to, subject in mails()] == [
        "Umgebucht, Warteliste, Platz 2"
    ]
    mail = Mail.objects.get()
    assert events(mail) == [(f"shiftsignup-{kim.pk}", "CANCELLED", 1)]


def test_who_waits_here_may_get_a_seat_there_and_nobody_moves_up_for_that(here, there):
    seated(here, "eins@example.org")
    kim = make.signup(here, email="kim@example.org", status=Status.WAITING)
    make.signup(here, email="wanda@example.org", status=Status.WAITING)
    assert rebook(kim, to=there, may_wait=False, now=NOW).status == Status.CONFIRMED
    assert [(kind, to) for kind, to, _subject in mails()] == [("rebooked", "kim@example.org")]
    assert [s.email_key for s in here.signups.waiting()] == ["wanda@example.org"]


def test_a_party_moves_as_a_whole_with_what_it_said(action, here):
    more = make.shift(opportunity=action, starts=NOW + 12 * DAY, capacity=3)
    kim = seated(here, seats=3)
    assert rebook(kim, to=more, may_wait=False, now=NOW).seats == 3
    assert more.taken() == 3


def test_answers_of_a_seminar_move_along():
    one = make.session()
    two = make.session(series=one.series, starts=one.starts + DAY)
    new = rebook(make.participant(one, municipality="Stadt Hungen"), to=two, may_wait=False, now=NOW)
    assert (new.function, new.municipality) == ("staff", "Stadt Hungen")


def test_in_the_open_phase_the_free_seat_is_taken_and_nobody_waiting_is_called(action, here):
    soon = make.shift(opportunity=action, starts=NOW + timedelta(hours=5), capacity=2)
    seated(soon, "eins@example.org")
    make.signup(soon, email="zwei@example.org", status=Status.WAITING, seats=2)
    assert rebook(seated(here), to=soon, may_wait=False, now=NOW).status == Status.CONFIRMED
    assert soon.free() == 0


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.ENDED])
def test_only_who_has_a_seat_or_waits_is_moved(here, there, status):
    ended = {"ended_reason": "given_back", "ended_at": NOW} if status == Status.ENDED else {}
    kim = make.signup(here, status=status, **ended)
    with pytest.raises(Refused, match="wer einen Platz hat oder auf der Warteliste steht"):
        rebook(kim, to=there, may_wait=True, now=NOW)


def test_twice_moves_once(here, there):
    kim = seated(here)
    rebook(kim, to=there, may_wait=False, now=NOW)
    with pytest.raises(Refused):
        rebook(kim, to=there, may_wait=False, now=NOW)
    assert states(there) == [("kim@example.org", "confirmed", "")]


def test_a_date_of_another_action_is_refused(here):
    with pytest.raises(Refused, match="derselben Aktion"):
        rebook(seated(here), to=make.shift(starts=NOW + 9 * DAY), may_wait=False, now=NOW)


def test_the_same_date_is_refused(here):
    with pytest.raises(Refused, match="anderen Termin"):
        rebook(seated(here), to=here, may_wait=True, now=NOW)


def test_what_has_begun_or_is_cancelled_is_refused(action, here, there):
    kim = seated(here)
    with pytest.raises(Refused, match="hat schon begonnen"):
        rebook(kim, to=there, may_wait=False, now=here.starts)
    with pytest.raises(Refused, match="schon geschlossen"):
        rebook(kim, to=make.shift(opportunity=action, starts=NOW - DAY), may_wait=False, now=NOW)
    cancel(there, reason="Sturm", now=NOW)
    with pytest.raises(Refused, match="fällt leider aus"):
        rebook(kim, to=there, may_wait=False, now=NOW)


def test_who_is_there_already_is_refused(here, there):
    seated(there)
    with pytest.raises(Refused, match="schon angemeldet"):
        rebook(seated(here), to=there, may_wait=True, now=NOW)
    assert here.taken() == 1


def test_people_without_address_are_moved_and_get_no_mail(here, there):
    call = make.booking("", "Opa Ohnemail", phone="06404 1", organisation=here.organisation)
    seated(there, "", booking=make.booking("", "Oma Ohnemail", organisation=here.organisation))
    assert (
        rebook(make.signup(here, booking=call), to=there, may_wait=False, now=NOW).status == Status.CONFIRMED
    )
    assert mails() == []


def test_a_result_that_has_not_left_names_the_new_date_and_is_the_only_mail(here, there):
    booking = register(slots=[here], name="Kim", email="kim@example.org", age_confirmed=True, now=NOW)
    confirm(booking, signups=list(here.signups.all()), now=NOW)
    Mail.objects.filter(kind="confirm-address").delete()
    rebook(here.signups.get(), to=there, may_wait=False, now=NOW)
    ((kind, to, subject),) = mails()
    assert (kind, to, subject.partition(",")[2][:9]) == ("confirmed", "kim@example.org", " 27. Juni")
    assert "20. Juni" not in Mail.objects.open().get().text


def test_moved_twice_before_the_mail_left_is_told_once_and_the_calendar_is_right(action, here, there):
    last = make.shift(opportunity=action, starts=NOW + 24 * DAY)
    kim = seated(here)
    between = rebook(kim, to=there, may_wait=False, now=NOW)
    new = rebook(between, to=last, may_wait=False, now=NOW)
    mail = Mail.objects.open().get()
    assert "Bisher" not in mail.text
    assert "Samstag, 4. Juli 2026" in mail.text
    assert events(mail) == [
        (f"shiftsignup-{kim.pk}", "CANCELLED", 1),
        (f"shiftsignup-{between.pk}", "CANCELLED", 1),
        (f"shiftsignup-{new.pk}", "CONFIRMED", 0),
    ]


def test_moved_there_and_back_has_the_seat_again(here, there):
    new = rebook(seated(here), to=there, may_wait=False, now=NOW)
    again = rebook(new, to=here, may_wait=False, now=NOW)
    assert (again.status, again.slot) == (Status.CONFIRMED, here)
    assert [s.status for s in ShiftSignup.objects.order_by("pk")] == ["ended", "ended", "confirmed"]


def test_giving_the_new_seat_back_takes_the_mail_about_it_back(here, there):
    new = rebook(seated(here), to=there, may_wait=False, now=NOW)
    give_back(new, now=NOW)
    assert [kind for kind, _to, _subject in mails()] == ["cancelled-by-you"]


@pytest.mark.slow
def test_a_reminder_of_the_old_date_does_not_leave_and_the_new_one_is_reminded(here, there):
    kim = seated(here)
    evening = here.starts - DAY + timedelta(hours=5)  # 17 o'clock
    queue_due(now=evening)
    assert [kind for kind, to, _subject in mails() if to == "kim@example.org"] == ["reminder"]
    rebook(kim, to=there, may_wait=False, now=evening)
    assert [kind for kind, to, _subject in mails() if to == "kim@example.org"] == ["rebooked"]
    queue_due(now=there.starts - DAY + timedelta(hours=5))
    assert [subject for kind, _to, subject in mails() if kind == "reminder"] == [
        "Morgen: Sa., 27. Juni, 12 Uhr, Lich – Bachputz an der Wetter"
    ]


def test_the_page_of_the_person_says_so(client, here, there):
    kim = seated(here)
    rebook(kim, to=there, may_wait=False, now=NOW)
    link = next(word for word in Mail.objects.get().text.split() if "/anmeldung/meine/" in word)
    page = client.get(link).content.decode()
    assert "Auf einen anderen Termin umgebucht" in page
    assert "Platz sicher" in page or "Vorbei" in page
