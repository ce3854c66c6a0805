"""When participants of seminars hear: the day before, an hour before, with the way in; and after a change."""

from datetime import UTC, datetime, timedelta

import pytest

from portal import booking_rows, notices
from portal.delivery import resend
from portal.models import Mail
from portal.refused import Refused
from portal.reminders import queue_due
from portal.rescheduling import cancel, change_access, move
from portal.signups import give_back, register
from portal.slots import Signup
from seminars.models import Session, SessionSignup
from tests import make
from tests.make import BERLIN

pytestmark = pytest.mark.django_db
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
S = Signup.Status
LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=BERLIN)
REMINDERS = ("reminder", "reminder-soon")


def berlin(month, day, hour=0, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


START = berlin(6, 17, 13, 30)  # a Wednesday


def seated(*slots, email="kim@example.org", since=LONG_AGO):
    """One person with a seat on each of these dates, by one form."""
    booking = make.booking(email, organisation=slots[0].organisation, slot_kind="session", confirmed_at=since)
    made = [make.participant(slot, booking=booking, seated_at=since) for slot in slots]
    return made[0] if len(made) == 1 else made


# Around these times of a day something is due in these tests; between them nothing is.
MOMENTS = [(6, 30), (7, 0), (8, 30), (9, 0), (10, 0), (12, 0), (12, 30), (13, 0), (13, 30), (17, 30)]


def sweep(start, end):
    """The clock of the portal from start to end; what is due leaves at once."""
    days = [start + n * DAY for n in range((end - start).days + 2)]
    moments = [
        moment
        for day in days
        for hour, minute in MOMENTS
        if start
        < (moment := berlin(day.astimezone(BERLIN).month, day.astimezone(BERLIN).day, hour, minute))
        <= end
    ]
    for now in [start, *moments]:
        queue_due(now=now)
        Mail.objects.due(now).update(sent_at=now)


def log(*kinds, **which):
    """(local time of leaving, subject up to „ – ") in order of writing."""
    rows = Mail.objects.filter(kind__in=kinds or REMINDERS, withdrawn_at=None, **which)
    return [
        (
            f"{mail.sent_at.astimezone(BERLIN):%d.%m. %H:%M}" if mail.sent_at else "",
            mail.subject.split(" – ")[0],
        )
        for mail in rows.order_by("queued_at", "pk")
    ]


@pytest.mark.slow
def test_the_day_before_at_nine_and_an_hour_before():
    seated(make.session(starts=START))
    sweep(berlin(6, 15, 8), berlin(6, 17, 14))
    assert log() == [
        ("16.06. 09:00", "Morgen: Mi., 17. Juni, 13.30 Uhr"),
        ("17.06. 12:30", "In einer Stunde: Mi., 17. Juni, 13.30 Uhr"),
    ]
    day, hour = Mail.objects.filter(kind__in=REMINDERS).order_by("pk")
    assert (day.useful_until, hour.useful_until) == (berlin(6, 17), START)


@pytest.mark.slow
@pytest.mark.parametrize("kind", REMINDERS)
def test_reminder_begins_with_giving_back_and_carries_the_way_in(kind):
    seated(make.session(starts=START))
    sweep(berlin(6, 16, 9), berlin(6, 17, 13))
    text = Mail.objects.get(kind=kind).text
    parts = [
        "/anmeldung/freigeben/",
        "„Anerkennung, die ankommt“",
        "https://raum.example/geheim",
        "Kennwort 4711",
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)


def test_reminder_without_a_fixed_way_in_leads_to_the_page():
    seated(make.session(starts=START, join_url="", dial_in=""))
    sweep(berlin(6, 16, 8), berlin(6, 16, 10))
    text = " ".join(Mail.objects.get(kind="reminder").text.split())
    assert "Den Zugang zum Online-Raum finden Sie auf der Seite Ihrer Anmeldung." in text


@pytest.mark.slow
@pytest.mark.parametrize(("off", "left"), [("remind_day", "In einer Stunde"), ("remind_hour", "Morgen")])
def test_staff_can_switch_each_reminder_off(off, left):
    seated(make.session(starts=START, **{off: False}))
    sweep(berlin(6, 16, 8), berlin(6, 17, 14))
    assert [subject.split(":")[0] for _when, subject in log()] == [left]


@pytest.mark.slow
def test_two_dates_of_one_day_share_the_reminder_of_the_day_before():
    series = make.series()
    slots = [
        make.session(series=series, name="Mittags", starts=START),
        make.session(series=series, name="Abends", starts=START + 5 * HOUR),
    ]
    seated(*slots)
    sweep(berlin(6, 16, 9), berlin(6, 17, 19))
    assert log() == [
        ("16.06. 09:00", "Morgen: 2 Termine ab Mi., 17. Juni, 13.30 Uhr"),
        ("17.06. 12:30", "In einer Stunde: Mi., 17. Juni, 13.30 Uhr"),
        ("17.06. 17:30", "In einer Stunde: Mi., 17. Juni, 18.30 Uhr"),
    ]
    shared = Mail.objects.get(kind="reminder").text
    assert [name in shared for name in ("„Mittags“", "„Abends“")] == [True, True]
    assert "https://raum.example/geheim" not in shared  # each has its own: on the page


@pytest.mark.slow
def test_early_session_reminds_an_hour_before_also_in_quiet_hours():
    """Rule 16: what is urgent leaves at night, too; the reminder of the day before does not."""
    seated(make.session(starts=berlin(6, 17, 7, 30)))
    sweep(berlin(6, 16, 8), berlin(6, 17, 8))
    assert log() == [
        ("16.06. 09:00", "Morgen: Mi., 17. Juni, 7.30 Uhr"),
        ("17.06. 06:30", "In einer Stunde: Mi., 17. Juni, 7.30 Uhr"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("since", "subjects"),
    [
        (berlin(6, 16, 8, 59), ["Morgen", "In einer Stunde"]),
        (berlin(6, 16, 9, 1), ["In einer Stunde"]),
        (berlin(6, 17, 12, 29), ["In einer Stunde"]),
        (berlin(6, 17, 12, 31), []),
    ],
)
def test_late_registration_gets_no_reminder_that_is_already_past(since, subjects):
    seated(make.session(starts=START), since=since)
    sweep(berlin(6, 16, 8), berlin(6, 17, 14))
    assert [subject.split(":")[0] for _when, subject in log()] == subjects


@pytest.mark.slow
def test_nobody_without_a_seat_is_reminded():
    slot = make.session(starts=START)
    for status in (S.UNCONFIRMED, S.WAITING, S.REQUESTED):
        make.participant(slot, status=status, seated_at=None)
    make.participant(slot, status=S.ENDED, ended_reason="given_back", ended_at=LONG_AGO, seated_at=LONG_AGO)
    sweep(berlin(6, 16, 8), berlin(6, 17, 14))
    assert log() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("back_at", "subjects"),
    [
        (berlin(6, 16, 15), [("16.06. 15:00", "Morgen"), ("17.06. 12:30", "In einer Stunde")]),
        (berlin(6, 17, 8), [("17.06. 08:00", "Heute"), ("17.06. 12:30", "In einer Stunde")]),
        (berlin(6, 17, 12, 35), [("17.06. 12:35", "In einer Stunde")]),
        (berlin(6, 17, 13), [("17.06. 13:00", "Gleich")]),
        (berlin(6, 17, 14), []),
    ],
)
def test_after_an_outage_only_what_is_still_useful_goes_out(back_at, subjects):
    seated(make.session(starts=START))
    sweep(back_at, berlin(6, 17, 15))
    assert [(when, subject.split(":")[0]) for when, subject in log()] == subjects


@pytest.mark.slow
def test_moved_session_reminds_again_at_its_new_time_also_when_moved_back():
    slot = make.session(starts=START)
    seated(slot)
    sweep(berlin(6, 16, 8), berlin(6, 16, 12))
    move(slot, starts=START + DAY, ends=START + DAY + HOUR, now=berlin(6, 16, 12))
    sweep(berlin(6, 16, 12), berlin(6, 17, 10))
    move(slot, starts=START, ends=START + HOUR, now=berlin(6, 17, 10))
    sweep(berlin(6, 17, 10), berlin(6, 17, 14))
    assert log(*REMINDERS, "changed") == [
        ("16.06. 09:00", "Morgen: Mi., 17. Juni, 13.30 Uhr"),
        ("16.06. 12:00", "Neue Zeit: Do., 18. Juni, 13.30 Uhr"),
        ("17.06. 09:00", "Morgen: Do., 18. Juni, 13.30 Uhr"),
        ("17.06. 10:00", "Neue Zeit: Mi., 17. Juni, 13.30 Uhr"),
        ("17.06. 10:00", "Heute: Mi., 17. Juni, 13.30 Uhr"),
        ("17.06. 12:30", "In einer Stunde: Mi., 17. Juni, 13.30 Uhr"),
    ]


def test_cancelled_session_takes_its_reminders_back():
    slot = make.session(starts=START)
    seated(slot)
    queue_due(now=berlin(6, 17, 12, 30))
    assert Mail.objects.open().filter(kind="reminder-soon").count() == 1
    cancel(slot, reason="Krank", now=berlin(6, 17, 12, 31))
    to_people = Mail.objects.open().exclude(kind="new-signups")
    assert {mail.kind for mail in to_people} == {"cancelled-by-us"}


def test_one_of_two_dates_cancelled_reminds_of_the_other_with_its_way_in():
    series = make.series()
    one, two = (
        make.session(series=series, name=name, starts=START + n * HOUR) for n, name in enumerate("AB")
    )
    seated(one, two)
    queue_due(now=berlin(6, 16, 9))
    cancel(one, reason="Krank", now=berlin(6, 16, 9, 1))
    queue_due(now=berlin(6, 16, 9, 2))
    (mail,) = Mail.objects.open().filter(kind="reminder")
    assert (mail.subject, "https://raum.example/geheim" in mail.text) == (
        "Morgen: Mi., 17. Juni, 14.30 Uhr – B", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("waits", "sentence"),
    [
        (True, "Wer als Nächstes auf der Warteliste stand, ist nachgerückt."),
        (False, "Der Platz ist wieder frei."),
    ],
)
def test_contact_hears_whether_somebody_moved_up(waits, sentence):
    slot = make.session(starts=START, capacity=1)
    kim = seated(slot)
    if waits:
        make.participant(slot, status=S.WAITING, email="wartet@example.org", place=2)
    give_back(kim, now=START - 12 * HOUR)
    text = " ".join(Mail.objects.get(kind="gave-back-late").text.split())
    assert sentence in text
    assert ("nachgerückt" in text) == waits


# --- another way in ------------------------------------------------------------------------------------
def change(slot, now, **access):
    Session.objects.filter(pk=slot.pk).update(**access)
    change_access(Session.objects.select_related("series__organisation").get(pk=slot.pk), now=now)


def test_new_way_in_before_any_reminder_is_only_on_the_page():
    slot = make.session(starts=START)
    seated(slot)
    change(slot, berlin(6, 15), join_url="https://raum.example/neu")
    assert not Mail.objects.exists()


def test_reminder_that_has_not_left_is_written_anew_with_the_new_way_in():
    slot = make.session(starts=START)
    seated(slot)
    queue_due(now=berlin(6, 16, 9))
    change(slot, berlin(6, 16, 9, 1), join_url="https://raum.example/neu")
    sweep(berlin(6, 16, 9, 2), berlin(6, 16, 10))
    assert log(*REMINDERS, "new-access") == [("16.06. 09:02", "Morgen: Mi., 17. Juni, 13.30 Uhr")]
    text = Mail.objects.get(withdrawn_at=None).text
    assert ("https://raum.example/neu" in text, "geheim" in text) == (True, False)


@pytest.mark.parametrize("failed", [False, True])
def test_way_in_that_had_not_left_when_the_date_moved_is_told_anew(failed):
    """Without reminders this mail is the only one that says it."""
    slot = make.session(starts=START, remind_day=False, remind_hour=False)
    seated(slot)
    change(slot, berlin(6, 15), join_url="https://raum.example/neu")
    Mail.objects.update(failed_at=berlin(6, 15) if failed else None)
    move(slot, starts=START + HOUR, ends=START + 2 * HOUR, now=berlin(6, 15, 1))
    waiting = {mail.kind: mail.text for mail in Mail.objects.open()}
    assert set(waiting) == {"changed", "new-access"}
    assert "https://raum.example/neu" in waiting["new-access"]
    assert "14.30" in waiting["new-access"]


@pytest.mark.slow
def test_whoever_was_told_the_old_way_hears_of_the_new_one_and_nobody_else():
    slot = make.session(starts=START)
    seated(slot)
    seated(slot, email="spaet@example.org", since=berlin(6, 16, 12))
    make.participant(slot, status=S.WAITING, email="wartet@example.org")
    sweep(berlin(6, 16, 8), berlin(6, 16, 13))
    change(slot, berlin(6, 16, 14), join_url="https://raum.example/neu", dial_in="069 9")
    (mail,) = Mail.objects.filter(kind="new-access")
    assert (mail.to, mail.subject) == (
        "kim@example.org",
        "Ihr Zugang: Mi., 17. Juni, 13.30 Uhr – Anerkennung, die ankommt",
    )
    assert ("https://raum.example/neu" in mail.text, "069 9" in mail.text) == (True, True)
    sweep(berlin(6, 16, 14), berlin(6, 17, 14))
    assert [subject.split(":")[0] for _when, subject in log(to="kim@example.org")] == [
        "Morgen",
        "In einer Stunde",
    ]
    assert "https://raum.example/neu" in Mail.objects.filter(kind="reminder-soon").first().text


@pytest.mark.slow
def test_a_second_change_replaces_the_mail_that_has_not_left():
    slot = make.session(starts=START)
    seated(slot)
    sweep(berlin(6, 16, 8), berlin(6, 16, 13))
    for number in (1, 2):
        change(slot, berlin(6, 16, 14, number), join_url=f"https://raum.example/{number}")
    (mail,) = Mail.objects.open().filter(kind="new-access")
    assert "https://raum.example/2" in mail.text


@pytest.mark.slow
def test_moving_keeps_the_mail_about_the_new_time_when_the_way_in_changes_too():
    slot = make.session(starts=START)
    seated(slot)
    sweep(berlin(6, 16, 8), berlin(6, 16, 13))
    move(slot, starts=START + DAY, ends=START + DAY + HOUR, now=berlin(6, 16, 14))
    change(slot, berlin(6, 16, 14, 1), join_url="https://raum.example/neu")
    assert {mail.kind for mail in Mail.objects.open()} == {
        "changed"
    }  # the reminder for the new time is to come


def test_seat_of_the_last_minutes_hears_of_a_change_though_no_reminder_came():
    slot = make.session(starts=START)
    seated(slot, since=START - 30 * MINUTE)
    change(slot, START - 10 * MINUTE, join_url="https://raum.example/neu")
    assert [mail.kind for mail in Mail.objects.open()] == ["new-access"]


def test_where_staff_switched_reminders_off_the_way_in_is_told_as_soon_as_it_is_fixed():
    slot = make.session(starts=START, remind_day=False, remind_hour=False, join_url="", dial_in="")
    seated(slot)
    change(slot, berlin(6, 10, 12), join_url="https://raum.example/erst-jetzt")
    (mail,) = Mail.objects.all()
    assert (mail.kind, "https://raum.example/erst-jetzt" in mail.text) == ("new-access", True)


def test_reminder_in_flight_is_followed_by_the_new_way_in_under_another_message_id():
    slot = make.session(starts=START)
    seated(slot)
    queue_due(now=berlin(6, 16, 9))
    Mail.objects.update(attempts=1, last_error="…")  # a worker has claimed it
    change(slot, berlin(6, 16, 9, 1), join_url="https://raum.example/neu")
    Mail.objects.filter(kind="reminder").update(sent_at=berlin(6, 16, 9, 2))  # and it left
    queue_due(now=berlin(6, 16, 9, 3))
    waiting = Mail.objects.open().order_by("pk")
    assert [(mail.kind, "https://raum.example/neu" in mail.text) for mail in waiting] == [
        ("new-access", True), ("reminder", True),
    ]  # fmt: skip
    assert len(set(Mail.objects.filter(kind="reminder").values_list("key", flat=True))) == 2


def test_taking_the_way_in_away_is_told_to_who_has_it_and_to_nobody_else():
    slot = make.session(starts=START)
    seated(slot)
    change(slot, berlin(6, 10), join_url="", dial_in="")
    assert not Mail.objects.exists()
    change(slot, berlin(6, 10), join_url="https://raum.example/1")
    sweep(berlin(6, 16, 9), berlin(6, 16, 10))
    change(slot, berlin(6, 16, 11), join_url="", dial_in="")
    (mail,) = Mail.objects.open()
    assert "gilt nicht mehr. Der neue steht auf der Seite Ihrer Anmeldung" in " ".join(mail.text.split())


@pytest.mark.parametrize(
    "ends", [lambda slot, person: give_back(person, now=START - HOUR / 2), lambda slot, person: cancel(slot, reason="x", now=START - HOUR / 2)]
)  # fmt: skip
def test_failed_reminder_of_somebody_without_a_seat_cannot_be_sent_again(ends):
    """Rules 15 and 28: what failed with the way in is as untrue as what waits."""
    slot = make.session(starts=START)
    person = seated(slot)
    queue_due(now=START - HOUR)
    Mail.objects.filter(kind="reminder-soon").update(failed_at=START - 50 * MINUTE, last_error="550")
    ends(slot, person)
    mail = Mail.objects.get(kind="reminder-soon")
    assert (mail.state, mail.text, mail.html, mail.calendar) == ("zurückgezogen", "", "", "")
    with pytest.raises(Refused):
        resend(mail, now=START - HOUR / 3)


@pytest.mark.parametrize(
    ("now", "fields", "promise"),
    [
        (berlin(6, 10), {}, "Wir schicken ihn Ihnen am Tag vorher und noch einmal eine Stunde vor Beginn."),
        (berlin(6, 16, 10), {}, "Wir schicken ihn Ihnen eine Stunde vor Beginn."),
        (berlin(6, 10), {"remind_hour": False}, "Wir schicken ihn Ihnen am Tag vorher."),
        (berlin(6, 17, 13), {}, ""),
        (berlin(6, 10), {"remind_hour": False, "remind_day": False}, ""),
    ],
)
def test_what_is_promised_of_the_way_in_is_what_will_come(now, fields, promise):
    """Said on the page and in the mail of confirmation."""
    slot = make.session(starts=START, join_url="", dial_in="", **fields)
    booking = register(slots=[slot], name="Kim", email="kim@example.org", now=now, verified=True)
    text = " ".join(Mail.objects.get(kind="confirmed").text.split())
    page = booking_rows.row(booking.sessionsignups.get(), now=now)
    assert [part in text for part in (promise, "Wir schicken ihn")] == [True, bool(promise)]
    assert page.access_promise == promise


def test_nothing_is_promised_for_dates_that_differ():
    series = make.series()
    one = make.session(series=series, starts=START)
    two = make.session(series=series, name="B", starts=START + DAY, remind_day=False, remind_hour=False)
    register(slots=[one, two], name="Kim", email="kim@example.org", now=berlin(6, 10), verified=True)
    text = " ".join(Mail.objects.get(kind="confirmed").text.split())
    assert "Der Zugang zum Online-Raum steht auf der Seite Ihrer Anmeldung" in text
    assert "Wir schicken ihn" not in text


# --- afterwards -----------------------------------------------------------------------------------------
@pytest.mark.slow
def test_thanks_carry_recording_and_materials_and_what_comes_next():
    series = make.series()
    slot = make.session(
        series=series,
        starts=START,
        recording_url="https://film.example/1",
        materials_url="https://pdf.example/1",
    )
    make.session(series=series, name="Kommt noch", starts=START + 30 * DAY)
    seated(slot)
    stayed_away = make.participant(slot, email="weg@example.org", attended=False)
    sweep(berlin(6, 17, 12, 30), berlin(6, 18, 18))
    (mail,) = Mail.objects.filter(kind="thanks")
    assert mail.to != stayed_away.booking.email
    assert mail.subject == "Danke: Mi., 17. Juni, 13.30 Uhr – Anerkennung, die ankommt"
    for part in ("https://film.example/1", "https://pdf.example/1", "Fr., 17. Juli, 13.30 Uhr: Kommt noch"):
        assert part in mail.text
    assert "helfen" not in mail.text


def test_contact_of_the_series_gets_counts_and_a_link_but_no_names():
    slot = make.session(starts=START)
    make.participant(slot, email="kim@example.org")
    SessionSignup.objects.update(seated_at=LONG_AGO)
    queue_due(now=berlin(6, 15, 17))
    (mail,) = Mail.objects.filter(kind="new-signups")
    assert (mail.to, mail.about) == ("seminare@verband.example", slot.label)
    assert f"/verwaltung/seminars/session/{slot.pk}/personen/" in mail.text
    assert "Kim" not in mail.text


def test_about_of_a_reminder_names_form_and_day():
    """`change_access` asks by it whether somebody was told."""
    person = seated(make.session(starts=START))
    queue_due(now=berlin(6, 16, 9))
    assert Mail.objects.get().about == notices.reminder_about(person.booking, person.slot.day)
