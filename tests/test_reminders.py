"""What time makes due (rules 2, 6, 14–16 and the mail table), with a clock that the test moves."""

import pickle
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from celery.beat import Scheduler

from portal import dates, signups
from portal.celery import Every, app
from portal.models import Booking, Mail
from portal.reminders import queue_due
from portal.rescheduling import cancel, move
from portal.slots import Signup
from tests import make
from tests.make import BERLIN
from volunteers.models import Shift, ShiftSignup

pytestmark = pytest.mark.django_db
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
S = Signup.Status
LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=BERLIN)


def berlin(month, day, hour=0, minute=0):
    """Wall clock in Hessen, handed over in UTC as `timezone.now()` would."""
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


START = berlin(6, 20, 9)  # a Saturday


def seated(*slots, email="kim@example.org", since=LONG_AGO, **fields):
    """One person with a seat on each of these slots, by one form, since long."""
    booking = make.booking(email, organisation=slots[0].organisation, entered_at=since, confirmed_at=since)
    made = [make.signup(slot, booking=booking, seated_at=since, **fields) for slot in slots]
    return made[0] if len(made) == 1 else made


def steps(start, end, every):
    """The times at which the clock looks; in the long run it suffices around the hours that rules name."""
    if every:
        return (start + n * every for n in range((end - start) // every + 1))
    if end - start <= 30 * HOUR:
        return steps(start, end, HOUR)
    first, last = (moment.astimezone(BERLIN).date() for moment in (start, end))
    days = [first + n * DAY for n in range((last - first).days + 1)]
    named = [dates.at(day, time(hour)) for day in days for hour in (7, 9, 17)]
    before = (t - MINUTE for t in named[2::3])
    return sorted(t for t in {start, end, *named, *before} if start <= t <= end)


def sweep(start, end, every=None, mail_server=True):
    """The clock of the portal from start to end, in steps; what is due leaves at once."""
    for now in steps(start, end, every):
        queue_due(now=now)
        if mail_server:
            deliver(now)


def log(kind="reminder", **which):
    """(local time, to, subject up to „ – ") of the mails of a kind, in order of writing."""
    rows = Mail.objects.filter(kind=kind, withdrawn_at=None, **which).order_by("queued_at", "pk")
    return [
        (
            f"{mail.queued_at.astimezone(BERLIN):%d.%m. %H:%M}",
            mail.to.split("@")[0],
            mail.subject.split(" – ")[0],
        )
        for mail in rows
    ]


def deliver(now):
    """Delivery in a word: what may leave now has left; how many reminders that were."""
    reminders = Mail.objects.due(now).filter(kind="reminder").update(sent_at=now)
    Mail.objects.due(now).update(sent_at=now)
    return reminders


# --- when -------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_three_days_before_and_the_day_before_at_17_o_clock():
    seated(make.shift(starts=START))

    sweep(berlin(6, 15), berlin(6, 20, 12))

    assert log() == [
        ("17.06. 17:00", "kim", "In drei Tagen: Sa., 20. Juni, 9 Uhr, Lich"),
        ("19.06. 17:00", "kim", "Morgen: Sa., 20. Juni, 9 Uhr, Lich"),
    ]
    early, late = Mail.objects.filter(kind="reminder").order_by("pk")
    assert (early.useful_until, late.useful_until) == (berlin(6, 18), berlin(6, 20))


@pytest.mark.slow
@pytest.mark.parametrize(("off", "left"), [("remind_early", "Morgen"), ("remind_late", "In drei Tagen")])
def test_staff_can_switch_each_reminder_off(off, left):
    slot = make.shift(starts=START)
    type(slot.opportunity).objects.filter(pk=slot.opportunity_id).update(**{off: False})
    seated(slot)

    sweep(berlin(6, 15), berlin(6, 20, 12))

    assert [subject.split(":")[0] for _when, _to, subject in log()] == [left]


def test_reminder_begins_with_the_way_to_give_the_seat_back():
    seated(make.shift(starts=START))
    queue_due(now=berlin(6, 19, 17))

    text = Mail.objects.get(kind="reminder").text
    assert text.index("/anmeldung/freigeben/") < text.index("Bachputz an der Wetter")


@pytest.mark.slow
def test_only_confirmed_people_with_an_address_are_reminded():
    slot = make.shift(starts=START)
    for status in (S.UNCONFIRMED, S.WAITING):
        make.signup(slot, status=status)
    make.signup(slot, status=S.ENDED, ended_reason="given_back", ended_at=LONG_AGO, seated_at=LONG_AGO)
    seated(slot, email="")
    seated(slot, email="kim@example.org")

    sweep(berlin(6, 17, 16), berlin(6, 20, 9))

    assert [to for _when, to, _subject in log()] == ["kim", "kim"]


@pytest.mark.slow
def test_cancelled_date_reminds_nobody():
    slot = make.shift(starts=START)
    seated(slot)
    cancel(slot, reason="Sturm", now=berlin(6, 17, 12))

    sweep(berlin(6, 17, 12), berlin(6, 20, 9))

    assert log() == []


def test_sweep_run_twice_writes_nothing_twice():
    slot = make.shift(starts=START)
    seated(slot)
    register_unconfirmed(slot, at=berlin(6, 18, 18))
    now = berlin(6, 19, 17)

    first = queue_due(now=now)
    count = Mail.objects.count()

    assert {kind: n for kind, n in first.items() if n} == {
        "nudge": 1,
        "reminder": 1,
        "new-signups": 1,
    }
    assert set(queue_due(now=now).values()) == {0}
    assert set(queue_due(now=now + MINUTE).values()) == {0}
    assert Mail.objects.count() == count


# --- late sign-ups ------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize(
    ("since", "words"),
    [
        (berlin(6, 17, 16, 59), ["In drei Tagen", "Morgen"]),
        (berlin(6, 17, 17, 1), ["Morgen"]),
        (berlin(6, 19, 16, 59), ["Morgen"]),
        (berlin(6, 19, 17, 1), []),
        (berlin(6, 20, 8), []),
    ],
)
def test_late_sign_up_gets_no_reminder_that_is_already_past(since, words):
    seated(make.shift(starts=START), since=since)

    sweep(since, berlin(6, 20, 12))

    assert [subject.split(":")[0] for _when, _to, subject in log()] == words


# --- quiet hours --------------------------------------------------------------------------------------
@pytest.mark.slow
def test_nothing_that_can_wait_is_written_between_21_and_7():
    seated(make.shift(starts=START))
    yesterday = seated(make.shift(starts=berlin(6, 18, 9)), email="gestern@example.org")

    sweep(berlin(6, 19, 21), berlin(6, 20, 6, 50))
    assert (log(), log("thanks")) == ([], [])
    sweep(berlin(6, 20, 7), berlin(6, 20, 7))

    assert log() == [("20.06. 07:00", "kim", "Heute: Sa., 20. Juni, 9 Uhr, Lich")]
    assert log("thanks") == [("20.06. 07:00", "gestern", "Danke: Do., 18. Juni, 9 Uhr, Lich")]
    assert yesterday.status == S.CONFIRMED


@pytest.mark.slow
def test_mail_server_that_comes_back_at_night_sends_only_what_is_urgent():
    slot = make.shift(starts=START)
    kim = seated(slot)
    seated(make.shift(starts=berlin(6, 18, 9)), email="gestern@example.org")
    queue_due(now=berlin(6, 19, 20, 59))
    off = make.signup(make.shift(starts=START))
    cancel(off.slot, reason="Sturm", now=berlin(6, 19, 22))
    signups.give_back(make.signup(slot, email="b@example.org"), now=berlin(6, 19, 22))

    deliver(berlin(6, 19, 22))
    left = set(Mail.objects.exclude(sent_at=None).values_list("kind", flat=True))
    assert left == {"cancelled-by-us", "cancelled-by-you", "gave-back-late"}
    sweep(berlin(6, 20, 6), berlin(6, 20, 7))

    assert log(booking=kim.booking) == [("20.06. 07:00", "kim", "Heute: Sa., 20. Juni, 9 Uhr, Lich")]
    assert set(Mail.objects.filter(kind="thanks").values_list("sent_at", flat=True)) == {berlin(6, 20, 7)}


@pytest.mark.parametrize(
    ("now", "quiet"),
    [
        (berlin(6, 19, 20, 59), False),
        (berlin(6, 19, 21), True),
        (berlin(6, 20, 0), True),
        (berlin(6, 20, 6, 59), True),
        (berlin(6, 20, 7), False),
        (berlin(3, 29, 6, 59), True),  # the clock went forward in this night
        (berlin(3, 29, 7), False),
        (berlin(10, 25, 6, 59), True),  # and back in this one
        (berlin(10, 25, 7), False),
    ],
)
def test_quiet_hours_are_those_of_the_wall_clock(now, quiet):
    assert dates.is_quiet(now) == quiet


def test_urgent_mails_are_written_at_night():
    slot = make.shift(starts=berlin(6, 20, 9), capacity=1)
    make.signup(slot, status=S.WAITING, email="warte@example.org")

    queue_due(now=berlin(6, 19, 23))

    assert log("seat-free") == [
        ("19.06. 23:00", "warte", "Platz frei, wer zuerst klickt: Sa., 20. Juni, 9 Uhr, Lich")
    ]


# --- moved, several dates -----------------------------------------------------------------------------
@pytest.mark.slow
def test_moved_date_reminds_again_at_its_new_time_and_again_when_moved_back(proof):
    slot = make.shift(starts=START)
    seated(slot)
    sweep(berlin(6, 17, 16), berlin(6, 17, 18))
    later = berlin(6, 23, 14)

    move(slot, starts=later, ends=later + HOUR, now=berlin(6, 18, 10))
    sweep(berlin(6, 18, 10), berlin(6, 21, 10))
    slot.refresh_from_db()
    move(slot, starts=berlin(6, 22, 9), ends=berlin(6, 22, 10), now=berlin(6, 21, 11))
    sweep(berlin(6, 21, 11), berlin(6, 23, 18))

    proof(
        "faults",
        "Termin geändert nach der Erinnerung",
        tried="nach „In drei Tagen“ zwei Mal verlegt, einmal später, einmal früher",
        expected="jedes Mal „Neue Zeit“, erinnert wird zur neuen Zeit",
        seen=f"Mails 0 → {len(log()) + len(log('changed'))}: {len(log('changed'))} × Neue Zeit; "
        + "; ".join(f"{when} „{subject.split(',')[0]}“" for when, _to, subject in log()),
    )
    assert len(log("changed")) == 2
    assert log() == [
        ("17.06. 17:00", "kim", "In drei Tagen: Sa., 20. Juni, 9 Uhr, Lich"),
        ("20.06. 17:00", "kim", "In drei Tagen: Di., 23. Juni, 14 Uhr, Lich"),
        ("21.06. 17:00", "kim", "Morgen: Mo., 22. Juni, 9 Uhr, Lich"),
    ]


@pytest.mark.slow
def test_date_moved_away_and_back_reminds_again():
    slot = make.shift(starts=START)
    seated(slot)
    sweep(berlin(6, 17, 17), berlin(6, 17, 17))
    deliver(berlin(6, 17, 17))

    move(slot, starts=START + DAY, ends=START + DAY + HOUR, now=berlin(6, 17, 18))
    slot.refresh_from_db()
    move(slot, starts=START, ends=START + HOUR, now=berlin(6, 17, 19))
    sweep(berlin(6, 17, 19), berlin(6, 20, 8))

    assert [(when, subject.split(":")[0]) for when, _to, subject in log()] == [
        ("17.06. 17:00", "In drei Tagen"),
        ("17.06. 19:00", "In drei Tagen"),
        ("19.06. 17:00", "Morgen"),
    ]


@pytest.mark.slow
def test_date_cancelled_after_its_reminder_is_told_and_reminds_nobody_again(proof):
    slot = make.shift(starts=START)
    seated(slot)
    sweep(berlin(6, 17, 17), berlin(6, 17, 18))
    cancel(slot, reason="Sturm", now=berlin(6, 18, 10))
    sweep(berlin(6, 18, 10), START + DAY)

    told = log("cancelled-by-us")
    proof(
        "faults",
        "Termin geändert nach der Erinnerung",
        tried="nach „In drei Tagen“ abgesagt",
        expected="die Absage, danach keine Erinnerung und kein Dank",
        seen=f"Mails 0 → {len(log()) + len(told) + len(log('thanks'))}: {len(log())} × Erinnerung, "
        f"{len(told)} × Absage, {len(log('thanks'))} × Dank",
    )
    assert (len(log()), len(told), len(log("thanks"))) == (1, 1, 0)


def test_reminder_in_flight_of_a_moved_date_does_not_leave():
    slot = make.shift(starts=START)
    seated(slot)
    queue_due(now=berlin(6, 19, 17))

    move(slot, starts=START + 5 * DAY, ends=START + 5 * DAY + HOUR, now=berlin(6, 19, 17))

    due = Mail.objects.due(berlin(6, 19, 17)).exclude(kind="new-signups")
    assert list(due.values_list("kind", flat=True)) == ["changed"]


@pytest.mark.slow
def test_dates_of_one_day_share_a_reminder_and_those_of_another_day_do_not():
    day = [make.shift(starts=START), make.shift(starts=START + 5 * HOUR), make.shift(starts=START + DAY)]
    seated(*day)

    sweep(berlin(6, 17, 16), berlin(6, 21, 9))

    assert log() == [
        ("17.06. 17:00", "kim", "In drei Tagen: 2 Termine ab Sa., 20. Juni, 9 Uhr, Lich"),
        ("18.06. 17:00", "kim", "In drei Tagen: So., 21. Juni, 9 Uhr, Lich"),
        ("19.06. 17:00", "kim", "Morgen: 2 Termine ab Sa., 20. Juni, 9 Uhr, Lich"),
        ("20.06. 17:00", "kim", "Morgen: So., 21. Juni, 9 Uhr, Lich"),
    ]


@pytest.mark.slow
def test_date_given_back_before_its_reminder_left_leaves_the_reminder_of_the_others():
    one, two, sunday = (make.shift(starts=START + n) for n in (0 * HOUR, 5 * HOUR, 2 * DAY))
    first, _second, _third = seated(one, two, sunday)
    evening = berlin(6, 19, 17)
    queue_due(now=evening)
    assert [subject.split(":")[0] for _w, _t, subject in log()] == ["In drei Tagen", "Morgen"]

    signups.give_back(first, now=evening + MINUTE)
    queue_due(now=evening + 2 * MINUTE)

    assert log() == [
        ("19.06. 17:00", "kim", "In drei Tagen: Mo., 22. Juni, 9 Uhr, Lich"),
        ("19.06. 17:02", "kim", "Morgen: Sa., 20. Juni, 14 Uhr, Lich"),
    ]


def test_place_on_a_waiting_list_given_back_leaves_the_days_reminder_alone():
    one, two = make.shift(starts=START), make.shift(starts=START + 5 * HOUR, capacity=1)
    kim = seated(one)
    waiting = make.signup(two, booking=kim.booking, status=S.WAITING)
    evening = berlin(6, 19, 17)
    queue_due(now=evening)

    signups.give_back(waiting, now=evening + MINUTE)
    queue_due(now=evening + 2 * MINUTE)

    assert [subject for _when, _to, subject in log()] == ["Morgen: Sa., 20. Juni, 9 Uhr, Lich"]


# --- outages ------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_after_an_outage_of_26_hours_only_what_is_still_useful_goes_out(proof):
    begins, ends = berlin(6, 18, 16), berlin(6, 19, 18)
    for n, start in enumerate(
        [
            berlin(6, 19, 9),  # over while we were away
            berlin(6, 19, 20),  # today, in two hours
            berlin(6, 20, 9),  # tomorrow: its time is now
            berlin(6, 21, 9),  # „in three days" was yesterday
            berlin(6, 22, 9),  # in three days
        ]
    ):
        seated(make.shift(starts=start), email=f"s{n}@example.org")
    sweep(begins - 2 * HOUR, begins)
    assert log() == []

    queue_due(now=ends)
    queue_due(now=ends + MINUTE)

    said = [f"{to}: {subject.split(':')[0]}" for _when, to, subject in log()]
    proof(
        "faults",
        "beat 26 Stunden weg",
        tried="die Uhr steht über die Zeit von fünf Erinnerungen; ein Termin ist schon vorbei, einer in zwei Stunden",
        expected="nur, was noch nützt, in den Worten von heute; jede einmal",
        seen=f"Mails 0 → {len(said)}: {', '.join(said)}",
    )
    assert log() == [
        ("19.06. 18:00", "s4", "In drei Tagen: Mo., 22. Juni, 9 Uhr, Lich"),
        ("19.06. 18:00", "s2", "Morgen: Sa., 20. Juni, 9 Uhr, Lich"),
        ("19.06. 18:00", "s1", "Heute: Fr., 19. Juni, 20 Uhr, Lich"),
    ]


@pytest.mark.slow
def test_mail_server_out_over_midnight_turns_tomorrow_into_today():
    seated(make.shift(starts=START))
    queue_due(now=berlin(6, 19, 17))

    sweep(berlin(6, 20, 0), berlin(6, 20, 8), mail_server=False)

    assert log() == [("20.06. 07:00", "kim", "Heute: Sa., 20. Juni, 9 Uhr, Lich")]
    assert deliver(berlin(6, 20, 8)) == 1
    sweep(berlin(6, 20, 8), berlin(6, 20, 12))
    assert len(log()) == 1


@pytest.mark.slow
def test_mail_server_out_until_the_start_reminds_nobody_of_the_past():
    seated(make.shift(starts=START))
    sweep(berlin(6, 19, 17), berlin(6, 20, 12), mail_server=False)

    assert deliver(berlin(6, 20, 12)) == 0


@pytest.mark.slow
def test_clock_an_hour_back_or_ahead_reminds_nobody_twice(proof):
    back, ahead = (make.shift(starts=START) for _clock in range(2))
    seated(back, email="zurueck@example.org")
    sweep(berlin(6, 19, 17), berlin(6, 19, 18))
    sweep(berlin(6, 19, 16), berlin(6, 19, 19))
    seated(ahead, email="vor@example.org")
    sweep(berlin(6, 19, 17), berlin(6, 19, 18))  # it was 16 o'clock
    sweep(berlin(6, 19, 16), berlin(6, 19, 19))

    told = [to for _when, to, _subject in log()]
    proof(
        "faults",
        "Uhr vor und zurück",
        tried="die Uhr springt über die Zeit einer Erinnerung, eine Stunde zurück oder vor und zurück",
        expected="jede Erinnerung einmal",
        seen=f"Mails 0 → {len(told)}, {len(told) - len(set(told))} doppelt",
    )
    assert told == ["zurueck", "vor"]


def test_tasks_go_by_the_time_that_passes_whatever_the_wall_clock_shows():
    every, day = Every(MINUTE), timedelta(days=1)
    assert every.is_due(every.now() - MINUTE / 2).is_due is False
    assert every.is_due(
        every.now() + day
    ).is_due  # as the file of `celery beat` says after a clock that was ahead
    before = every.now()
    with time_machine.travel(datetime.now(UTC) - day):
        assert timedelta() <= every.now() - before < MINUTE
    entries = Scheduler(app=app).schedule.values()
    assert {type(entry.schedule) for entry in entries} == {Every}
    assert pickle.loads(pickle.dumps(every)) == every


# --- both Sundays of the clock change -------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "sweep_from", "expected"),
    [
        (
            berlin(3, 29, 9),  # 23 hours long: 2 o'clock does not exist
            berlin(3, 25),
            [
                ("26.03. 17:00", "kim", "In drei Tagen: So., 29. März, 9 Uhr, Lich"),
                ("28.03. 17:00", "kim", "Morgen: So., 29. März, 9 Uhr, Lich"),
            ],
        ),
        (
            berlin(3, 30, 9),
            berlin(3, 26),
            [
                ("27.03. 17:00", "kim", "In drei Tagen: Mo., 30. März, 9 Uhr, Lich"),
                ("29.03. 17:00", "kim", "Morgen: Mo., 30. März, 9 Uhr, Lich"),
            ],
        ),
        (
            berlin(10, 25, 9),  # 25 hours long: half past two comes twice
            berlin(10, 21),
            [
                ("22.10. 17:00", "kim", "In drei Tagen: So., 25. Okt., 9 Uhr, Lich"),
                ("24.10. 17:00", "kim", "Morgen: So., 25. Okt., 9 Uhr, Lich"),
            ],
        ),
        (
            berlin(10, 26, 9),
            berlin(10, 22),
            [
                ("23.10. 17:00", "kim", "In drei Tagen: Mo., 26. Okt., 9 Uhr, Lich"),
                ("25.10. 17:00", "kim", "Morgen: Mo., 26. Okt., 9 Uhr, Lich"),
            ],
        ),
    ],
)
def test_reminders_keep_the_wall_clock_when_it_changes(proof, start, sweep_from, expected):
    slot = make.shift(starts=start)
    seated(slot)

    sweep(sweep_from, start + DAY + 8 * HOUR)

    proof(
        "faults",
        "Sommer- und Winterzeit",
        tried=f"Termin am {start.astimezone(BERLIN):%d.%m.} um 9 Uhr, in der Woche wechselt die Zeit",
        expected="Erinnerungen um 17 Uhr der Wanduhr, jede einmal",
        seen="; ".join(f"{when} „{subject.split(':')[0]}“" for when, _to, subject in log()),
    )
    assert log() == expected
    thanked = (start + DAY).astimezone(BERLIN)
    assert [when for when, *_ in log("thanks")] == [f"{thanked:%d.%m.} 17:00"]  # the contact did not answer


def test_open_phase_is_24_hours_also_when_the_clock_changes():
    slot = make.shift(starts=berlin(10, 25, 9), capacity=1)
    first, second = seated(slot), make.signup(slot, status=S.WAITING)
    just_before = slot.starts - 24 * HOUR - MINUTE  # 10 o'clock on Saturday's wall clock
    assert f"{just_before.astimezone(BERLIN):%H:%M}" == "09:59"

    signups.give_back(first, now=just_before)

    second.refresh_from_db()
    assert second.status == S.CONFIRMED


# --- nudges -------------------------------------------------------------------------------------------
def register_unconfirmed(*slots, at, email="neu@example.org", **fields):
    return signups.register(slots=slots, name="Neu", email=email, age_confirmed=True, now=at, **fields)


@pytest.mark.slow
def test_unconfirmed_form_is_nudged_once_after_20_hours():
    entered = berlin(6, 10, 12)
    register_unconfirmed(make.shift(starts=START), at=entered)

    sweep(entered, entered + 70 * HOUR, every=HOUR)

    assert log("confirm-address") == [
        ("10.06. 12:00", "neu", "Noch ein Klick: Sa., 20. Juni, 9 Uhr, Lich"),
        ("11.06. 08:00", "neu", "Noch ein Klick: Sa., 20. Juni, 9 Uhr, Lich"),
    ]
    nudge = Mail.objects.filter(kind="confirm-address").order_by("pk").last()
    assert "noch nicht fest. Es fehlt nur noch ein Klick" in " ".join(nudge.text.split())
    assert nudge.useful_until == entered + 72 * HOUR


@pytest.mark.slow
def test_unconfirmed_form_is_nudged_after_3_hours_when_the_start_is_within_48():
    entered = berlin(6, 18, 12)
    register_unconfirmed(make.shift(starts=START), at=entered)

    sweep(entered, entered + 30 * HOUR)

    assert [when for when, *_ in log("confirm-address")] == ["18.06. 12:00", "18.06. 15:00"]


@pytest.mark.slow
@pytest.mark.parametrize("done", ["confirmed", "closed", "cancelled", "signed up by another form", "limit"])
def test_nobody_is_nudged_for_nothing(done):
    entered = berlin(6, 10, 12)
    slot = make.shift(starts=START, deadline=berlin(6, 10, 20) if done == "closed" else None)
    booking = register_unconfirmed(slot, at=entered)
    if done == "confirmed":
        signups.confirm(booking, signups=signups.signups_of(booking), now=entered)
    if done == "cancelled":
        cancel(slot, reason="Sturm", now=entered)
    if done == "signed up by another form":
        twin = register_unconfirmed(slot, at=entered + HOUR)
        signups.confirm(twin, signups=signups.signups_of(twin), now=entered + HOUR)
    if done == "limit":
        for _again in range(2):
            signups.resend(booking, now=entered + 5 * HOUR)
    before = Mail.objects.filter(kind="confirm-address").count()

    sweep(entered, entered + 25 * HOUR)

    assert Mail.objects.filter(kind="confirm-address").count() == before


def nudged(now):
    """Who is asked once more just then."""
    before = set(Mail.objects.values_list("pk", flat=True))
    queue_due(now=now)
    return sorted(mail.to.split("@")[0] for mail in Mail.objects.exclude(pk__in=before))


def test_each_form_is_nudged_for_itself_and_for_what_is_still_open():
    entered = berlin(6, 18, 12)
    near, far = make.shift(starts=START), make.shift(starts=berlin(6, 28, 9))
    for slots, who in [((far,), "fern"), ((near,), "nah"), ((near,), "nahe"), ((near, far), "beide")]:
        register_unconfirmed(*slots, at=entered, email=f"{who}@example.org")
    seated(far, email="nah@example.org")  # signed up, but for something else
    signups.give_back(ShiftSignup.objects.get(slot=near, email_key="beide@example.org"), now=entered)
    deliver(entered)

    assert nudged(entered + 3 * HOUR) == ["nah", "nahe"]
    assert nudged(entered + 20 * HOUR) == ["beide", "fern"]
    text = Mail.objects.filter(to="beide@example.org").order_by("pk").last().text
    assert ("20. Juni" in text, "28. Juni" in text) == (False, True)
    assert nudged(entered + 21 * HOUR) == []


def test_form_that_got_no_mail_gets_no_nudge():
    entered = berlin(6, 10, 12)
    register_unconfirmed(make.shift(starts=START), at=entered)
    Booking.objects.update(mailed_at=None)  # the limit of its mailbox was reached

    assert nudged(entered + 20 * HOUR) == []


# --- free seats in the open phase -----------------------------------------------------------------------
@pytest.mark.slow
def test_seat_that_is_free_when_the_open_phase_begins_is_told_once():
    slot = make.shift(starts=START, capacity=3)
    seated(slot, seats=2)
    make.signup(slot, status=S.WAITING, seats=2, email="gruppe@example.org")
    make.signup(slot, status=S.WAITING, email="eins@example.org", place=9)

    sweep(START - 25 * HOUR, START + HOUR)

    assert log("seat-free") == [
        ("19.06. 09:00", "eins", "Platz frei, wer zuerst klickt: Sa., 20. Juni, 9 Uhr, Lich")
    ]
    assert log("passed-over") == [
        ("19.06. 09:00", "gruppe", "Platz frei für weniger Personen: Sa., 20. Juni, 9 Uhr, Lich")
    ]


@pytest.mark.slow
def test_seat_freed_within_the_six_hours_is_told_when_they_are_over():
    slot = make.shift(starts=START, capacity=1)
    first = seated(slot)
    make.signup(slot, status=S.WAITING, email="warte@example.org")
    free = START - 20 * HOUR  # 13 o'clock

    signups.give_back(first, now=free)
    deliver(free)
    new = register_unconfirmed(slot, at=free + HOUR)
    signups.confirm(new, signups=signups.signups_of(new), now=free + HOUR)
    signups.give_back(signups.signups_of(new)[0], now=free + 2 * HOUR)
    sweep(free + 2 * HOUR, START)

    assert [when for when, *_ in log("seat-free")] == ["19.06. 13:00", "19.06. 19:00"]


def test_in_the_open_phase_of_a_full_date_nobody_hears_of_a_seat():
    slot = make.shift(starts=START, capacity=1)
    seated(slot)
    make.signup(slot, status=S.WAITING, email="eins@example.org")

    sweep(START - 25 * HOUR, START, every=6 * HOUR)

    assert (log("seat-free"), log("passed-over")) == ([], [])


def test_who_has_heard_of_a_seat_hears_again_only_of_another_one():
    slot, other = [make.shift(starts=START, capacity=1) for _n in range(2)]
    first, elsewhere = seated(slot), seated(other)
    waiting = [make.signup(slot, status=S.WAITING, email=f"{name}@example.org") for name in ("eins", "zwei")]
    free = START - 20 * HOUR
    signups.give_back(first, now=free)
    deliver(free)

    signups.give_back(elsewhere, now=free + HOUR)
    signups.give_back(waiting[1], now=free + HOUR)  # never had a seat
    sweep(free + HOUR, START, every=HOUR)

    assert [(when, to) for when, to, _subject in log("seat-free")] == [
        ("19.06. 13:00", "eins"),
        ("19.06. 13:00", "zwei"),
    ]


# --- thanks -------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_thanks_the_day_after_to_those_not_known_to_have_stayed_away():
    slot = make.shift(starts=START)
    for email, attended in [("da", True), ("weg", False), ("offen", None)]:
        seated(slot, email=f"{email}@example.org", attended=attended)
    make.signup(slot, status=S.WAITING, email="warte@example.org")
    upcoming = make.shift(starts=berlin(7, 4, 10), opportunity=slot.opportunity)

    sweep(START, berlin(6, 22, 12))

    assert [row for row in log("thanks") if row[1] != "kim"] == [
        ("21.06. 17:00", "da", "Danke: Sa., 20. Juni, 9 Uhr, Lich"),
        ("21.06. 17:00", "offen", "Danke: Sa., 20. Juni, 9 Uhr, Lich"),
    ]
    text = Mail.objects.filter(kind="thanks").first().text
    assert ("Wenn Sie dabei waren" in text, "Sa., 4. Juli, 10 Uhr" in text) == (True, True)
    assert Shift.objects.get(pk=upcoming.pk).day.day == 4


def test_thanks_after_a_week_of_outage_are_too_late():
    seated(make.shift(starts=START))
    queue_due(now=START + 8 * DAY)
    assert log("thanks") == []


# --- digests ------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_contact_hears_of_new_sign_ups_daily_and_at_most_hourly_on_the_last_day():
    slot = make.shift(starts=START)

    def arrive(email, at):
        booking = register_unconfirmed(slot, at=at, email=email)
        signups.confirm(booking, signups=signups.signups_of(booking), now=at)

    arrive("a@example.org", berlin(6, 15, 10))
    arrive("b@example.org", berlin(6, 15, 11))
    sweep(berlin(6, 15, 11), berlin(6, 17, 18))
    arrive("c@example.org", berlin(6, 19, 10))
    sweep(berlin(6, 19, 10), berlin(6, 19, 10, 30))
    arrive("d@example.org", berlin(6, 19, 10, 30))
    sweep(berlin(6, 19, 10, 40), berlin(6, 19, 12), every=10 * MINUTE)
    arrive("e@example.org", berlin(6, 19, 22))
    sweep(berlin(6, 19, 22), START)

    assert log("new-signups") == [
        ("15.06. 17:00", "bachputz", "2 neue Anmeldungen: Sa., 20. Juni, 9 Uhr, Lich"),
        ("19.06. 10:00", "bachputz", "1 neue Anmeldung: Sa., 20. Juni, 9 Uhr, Lich"),
        ("19.06. 11:00", "bachputz", "1 neue Anmeldung: Sa., 20. Juni, 9 Uhr, Lich"),
        ("20.06. 07:00", "bachputz", "1 neue Anmeldung: Sa., 20. Juni, 9 Uhr, Lich"),
    ]
    for mail in Mail.objects.filter(kind="new-signups"):
        assert ("Neu" in mail.text.replace("Neue", ""), "@example.org" in mail.text) == (False, False)
        assert slot.staff_path in mail.text


@pytest.mark.slow
def test_contact_without_address_is_told_nothing():
    slot = make.shift(starts=START, opportunity=make.opportunity(contact_email=""))
    seated(slot, since=berlin(6, 19, 10))
    sweep(berlin(6, 19, 10), START)
    assert log("new-signups") == []


# --- many ---------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_batch_never_cuts_the_dates_of_one_form_apart(monkeypatch):
    monkeypatch.setattr("portal.reminders.BATCH", 3)
    slots = [make.shift(starts=START + n * HOUR) for n in range(2)]
    for n in range(4):
        seated(*slots, email=f"s{n}@example.org")

    sweep(berlin(6, 19, 17), berlin(6, 19, 17, 30), every=MINUTE)

    assert [(to, subject) for _when, to, subject in log()] == [
        (f"s{n}", "Morgen: 2 Termine ab Sa., 20. Juni, 9 Uhr, Lich") for n in range(4)
    ]
    assert ShiftSignup.objects.filter(reminded_late=None).count() == 0
    assert Booking.objects.count() == 4
