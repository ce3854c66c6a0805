"""The mail server's bad days, met by the real worker. Every answer in every phase: `tests/test_delivery.py`."""

import time
from collections import Counter

import pytest

from tests.faults.site import story
from tests.mailserver import HANG
from tests.servers import Worker, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
DUE_NOW = (
    'UPDATE portal_mail SET next_try_at = now() WHERE sent_at IS NULL AND failed_at IS NULL AND "to" LIKE %s'
)
PHASES = ("connect", "mail", "rcpt", "data")


def test_server_that_falls_silent_in_any_phase_frees_the_worker_in_30_seconds(site, proof):
    """All four phases at once, each with the real ten seconds, met by a worker of four processes."""
    crowd, before = site.visitors("stumm", 4), site.books("stumm")
    site.worker.stop()
    for phase in PHASES:
        site.mail.plan(phase, HANG)
    answers = [visitor.sign_up() for visitor in crowd]
    site.redis.forget()
    for _task in PHASES:
        site.nudge()
    four = site.another(Worker)
    four.role = tuple("4" if word == "2" else word for word in four.role)
    try:
        four.start()
        for phase in PHASES:
            site.mail.wait_for_moment(phase)
        began = time.monotonic()
        wait_until(lambda: not site.mail.open, seconds=40, what="all four are free")
        seconds = time.monotonic() - began
        arrived_in_silence = site.books("stumm").arrived
        site.mail.forget()
        site.ask(DUE_NOW, "stumm%")
        site.nudge()
        site.all_left("stumm", seconds=20)
    finally:
        four.clean()  # with its children, or they would go on beside the next worker
        site.worker.start()

    after = site.books("stumm")
    proof(
        "faults", "SMTP schweigt",
        tried="Mailserver antwortet nicht: bei Verbindung, MAIL, RCPT und DATA, alle vier zugleich",
        expected="worker frei in 30 s, danach kommt jede Mail einmal",
        seen=story(before, after, answers, f"alle vier worker nach {seconds:.0f} s frei"),
    )  # fmt: skip
    assert seconds < 30
    assert (arrived_in_silence, after.mails, after.arrived, after.doubled) == (0, 4, 4, 0)


def test_too_many_connections_is_no_mail_s_fault(site, proof):
    (visitor,), before = site.visitors("gedraenge", 1), site.books("gedraenge")
    site.mail.plan("connect", "421 4.7.0 too many connections", times=3)
    answer, said = visitor.sign_up(), []
    row = 'SELECT attempts, last_error, failed_at IS NULL FROM portal_mail WHERE "to" = %s'
    for attempt in (1, 2, 3):
        wait_until(lambda attempt=attempt: site.ask(row, visitor.email)[0][0] == attempt, what="the next try")
        said += site.ask(row, visitor.email)
        site.ask(DUE_NOW, "gedraenge%")
        site.nudge()
    site.all_left("gedraenge", seconds=20)

    after = site.books("gedraenge")
    proof(
        "faults", "SMTP: zu viele Verbindungen",
        tried="Mailserver grüßt drei Mal mit 421",
        expected="alle zwei Minuten ein neuer Versuch, dann genau eine Mail",
        seen=story(before, after, [answer], f"{len(said)} Absagen, {site.ask(row, visitor.email)[0][0]} Versuche"),
    )  # fmt: skip
    assert [(tries, alive) for tries, _why, alive in said] == [(1, True), (2, True), (3, True)]
    assert all("421" in why and "nicht erreichbar" in why for _tries, why, _alive in said)
    assert (after.mails, after.arrived, after.doubled) == (1, 1, 0)


THOUSAND = """
from django.utils import timezone
from portal.models import Mail
now = timezone.now()
Mail.objects.bulk_create(
    Mail(key=f"gift:{n}", kind="confirmed", to=f"gift{n}@example.org", text="Guten Tag", queued_at=now, next_try_at=now,
         subject="Platz sicher" if n != 500 else "Platz sicher\\nBcc: alle@example.org")
    for n in range(1000)
)
"""


def test_poisonous_row_among_1000_fails_alone(site, proof):
    site.portal.python(THOUSAND)
    site.nudge()
    site.all_left("gift", seconds=60)

    mails = site.ask(
        "SELECT \"to\", last_error FROM portal_mail WHERE failed_at IS NOT NULL AND key LIKE 'gift:%'"
    )
    arrived = Counter(mail["To"] for mail in site.mail.messages if mail["To"].startswith("gift"))
    proof(
        "faults", "eine vergiftete Zeile unter 1.000",
        tried="1.000 Mails warten, die Betreffzeile der 501. enthält einen Zeilenumbruch",
        expected="999 kommen einmal an, die eine steht unter „gescheitert“",
        seen=f"{len(arrived)} angekommen, {arrived.total() - len(arrived)} doppelt, gescheitert: {len(mails)}",
    )  # fmt: skip
    assert [to for to, _why in mails] == ["gift500@example.org"]
    assert mails[0][1].startswith("Die Mail lässt sich nicht schreiben")
    assert (len(arrived), arrived.total()) == (999, 999)
