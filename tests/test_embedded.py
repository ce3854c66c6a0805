"""Celery inside a laptop's one process: when it begins. That it delivers is shown by tests/faults and tests/test_run.py."""

import time

from celery.worker import state

from portal import embedded


def test_celery_leaves_the_first_moment_to_the_visitors_and_never_begins_in_a_process_that_ends(monkeypatch):
    monkeypatch.setattr(state, "should_stop", None)
    monkeypatch.setattr(embedded, "VISITORS_FIRST", 30)
    engine, begun = embedded.Engine(), time.monotonic()

    engine.start()
    assert (engine._worker.is_alive(), engine._beat.ident) == (True, None)
    engine.stop()
    engine._worker.join(5)

    assert time.monotonic() - begun < 5
    assert (engine._worker.is_alive(), engine._beat.ident) == (False, None)
