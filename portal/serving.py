"""gunicorn's settings and hooks: `python -m portal`, or `gunicorn -c python:portal.serving portal.wsgi`.

One process with threads on a laptop; WEB_CONCURRENCY and WEB_THREADS make it more on a server.
The names below are gunicorn's. There is no access log here: a proxy in front has one.
"""

import contextlib
import ctypes
import errno
import gc
import http.client
import logging
import os
import signal
import socket
import sys
import threading
import time

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from portal.embedded import Engine
from portal.logs import Anonymous, Json
from portal.prepare import prepare

HOST = settings.BIND
PORT = settings.PORT

bind = f"[{HOST}]:{PORT}" if ":" in HOST else f"{HOST}:{PORT}"
worker_class = "portal.draining.DrainingWorker"
# Without Redis there is one: its Celery, its cache and its limits live in the process.
workers = settings.WEB_CONCURRENCY if settings.REDIS_URL else 1
threads = settings.WEB_THREADS
timeout = 60
graceful_timeout = 12  # seconds; a busy database answers within ten (trust.md „Reliability")
keepalive = 5
control_socket_disable = True  # it would write into the home directory, which may not exist
accesslog = None
forwarded_allow_ips = ""  # who is believed about X-Forwarded-…, is said by TRUSTED_PROXIES alone
loglevel = "warning"

# glibc keeps a part of the memory for each thread, also when it has long ended: 12 MiB of a laptop's process.
ARENAS, M_ARENA_MAX = 2, -8

_engine: Engine | None = None  # the embedded Celery of this process, if it has one


def on_starting(server: Arbiter) -> None:
    """In the parent, before the port is opened: what is wrong is said in one sentence."""
    with contextlib.suppress(AttributeError):  # other C libraries have no such thing
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
    log = logging.getLogger("gunicorn.error")
    log.addFilter(Anonymous())
    for handler in log.handlers if settings.LOG_FORMAT == "json" else []:
        handler.setFormatter(Json())
    _refuse_used_port()
    try:
        django.setup()
    except (ImproperlyConfigured, OSError) as error:
        sys.exit(str(error))
    if settings.PREPARE and prepare():
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606  # the same process, with fresh memory
    _refuse_used_port()
    _load_for_all(server)


def _load_for_all(server: Arbiter) -> None:
    """Code is loaded once, before the fork; what the collector never looks at stays shared by all processes."""
    server.app.wsgi()
    reverse("start")  # reads every urls.py, and with them all views
    gc.freeze()  # not collected first: that took a tenth of the start and freed a hundredth of the blocks
    gc.enable()
    gc.set_threshold(*settings.COLLECT)


def when_ready(server: Arbiter) -> None:
    """A closed terminal window ends the portal; to gunicorn alone, SIGHUP means „read the settings again"."""
    if sys.stdin and sys.stdin.isatty():
        signal.signal(signal.SIGHUP, lambda *_: server.SIG_QUEUE.put_nowait(signal.SIGTERM))


def _refuse_used_port() -> None:
    family = socket.AF_INET6 if ":" in HOST else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, PORT))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                sys.exit(f"Port {PORT} ist schon belegt. Mit einem anderen starten: PORT={PORT + 1} ./run")
            sys.exit(f"{bind} lässt sich nicht öffnen ({error.strerror}): BIND oder PORT ändern.")


def post_fork(server: Arbiter, worker: Worker) -> None:
    """Until the worker has its own handlers, a signal ends it; gunicorn's inherited ones would lose it."""
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(signum, signal.SIG_DFL)


def post_worker_init(worker: Worker) -> None:
    """In the worker, before its loop: start the embedded Celery, watch the parent, say when it answers."""
    global _engine
    if not settings.REDIS_URL:
        _engine = Engine()
        _engine.start()
    threading.Thread(target=_end_with_parent, args=(worker.ppid,), daemon=True).start()
    if worker.age == 1:
        threading.Thread(target=_announce, daemon=True).start()


def worker_exit(server: Arbiter, worker: Worker) -> None:
    """In the worker, at the end. Leaves at once: a request that hangs must not keep the process."""
    if os.getpid() != worker.pid:
        return  # gunicorn calls this in the parent, too, for a worker that was already gone
    if _engine:
        _engine.stop()
    logging.shutdown()
    os._exit(getattr(sys.exc_info()[1], "code", None) or 0)


def _end_with_parent(parent: int) -> None:
    """Leave two seconds after the process that `./run` became was killed, whatever else hangs."""
    while os.getppid() == parent:
        time.sleep(0.5)
    time.sleep(2)
    os._exit(1)


def _announce() -> None:
    """Print one line as soon as a request really was answered."""
    host = "localhost" if HOST in ("0.0.0.0", "::") else HOST  # noqa: S104
    for _attempt in range(60):
        try:
            connection = http.client.HTTPConnection(host, PORT, timeout=10)
            connection.request("GET", "/healthz", headers={"Host": f"localhost:{PORT}"})
            if connection.getresponse().status == http.HTTPStatus.OK:
                print(f"Portal bereit: http://localhost:{PORT}", flush=True)  # noqa: T201
                return
        except OSError:
            pass
        time.sleep(0.5)
    logging.getLogger(__name__).error("The portal does not answer on its own port.")
