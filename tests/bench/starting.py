"""From the start of gunicorn to its first page, on a warm disk; and the memory that a web process has for itself."""

import contextlib
import time
import urllib.request

from tests.bench import processes
from tests.bench.pages import answer
from tests.bench.table import Row
from tests.servers import Portal, free_port

RUNS = 5
PATHS = ["/", "/initiativen/", "/mitmachen/", "/seminare/", "/orte/"]


class OneMore(Portal):
    """Another web process with the same settings."""

    def answers(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url, timeout=5) as answer:
            return answer.status == 200
        return False


def measure(site, addresses):
    """Yields both rows. The process has served every kind of page before its memory is read."""
    for path in [*PATHS, *addresses.values()]:
        answer(site.web_url, path, 8)
    _arbiter, *workers = processes.family(site.web.process.pid)
    memory = [processes.private(pid) / 2**20 for pid in workers]
    yield Row("Eigener Speicher je Webprozess", memory, 80, "MiB")
    yield Row(
        "gunicorn: vom Start bis zur ersten Seite", [_start(site) for _ in range(RUNS)], 1.5, "s", digits=2
    )


def _start(site):
    own = {"PORT": free_port(), "BIND": "127.0.0.1"}
    server = OneMore(site.web.folder / "one-more", site.web.settings | own)
    began = time.monotonic()
    try:
        server.start()
        return time.monotonic() - began
    finally:
        server.clean()
