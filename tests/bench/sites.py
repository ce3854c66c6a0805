"""What is measured: one portal on SQLite, or the services of docker-compose.yml on PostgreSQL behind nginx."""

import contextlib
import shutil
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests import stack
from tests.bench import processes
from tests.bench.sink import Sink
from tests.conftest import POSTGRES, first_data, portals
from tests.servers import Django, Nginx, free_port


@dataclass
class Site:
    """A running portal; `web` is one of its web processes, `url` where guests ask."""

    url: str
    web: Django
    web_url: str
    servers: list[Django]
    static: Path
    sink: Sink
    nginx: Nginx | None = None

    def python(self, code):
        return self.web.python(code)

    def cpu(self):
        """Seconds that all its own processes have used so far: web and Celery, not database and proxy."""
        return processes.cpu(pid for server in self.servers for pid in processes.family(server.process.pid))


class Bare(Django):
    """The bare view: the same gunicorn with the same worker and threads, on the database of the portal."""

    def __init__(self, folder, settings):
        super().__init__(folder, settings | {"DJANGO_SETTINGS_MODULE": "tests.bench.bare_settings"})
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self):
        worker = (
            "--worker-class portal.draining.DrainingWorker --threads 8 --keep-alive 5 --no-control-socket"
        )
        bind = f"--bind 127.0.0.1:{self.port} --log-level warning"
        return [sys.executable, "-m", "gunicorn", *worker.split(), *bind.split(), "portal.wsgi"]

    def answers(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url, timeout=5) as answer:
            return answer.status == 200
        return False


def programs():
    """What the second half needs, and whether it is on this machine."""
    return {
        "PostgreSQL": bool(shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
        "Redis": shutil.which("redis-server"),
        "nginx": Path(Nginx.program).exists(),
    }


@contextlib.contextmanager
def running():
    """A site with the first data, as on the first real day (DEMO=0), on what the environment says."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with first_data(folder / "prepared", DEMO="0") as prepared, Sink() as sink:
            opened = _services(prepared, sink) if POSTGRES else _laptop(prepared, folder, sink)
            with opened as site:
                yield site
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _laptop(prepared, folder, sink):
    with portals(prepared, folder) as (start, _started):
        portal = start(EMAIL_URL=sink.url)
        static = Path(portal.settings["VAR_DIR"]) / "static"
        yield Site(portal.url, portal, portal.url, [portal], static, sink)


@contextlib.contextmanager
def _services(prepared, sink):
    with stack.running(prepared, sink) as services:
        web = services.webs[0]
        url = f"http://{web.address}:{services.web_port}"
        static = Path(prepared["VAR_DIR"]) / "static"
        yield Site(services.url, web, url, [*services.webs, *services.workers], static, sink, services.nginx)
