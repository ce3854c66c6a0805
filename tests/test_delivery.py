"""What is due in the outbox leaves once, whatever the mail server does (rules 13, 15, 18; trust.md)."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from types import SimpleNamespace

import pytest
from celery import Celery
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal import delivery, outbox
from portal.models import Mail
from portal.refused import Refused
from tests import make
from tests.mailserver import CLOSE, HANG, KEEP, MailServer
from tests.make import NOW
from tests.servers import PASSED_ON, ROOT

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ICS = "BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nEND:VCALENDAR\r\n"


def mail(number=1, **fields):
    defaults = {
        "key": f"test:{number}",
        "kind": "confirmed",
        "to": f"gast{number}@example.org",
        "subject": f"Platz sicher: Nummer {number}",
        "text": "Guten Tag Kim Müller,\n.ein Punkt am Anfang\n",
        "html": "<p>Guten Tag</p>",
        "queued_at": NOW,
        "next_try_at": NOW,
    }
    return Mail.objects.create(**(defaults | fields))


def state(row):
    row.refresh_from_db()
    return row.sent_at, row.failed_at, row.attempts, row.last_error


def ids(server):
    return [message["Message-ID"] for message in server.messages]


def deliver_in_process(smtp, now=NOW):
    """Another host: a process of its own with its own connections, on the test's database and server."""
    code = f"""
import django; django.setup()
from datetime import datetime
from django.conf import settings
from django.db import connections
connections.databases["default"]["NAME"] = {str(connection.settings_dict["NAME"])!r}
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", {smtp.port}, 10
settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
from portal import delivery
print("ready", flush=True)
input()
import json; print(json.dumps(delivery.deliver(now=datetime.fromisoformat({now.isoformat()!r}))))
"""
    names = (
        *PASSED_ON,
        "VAR_DIR",
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "EMAIL_URL",
        "MAIL_FROM",
        "DEMO",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={name: os.environ[name] for name in names if name in os.environ}
        | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


# --- what arrives ---------------------------------------------------------------------------------------
def test_mail_leaves_whole_and_once(smtp, settings):
    settings.SITE_URL, settings.DEFAULT_FROM_EMAIL = "https://portal.example", "Portal <portal@example.org>"
    town = make.organisation("Stadt Lich, Büro für Bürger")
    row = mail(
        organisation=town,
        booking=make.booking("gast1@example.org", organisation=town),
        reply_to="ehrenamt@lich.example",
        calendar=ICS,
        calendar_method="PUBLISH",
    )

    assert delivery.deliver(now=NOW) == {"sent": 1}
    assert delivery.deliver(now=NOW + timedelta(days=1)) == {}

    (message,) = smtp.messages
    headers = {
        name: message[name]
        for name in ("Subject", "From", "To", "Reply-To", "Auto-Submitted", "Content-Language")
    }
    assert headers == {
        "Subject": "Platz sicher: Nummer 1",
        "From": '"Stadt Lich, Büro für Bürger" <portal@example.org>',
        "To": "gast1@example.org",
        "Reply-To": "ehrenamt@lich.example",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "de",
    }
    assert message["Message-ID"] == delivery.message_id("test:1")
    assert message["Message-ID"].endswith("@portal.example>")
    assert message["Date"]
    parts = [part for part in message.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == [
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    plain, html, calendar, attached = parts
    assert plain.get_content().replace("\r\n", "\n") == row.text
    assert html.get_content().strip() == row.html
    assert calendar["Content-Type"].params["method"] == "PUBLISH"
    assert calendar.get_content() == attached.get_content().decode() == ICS
    assert attached.get_filename() == "termin.ics"
    assert state(row) == (NOW, None, 1, "")


def test_mail_without_organisation_comes_from_the_portal(smtp, settings):
    mail(html="")
    delivery.deliver(now=NOW)
    (message,) = smtp.messages
    assert message["From"].addresses[0].display_name == settings.SITE_NAME
    assert (message["Reply-To"], message.get_content_type()) == (None, "text/plain")


def test_files_take_mail_where_no_server_is_set(settings):
    settings.EMAIL_BACKEND = "portal.mailfiles.EmailBackend"
    row = mail()
    assert delivery.deliver(now=NOW) == {"sent": 1}
    (file,) = settings.EMAIL_FILE_PATH.glob("*.eml")
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (message["To"], message["Subject"]) == (row.to, row.subject)


@pytest.mark.slow
def test_batches_share_connections_and_two_statements_a_mail(smtp, monkeypatch):
    monkeypatch.setattr(delivery, "BATCH", 10)
    for number in range(25):
        mail(number)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert delivery.deliver(now=NOW, limit=20) == {"sent": 20}
    statements = [query["sql"] for query in queries if query["sql"].startswith(("SELECT", "UPDATE"))]
    assert (smtp.connections, len(statements)) == (2, 2 + 20 * 2)
    assert Mail.objects.filter(sent_at=None).count() == 5


# --- what must not leave ----------------------------------------------------------------------------------
def test_only_what_is_due_true_and_useful_leaves(smtp):
    mail(1, next_try_at=NOW + MINUTE)  # quiet hours: not before seven
    mail(2, withdrawn_at=NOW)
    mail(3, useful_until=NOW)
    mail(4, failed_at=NOW)
    mail(5, useful_until=NOW + MINUTE)
    assert delivery.deliver(now=NOW) == {"sent": 1}
    assert [message["To"] for message in smtp.messages] == ["gast5@example.org"]


def test_nothing_due_opens_no_connection(smtp):
    assert (delivery.deliver(now=NOW), smtp.connections) == ({}, 0)


def test_mail_withdrawn_after_the_batch_was_read_stays(smtp, settings):
    first, second = mail(1), mail(2, about="booking:7")
    with under_way(smtp, settings, first, "rcpt"):
        assert outbox.withdraw(about=["booking:7"], kinds=["confirmed"], now=NOW) == 1
    assert smtp.messages == []
    assert state(first) == (None, None, 1, "451 4.3.0 released")
    assert state(second) == (None, None, 0, "")


@contextmanager
def under_way(smtp, settings, row, phase, answer=HANG):
    """A worker has got so far with this mail, and goes on at the end; yields where its counts will be."""
    settings.EMAIL_TIMEOUT = 20
    smtp.plan(phase, answer, to=row.to)
    results = []
    thread = threading.Thread(target=_deliver_and_close, args=[results])
    thread.start()
    try:
        smtp.wait_for_moment(phase, row.to)
        yield results
    finally:
        smtp.release.set()
        thread.join(20)


def _deliver_and_close(results):
    try:
        results.append(delivery.deliver(now=NOW))
    finally:
        connections.close_all()


def test_body_of_a_secret_mail_is_wiped_when_it_is_final(smtp):
    sent, failed = mail(1, secret=True), mail(2, secret=True)
    smtp.plan("rcpt", "550 5.7.1 no", to=failed.to)
    assert delivery.deliver(now=NOW) == {"sent": 1, "failed": 1}
    assert "Guten Tag Kim Müller" in smtp.messages[0].get_body(("plain",)).get_content()
    for row in (sent, failed):
        row.refresh_from_db()
        assert (row.text, row.html) == ("", "")


# --- what the server answers ---------------------------------------------------------------------------
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "450 4.2.0 greylisted", "451 4.3.0 later"])
def test_temporary_refusal_three_times_then_taken(smtp, proof, phase, answer):
    row = mail()
    smtp.plan(phase, answer, times=3)
    now, waited, said = NOW, [], []
    for _attempt in range(4):
        counts = delivery.deliver(now=now)
        said.append((counts, *state(row)))
        assert delivery.deliver(now=row.next_try_at - timedelta(seconds=1)) == {}
        waited.append((row.next_try_at - now) // MINUTE)
        now = row.next_try_at
    proof(
        "faults",
        "SMTP 421, 450, 451, dann 250",
        tried="drei Mal dieselbe vorläufige Absage bei MAIL, RCPT oder DATA (9 Fälle)",
        expected="neue Versuche nach 1, 5, 15 Minuten, dann genau eine Mail",
        seen=f"Abstände {waited[:3]} Minuten, dann {said[-1][0]}, angekommen 0 → {len(smtp.messages)}",
    )
    assert waited[:3] == [1, 5, 15]
    assert said[:3] == [({"later": 1}, None, None, attempt, answer) for attempt in (1, 2, 3)]
    assert (said[3][0], said[3][2:]) == ({"sent": 1}, (None, 4, ""))
    assert said[3][1] == NOW + 21 * MINUTE
    assert len(smtp.messages) == 1


@pytest.mark.slow
def test_ladder_ends_after_72_hours(smtp):
    row = mail()
    smtp.plan("data", "451 4.3.0 later", times=1000)
    now = NOW
    while not row.failed_at:
        delivery.deliver(now=now)
        row.refresh_from_db()
        now = row.next_try_at
    assert NOW + timedelta(hours=72) < row.failed_at <= NOW + timedelta(hours=73)
    assert (row.sent_at, row.last_error) == (None, "451 4.3.0 later")
    assert delivery.deliver(now=now + timedelta(days=1)) == {}


def test_outage_of_our_own_workers_leaves_every_try_of_the_ladder(smtp):
    row = mail()
    smtp.plan("data", "451 4.3.0 later")
    assert delivery.deliver(now=NOW + timedelta(hours=100)) == {"later": 1}
    assert state(row)[1] is None


@pytest.mark.parametrize(
    ("phase", "answer", "marked"),
    [
        ("rcpt", "550 5.1.1 no such user", True),
        ("rcpt", "550 no such user", True),
        ("rcpt", "550 5.2.1 mailbox disabled", True),
        ("data", "550 5.1.1 no such user", True),
        ("rcpt", "552 5.2.2 mailbox full", False),
        ("rcpt", "550 5.7.1 blocked", False),
        ("data", "554 5.7.1 looks like spam", False),
        ("data", "550 looks like spam", False),
    ],
)
def test_final_refusal_fails_at_once_and_a_hard_bounce_marks_the_address(smtp, proof, phase, answer, marked):
    booking = make.booking("gast1@example.org")
    row, other = mail(1, booking=booking), mail(2)
    smtp.plan(phase, answer, to=row.to)
    counts = delivery.deliver(now=NOW)
    proof(
        "faults",
        "SMTP 550",
        tried="eine endgültige Absage bei RCPT oder DATA (8 Wortlaute), dahinter noch eine Mail",
        expected="gescheitert und der Redaktion gezeigt; die andere Mail geht über dieselbe Verbindung",
        seen=f"{counts}, angekommen 0 → {len(smtp.messages)}, Verbindungen {smtp.connections}",
    )
    assert counts == {"failed": 1, "sent": 1}
    assert state(row) == (None, NOW, 1, answer)
    assert state(other) == (NOW, None, 1, "")
    booking.refresh_from_db()
    assert booking.email_refused_at == (NOW if marked else None)
    assert smtp.connections == 1


def test_a_mail_that_arrives_lifts_the_mark(smtp):
    booking = make.booking("gast1@example.org", email_refused_at=NOW)
    mail(booking=booking)
    delivery.deliver(now=NOW)
    booking.refresh_from_db()
    assert booking.email_refused_at is None


def test_bounce_of_a_former_address_does_not_mark_the_corrected_one(smtp):
    booking = make.booking("richtig@example.org")
    mail(booking=booking, to="flasch@example.org")
    smtp.plan("rcpt", "550 5.1.1 no such user")
    delivery.deliver(now=NOW)
    booking.refresh_from_db()
    assert booking.email_refused_at is None


def test_server_that_refuses_our_sender_fails_no_mail(smtp):
    rows = [mail(1), mail(2)]
    smtp.plan("mail", "530 5.7.0 authentication required")
    assert delivery.deliver(now=NOW) == {"later": 1}
    assert [state(row)[1] for row in rows] == [None, None]
    assert delivery.deliver(now=NOW + MINUTE) == {"sent": 2}


# --- connections that break -------------------------------------------------------------------------------
def test_server_that_is_not_there_costs_a_pause(smtp, settings):
    rows = [mail(1), mail(2)]
    here, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    assert delivery.deliver(now=NOW) == {"later": 2}
    for row in rows:
        assert state(row)[:3] == (None, None, 1)
        assert row.last_error.startswith("Der Mailserver ist nicht erreichbar: ")
        assert row.next_try_at == NOW + delivery.PAUSE
    settings.EMAIL_PORT = here
    assert delivery.deliver(now=NOW + delivery.PAUSE) == {"sent": 2}


def test_server_that_never_comes_back_fails_the_mail_after_72_hours(smtp, settings):
    row = mail()
    settings.EMAIL_PORT = 9
    delivery.deliver(now=NOW + timedelta(hours=71))
    assert state(row)[1] is None
    for attempt in range(6):
        delivery.deliver(now=NOW + timedelta(hours=72) + attempt * delivery.PAUSE)
    assert state(row)[1] == NOW + timedelta(hours=72) + 4 * delivery.PAUSE
    assert row.last_error.startswith("Der Mailserver ist nicht erreichbar: ")


def test_server_that_is_away_for_an_hour_fails_no_mail(smtp, settings):
    row = mail()
    settings.EMAIL_PORT = 9
    for attempt in range(30):
        delivery.deliver(now=NOW + attempt * delivery.PAUSE)
    assert state(row)[:3] == (None, None, 30)


@pytest.mark.slow
@pytest.mark.sqlite  # no matter of the database: once is enough for CI
@pytest.mark.logs_errors  # by the server of the test
def test_a_mail_server_with_a_foreign_certificate_gets_nothing(settings, tmp_path, monkeypatch, proof):
    """With smtp+tls:// the certificate is checked; the same one, trusted by this machine, is taken."""
    row = mail()
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=mail"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*new.split(), *files], check=True, capture_output=True)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = "127.0.0.1", True, 2
    with MailServer(tls) as server:
        settings.EMAIL_PORT = server.port
        refused = delivery.deliver(now=NOW)
        why, before = state(row)[3], len(server.messages)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        trusted = delivery.deliver(now=NOW + timedelta(hours=1))
        after = len(server.messages)
    proof(
        "attacks", "Falscher Mailserver", tried="STARTTLS mit selbst gemachtem Zertifikat, dann mit demselben als bekanntem",
        expected="keine Mail; danach eine", seen=f"{before}, dann {after}",
    )  # fmt: skip
    assert (refused, before, trusted, after) == ({"later": 1}, 0, {"sent": 1}, 1)
    assert "CERTIFICATE_VERIFY_FAILED" in why


@pytest.mark.slow
def test_server_that_does_not_say_hello_frees_the_worker(settings):
    """Connects (the kernel does), then silence."""
    row = mail()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        settings.EMAIL_TIMEOUT = 1
        started = time.monotonic()
        assert delivery.deliver(now=NOW) == {"later": 1}
    assert time.monotonic() - started < 3 * settings.EMAIL_TIMEOUT
    assert state(row)[:3] == (None, None, 1)


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_silence_in_each_phase_frees_the_worker_and_the_mail_arrives_later(smtp, settings, phase):
    """With the real 10 seconds for each phase, 3 × EMAIL_TIMEOUT are the 30 that are promised."""
    row, other = mail(1), mail(2)
    smtp.plan(phase, HANG)
    started = time.monotonic()
    assert delivery.deliver(now=NOW) == {"later": 1}
    assert time.monotonic() - started < 3 * settings.EMAIL_TIMEOUT
    assert state(row)[:3] == (None, None, 1)
    assert state(other) == (None, None, 0, "")
    smtp.release.set()
    assert delivery.deliver(now=NOW + MINUTE) == {"sent": 2}
    assert sorted(ids(smtp)) == sorted(delivery.message_id(key) for key in (row.key, other.key))


@pytest.mark.parametrize("phase", ["mail", "rcpt"])
def test_connection_that_ends_before_the_body_is_tried_along_the_ladder(smtp, phase):
    row = mail()
    smtp.plan(phase, CLOSE, times=4)
    now = NOW
    for attempt in range(1, 5):
        assert delivery.deliver(now=now) == {"later": 1}
        assert state(row)[:3] == (None, None, attempt)
        now = row.next_try_at
    assert delivery.deliver(now=now) == {"sent": 1}
    assert len(smtp.messages) == 1


def test_connection_that_ends_after_the_body_repeats_it_once(smtp):
    row = mail()
    smtp.plan("data", CLOSE)
    assert delivery.deliver(now=NOW) == {"later": 1}
    assert state(row) == (None, None, 1, delivery.ONCE)
    assert delivery.deliver(now=NOW + MINUTE) == {"sent": 1}
    assert ids(smtp) == [delivery.message_id(row.key)] * 2
    assert state(row) == (NOW + MINUTE, None, 2, "")


def test_connection_that_always_ends_after_the_body_repeats_it_no_third_time(smtp):
    row = mail()
    smtp.plan("data", CLOSE, times=9)
    assert delivery.deliver(now=NOW) == {"later": 1}
    assert delivery.deliver(now=NOW + MINUTE) == {"failed": 1}
    assert delivery.deliver(now=NOW + timedelta(days=1)) == {}
    assert state(row) == (None, NOW + MINUTE, 2, delivery.AGAIN)
    assert ids(smtp) == [delivery.message_id(row.key)] * 2


@pytest.mark.slow
def test_worker_killed_with_the_mail_in_the_servers_hands_costs_one_repeat(smtp):
    row = mail()
    smtp.plan("data", HANG)
    worker = deliver_in_process(smtp)
    go(worker)
    smtp.wait_for_moment("data", row.to)
    worker.kill()
    worker.communicate()
    assert delivery.deliver(now=NOW + delivery.LEASE - MINUTE) == {}
    assert delivery.deliver(now=NOW + delivery.LEASE) == {"sent": 1}
    assert state(row) == (NOW + delivery.LEASE, None, 2, "")


def test_mail_that_ends_two_workers_is_shown_to_staff(smtp):
    row = mail()
    Mail.objects.update(attempts=2, last_error=delivery.AGAIN)  # two leases that nobody settled
    assert delivery.deliver(now=NOW) == {"failed": 1}
    assert state(row) == (None, NOW, 3, delivery.AGAIN)
    assert smtp.messages == []


# --- a clock that was wrong -----------------------------------------------------------------------------
def test_clock_that_was_a_day_ahead_holds_no_mail_back(smtp, proof):
    """Put off, claimed by a worker that died, or written by the wrong clock; those on the ladder wait on."""
    ahead = NOW + timedelta(hours=26)
    put_off, claimed = mail(1), mail(2, next_try_at=ahead + delivery.LEASE, attempts=1)
    written, waiting = mail(3, queued_at=ahead, next_try_at=ahead), mail(4, next_try_at=NOW + 60 * MINUTE)
    smtp.plan("rcpt", "451 4.3.0 later", to=put_off.to)
    assert delivery.deliver(now=ahead - MINUTE) == {"later": 1, "sent": 1}
    Mail.objects.filter(pk=waiting.pk).update(sent_at=None, next_try_at=NOW + 60 * MINUTE)
    smtp.messages.clear()

    assert delivery.deliver(now=NOW) == {}
    mended = delivery.mend_times(now=NOW)
    counts = delivery.deliver(now=NOW)
    proof(
        "faults",
        "Uhr vor und zurück",
        tried="drei Mails sind auf 26 Stunden später gestellt, dann geht die Uhr wieder richtig; eine vierte wartet eine Stunde",
        expected="die drei gehen sofort, die vierte zu ihrer Zeit, jede einmal",
        seen=f"{mended} zurückgestellt, angekommen 0 → {len(smtp.messages)}, "
        f"{len(smtp.messages) - len(set(ids(smtp)))} doppelt",
    )
    assert (mended, counts) == (3, {"sent": 3})
    assert [state(row)[0] for row in (put_off, claimed, written, waiting)] == [NOW, NOW, NOW, None]
    assert len(set(ids(smtp))) == 3


# --- others --------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.logs_errors
def test_poisonous_mail_fails_alone(smtp, caplog):
    for number in range(20):
        mail(number)
    first = NOW - MINUTE
    poison = [
        mail(20, next_try_at=first, subject="Platz sicher:\nBcc: alle@example.org"),
        mail(21, next_try_at=first, to="zwei@example.org, drei@example.org"),
        mail(22, next_try_at=first, to="gast@example.org\r\nDATA"),
        mail(23, next_try_at=first, reply_to="x\nBcc: y@example.org"),
    ]
    assert delivery.deliver(now=NOW) == {"failed": 4, "sent": 20}
    for row in poison:
        assert state(row)[:3] == (None, NOW, 1)
        assert row.last_error.startswith("Die Mail lässt sich nicht schreiben: ")
    assert sorted(message["To"] for message in smtp.messages) == sorted(
        f"gast{number}@example.org" for number in range(20)
    )
    # The log names the row and the kind of error, no address.
    kinds = ["BadHeaderError", "ValueError", "BadHeaderError", "BadHeaderError"]
    assert caplog.messages == [
        f"mail {row.pk} cannot be built ({kind})" for row, kind in zip(poison, kinds, strict=True)
    ]


def test_answer_with_anything_in_it_is_kept_readable(smtp):
    row = mail()
    smtp.plan("rcpt", "550 5.7.1 n\x00ein\x1b[31m " + "x" * 400)
    assert delivery.deliver(now=NOW) == {"failed": 1}
    assert len(state(row)[3]) == 300
    assert row.last_error.isprintable()


@pytest.mark.slow
def test_two_hosts_with_two_threads_send_each_mail_once(smtp, settings, proof):
    settings.EMAIL_TIMEOUT = 10  # as on the other hosts; `smtp` gives a second
    for number in range(200):
        mail(number)
    hosts = [deliver_in_process(smtp) for _host in range(2)]
    results = []
    threads = [threading.Thread(target=_deliver_and_close, args=[results]) for _thread in range(2)]
    for host in hosts:
        go(host)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    said = [host.communicate(timeout=60)[0].strip() for host in hosts]
    results += [json.loads(line) for line in said]
    arrived = ids(smtp)
    proof(
        "faults",
        "zwei worker, eine Zeile",
        tried="zwei Rechner und zwei Threads nehmen sich im selben Augenblick dieselben 200 Mails",
        expected="jede Mail einmal",
        seen=f"angekommen 0 → {len(arrived)}, {len(arrived) - len(set(arrived))} doppelt; "
        f"je worker {[counts.get('sent', 0) for counts in results]}",
    )
    assert sum(counts.get("sent", 0) for counts in results) == 200
    assert sum(bool(counts) for counts in results) >= 2, "only one of them did anything"
    assert sorted(ids(smtp)) == sorted(delivery.message_id(f"test:{n}") for n in range(200))
    assert Mail.objects.filter(sent_at=NOW, attempts=1, last_error="").count() == 200


@pytest.mark.parametrize(("taken", "order"), [([1], [0, 5, 4, 3, 2]), ([1, 5], [0, 2, 3, 4])])
def test_whoever_finds_mails_taken_goes_around_them_and_sends_the_rest(smtp, settings, taken, order):
    """From the other end; and when that is taken, too, from what is then due, without waiting for the next nudge."""
    rows = [mail(number) for number in range(6)]
    with under_way(smtp, settings, rows[0], "data", KEEP) as results:
        others = Mail.objects.filter(pk__in=[rows[number].pk for number in taken])
        others.update(attempts=1, next_try_at=NOW + delivery.LEASE, last_error=delivery.ONCE)
    assert results == [{"sent": len(order)}]
    assert [str(message["To"]) for message in smtp.messages] == [rows[number].to for number in order]


def test_late_result_of_a_lost_lease_does_not_undo_a_sent_mail(smtp, settings):
    """The first worker hangs beyond its lease; the second sends; then the first comes back with 451."""
    row, later = mail(), NOW + delivery.LEASE
    with under_way(smtp, settings, row, "rcpt"):
        assert delivery.deliver(now=later) == {"sent": 1}
    assert state(row) == (later, None, 2, "")


def test_mail_in_the_servers_hands_is_nobody_elses_until_its_lease_is_over(smtp, settings):
    row, lease = mail(), delivery.LEASE
    with under_way(smtp, settings, row, "data"):
        due = [len(delivery.due(NOW + later, 10)) for later in (timedelta(), lease - MINUTE, lease)]
        claimed = delivery._claim(row, now=NOW + lease)  # as it was read before somebody had it
    assert (due, claimed) == ([0, 0, 1], False)


@pytest.mark.parametrize(("answer", "arrives"), [(None, ["Alt", "Neu"]), ("550 5.7.1 no", ["Neu"])])
def test_letter_that_was_put_back_while_the_old_one_was_on_its_way_leaves_too(
    smtp, monkeypatch, answer, arrives
):
    """What the server said is about the old letter, and is written down after the new one was put in."""
    row, settle = mail(about="shift:7", text="Alt", html=""), delivery._settle
    if answer:
        smtp.plan("data", answer)

    def late(*args, **kwargs):
        monkeypatch.setattr(delivery, "_settle", settle)
        assert outbox.withdraw(about=["shift:7"], kinds=["confirmed"], now=NOW) == 1
        assert put(text="Neu", now=NOW + MINUTE) is True
        return settle(*args, **kwargs)

    monkeypatch.setattr(delivery, "_settle", late)
    delivery.deliver(now=NOW)
    assert state(row)[:2] == (None, None)
    delivery.deliver(now=NOW + MINUTE)
    assert state(row)[:2] == (NOW + MINUTE, None)
    assert [message.get_payload().strip() for message in smtp.messages] == arrives


# --- staff ------------------------------------------------------------------------------------------------
def test_staff_send_a_failed_mail_again(smtp):
    row, other = mail(useful_until=NOW + DAY), mail(2, failed_at=NOW, attempts=1, last_error="550")
    smtp.plan("rcpt", "550 5.1.1 no such user")
    delivery.deliver(now=NOW)
    row.refresh_from_db()
    delivery.resend(row, now=NOW + MINUTE)
    assert state(row) == (None, None, 0, "")
    assert state(other) == (None, NOW, 1, "550")
    assert delivery.deliver(now=NOW + MINUTE) == {"sent": 1}
    assert ids(smtp) == [delivery.message_id(row.key)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sent_at": NOW}, "Nur gescheiterte Mails lassen sich erneut senden."),
        ({}, "Nur gescheiterte Mails lassen sich erneut senden."),
        (
            {"failed_at": NOW, "useful_until": NOW},
            "Diese Mail hat sich erledigt: Ihr Inhalt stimmt nicht mehr.",
        ),
        (
            {"failed_at": NOW, "withdrawn_at": NOW},
            "Diese Mail hat sich erledigt: Ihr Inhalt stimmt nicht mehr.",
        ),
        ({"failed_at": NOW, "text": ""}, "Der Inhalt dieser Mail ist schon gelöscht."),
    ],
)
def test_nothing_else_is_sent_again(fields, sentence):
    row = mail(**fields)
    before = state(row)
    with pytest.raises(Refused, match=sentence):
        delivery.resend(row, now=NOW)
    assert state(row) == before


def test_links_are_shown_without_their_signed_part():
    link = "https://portal.example/anmeldung/meine/12-0.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG/"
    assert delivery.mask(f"Ansehen:\n{link}\nGrüße") == (
        "Ansehen:\nhttps://portal.example/anmeldung/meine/…/\nGrüße"
    )


# --- the outbox ---------------------------------------------------------------------------------------
def put(key="test:1", to="gast1@example.org", text="Guten Tag", now=NOW):
    letter = {"subject": "Platz sicher", "text": text, "html": ""}
    return outbox.queue(key=key, kind="confirmed", to=to, letter=letter, now=now)


def test_mail_is_in_the_outbox_once_and_a_transaction_with_new_ones_has_one_look(monkeypatch):
    looks = []
    monkeypatch.setattr(outbox, "nudge", lambda: looks.append(Mail.objects.count()))

    with transaction.atomic():
        assert (put(), put(), put("test:2"), put("test:3", to="")) == (True, False, True, False)
        assert looks == []
    assert looks == [2]  # one for both, after the commit

    assert put(text="Anders") is False
    assert looks == [2]
    assert set(Mail.objects.values_list("key", "text")) == {("test:1", "Guten Tag"), ("test:2", "Guten Tag")}


def test_what_a_withdrawn_mail_said_is_gone_and_other_kinds_and_rows_stay():
    untrue, *rest = [
        mail(number, calendar=ICS, **{"about": "shift:7"} | fields)
        for number, fields in enumerate([{}, {"kind": "promoted"}, {"sent_at": NOW}, {"about": "shift:8"}])
    ]

    assert outbox.withdraw(about=["shift:7"], kinds=["confirmed"], now=NOW) == 1

    for row in (untrue, *rest):
        row.refresh_from_db()
    assert (untrue.withdrawn_at, untrue.text, untrue.html, untrue.calendar) == (NOW, "", "", "")
    assert all(row.text and row.html and row.calendar and not row.withdrawn_at for row in rest)


def test_mail_that_was_withdrawn_is_put_back_as_it_is_then_but_not_one_that_has_left(monkeypatch):
    looks = []
    monkeypatch.setattr(outbox, "nudge", lambda: looks.append(1))
    lease = NOW + delivery.LEASE
    rows = [
        mail(1, withdrawn_at=NOW, failed_at=NOW, attempts=3, last_error="550"),
        mail(2, withdrawn_at=NOW, attempts=1, next_try_at=lease, last_error=delivery.ONCE),
        mail(3, withdrawn_at=NOW, sent_at=NOW, text="Alt"),
    ]

    assert [put(f"test:{number}", text="Neu") for number in (1, 2, 3)] == [True, True, False]

    assert [(*state(row), row.withdrawn_at, row.text) for row in rows] == [
        (None, None, 0, "", None, "Neu"),
        (
            None,
            None,
            1,
            "",
            None,
            "Neu",
        ),  # in flight: its number stays, so that the late result finds its row
        (NOW, None, 0, "", NOW, "Alt"),
    ]
    assert looks == [1, 1]


# --- telling a worker ---------------------------------------------------------------------------------
@pytest.fixture
def told(monkeypatch):
    """Commit mails at seconds of a stopped clock; returns when a worker was told to look, in seconds from the first."""
    app = Celery("told", broker="memory://")
    monkeypatch.setattr(outbox, "app", app)
    monkeypatch.setattr(outbox, "_covered_until", 0.0)
    monkeypatch.setattr(outbox, "_next_turn", 0.0)

    def at(*seconds):
        with app.connection() as connection, connection.SimpleQueue("celery") as queue:
            queue.clear()
            looks = []
            for second in seconds:
                clock = SimpleNamespace(monotonic=lambda second=second: 1000.0 + second)
                monkeypatch.setattr(outbox, "time", clock)
                before = timezone.now()
                outbox.nudge()
                if queue.qsize():
                    eta = queue.get(timeout=1).headers["eta"]
                    wait = (datetime.fromisoformat(eta) - before).total_seconds() if eta else 0.0
                    looks.append(round(second + wait, 1))
            return looks

    return at


def test_a_lone_mail_leaves_at_once_and_in_a_rush_a_worker_looks_once_a_second(told):
    assert told(0.0, 5.0) == [0.0, 5.0]
    assert told(100.0, *(100.01 + n * 0.02 for n in range(100))) == [100.0, 101.0, 102.0, 103.0]


def test_every_mail_of_a_rush_is_followed_by_a_look(told):
    seconds = [n * 0.037 for n in range(200)]
    looks = told(*seconds)
    assert all(any(look >= second for look in looks) for second in seconds)
    assert len(looks) < 12
