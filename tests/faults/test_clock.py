"""Real processes whose clock is moved while they run: web, worker and beat, or the one process of a laptop."""

from datetime import datetime, time, timedelta

import pytest
from celery import Celery

from tests.faults.clock import Clock
from tests.faults.site import POSTGRES, pages, story
from tests.make import BERLIN
from tests.servers import wait_until

pytestmark = pytest.mark.slow
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEXT_TICK = 110  # seconds until beat has surely ticked, on a slow machine
SEATED = """
from datetime import datetime, timedelta
from django.utils import timezone
from tests import make
for name, start in {dates}.items():
    start, since = datetime.fromisoformat(start), timezone.now() - timedelta(days=6)
    slot = make.shift(starts=start)
    booking = make.booking(f"{{name}}@example.org", organisation=slot.organisation, entered_at=since, confirmed_at=since)
    make.signup(slot, booking=booking, seated_at=since)
"""
TRIES = 'SELECT attempts FROM portal_mail WHERE "to" = %s'


@pytest.fixture
def clock(site):
    """The clock of the site's processes; afterwards it is right again, and they go by the machine's."""
    clock, servers = Clock(site.folder), list(filter(None, [site.portal, site.worker, site.beat]))
    given = clock.environment()
    for server in servers:
        server.stop()
        server.settings |= given
        server.start()
    yield clock
    clock.set(None)
    for server in servers:
        server.stop()
        for name in given:
            del server.settings[name]


def sweep(site):
    """What the clock does each minute, now."""
    if POSTGRES:
        with Celery("test", broker=site.redis.url()) as app:
            for task in ("portal.tasks.queue_due", "portal.tasks.deliver_due"):
                app.send_task(task, ignore_result=True)
    else:
        site.portal.stop()
        site.portal.start()


def told(site, prefix):
    """{name: first words of the subject of each mail that arrived}"""
    found = {}
    for mail in site.mail.messages:
        if mail["To"].startswith(prefix):
            found.setdefault(mail["To"].split("@")[0], []).append(mail["Subject"].split(":")[0])
    return found


def test_clocks_of_all_processes_are_a_day_late_and_then_jump(site, clock, proof):
    beat = site.beat or site.portal
    today = datetime.now(BERLIN).date()
    begins = datetime.combine(today + DAY, time(16), BERLIN)
    dates = {
        "uhr-vorbei": begins + 17 * HOUR,
        "uhr-heute": begins + 28 * HOUR,
        "uhr-morgen": begins + 41 * HOUR,
        "uhr-uebermorgen": begins + 65 * HOUR,  # „in three days" was yesterday
        "uhr-dreitage": begins + 89 * HOUR,
    }
    clock.set(begins)
    beat.stop()
    site.portal.python(SEATED.format(dates={name: start.isoformat() for name, start in dates.items()}))
    clock.set(begins + 26 * HOUR)
    beat.start()
    wait_until(lambda: len(told(site, "uhr-")) >= 3, seconds=NEXT_TICK, what="reminders")
    sweep(site)
    site.all_left("uhr-", seconds=60)

    late = told(site, "uhr-")
    proof(
        "faults", "beat 26 Stunden weg",
        tried="beat steht, die Uhr aller Prozesse geht 26 Stunden weiter, über die Zeit von fünf Erinnerungen; dann startet er",
        expected="nur, was noch nützt, in den Worten von heute; jede einmal",
        seen=f"Mails 0 → {sum(map(len, late.values()))}: {', '.join(f'{who} {words}' for who, words in late.items())}",
    )  # fmt: skip
    assert late == {"uhr-heute": ["Heute"], "uhr-morgen": ["Morgen"], "uhr-dreitage": ["In drei Tagen"]}

    (ahead,), before = site.visitors("sprung-a", 1), site.books("sprung")
    site.mail.plan("rcpt", "451 4.3.0 later", to=ahead.email)
    answers = [ahead.sign_up()]
    wait_until(lambda: site.one(TRIES, ahead.email), what="a mail put off by a clock that is ahead")
    clock.set(begins)  # 26 hours back
    (right,) = site.visitors("sprung-r", 1)
    answers.append(right.sign_up())
    site.all_left("sprung", seconds=NEXT_TICK)
    after = site.books("sprung")
    clock.set(begins + 26 * HOUR)
    sweep(site)
    site.all_left("uhr-", seconds=60)

    again = told(site, "uhr-")
    proof(
        "faults", "Uhr vor und zurück",
        tried="die Uhr aller Prozesse geht 26 Stunden vor (eine Mail wird vertagt), dann richtig, dann wieder vor",
        expected="die Mail geht mit dem nächsten Takt, Anmeldungen gehen weiter, jede Erinnerung einmal",
        seen=story(before, after, answers, f"Erinnerungen {sum(map(len, late.values()))} → {sum(map(len, again.values()))}"),
    )  # fmt: skip
    assert pages(answers) == "2 × „Noch nicht fest“"
    assert (after.forms, after.mails, after.arrived, after.doubled, after.half) == (2, 2, 2, 0, 0)
    assert again == late
