"""How many mails a worker sends in a second: one real letter with its calendar file, many times.

What runs is the task of the outbox, in as many processes as there are workers, each over its own kept connection
to a server that takes everything. Each mail is claimed, sent, settled and written into the journal.
"""

import os
import subprocess
import sys
import time

from tests.bench.table import Row

RUNS, MAILS = 3, 400

# Clones of a „Platz sicher" that somebody got, due when the workers begin.
ENTER = """
from datetime import timedelta
from django.utils import timezone
from portal.models import Mail
later = timezone.now() + timedelta(hours=1)
letter = Mail.objects.filter(kind="confirmed").exclude(calendar="").last()
letter.sent_at, letter.attempts, letter.next_try_at = None, 0, later
def clone(number):
    letter.pk, letter.key = None, "bench:{run}:%s" % number
    return Mail(**{{field.attname: getattr(letter, field.attname) for field in Mail._meta.concrete_fields}})
Mail.objects.bulk_create(clone(number) for number in range({mails}))
"""
BEGIN = """
from django.utils import timezone
from portal.models import Mail
print(Mail.objects.filter(key__startswith="bench:{run}:").update(next_try_at=timezone.now()))
"""
WORK = """
import django; django.setup()
import sys
from portal import tasks
from portal.models import Mail
Mail.objects.exists()
print("ready", flush=True)
sys.stdin.readline()
tasks.deliver_due()
"""
LEFT = 'from portal.models import Mail; print(Mail.objects.filter(key__startswith="bench:{run}:", sent_at=None).count())'


def measure(site, _addresses):
    """Yields a row for one and for two workers."""
    for workers in (1, 2):
        rates = [_rate(site, workers, f"{workers}-{run}") for run in range(RUNS)]
        words = "einem Worker" if workers == 1 else "zwei Workern, je Worker"
        yield Row(f"Mails mit .ics je Sekunde, mit {words}", rates, 200, "/s", least=True, digits=0)


def _rate(site, workers, run):
    site.python(ENTER.format(run=run, mails=MAILS * workers))
    settings = {name: str(value) for name, value in site.web.settings.items()}
    environment = os.environ | settings | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORK],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(workers)
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    site.python(BEGIN.format(run=run))
    began = time.monotonic()
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        process.communicate(timeout=120)
    seconds = time.monotonic() - began
    assert site.python(LEFT.format(run=run)).strip() == "0"
    return MAILS / seconds
