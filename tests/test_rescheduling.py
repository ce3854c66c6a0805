"""What staff change on a date that people are on: time, place, seats, cancelled (rules 6, 7, 14–16)."""

from datetime import datetime, timedelta

import pytest
from icalendar import Calendar

from portal import links, signups
from portal.models import Mail, User
from portal.refused import Refused
from portal.rescheduling import cancel, change_capacity, move, relocate
from portal.slots import Signup
from tests import make
from tests.make import BERLIN, NOW
from volunteers.models import Shift, ShiftSignup

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
S = Signup.Status
FRIDAY = datetime(2026, 6, 19, 9, tzinfo=BERLIN)
SATURDAY = datetime(2026, 6, 20, 14, tzinfo=BERLIN)


def register(*slots, email="kim@example.org", now=NOW, **fields):
    return signups.register(
        slots=slots, name="Kim Muster", email=email, age_confirmed=True, now=now, **fields
    )


def confirm(booking, now=NOW):
    booking.refresh_from_db()
    signups.confirm(booking, signups=signups.signups_of(booking), now=now)
    return signups.signups_of(booking)


def join(*slots, email="kim@example.org", **fields):
    return confirm(register(*slots, email=email, **fields))


def all_sent():
    Mail.objects.open().update(sent_at=NOW)


def unsent(**which):
    """(kind, to, subject) of the mails that will leave, in order."""
    rows = Mail.objects.open().filter(**which).order_by("pk")
    return [(mail.kind, mail.to.split("@")[0], mail.subject) for mail in rows]


def words(mail):
    return " ".join(mail.text.split())


def events(mail):
    """(METHOD, [(UID, SEQUENCE, STATUS, DTSTART)]) as a calendar program reads them."""
    file = Calendar.from_ical(mail.calendar)
    found = [
        (str(e["UID"]), int(e["SEQUENCE"]), str(e["STATUS"]), e.decoded("dtstart"))
        for e in file.walk("VEVENT")
    ]
    assert str(file["METHOD"]) == mail.calendar_method
    return str(file["METHOD"]), found


# --- move -------------------------------------------------------------------------------------------
def test_moved_date_tells_everybody_on_it_old_and_new():
    slot = make.shift(starts=FRIDAY, capacity=1)
    (seated,) = join(slot)
    join(slot, email="warte@example.org")
    all_sent()

    move(slot, starts=SATURDAY, ends=SATURDAY + 3 * HOUR, now=NOW)

    slot.refresh_from_db()
    assert (slot.starts, slot.ends, slot.starts_revision, slot.sequence) == (
        SATURDAY,
        SATURDAY + 3 * HOUR,
        1,
        1,
    )
    subject = "Neue Zeit: Sa., 20. Juni, 14 Uhr, Lich – Bachputz an der Wetter"
    assert unsent() == [("changed", "kim", subject), ("changed", "warte", subject)]
    to_seated, to_waiting = Mail.objects.open().order_by("pk")
    assert "Bisher: Freitag, 19. Juni 2026, 9–12 Uhr" in words(to_seated)
    assert "Neu: Samstag, 20. Juni 2026, 14–17 Uhr" in words(to_seated)
    assert links.make(links.GIVE_BACK, seated) in to_seated.text
    assert events(to_seated) == (
        "PUBLISH",
        [(f"shiftsignup-{seated.pk}@localhost", 1, "CONFIRMED", SATURDAY)],
    )
    assert ("Sie bleiben auf der Warteliste" in words(to_waiting), to_waiting.calendar) == (True, "")


def test_date_moved_back_tells_again_with_a_higher_sequence():
    slot = make.shift(starts=FRIDAY)
    (signup,) = join(slot)
    first = events(Mail.objects.get(kind="confirmed"))
    all_sent()

    move(slot, starts=SATURDAY, ends=SATURDAY + 3 * HOUR, now=NOW)
    all_sent()
    move(slot, starts=FRIDAY, ends=FRIDAY + 3 * HOUR, now=NOW + HOUR)

    slot.refresh_from_db()
    assert (slot.starts_revision, slot.sequence) == (2, 2)
    changes = [events(mail) for mail in Mail.objects.filter(kind="changed").order_by("pk")]
    uid = f"shiftsignup-{signup.pk}@localhost"
    assert [first, *changes] == [
        ("PUBLISH", [(uid, 0, "CONFIRMED", FRIDAY)]),
        ("PUBLISH", [(uid, 1, "CONFIRMED", SATURDAY)]),
        ("PUBLISH", [(uid, 2, "CONFIRMED", FRIDAY)]),
    ]


def test_second_move_before_the_first_mail_left_sends_one():
    slot = make.shift(starts=FRIDAY)
    join(slot)
    all_sent()

    move(slot, starts=SATURDAY, ends=SATURDAY + 3 * HOUR, now=NOW)
    move(slot, starts=SATURDAY + DAY, ends=SATURDAY + DAY + 3 * HOUR, now=NOW)

    assert unsent() == [("changed", "kim", "Neue Zeit: So., 21. Juni, 14 Uhr, Lich – Bachputz an der Wetter")]


def test_confirmation_that_did_not_leave_says_the_new_time():
    slot = make.shift(starts=FRIDAY)
    join(slot)
    register(slot, email="neu@example.org")
    Mail.objects.filter(kind="confirm-address", to="kim@example.org").update(sent_at=NOW)

    move(slot, starts=SATURDAY, ends=SATURDAY + 3 * HOUR, now=NOW)

    assert [(kind, to, subject.split(" – ")[0]) for kind, to, subject in unsent()] == [
        ("confirmed", "kim", "Platz sicher: Sa., 20. Juni, 14 Uhr, Lich"),
        ("changed", "kim", "Neue Zeit: Sa., 20. Juni, 14 Uhr, Lich"),
        ("confirm-address", "neu", "Noch ein Klick: Sa., 20. Juni, 14 Uhr, Lich"),
    ]


def test_promotion_that_did_not_leave_says_the_new_time():
    slot = make.shift(starts=FRIDAY, capacity=1)
    (seated,), _waiting = join(slot), join(slot, email="warte@example.org")
    all_sent()
    signups.give_back(seated, now=NOW)

    move(slot, starts=SATURDAY, ends=SATURDAY + 3 * HOUR, now=NOW)

    assert [subject.split(" – ")[0] for _kind, _to, subject in unsent(to="warte@example.org")] == [
        "Nachgerückt, Sie haben einen Platz: Sa., 20. Juni, 14 Uhr, Lich",
        "Neue Zeit: Sa., 20. Juni, 14 Uhr, Lich",
    ]


def test_same_time_again_tells_nobody_and_only_the_deadline_changes():
    slot = make.shift(starts=FRIDAY)
    join(slot)
    all_sent()

    move(slot, starts=slot.starts, ends=slot.ends, deadline=FRIDAY - DAY, now=NOW)

    slot.refresh_from_db()
    assert (slot.deadline, slot.sequence, unsent()) == (FRIDAY - DAY, 0, [])


def test_longer_date_is_announced_but_reminds_no_second_time():
    slot = make.shift(starts=FRIDAY)
    join(slot)
    all_sent()

    move(slot, starts=FRIDAY, ends=FRIDAY + 5 * HOUR, now=NOW)

    slot.refresh_from_db()
    assert (slot.starts_revision, slot.sequence) == (0, 1)
    assert [kind for kind, *_ in unsent()] == ["changed"]


def test_move_out_of_the_open_phase_promotes_again():
    soon = NOW + 5 * HOUR
    slot = make.shift(starts=soon, capacity=1)
    seated, waiting = make.signup(slot), make.signup(slot, status=S.WAITING)
    signups.give_back(seated, now=NOW)

    move(slot, starts=FRIDAY, ends=FRIDAY + HOUR, now=NOW)

    waiting.refresh_from_db()
    assert waiting.status == S.CONFIRMED
    assert [kind for kind, *_ in unsent(to=waiting.booking.email)] == ["changed", "promoted"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"starts": SATURDAY, "ends": SATURDAY}, "Das Ende liegt vor dem Beginn"),
        ({"starts": SATURDAY, "ends": SATURDAY - HOUR}, "Das Ende liegt vor dem Beginn"),
        (
            {"starts": SATURDAY, "ends": SATURDAY + HOUR, "deadline": SATURDAY + HOUR},
            "Der Anmeldeschluss liegt nach dem Beginn",
        ),
    ],
)
def test_impossible_times_are_refused(change, sentence):
    slot = make.shift(starts=FRIDAY)
    with pytest.raises(Refused, match=sentence):
        move(slot, now=NOW, **change)
    slot.refresh_from_db()
    assert (slot.starts, slot.sequence) == (FRIDAY, 0)


def test_cancelled_date_is_not_moved():
    slot = make.shift(starts=FRIDAY)
    cancel(slot, reason="Sturm", now=NOW)
    with pytest.raises(Refused, match="abgesagt"):
        move(slot, starts=SATURDAY, ends=SATURDAY + HOUR, now=NOW)


# --- relocate ---------------------------------------------------------------------------------------
def test_new_meeting_point_is_told_for_each_coming_date():
    opportunity = make.opportunity(meeting_point="Alte Brücke 1")
    past, one, two, off = (make.shift(starts=NOW + n * DAY, opportunity=opportunity) for n in (-3, 9, 10, 11))
    for slot in (past, one, two, off):
        make.signup(slot, email=f"s{slot.pk}@example.org")
    cancel(off, reason="Sturm", now=NOW)
    all_sent()
    old_where = one.where
    opportunity.meeting_point = "Neues Rathaus 5"
    opportunity.save()

    relocate(list(Shift.objects.filter(opportunity=opportunity)), old_where=old_where, now=NOW)

    assert [(kind, to) for kind, to, _subject in unsent()] == [
        ("changed", f"s{one.pk}"),
        ("changed", f"s{two.pk}"),
    ]
    mail = Mail.objects.open().order_by("pk").first()
    assert mail.subject == (
        "Neuer Ort: Fr., 19. Juni, 12 Uhr, Neues Rathaus 5, Lich – Bachputz an der Wetter"
    )
    assert "Bisheriger Treffpunkt: Alte Brücke 1, Lich" in words(mail)
    assert "Neuer Treffpunkt: Neues Rathaus 5, Lich" in words(mail)
    assert Calendar.from_ical(mail.calendar).walk("VEVENT")[0]["LOCATION"] == "Neues Rathaus 5, Lich"
    assert list(Shift.objects.order_by("pk").values_list("sequence", "starts_revision")) == [
        (0, 0),
        (1, 0),
        (1, 0),
        (1, 0),
    ]


def several():
    """Kim on two dates and on the waiting list of a third, all of one action that moves to the town hall."""
    opportunity = make.opportunity(meeting_point="Alte Brücke 1")
    slots = [make.shift(starts=FRIDAY + n * DAY, opportunity=opportunity, capacity=1) for n in range(3)]
    make.signup(slots[2])
    found = join(*slots)
    all_sent()
    old_where = slots[0].where
    opportunity.meeting_point = "Neues Rathaus 5"
    opportunity.save()
    relocate(list(Shift.objects.all()), old_where=old_where, now=NOW)
    return found


def test_dates_of_one_form_that_are_relocated_are_told_in_one_mail():
    several()

    assert unsent(to="kim@example.org") == [
        ("changed", "kim", "Neuer Ort: 2 Termine ab Fr., 19. Juni, 9 Uhr, Lich – Bachputz an der Wetter")
    ]
    mail = Mail.objects.open().get(to="kim@example.org")
    assert "Neuer Treffpunkt: Neues Rathaus 5, Lich" in words(mail)
    certain, waiting = words(mail).split("Sie bleiben auf der Warteliste:")
    assert [day in certain for day in ("Freitag", "Samstag", "Sonntag")] == [True, True, False]
    assert "Sonntag, 21. Juni 2026" in waiting
    assert [start for *_rest, start in events(mail)[1]] == [FRIDAY, FRIDAY + DAY]


def test_relocated_date_that_is_then_cancelled_is_taken_out_of_the_mail():
    first, *_rest = several()

    cancel(first.slot, reason="Sturm", now=NOW)

    changed = Mail.objects.open().get(kind="changed", to="kim@example.org")
    assert ("Freitag" in changed.text, "Samstag" in changed.text) == (False, True)
    assert "Treffpunkt: Neues Rathaus 5, Lich" in words(changed)
    assert [kind for kind, *_ in unsent(to="kim@example.org")] == ["changed", "cancelled-by-us"]


def test_action_relocated_twice_before_the_mail_left_sends_one():
    several()
    opportunity = Shift.objects.first().opportunity
    opportunity.meeting_point = "Sportplatz"
    opportunity.save()

    relocate(list(Shift.objects.all()), old_where="Neues Rathaus 5, Lich", now=NOW)

    (mail,) = Mail.objects.open().filter(to="kim@example.org")
    assert ("Bisheriger Treffpunkt: Neues Rathaus 5" in words(mail), "Alte Brücke" in mail.text) == (
        True,
        False,
    )


def test_relocating_nothing_is_nothing():
    relocate([], old_where="", now=NOW)
    assert unsent() == []


# --- cancel -----------------------------------------------------------------------------------------
def test_cancelled_date_tells_everybody_and_ends_every_sign_up():
    slot = make.shift(starts=FRIDAY, capacity=1)
    (seated,) = join(slot)
    join(slot, email="warte@example.org")
    all_sent()

    cancel(slot, reason="Hochwasser an der Wetter", now=NOW)
    cancel(slot, reason="noch einmal", now=NOW + HOUR)

    slot.refresh_from_db()
    assert (slot.cancelled_at, slot.cancel_reason, slot.taken()) == (NOW, "Hochwasser an der Wetter", 0)
    ended = [(s.status, s.ended_reason, s.ended_at) for s in slot.signups.all()]
    assert ended == [("ended", "slot_cancelled", NOW)] * 2
    subject = "Fällt aus: Fr., 19. Juni, 9 Uhr, Lich – Bachputz an der Wetter"
    assert unsent() == [("cancelled-by-us", "kim", subject), ("cancelled-by-us", "warte", subject)]
    to_seated, to_waiting = Mail.objects.open().order_by("pk")
    assert "Grund: Hochwasser an der Wetter" in words(to_seated)
    assert events(to_seated) == (
        "CANCEL",
        [(f"shiftsignup-{seated.pk}@localhost", 2, "CANCELLED", FRIDAY)],
    )
    assert to_waiting.calendar == ""


def test_cancelling_takes_back_what_did_not_leave():
    slot = make.shift(starts=FRIDAY, capacity=1)
    (seated,), _waiting = join(slot), join(slot, email="warte@example.org")
    Mail.objects.filter(kind="confirm-address").update(sent_at=NOW)
    Mail.objects.filter(kind="waiting").update(sent_at=NOW)
    signups.give_back(seated, now=NOW)
    move(slot, starts=SATURDAY, ends=SATURDAY + HOUR, now=NOW)

    cancel(slot, reason="Sturm", now=NOW)

    assert [(kind, to) for kind, to, _subject in unsent()] == [
        ("cancelled-by-you", "kim"),
        ("cancelled-by-us", "warte"),
    ]


def test_people_without_address_are_ended_and_stay_with_their_telephone():
    slot = make.shift(starts=FRIDAY)
    clerk = User.objects.create_user("clerk@lich.example")
    signups.register(
        slots=[slot],
        name="Oma Erna",
        email="",
        phone="06404 1",
        age_confirmed=True,
        now=NOW,
        entered_by=clerk,
    )

    cancel(slot, reason="Sturm", now=NOW)

    signup = slot.signups.get()
    assert (signup.status, signup.booking.name, signup.booking.phone) == (S.ENDED, "Oma Erna", "06404 1")
    assert Mail.objects.count() == 0


def test_unconfirmed_form_of_a_cancelled_date_ends_and_its_mail_does_not_leave():
    slot = make.shift(starts=FRIDAY)
    booking = register(slot)

    cancel(slot, reason="Sturm", now=NOW)

    assert [(s.status, s.ended_reason) for s in slot.signups.all()] == [("ended", "slot_cancelled")]
    assert unsent() == []
    with pytest.raises(Refused, match="nicht mehr offen"):
        signups.resend(booking, now=NOW)


def test_past_date_is_not_cancelled():
    slot = make.shift(starts=NOW - 5 * HOUR)
    with pytest.raises(Refused, match="schon vorbei"):
        cancel(slot, reason="zu spät", now=NOW)


# --- forms with several dates -----------------------------------------------------------------------
def test_date_cancelled_before_the_confirmation_left_is_told_apart_and_the_rest_again():
    one, two = make.shift(starts=FRIDAY), make.shift(starts=SATURDAY)
    join(one, two)
    Mail.objects.filter(kind="confirm-address").update(sent_at=NOW)
    assert [(kind, to) for kind, to, _subject in unsent()] == [("confirmed", "kim")]

    cancel(one, reason="Sturm", now=NOW)

    assert unsent() == [
        ("confirmed", "kim", "Platz sicher: Sa., 20. Juni, 14 Uhr, Lich – Bachputz an der Wetter"),
        ("cancelled-by-us", "kim", "Fällt aus: Fr., 19. Juni, 9 Uhr, Lich – Bachputz an der Wetter"),
    ]
    confirmed = Mail.objects.open().get(kind="confirmed")
    assert "Freitag" not in confirmed.text
    assert [start for *_rest, start in events(confirmed)[1]] == [SATURDAY]


def test_date_cancelled_before_the_click_leaves_the_mail_with_the_other():
    one, two = make.shift(starts=FRIDAY), make.shift(starts=SATURDAY)
    booking = register(one, two)

    cancel(one, reason="Sturm", now=NOW)

    (mail,) = Mail.objects.open()
    assert (mail.kind, "Freitag" in mail.text, "Samstag" in mail.text) == ("confirm-address", False, True)
    assert [s.status for s in confirm(booking)] == [S.ENDED, S.CONFIRMED]


def test_confirmation_that_left_is_not_written_again():
    one, two = make.shift(starts=FRIDAY), make.shift(starts=SATURDAY)
    join(one, two)
    all_sent()

    cancel(one, reason="Sturm", now=NOW)

    assert [kind for kind, *_ in unsent()] == ["cancelled-by-us"]


def test_one_date_given_back_keeps_the_other():
    one, two = make.shift(starts=FRIDAY), make.shift(starts=SATURDAY)
    first, second = join(one, two)
    all_sent()

    signups.give_back(first, now=NOW)

    second.refresh_from_db()
    assert second.status == S.CONFIRMED
    (mail,) = Mail.objects.open()
    assert mail.subject == "Sie haben abgesagt: Fr., 19. Juni, 9 Uhr, Lich – Bachputz an der Wetter"
    assert events(mail) == ("CANCEL", [(f"shiftsignup-{first.pk}@localhost", 1, "CANCELLED", FRIDAY)])


# --- capacity ---------------------------------------------------------------------------------------
def test_capacity_of_a_cancelled_date_promotes_nobody():
    slot = make.shift(starts=FRIDAY, capacity=1)
    cancel(slot, reason="Sturm", now=NOW)
    change_capacity(slot, capacity=5, now=NOW)

    assert (Shift.objects.get().capacity, ShiftSignup.objects.count(), unsent()) == (5, 0, [])
