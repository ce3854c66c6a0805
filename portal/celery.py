"""The Celery app and, in one dict, everything that happens by the clock.

Intervals in UTC, not local crontabs: `crontab("*/30")` in local time skips 90 minutes in October.
The work itself is found in columns of the database, so a task that runs late, twice or in two
processes at once does no harm (rules 13 and 14 of domain.md).
"""

import gc
import logging.config
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery, signals
from celery.schedules import schedule
from django import db
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Celery closes the connection before and after every task, on a server with the whole pool: 3 ms of CPU on SQLite, a
# login at PostgreSQL. `_as_after_a_request` does what Django does: what works is kept, or goes back to the pool.
app.conf.CELERY_DB_REUSE_MAX = sys.maxsize


@signals.task_prerun.connect
@signals.task_postrun.connect
def _as_after_a_request(**kwargs: object) -> None:
    db.close_old_connections()


@signals.worker_init.connect
def _look_for_garbage_later(**kwargs: object) -> None:
    """As the web processes do (serving.py): what is loaded now stays, and each child has it for nothing."""
    if not settings.REDIS_URL:
        return  # embedded: this is the web process, which has done so
    gc.freeze()
    gc.set_threshold(*settings.COLLECT)


@signals.setup_logging.connect
def _log_as_the_portal(**kwargs: object) -> None:
    """The command line of Celery logs as our settings say, and sets up nothing of its own."""
    logging.config.dictConfig(settings.LOGGING)


# Goes on while a laptop sleeps, where there is such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Every(schedule):
    """An interval that goes by the time that passes, not by what the wall clock shows.

    Celery's own compares wall clocks: one that was a day ahead and is set right stops every task for that day, also
    after a restart, for the file of `celery beat` says when each last ran.
    """

    _began, _from = datetime.now(UTC), time.clock_gettime(_CLOCK)

    def now(self) -> datetime:
        return self._began + timedelta(seconds=time.clock_gettime(_CLOCK) - self._from)

    def is_due(self, last_run_at: datetime) -> tuple[bool, Any]:
        """Of a last run that is still to come we only know that a wrong clock wrote it: now."""
        return super().is_due(last_run_at if last_run_at <= self.now() else LONG_AGO)


# „Last run" long ago: each task is due as soon as the clock starts. A laptop that is never on for six
# hours still erases what has to go, and after an outage nothing waits for a whole interval.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

PERIODIC = {
    "portal.tasks.deliver_due": timedelta(minutes=1),  # mails whose time has come
    "portal.tasks.queue_due": timedelta(minutes=1),  # reminders, nudges, thanks, digests
    "volunteers.tasks.tell_watches": timedelta(minutes=1),  # new help wanted near somebody
    "seminars.tasks.tell_watches": timedelta(minutes=1),  # a new date of a series that somebody waits for
    "portal.tasks.tell_overdue": timedelta(hours=1),  # requests that nobody answered in time
    "initiatives.tasks.tell_overdue": timedelta(hours=1),  # hints, questions and proposals, likewise
    "initiatives.tasks.warn_wishes": timedelta(hours=1),  # wishes that end within a month
    "initiatives.tasks.ask_still_current": timedelta(hours=1),  # contacts of pages, every six months
    "initiatives.tasks.check_links": timedelta(minutes=10),  # a few links of public pages, each once a week
    "portal.tasks.beat": timedelta(minutes=1),  # signs of life, for staff and for the journal
    "volunteers.tasks.end_coordinations": timedelta(hours=6),  # a week after the last date
    "initiatives.tasks.sweep_pictures": timedelta(hours=6),  # files that no row names
    "portal.tasks.enforce_deletion": timedelta(hours=6),  # deletion classes of trust.md
}
# Of these, those that write mails for what a moment makes due. They take `now`: after a restore the clock is
# run again (restoring.py).
BY_THE_CLOCK = (
    "portal.tasks.queue_due",
    "volunteers.tasks.tell_watches",
    "seminars.tasks.tell_watches",
    "portal.tasks.tell_overdue",
    "initiatives.tasks.tell_overdue",
    "initiatives.tasks.warn_wishes",
    "initiatives.tasks.ask_still_current",
)
app.conf.beat_schedule = {
    name: {"task": name, "schedule": Every(every), "last_run_at": LONG_AGO}
    for name, every in PERIODIC.items()
}
