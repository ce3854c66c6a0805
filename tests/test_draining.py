"""A web process that is told to end: every request is answered, or refused before it was sent.

What is in between (connected, sent, then reset) is lost: a proxy may not send a POST twice.
"""

import http.client
import os
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers import ROOT, Django, free_port

APP = """
import time
def application(environ, start_response):
    time.sleep(0.7 if environ["PATH_INFO"] == "/slow" else 0.01)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"done"]
"""
CONFIG = """
from portal.serving import graceful_timeout, post_fork, when_ready, worker_class, worker_exit
bind, workers, threads = "127.0.0.1:{port}", {workers}, 4
control_socket_disable = True
"""


class Gunicorn(Django):
    """An application that takes its time, served with our hooks."""

    def __init__(self, folder, workers):
        super().__init__(folder, {"PYTHONPATH": f"{ROOT}:{folder}"})
        self.port = free_port()
        (self.folder / "slow.py").write_text(APP)
        (self.folder / "config.py").write_text(CONFIG.format(port=self.port, workers=workers))

    def command(self):
        return [sys.executable, "-m", "gunicorn", "--config", self.folder / "config.py", "slow"]

    def answers(self):
        return self.post("/") == "answered"

    def post(self, path):
        """What a proxy would see of one POST."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.connect()
        except OSError:
            return "refused"
        try:
            connection.request("POST", path, body="x=1")
            return "answered" if connection.getresponse().read() == b"done" else "lost"
        except (OSError, http.client.HTTPException):
            return "lost"
        finally:
            connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_lost_when_the_web_process_ends(tmp_path, workers):
    outcomes = Counter()
    with Gunicorn(tmp_path / "web", workers) as web, ThreadPoolExecutor(60) as crowd:
        slow = [crowd.submit(web.post, "/slow") for _ in range(3)]
        time.sleep(0.3)  # they are being answered
        sent = []
        for number in range(250):
            if number == 50:
                web.process.send_signal(signal.SIGTERM)
            sent.append(crowd.submit(web.post, "/"))
            time.sleep(0.004)
        outcomes.update(each.result() for each in sent)
        assert [each.result() for each in slow] == ["answered"] * 3
        assert web.process.wait(10) == 0
    assert set(outcomes) == {"answered", "refused"}, outcomes


@pytest.mark.slow
def test_who_waits_to_be_accepted_when_it_ends_is_answered(tmp_path):
    with Gunicorn(tmp_path / "web", workers=1) as web, ThreadPoolExecutor(10) as crowd:
        (worker,) = map(
            int, Path(f"/proc/{web.process.pid}/task/{web.process.pid}/children").read_text().split()
        )
        os.kill(worker, signal.SIGSTOP)
        waiting = [crowd.submit(web.post, "/") for _ in range(10)]
        time.sleep(0.3)  # all have connected and sent
        web.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)  # the parent has told the worker
        os.kill(worker, signal.SIGCONT)
        assert [each.result() for each in waiting] == ["answered"] * 10
        assert web.process.wait(10) == 0
