"""Workers that die and clocks that tick twice: each mail leaves, and at most one comes a second time.

The mail server says when the moment is reached, and the process dies in it. Where it must not read the 250 it
is frozen before: so the server has really sent it, and nobody has written it down.
"""

import os
import signal
from collections import Counter

import pytest

from portal import delivery
from tests.faults.site import story, together
from tests.mailserver import HANG, KEEP
from tests.servers import Beat, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
MAIL = 'SELECT attempts, last_error, sent_at IS NOT NULL FROM portal_mail WHERE "to" = %s'
LEASE_IS_OVER = 'UPDATE portal_mail SET next_try_at = now() WHERE sent_at IS NULL AND "to" LIKE %s'


def kill(server, pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not set(pids) & set(server.children()), what="they are gone")


def kill_all(server):
    """The worker with its children, as the system does that is out of memory."""
    pids = server.children()
    server.kill()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def freeze(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def test_worker_killed_before_the_smtp_connection_costs_nothing(site, proof):
    (visitor,), before = site.visitors("frueh", 1), site.books("frueh")
    site.mail.plan("connect", HANG)
    answer = visitor.sign_up()
    site.mail.wait_for_moment("connect")
    kill_all(site.worker)
    claimed = site.ask(MAIL, visitor.email)
    site.worker.start()
    site.nudge()
    site.all_left("frueh", seconds=60)

    after = site.books("frueh")
    proof(
        "faults", "worker getötet vor der SMTP-Verbindung",
        tried="kill -9, während der Mailserver noch nicht grüßt; dann ein neuer worker",
        expected="eine Mail, genau einmal, ohne Wartezeit",
        seen=story(before, after, [answer], f"Versuche beim Tod {claimed[0][0]}"),
    )  # fmt: skip
    assert claimed == [(0, "", False)]
    assert (answer.kind, after.mails, after.arrived, after.doubled) == ("Noch nicht fest", 1, 1, 0)
    assert site.ask(MAIL, visitor.email) == [(1, "", True)]


@pytest.mark.parametrize("case", ["worker getötet nach dem 250", "nur Kindprozess getötet"])
def test_killed_after_the_250_it_comes_once_more_with_the_same_message_id(site, proof, case):
    prefix = "kind" if case == "nur Kindprozess getötet" else "spaet"
    (visitor, other), before = site.visitors(prefix, 2), site.books(prefix)
    site.mail.plan("data", KEEP, to=visitor.email)
    answers = [visitor.sign_up()]
    site.mail.wait_for_moment("data", visitor.email)
    workers = site.worker.children()
    freeze(workers)
    site.mail.release.set()
    site.mail.wait_for_moment("taken", visitor.email)
    if prefix == "kind":
        kill(site.worker, workers)
    else:
        kill_all(site.worker)
        site.worker.start()
    left = site.ask(MAIL, visitor.email)
    answers.append(other.sign_up())
    site.mail.wait_for_moment("taken", other.email)
    early = site.books(prefix).doubled
    site.ask(LEASE_IS_OVER, f"{prefix}%")
    site.nudge()
    site.all_left(prefix, seconds=60)

    ids = [mail["Message-ID"] for mail in site.mail.messages if mail["To"] == visitor.email]
    after = site.books(prefix)
    proof(
        "faults", case,
        tried="Mailserver sagt 250; kill -9, bevor der worker es liest. Noch jemand meldet sich an; dann ist die Frist um",
        expected="niemand wartet; nach der Frist höchstens eine Wiederholung, dieselbe Message-ID",
        seen=story(before, after, answers, f"vor der Frist {early} doppelt, {len(set(ids))} Message-ID"),
    )  # fmt: skip
    assert left == [(1, delivery.ONCE, False)]
    assert (early, after.mails, after.arrived, after.doubled) == (0, 2, 3, 1)
    assert (len(ids), len(set(ids))) == (2, 1)
    assert site.ask(MAIL, visitor.email) == [(2, "", True)]


OPEN_SEATS = """
from datetime import timedelta
from django.utils import timezone
from portal.slots import Signup
from tests import make
from volunteers.models import Shift
slot = Shift.objects.get(pk={key})
slot.starts, slot.capacity = timezone.now() + timedelta(hours=5), {people}
slot.ends = slot.starts + timedelta(hours=2)
slot.save()
for number in range({people}):
    make.signup(slot, email=f"takt{{number}}@example.org", status=Signup.Status.WAITING)
"""


def test_two_clocks_tell_everybody_once(site, proof):
    """A seat that is free just before the start is told at any hour of the day, unlike a reminder."""
    people = 12
    site.beat.stop()
    site.portal.python(OPEN_SEATS.format(key=site.action()[1], people=people))
    before, clocks = site.books("takt"), [site.beat, site.another(Beat)]
    try:
        together(*[clock.start for clock in clocks])
        wait_until(lambda: site.books("takt").arrived >= people, what="all are told")
        site.all_left("takt", seconds=60)
    finally:
        clocks[1].clean()

    after = site.books("takt")
    proof(
        "faults", "zwei beat",
        tried=f"zwei Uhren starten gleichzeitig, {people} Wartenden ist ein freier Platz zu melden",
        expected="jede Mail einmal",
        seen=story(before, after, []),
    )  # fmt: skip
    assert (before.mails, after.mails, after.arrived, after.doubled) == (0, people, people, 0)


CHANGE = """
from datetime import timedelta
from django.utils import timezone
from portal import rescheduling
from volunteers.models import Shift
slot, now = Shift.objects.get(pk={key}), timezone.now()
{verb}
"""
VERBS = {
    "Termin abgesagt, Mails unterwegs": "rescheduling.cancel(slot, reason='Sturm', now=now)",
    "Termin verlegt, Mails unterwegs": (
        "rescheduling.move(slot, starts=slot.starts + timedelta(days=1), ends=slot.ends + timedelta(days=1), now=now)"
    ),
}


@pytest.mark.parametrize("case", VERBS)
def test_date_changes_while_its_mails_are_in_flight(site, proof, case):
    """The first mail is in the server's hands already; the others have not left, and must not as they are."""
    prefix = "absage" if "abgesagt" in case else "verlegt"
    slug, key = site.action()
    crowd = site.visitors(prefix, 4, slug)
    answers = [visitor.sign_up() for visitor in crowd]
    site.all_left(prefix, seconds=60)
    before = site.books(prefix)
    site.mail.forget()  # the moments of the first mails
    for visitor in crowd:
        visitor.open_confirmation()
    site.mail.plan("data", KEEP, to=crowd[0].email)
    answers += [crowd[0].press("Platz sichern")]
    site.mail.wait_for_moment("data", crowd[0].email)
    site.worker.freeze()  # what comes now waits, and the first is in flight
    answers += [visitor.press("Platz sichern") for visitor in crowd[1:]]
    site.portal.python(CHANGE.format(key=key, verb=VERBS[case]))
    site.mail.release.set()
    site.worker.thaw()
    site.nudge()
    site.all_left(prefix, seconds=60)

    after = site.books(prefix)
    said = {visitor.email: [] for visitor in crowd}
    for mail in site.mail.messages:
        if mail["To"] in said and not mail["Subject"].startswith("Noch ein Klick"):
            said[mail["To"]].append(tuple(mail["Subject"].split(": ", 1)))
    first, *others = said.values()
    (_in_flight, old_time), *_more = first
    stale = sum((word, when) == ("Platz sicher", old_time) for told in others for word, when in told)
    kinds = Counter(" + ".join(word for word, _when in told) for told in [first, *map(sorted, others)])
    proof(
        "faults", case,
        tried="4 bestätigen; die erste Mail hat der Mailserver schon, drei warten noch, da ändert die Redaktion den Termin",
        expected="keine überholte Mail geht mehr hinaus; alle erfahren den neuen Stand, niemand doppelt",
        seen=story(before, after, answers, ", ".join(f"{n} × „{words}“" for words, n in kinds.items()), f"{stale} überholte"),
    )  # fmt: skip
    news = ["Fällt aus"] if prefix == "absage" else ["Platz sicher", "Neue Zeit"]
    assert (after.doubled, stale) == (0, 0)
    assert [word for word, _when in first][:1] == ["Platz sicher"]
    assert [sorted(word for word, _when in told) for told in (first[1:], *others)] == [sorted(news)] * 4
