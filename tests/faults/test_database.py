"""The database dies in the middle of requests, or a row stays locked: nobody is told a success that is none."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.faults.site import POSTGRES, pages, slowest, story, together, waited
from tests.mailserver import KEEP
from tests.servers import wait_until

pytestmark = pytest.mark.slow
MINUTE = 60  # seconds
BUSY = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@contextmanager
def locked(site, key):
    """Somebody holds the row of the date (PostgreSQL) or the database (SQLite) and does not let go."""
    connection = site.connect()
    connection.execute("BEGIN" if POSTGRES else "BEGIN IMMEDIATE")
    if POSTGRES:
        connection.execute("SELECT 1 FROM volunteers_shift WHERE id = %s FOR UPDATE", [key])
    try:
        yield
    finally:
        connection.close()


@pytest.mark.postgres
def test_database_ends_at_once_in_the_middle_of_requests(site, proof):
    """SIGQUIT: no checkpoint, no goodbye, as when the machine is switched off."""
    slug, key = site.action()
    crowd, before = site.visitors("aus", 6, slug), site.books("aus")
    early, late = crowd[:4], crowd[4:]
    with locked(site, key), ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(visitor.sign_up) for visitor in early]
        wait_until(lambda: site.one(BUSY) == 4, what="four requests that are in the middle")
        site.postgres.process.send_signal(signal.SIGQUIT)
        site.postgres.process.wait(20)
        broken = [each.result() for each in asked]
    broken += together(*[visitor.sign_up for visitor in late])
    reading = site.portal_page("/mitmachen/")
    site.postgres.start()
    between = site.books("aus")
    began = time.monotonic()
    again = together(*[visitor.press_again for visitor in crowd])
    back = time.monotonic() - began
    site.all_left("aus", seconds=90)

    after = site.books("aus")
    proof(
        "faults", "PostgreSQL mitten in der Anfrage beendet",
        tried="4 Anmeldungen sind mitten in ihrer Transaktion, 2 kommen danach; nach dem Neustart drücken alle noch einmal",
        expected="deutsche 503 mit behaltener Eingabe, keine halbe Zeile, verbindet sich selbst wieder, jede Mail einmal",
        seen=story(before, after, [*broken, *again], f"dazwischen {between.forms} Zeilen",
                   f"langsamste 503 {slowest(broken):.1f} s", f"wieder da in {back:.1f} s"),
    )  # fmt: skip
    assert pages(broken) == "6 × „503 mit behaltener Eingabe“"
    assert {answer.headers["Retry-After"] for answer in broken} <= {"5", "30"}
    assert max(waited(broken, again), slowest(again)) < 10
    assert (reading[0], "Fehler 503" in reading[2]) == (503, True)
    assert (between.forms, between.mails) == (0, 0)
    assert pages(again) == "6 × „Noch nicht fest“"
    assert (after.forms, after.mails, after.arrived, after.doubled, after.half) == (6, 6, 6, 0, 0)


@pytest.mark.postgres
def test_database_that_ends_between_a_250_and_its_note_repeats_no_mail(site, proof):
    (visitor,), before = site.visitors("notiz", 1), site.books("notiz")
    site.mail.plan("data", KEEP, to=visitor.email)
    answers = [visitor.sign_up()]
    site.mail.wait_for_moment("data", visitor.email)
    site.postgres.process.send_signal(signal.SIGQUIT)
    site.postgres.process.wait(20)
    site.mail.release.set()
    site.mail.wait_for_moment("taken", visitor.email)
    time.sleep(1)  # the worker has tried to write it down
    site.postgres.start()
    site.all_left("notiz", seconds=60)  # the lease of a mail that nobody knows about is five minutes

    after = site.books("notiz")
    proof(
        "faults", "PostgreSQL mitten in der Anfrage beendet",
        tried="eine Mail ist gerade beim Mailserver; der sagt 250, während die Datenbank weg ist; dann startet sie wieder",
        expected="der worker trägt es nach, die Mail kommt einmal",
        seen=story(before, after, answers),
    )  # fmt: skip
    assert (after.forms, after.mails, after.arrived, after.doubled, after.half) == (1, 1, 1, 0, 0)


@pytest.mark.postgres
def test_database_that_hangs_keeps_nobody_waiting(site, proof):
    """SIGSTOP for all of it: the kernel still takes connections and bytes, and nobody ever answers.

    Four are in the middle; then more people come than the portal has threads, and a worker is told to deliver.
    """
    slug, key = site.action()
    crowd, before = site.visitors("starr", 28, slug), site.books("starr")
    early, late = crowd[:4], crowd[4:]
    with locked(site, key), ThreadPoolExecutor(len(crowd)) as threads:
        asked = [threads.submit(visitor.sign_up) for visitor in early]
        wait_until(lambda: site.one(BUSY) == 4, what="four requests that are in the middle")
        site.postgres.freeze()
        site.nudge()
        broken = together(*[visitor.sign_up for visitor in late])
        in_the_middle = [each.result() for each in asked]
        began = time.monotonic()
        status, _headers, text = site.portal_page("/mitmachen/")  # every connection is a new one by now
        reading = time.monotonic() - began
    site.postgres.thaw()
    began = time.monotonic()
    between = site.books("starr")
    again = together(*[visitor.press_again for visitor in crowd])
    back = time.monotonic() - began
    site.all_left("starr", seconds=90)

    after = site.books("starr")
    refused = [*in_the_middle, *broken]
    proof(
        "faults", "PostgreSQL hängt",
        tried=f"alle Prozesse angehalten (SIGSTOP): 4 Anmeldungen sind in ihrer Transaktion, {len(late)} kommen danach, "
        "mehr als web Threads hat; nach SIGCONT drücken alle noch einmal",
        expected="deutsche 503 in 10 s mit behaltener Eingabe, keine halbe Zeile, geht von selbst weiter, jede Mail einmal",
        seen=story(before, after, [*refused, *again], f"dazwischen {between.forms} Zeilen",
                   f"langsamste 503 {slowest(refused):.1f} s, Seite {reading:.1f} s", f"alle wieder da in {back:.1f} s"),
    )  # fmt: skip
    assert pages(refused) == f"{len(crowd)} × „503 mit behaltener Eingabe“"
    assert max(waited(refused, again), slowest(again), reading) < 10
    assert (status, "Fehler 503" in text) == (503, True)
    assert (between.forms, between.mails) == (0, 0)
    assert pages(again) == f"{len(crowd)} × „Noch nicht fest“"
    people = len(crowd)
    assert (after.forms, after.mails, after.arrived) == (people, people, people)
    assert (after.doubled, after.half) == (0, 0)
    assert site.worker.process.poll() is None


def test_row_locked_for_a_minute_is_answered_within_ten_seconds(site, proof):
    """Really for sixty seconds: who presses at its beginning, in its middle and shortly before its end is refused."""
    slug, key = site.action()
    crowd = site.visitors("sperre", 4, slug)
    clicks, forms = crowd[:2], crowd[2:]
    answers = [visitor.sign_up() for visitor in clicks]
    site.all_left("sperre", seconds=90)
    for visitor in clicks:
        visitor.open_confirmation()
    before, refused = site.books("sperre"), []
    with locked(site, key):
        began = time.monotonic()
        refused += together(
            *[lambda v=v: v.press("Platz sichern") for v in clicks], *[visitor.sign_up for visitor in forms]
        )
        for moment in (25, 48):
            time.sleep(max(0, began + moment - time.monotonic()))
            refused += together(*[visitor.press_again for visitor in crowd])
        reading = site.portal_page(f"/mitmachen/{slug}/")[0]
        between = site.books("sperre")
        time.sleep(max(0, began + MINUTE - time.monotonic()))
        held = time.monotonic() - began
    again = together(*[visitor.press_again for visitor in crowd])
    site.all_left("sperre", seconds=90)

    after = site.books("sperre")
    proof(
        "faults", "Zeile 60 Sekunden gesperrt",
        tried="jemand hält die Sperre des Termins; 2 bestätigen, 2 melden sich an, drücken noch zwei Mal, und danach wieder",
        expected="Antwort in 10 s, Eingabe behalten, Seiten lesbar, nichts Halbes, danach alles einmal",
        seen=story(before, after, [*refused, *again], f"gesperrt {held:.0f} s, langsamste Antwort {slowest(refused):.1f} s",
                   f"Seite währenddessen {reading}", f"Plätze {before.seats} → {between.seats} → {after.seats}"),
    )  # fmt: skip
    assert {answer.status for answer in answers} == {200}
    assert (len(refused), {answer.status for answer in refused}) == (12, {503})
    assert max(waited(refused, again), slowest(again)) < 10
    assert (held >= MINUTE, reading) == (True, 200)
    assert [("Kim Muster" in answer.text) for answer in refused] == [False, False, True, True] * 3
    assert (between.seats, between.forms, between.mails) == (0, before.forms, before.mails)
    assert pages(again) == "2 × „Ihr Platz ist sicher“, 2 × „Noch nicht fest“"
    assert (after.seats, after.forms, after.mails, after.arrived) == (2, 4, 6, 6)
    assert (after.doubled, after.half) == (0, 0)
