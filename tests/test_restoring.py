"""After a restore: what happened since the backup is true again, and nobody hears anything twice.

Here the clock moves and the first life is played and taken back; real machines are lost in test_backup.py.
"""

from datetime import timedelta
from inspect import signature

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.http import Http404

from portal import celery, links, outbox, privacy, restoring, signups
from portal.delivery import ONCE, resend
from portal.journal import Journal
from portal.models import Booking, Mail
from portal.slots import Signup
from tests import make
from tests.test_privacy import CANARY, places_of
from tests.test_reminders import START, berlin, deliver, seated
from volunteers.models import Opportunity, Watch

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BACKUP = berlin(6, 19, 12)  # the day before START, at noon
LETTER = {"subject": "Platz sicher: Bachputz", "text": "Guten Tag", "html": ""}


def catch_up(now, known=None):
    restoring.catch_up(taken_at=BACKUP, known=known or Journal(), now=now)


def live(start, end, every=25 * MINUTE):
    """The clock of the portal as the worker runs it; what is due leaves at once."""
    celery.app.loader.import_default_modules()
    now = start
    while now <= end:
        for name in celery.BY_THE_CLOCK:
            celery.app.tasks[name](now=now)
        deliver(now)
        now += every


def first_life(end):
    """Live from the backup on and lose everything but the journal: what it says."""
    before = set(Mail.objects.values_list("key", flat=True))
    with transaction.atomic():
        live(BACKUP, end)
        mails = {
            mail.key: {
                "at": mail.sent_at, "kind": mail.kind, "about": mail.about, "booking": mail.booking_id, "sure": True,
            }
            for mail in Mail.objects.exclude(sent_at=None).exclude(key__in=before)
        }  # fmt: skip
        transaction.set_rollback(True)
    return Journal(until=end, mails=mails)


def said(**which):
    """kind → how many of these mails were written with content."""
    kinds = list(Mail.objects.filter(**which).exclude(text="").values_list("kind", flat=True))
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


@pytest.fixture
def everything_due():
    """Rows of which, between the backup and the next noon, each kind of mail by the clock becomes due."""
    tomorrow = make.shift(starts=START)
    over = make.shift(starts=START - 20 * HOUR, hours=2, attendance_noted_at=BACKUP)
    seated(make.shift(starts=START - 20 * HOUR, hours=2), email="kam@example.org")
    seated(tomorrow, email="morgen@example.org")
    seated(over, email="danke@example.org")
    seated(
        make.shift(starts=START + 2 * DAY, contact_told_at=BACKUP - 2 * DAY),
        email="neu@example.org",
        since=BACKUP - DAY,
    )
    form = make.booking(
        "klick@example.org", confirmed_at=None, entered_at=BACKUP - 17 * HOUR, mailed_at=BACKUP
    )
    make.signup(make.shift(starts=START + 9 * DAY), booking=form, status=Signup.Status.UNCONFIRMED)
    soon = make.shift(starts=START + 5 * HOUR, capacity=1)
    waiting = make.signup(soon, status=Signup.Status.WAITING)
    make.watch(told_until=BACKUP - 2 * DAY, active_at=BACKUP - DAY)
    make.watch("bald@example.org", told_until=BACKUP, active_at=BACKUP - 335 * DAY + HOUR)
    news = make.shift(starts=START + 20 * DAY).opportunity
    Opportunity.objects.filter(pk=news.pk).update(published_at=BACKUP)
    return waiting


@pytest.mark.slow
def test_without_a_journal_nothing_that_the_clock_sends_goes_out_again(everything_due):
    restored = berlin(6, 20, 8)
    gone = first_life(restored).mails
    kinds = {said["kind"] for said in gone.values()}
    assert kinds >= {
        "new-signups",
        "who-came",
        "reminder",
        "thanks",
        "watch-news",
        "confirm-address",
        "seat-free",
    }

    catch_up(restored)
    live(restored, berlin(6, 20, 8, 30))

    assert said(sent_at__isnull=False) == {}
    held = Mail.objects.filter(last_error=restoring.HELD) | Mail.objects.filter(withdrawn_at=restored)
    assert set(held.values_list("kind", "about")) == {(mail["kind"], mail["about"]) for mail in gone.values()}


@pytest.mark.slow
def test_with_a_journal_what_left_counts_as_sent(everything_due):
    lost, restored = berlin(6, 20, 8), berlin(6, 20, 11)
    known = first_life(lost)

    catch_up(restored, known)
    live(restored, restored + 30 * MINUTE)

    assert said(sent_at__gt=lost) == {}
    stubs = Mail.objects.filter(key__in=known.mails)
    assert {(m.sent_at, m.to, m.subject, m.text, m.html) for m in stubs} == {
        (facts["at"], "", "", "", "") for facts in known.mails.values()
    }


@pytest.mark.slow
def test_what_became_due_while_the_machine_was_lost_goes_out_now():
    seated(make.shift(starts=START))
    lost, restored = BACKUP + HOUR, berlin(6, 19, 18)

    catch_up(restored, Journal(until=lost))
    live(restored, berlin(6, 20, 12))

    assert [
        (m.kind, m.subject.split(":")[0]) for m in Mail.objects.exclude(sent_at=None).order_by("queued_at")
    ] == [
        ("reminder", "Morgen"),
    ]


@pytest.mark.slow
def test_who_was_reminded_yesterday_is_not_reminded_again_this_morning():
    """The clock takes back what still waits at midnight; a held mail does not wait."""
    seated(make.shift(starts=START))
    restored = berlin(6, 20, 3)

    catch_up(restored)
    live(restored, berlin(6, 20, 12))

    assert [(m.subject.split(":")[0], m.state) for m in Mail.objects.filter(kind="reminder")] == [
        ("Morgen", "zurückgezogen"),
    ]


@pytest.mark.slow
def test_held_mails_are_shown_as_failed_and_staff_may_send_them():
    seated(make.shift(starts=START))
    now = berlin(6, 19, 18)
    catch_up(now)
    mail = Mail.objects.get(kind="reminder")
    assert (mail.failed_at, mail.last_error) == (now, restoring.HELD)

    resend(mail, now=now)

    assert list(Mail.objects.due(now)) == [mail]


def waiting_mail(key, **fields):
    outbox.queue(key=key, kind="confirmed", to=f"{key}@example.org", letter=LETTER, now=BACKUP - MINUTE)
    Mail.objects.filter(key=key).update(**fields)


def states():
    return {mail.key: (mail.state, mail.last_error) for mail in Mail.objects.all()}


def entry(sure):
    return {"at": BACKUP + MINUTE, "kind": "confirmed", "about": "", "booking": None, "sure": sure}


HELD = ("gescheitert", restoring.HELD)


@pytest.mark.slow
def test_mails_that_waited_in_the_backup_are_sent_held_or_still_waiting_as_the_journal_says():
    lost, now = BACKUP + 5 * HOUR, BACKUP + 7 * HOUR
    for key in ("left", "maybe", "stuck"):
        waiting_mail(key)
    waiting_mail("retried", last_error="451")
    waiting_mail("at-the-end", next_try_at=lost - MINUTE)
    waiting_mail("secret", secret=True)
    waiting_mail("useless", next_try_at=lost, useful_until=now)

    catch_up(now, Journal(until=lost, mails={"left": entry(True), "maybe": entry(False), "new": entry(True)}))

    assert states() == {
        "left": ("verschickt", ""),
        "maybe": HELD,
        "stuck": ("wartet", ""),
        "retried": ("wartet", "451"),
        "at-the-end": HELD,
        "secret": ("zurückgezogen", ""),
        "useless": ("zurückgezogen", ""),
        "new": ("verschickt", ""),
    }
    assert Mail.objects.get(key="secret").text == ""


def test_without_a_journal_every_mail_that_waited_is_held():
    waiting_mail("due")
    waiting_mail("under way", last_error=ONCE, next_try_at=BACKUP + 5 * MINUTE)

    catch_up(BACKUP + 3 * MINUTE)

    assert states() == {"due": HELD, "under way": HELD}


@pytest.mark.slow
def test_mails_that_are_sent_stay_as_they_are():
    waiting_mail("long ago", sent_at=BACKUP - MINUTE)

    catch_up(BACKUP + HOUR, Journal(until=BACKUP + HOUR, mails={"long ago": entry(True)}))

    assert Mail.objects.get().sent_at == BACKUP - MINUTE


@pytest.mark.slow
def test_erasures_are_repeated_and_seats_go_on_as_they_did():
    slot = make.shift(starts=START + 9 * DAY, capacity=1)
    booking = signups.register(
        slots=[slot], name=f"{CANARY} M", email="zwitscherkanarie@example.org", phone="", age_confirmed=True, now=BACKUP,
    )  # fmt: skip
    booking.refresh_from_db()
    signups.confirm(booking, signups=signups.signups_of(booking), now=BACKUP)
    waiting = make.signup(slot, status=Signup.Status.WAITING)
    watch = make.watch("zwitscherkanarie@example.org")
    told = f"promoted:{waiting.label}:0"
    known = Journal(
        until=BACKUP + HOUR,
        erased=[booking.pk, 10**6],
        forgotten=[("volunteers.watch", watch.pk), ("volunteers.watch", 10**6)],
        mails={told: entry(True)},
    )

    catch_up(BACKUP + 2 * HOUR, known)

    assert places_of(CANARY) == set()
    waiting.refresh_from_db()
    assert waiting.status == Signup.Status.CONFIRMED
    promoted = Mail.objects.filter(key__startswith="promoted").values_list("key", "text")
    assert list(promoted) == [(told, "")]
    assert [
        bool(row.erased_hash) for row in (*Booking.objects.filter(pk=booking.pk), Watch.objects.get())
    ] == [True] * 2


@pytest.mark.slow
def test_deletion_classes_are_enforced():
    booking = make.booking(
        CANARY + "@example.org", f"{CANARY} M", confirmed_at=None, entered_at=BACKUP - 71 * HOUR
    )

    catch_up(BACKUP + HOUR)

    booking.refresh_from_db()
    assert (places_of(CANARY), booking.erased_at) == (set(), BACKUP + HOUR)


@pytest.mark.slow
@pytest.mark.both  # each database counts keys in its own way
def test_new_rows_get_keys_that_no_lost_row_had():
    kept = make.booking()
    lost = make.booking("verloren@example.org")
    old_link = links.make(links.MANAGE, lost)
    lost_key = lost.pk
    lost.delete()

    catch_up(berlin(6, 20, 8))
    first = make.booking("neu@example.org")
    assert first.pk > max(kept.pk, lost_key) + 10**6
    with pytest.raises(Http404):
        links.read(links.MANAGE, old_link, Booking)
    assert links.read(links.MANAGE, links.make(links.MANAGE, first), Booking) == first
    assert make.watch().pk > 10**6


@pytest.mark.slow
@pytest.mark.both  # each database counts keys in its own way
def test_a_second_restore_of_the_same_archive_gives_other_keys_again():
    _as_in_the_archive()
    with transaction.atomic():
        catch_up(berlin(6, 20, 8))
        first = make.booking().pk
        transaction.set_rollback(True)
    _as_in_the_archive()

    catch_up(berlin(6, 20, 8, 30))

    assert make.booking().pk > first + 10_000


def _as_in_the_archive():
    """PostgreSQL's sequences do not roll back."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence('portal_booking', 'id'), 1)")


@pytest.mark.slow
def test_sessions_end():
    Session.objects.create(session_key="x", session_data="x", expire_date=berlin(6, 30))

    catch_up(BACKUP + HOUR)

    assert not Session.objects.exists()


@pytest.mark.slow
def test_a_failing_part_leaves_the_database_as_it_was(monkeypatch):
    waiting_mail("due")
    monkeypatch.setattr(privacy, "enforce", lambda now: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        catch_up(BACKUP + HOUR)

    assert states() == {"due": ("wartet", "")}


WRITES_NO_MAIL = {
    "portal.tasks.deliver_due", "portal.tasks.beat", "portal.tasks.enforce_deletion",
    "volunteers.tasks.end_coordinations", "initiatives.tasks.check_links",
    "initiatives.tasks.sweep_pictures",
}  # fmt: skip


def test_every_periodic_task_says_whether_it_runs_again_after_a_restore():
    """Does it write mails for what a moment makes due? Then it takes `now` and stands in BY_THE_CLOCK."""
    assert {*celery.BY_THE_CLOCK, *WRITES_NO_MAIL} == set(celery.PERIODIC)
    celery.app.loader.import_default_modules()
    takes_now = [
        name for name in celery.PERIODIC if "now" in signature(celery.app.tasks[name].run).parameters
    ]
    assert sorted(takes_now) == sorted(celery.BY_THE_CLOCK)
