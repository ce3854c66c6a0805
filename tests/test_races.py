"""The seats engine with real parallel connections, on SQLite and PostgreSQL (issue: „200 guests").

Threads with a connection each are released by a barrier. Where a test says that they waited for
each other it has seen it: somebody else holds the lock, PostgreSQL itself says who waits for it
(pg_stat_activity), and on both databases nobody got through before it was let go.
"""

import copy
import random
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, timedelta

import psycopg
import pytest
from django.db import connection, connections
from django.db.utils import load_backend

from portal import broadcasts, privacy, rehearsal, reminders, retention, signups
from portal.models import Booking, Mail
from portal.rebooking import rebook
from portal.refused import Busy, Refused
from portal.rescheduling import cancel, change_capacity, move
from portal.slots import Signup
from tests import make
from tests.make import NOW
from tests.servers import wait_until
from tests.staffroom import staff
from volunteers.models import Shift, ShiftSignup

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
S = Signup.Status
POSTGRES = connection.vendor == "postgresql"


def _own_connection():
    """A direct connection for this thread: no pool that would let only some in."""
    settings = copy.deepcopy(connections.settings["default"])
    settings["OPTIONS"].pop("pool", None)
    connections["default"] = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
    connections["default"].ensure_connection()


class Crowd:
    """`size` threads with a connection each; `at_once` releases them by a barrier."""

    def __init__(self, size):
        self.size = size
        self._barrier = threading.Barrier(size)
        self._threads = ThreadPoolExecutor(size, initializer=_own_connection)

    def at_once(self, *calls):
        """What each of the calls (one per thread) returned; the first exception is raised."""
        return [future.result(timeout=60) for future in self.begin(*calls)]

    def begin(self, *calls):
        assert len(calls) == self.size
        return [self._threads.submit(self._one, call) for call in calls]

    def _one(self, call):
        self._barrier.wait(timeout=30)
        return call()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.at_once(*[connections.close_all] * self.size)
        self._threads.shutdown()


@contextmanager
def held(slot):
    """Somebody else holds the lock that a verb on this slot needs; a function that lets go is given."""
    if POSTGRES:
        other = psycopg.connect(_dsn())
        other.execute("SELECT 1 FROM volunteers_shift WHERE id = %s FOR NO KEY UPDATE", [slot.pk])
    else:
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    try:
        yield other.rollback
    finally:
        other.close()


def _dsn():
    given = connection.settings_dict
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    return psycopg.conninfo.make_conninfo(**{key: given[name] for key, name in names.items() if given[name]})


def _waiting_for_locks():
    """How many sessions PostgreSQL itself says are waiting for a lock of this database's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            " AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        return cursor.fetchone()[0]


def guests(*slots, count, seats=lambda n: 1, prefix="gast"):
    """Forms that wait for their click, written in bulk."""
    organisation = slots[0].organisation
    bookings = Booking.objects.bulk_create(
        Booking(
            organisation=organisation,
            name=f"Gast {n}",
            email=f"{prefix}{n}@example.org",
            email_key=f"{prefix}{n}@example.org",
            entered_at=NOW,
            mailed_at=NOW,
            age_confirmed=True,
        )
        for n in range(count)
    )
    ShiftSignup.objects.bulk_create(
        ShiftSignup(booking=booking, slot=slot, email_key=booking.email_key, seats=seats(n))
        for n, booking in enumerate(bookings)
        for slot in slots
    )
    return bookings


def confirm(booking, now=NOW):
    booking = Booking.objects.get(pk=booking.pk)
    signups.confirm(booking, signups=signups.signups_of(booking), now=now)


def call(verb, *args, **kwargs):
    return lambda: verb(*args, **kwargs)


def statuses(slot):
    return dict(Counter(slot.signups.values_list("status", flat=True)))


def check_seats(slot):
    """Never more than capacity; before the open phase never a free seat while a party that fits waits."""
    slot = Shift.objects.get(pk=slot.pk)
    taken, waiting = slot.taken(), [s.seats for s in slot.signups.waiting()]
    assert taken <= slot.capacity
    assert [seats for seats in waiting if seats <= slot.capacity - taken] == []


def test_200_guests_confirm_for_50_seats_over_16_connections():
    slot = make.shift(capacity=50)
    todo = iter(guests(slot, count=200))
    next_one, begun, ended = threading.Lock(), [], []

    def work():
        while True:
            with next_one:
                booking = next(todo, None)
            if booking is None:
                return
            begun.append(time.monotonic())
            confirm(booking)
            ended.append(time.monotonic())

    with Crowd(16) as crowd, held(slot) as let_go:
        threads = crowd.begin(*[work] * 16)
        wait_until(lambda: len(begun) == 16, what="16 clicks")
        if POSTGRES:
            wait_until(lambda: _waiting_for_locks() >= 2, what="two that wait for the lock")
        time.sleep(0.3)
        waiting = len(begun) - len(ended)
        let_go()
        for thread in threads:
            thread.result(timeout=60)

    assert waiting == 16
    assert statuses(slot) == {"confirmed": 50, "waiting": 150}
    rows = list(slot.signups.select_related("booking").order_by("place"))
    assert [s.place for s in rows] == list(range(1, 201))
    assert [s.status for s in rows] == [S.CONFIRMED] * 50 + [S.WAITING] * 150
    assert [s.position() for s in rows[50:]] == list(range(1, 151))
    assert _subjects() == {s.booking_id: _subject_of(s) for s in rows}


def _subject_of(signup):
    return "Platz sicher" if signup.place <= 50 else f"Warteliste, Platz {signup.place - 50}"


def _subjects():
    rows = Mail.objects.filter(withdrawn_at=None).values_list("booking", "subject")
    assert len(rows) == len(dict(rows))  # one mail each
    return {booking: subject.split(":")[0] for booking, subject in rows}


def test_giving_back_races_with_confirming_and_promotion_200_times(proof):
    """Two give back and two come in each of 100 turns; a dozen wait from the beginning, so that somebody moves up."""
    slot, turns, early, given_back = make.shift(capacity=7), 100, 12, 0
    dice = random.Random(2026)
    coming = guests(slot, count=early + 2 * turns, seats=lambda n: dice.randint(1, 3))
    for booking in coming[:early]:
        confirm(booking)
    with Crowd(4) as crowd:
        for turn in range(turns):
            seated = list(slot.signups.filter(status=S.CONFIRMED))
            leaving = dice.sample(seated, min(2, len(seated)))
            given_back += len(leaving)
            calls = [call(confirm, booking) for booking in coming[early + 2 * turn :][:2]]
            calls += [call(signups.give_back, signup, now=NOW) for signup in leaving]
            calls += [call(slot.taken)] * (4 - len(calls))
            crowd.at_once(*calls)
            check_seats(slot)
            Mail.objects.filter(sent_at=None).update(sent_at=NOW)  # who moves up now is told so

    rows = slot.signups.all()
    told = Counter(Mail.objects.filter(withdrawn_at=None, kind="promoted").values_list("about", flat=True))
    proof(
        "faults",
        "Absagen gegen Nachrücken, 200 Mal",
        tried=f"{given_back} Absagen im selben Augenblick wie {2 * turns} Bestätigungen, 7 Plätze, {early} waren vorher da",
        expected="nie überbucht, nie ein freier Platz, solange jemand wartet; jede Nachricht einmal",
        seen=f"Zeilen 0 → {rows.count()}, belegt {slot.taken()} von 7, nachgerückt {len(told)}, "
        f"Mails dazu {told.total()}, {told.total() - len(told)} doppelt",
    )
    assert given_back == 200
    assert len(told) > 50
    assert rows.filter(status=S.UNCONFIRMED).count() == 0
    assert sorted(s.place for s in rows) == list(range(1, early + 2 * turns + 1))
    assert set(told.values()) <= {1}


def test_two_who_leave_the_seat_and_the_queue_at_once_give_it_to_the_third():
    slot = make.shift(capacity=1)
    with Crowd(2) as crowd:
        for turn in range(25):
            seated = make.signup(slot, email=f"a{turn}@example.org")
            front = make.signup(slot, email=f"b{turn}@example.org", status=S.WAITING)
            third = make.signup(slot, email=f"c{turn}@example.org", status=S.WAITING)

            crowd.at_once(call(signups.give_back, seated, now=NOW), call(signups.give_back, front, now=NOW))

            ended = [ShiftSignup.objects.get(pk=s.pk).status for s in (seated, front, third)]
            assert ended == [S.ENDED, S.ENDED, S.CONFIRMED]
            unsent = Mail.objects.filter(withdrawn_at=None, kind="promoted")
            assert [mail.booking for mail in unsent] == [third.booking]
            signups.give_back(third, now=NOW)
            Mail.objects.all().delete()


def test_slot_cancelled_while_a_seat_is_given_back_promotes_nobody():
    with Crowd(2) as crowd:
        for _turn in range(15):
            slot = make.shift(capacity=1)
            seated, waiting = make.signup(slot), make.signup(slot, status=S.WAITING)

            crowd.at_once(
                call(signups.give_back, seated, now=NOW), call(cancel, slot, reason="Sturm", now=NOW)
            )

            assert statuses(slot) == {"ended": 2}
            kinds = sorted(
                Mail.objects.filter(withdrawn_at=None, booking=waiting.booking).values_list("kind", flat=True)
            )
            assert kinds == ["cancelled-by-us"]


def test_capacity_changes_while_guests_confirm():
    slot = make.shift(capacity=2)
    coming = guests(slot, count=24)
    with Crowd(4) as crowd:
        for turn in range(8):
            three = [call(confirm, booking) for booking in coming[3 * turn : 3 * turn + 3]]
            crowd.at_once(*three, call(change_capacity, slot, capacity=2 * turn + 3, now=NOW))
            check_seats(slot)

    assert statuses(slot) == {"confirmed": 17, "waiting": 7}


def test_one_open_seat_and_four_clicks():
    with Crowd(4) as crowd:
        for _turn in range(10):
            slot = make.shift(starts=NOW + timedelta(hours=5), capacity=1)
            waiting = [make.signup(slot, status=S.WAITING) for _ in range(4)]

            won = crowd.at_once(*[call(signups.claim_seat, signup, now=NOW) for signup in waiting])

            assert sorted(won) == [False, False, False, True]
            assert statuses(slot) == {"confirmed": 1, "waiting": 3}


def test_same_address_confirmed_twice_at_once_has_one_seat():
    slot = make.shift(capacity=None)
    with Crowd(2) as crowd:
        for turn in range(15):
            forms = [guests(slot, count=1, prefix=f"twice{turn}-")[0] for _ in range(2)]

            crowd.at_once(*[call(confirm, booking) for booking in forms])

            rows = slot.signups.filter(booking__in=forms)
            assert sorted((s.status, s.ended_reason) for s in rows) == [
                ("confirmed", ""),
                ("ended", "merged"),
            ]


def test_parties_that_change_places_over_two_dates_lose_no_seat_and_do_not_block_each_other():
    """From either side at once, while others confirm: both locks in key order, never more than the seats."""
    action = make.opportunity()
    one, two = (make.shift(opportunity=action, capacity=4, starts=NOW + timedelta(days=n)) for n in (9, 10))
    refused = []

    def swap(signup, to):
        try:
            return rebook(signup, to=to, may_wait=False, now=NOW)
        except Refused as error:
            refused.append(str(error))

    with Crowd(8) as crowd:
        for turn in range(10):
            here, there = [
                [make.signup(slot, email=f"{slot.pk}-{turn}-{n}@example.org") for n in range(2)]
                for slot in (one, two)
            ]
            new = [guests(slot, count=2, prefix=f"neu{slot.pk}-{turn}-") for slot in (one, two)]
            crowd.at_once(
                *[call(swap, signup, two) for signup in here],
                *[call(swap, signup, one) for signup in there],
                *[call(confirm, booking) for pair in new for booking in pair],
            )
            for slot in (one, two):
                check_seats(slot)
            moved = ShiftSignup.objects.filter(ended_reason="moved")
            for old in moved:  # nobody is on neither date, nobody on both
                assert ShiftSignup.objects.live().filter(booking=old.booking).count() == 1
            assert len(refused) + moved.count() == 4
            told = Mail.objects.filter(kind="rebooked", withdrawn_at=None).values_list("booking", flat=True)
            assert sorted(told) == sorted(moved.values_list("booking", flat=True))
            ShiftSignup.objects.all().delete()
            Mail.objects.all().delete()
            refused.clear()


def test_two_who_want_the_last_seat_of_the_other_date_are_not_both_there():
    action = make.opportunity()
    with Crowd(2) as crowd:
        for turn in range(15):
            here = make.shift(opportunity=action, capacity=None)
            there = make.shift(opportunity=action, capacity=1, starts=NOW + timedelta(days=11))
            both = [make.signup(here, email=f"{turn}-{n}@example.org") for n in range(2)]

            crowd.at_once(*[call(rebook, signup, to=there, may_wait=True, now=NOW) for signup in both])

            assert (statuses(here), statuses(there)) == ({"ended": 2}, {"confirmed": 1, "waiting": 1})


def test_one_party_moved_by_two_clerks_at_once_is_on_one_date():
    action = make.opportunity()
    here, one, two = (make.shift(opportunity=action, starts=NOW + timedelta(days=n)) for n in (9, 10, 11))

    def move(signup, to):
        try:
            rebook(signup, to=to, may_wait=False, now=NOW)
        except Refused as error:
            return str(error)

    with Crowd(2) as crowd:
        for turn in range(15):
            signup = make.signup(here, email=f"{turn}@example.org")
            said = crowd.at_once(call(move, signup, one), call(move, signup, two))
            assert sorted(map(bool, said)) == [False, True]
            assert ShiftSignup.objects.live().filter(booking=signup.booking).count() == 1


def test_two_clerks_who_saw_the_same_preview_at_once_move_a_date_once():
    slot = make.shift(capacity=2)
    make.signup(slot, email="kim@example.org")

    def play(seen="", now=NOW):
        return rehearsal.play(
            lambda: move(slot, starts=slot.starts + timedelta(days=1), ends=slot.ends + timedelta(days=1), now=now),
            slots=[slot], everybody=True, now=now, seen=seen,
        )  # fmt: skip

    seen, crowd = play().digest, Crowd(2)
    times = [NOW + timedelta(seconds=n) for n in (1, 2)]
    found = crowd.at_once(*(lambda now=now: play(seen, now) for now in times))
    assert sorted((outcome.done, outcome.is_nothing) for outcome in found) == [(False, True), (True, False)]
    slot.refresh_from_db()
    assert (slot.starts_revision, Mail.objects.filter(kind="changed").count()) == (1, 1)


def test_a_message_sent_eight_times_at_once_leaves_once():
    slot = make.shift()
    make.signup(slot, email="kim@example.org")
    user = staff(slot.organisation, enrolled=False)
    (known,) = Shift.objects.filter(pk=slot.pk).select_related(*Shift.row_relations)
    said = broadcasts.Message([known], broadcasts.Who.SEATED, "Samstag", "Stiefel", "Bitte mitbringen.")
    seen, crowd = broadcasts.digest(said, broadcasts.parties(said)), Crowd(8)
    found = crowd.at_once(
        *[lambda: broadcasts.send(said, key="k", by=user, seen=seen, now=NOW).pk for _ in range(8)]
    )
    assert (len(set(found)), Mail.objects.filter(kind="message").count()) == (1, 1)
    assert Mail.objects.filter(kind="message-copy").count() == 1


def test_one_form_confirmed_in_eight_tabs_at_once_is_told_once():
    slot = make.shift()
    (booking,) = guests(slot, count=1)
    with Crowd(8) as crowd:
        crowd.at_once(*[call(confirm, booking)] * 8)

    assert statuses(slot) == {"confirmed": 1}
    assert list(Mail.objects.values_list("kind", flat=True)) == ["confirmed"]


def test_forms_for_the_same_two_dates_in_either_order_do_not_block_each_other():
    one, two = make.shift(capacity=5), make.shift(capacity=5)
    forms = [*guests(one, two, count=4, prefix="a"), *guests(two, one, count=4, prefix="b")]
    with Crowd(8) as crowd:
        crowd.at_once(*[call(confirm, booking) for booking in forms])

    assert [statuses(slot) for slot in (one, two)] == [{"confirmed": 5, "waiting": 3}] * 2


def test_one_address_typed_16_times_at_once_gets_three_mails():
    slots = [make.shift() for _ in range(8)]

    def form(n):
        return call(
            signups.register,
            slots=[slots[n // 2]],
            name=f"Name {n}",
            email="victim@example.org",
            age_confirmed=True,
            now=NOW,
        )

    with Crowd(16) as crowd:
        crowd.at_once(*[form(n) for n in range(16)])

    assert (Booking.objects.count(), Mail.objects.count()) == (16, 3)


def test_one_form_sent_eight_times_at_once_is_one_booking_and_one_mail():
    slot = make.shift()
    send = call(
        signups.register, slots=[slot], name="Kim", email="kim@example.org", age_confirmed=True, now=NOW
    )
    with Crowd(8) as crowd:
        made = crowd.at_once(*[send] * 8)

    assert len({booking.pk for booking in made}) == 1
    assert (Booking.objects.count(), Mail.objects.count()) == (1, 1)


def test_click_that_races_with_a_corrected_address_never_proves_the_new_one():
    slot = make.shift(capacity=None)

    def correct(booking, email):
        try:
            signups.correct_address(booking, email=email, now=NOW)
        except Refused:
            return "refused"
        return "corrected"

    with Crowd(2) as crowd:
        for turn in range(20):
            (booking,) = guests(slot, count=1, prefix=f"race{turn}-")
            rows = signups.signups_of(booking)
            _none, answer = crowd.at_once(
                call(signups.confirm, booking, signups=rows, now=NOW),
                call(correct, booking, f"victim{turn}@example.org"),
            )

            signup = slot.signups.select_related("booking").get(booking=booking)
            seen = (answer, signup.status, signup.email_key, bool(signup.booking.confirmed_at))
            assert seen in [
                ("refused", "confirmed", f"race{turn}-0@example.org", True),
                ("corrected", "unconfirmed", f"victim{turn}@example.org", False),
            ]


def test_click_that_races_with_the_deletion_of_unconfirmed_forms_is_whole_or_nothing():
    slot = make.shift(capacity=None)
    late = NOW + retention.K0_UNCONFIRMED
    with Crowd(2) as crowd:
        for turn in range(15):
            (booking,) = guests(slot, count=1, prefix=f"k0-{turn}-")
            crowd.at_once(call(confirm, booking, now=late), call(privacy.enforce, late))

            signup = slot.signups.select_related("booking").get(booking=booking)
            person = signup.booking
            assert (signup.status, person.name, bool(person.confirmed_at), bool(person.erased_at)) in [
                ("confirmed", "Gast 0", True, False),
                ("ended", "", False, True),
            ]


def test_two_sweeps_at_once_remind_everybody_once():
    starts = NOW.replace(hour=9) + timedelta(days=1)
    slots = [make.shift(starts=starts + timedelta(hours=2 * n), capacity=None) for n in range(3)]
    organisation = slots[0].organisation
    for n in range(12):
        booking = make.booking(f"kim{n}@example.org", organisation=organisation)
        for slot in slots:
            make.signup(slot, booking=booking, seated_at=NOW - timedelta(days=5))
    evening = NOW.replace(hour=17, minute=1)

    with Crowd(4) as crowd:
        written = crowd.at_once(*[call(reminders.queue_due, now=evening)] * 4)

    assert sum(counts["reminder"] for counts in written) == 12
    mails = Mail.objects.filter(kind="reminder").order_by("booking")
    assert [mail.subject.split(",")[0] for mail in mails] == ["Morgen: 3 Termine ab Do."] * 12
    assert mails.values("booking").distinct().count() == 12


def test_nudge_and_resend_at_once_do_not_block_each_other():
    slot = make.shift()
    late = NOW.astimezone(UTC) + timedelta(hours=21)
    with Crowd(2) as crowd:
        for turn in range(15):
            (booking,) = guests(slot, count=1, prefix=f"nudge{turn}-")

            crowd.at_once(call(signups.resend, booking, now=late), call(reminders.queue_due, now=late))

            mails = Mail.objects.filter(booking=booking)
            assert [mail.kind for mail in mails] == ["confirm-address"] * 2


def test_sweep_that_meets_a_busy_slot_does_the_rest_and_comes_back(monkeypatch):
    monkeypatch.setattr("django.conf.settings.LOCK_TIMEOUT", 0.3)
    tomorrow = NOW.replace(hour=9) + timedelta(days=1)
    hot = make.shift(starts=tomorrow, capacity=None)
    signup = make.signup(hot, seated_at=NOW - timedelta(days=5))
    evening = NOW.replace(hour=17, minute=1)

    def hurried():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '300ms'" if POSTGRES else "PRAGMA busy_timeout = 300")
        return reminders.queue_due(now=evening)

    with Crowd(1) as crowd:
        with held(hot):
            (written,) = crowd.at_once(hurried)
        assert written["reminder"] == 0
        (written,) = crowd.at_once(hurried)

    assert written["reminder"] == 1
    assert Mail.objects.filter(kind="reminder", booking=signup.booking).count() == 1


def test_lock_held_too_long_is_busy_within_ten_seconds_and_nothing_is_half_written():
    free, hot = make.shift(), make.shift(starts=NOW + timedelta(days=20))
    (booking,) = guests(free, hot, count=1)
    before = (list(ShiftSignup.objects.values()), list(Booking.objects.values()))

    def hurried():
        begun = time.monotonic()
        with pytest.raises(Busy):
            confirm(booking)
        return time.monotonic() - begun

    with Crowd(1) as crowd, held(hot):
        (seconds,) = crowd.at_once(hurried)
        assert 7 < seconds < 10  # tried twice
        assert (list(ShiftSignup.objects.values()), list(Booking.objects.values())) == before
        assert Mail.objects.count() == 0

    confirm(booking)
    assert (statuses(free), statuses(hot)) == ({"confirmed": 1}, {"confirmed": 1})
