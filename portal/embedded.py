"""Celery worker and clock as two threads of the one process, for a laptop without Redis.

Rejected, all tried: eager mode (runs inside the request and ignores countdowns), `worker -B` (leaves
orphans behind), kombu's broker in files (loses messages).
"""

import logging
import os
import threading
import time

from celery import signals
from celery.beat import EmbeddedService, Scheduler
from celery.worker import state

from portal.celery import app

logger = logging.getLogger(__name__)

VISITORS_FIRST = 0.5  # seconds: beside Celery's loading, the first answer came a tenth of a second later
RESTART_AFTER = 5  # seconds, should the worker ever end by itself
LAST_TASK = 3  # seconds that a task under way gets at the end; its lease brings it back otherwise


class Engine:
    """The worker thread and the clock thread of this process."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._worker = threading.Thread(target=self._work, name="celery-worker", daemon=True)
        self._beat = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)

    def start(self) -> None:
        """Worker and clock begin half a second from now, in threads of their own; returns at once."""
        # The checks have run when the database was migrated; Celery would repeat them all.
        os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
        self._worker.start()

    def stop(self) -> None:
        """No task starts any more, and the one under way has had a moment to end."""
        self._ending.set()
        self._beat.service.stop()
        state.should_stop = os.EX_OK
        # Not `join`: the idle worker looks up every two seconds only, and may be left behind at any time.
        deadline = time.monotonic() + LAST_TASK
        while state.active_requests and time.monotonic() < deadline:
            time.sleep(0.05)

    def _work(self) -> None:
        if not self._ending.wait(VISITORS_FIRST):
            self._beat.start()
        while not self._ending.is_set():
            controller = app.WorkController(
                pool_cls="solo", without_gossip=True, without_mingle=True, without_heartbeat=True
            )
            # Installs Celery's care for Django's database connections, as its command line does.
            signals.worker_init.send(sender=controller)
            controller.start()
            if not self._ending.wait(RESTART_AFTER):
                logger.error("The embedded Celery worker ended by itself; starting it again.")
