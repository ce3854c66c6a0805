"""Real servers for tests, each on a free port and in a folder of its own, ended by process id.

    python -m tests.servers COMMAND …    runs COMMAND with DATABASE_URL, REDIS_URL and what else a
                                         server needs, on a throw-away PostgreSQL and Redis

A server that is stopped, killed, frozen or restarted keeps its port and its folder.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from tests import compose

ROOT = Path(__file__).resolve().parent.parent
# What a started portal sees of our own environment; everything else is said by the test.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONUTF8")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(true, *, seconds=20, what="condition"):
    """Poll until `true()` is truthy and return what it said; TimeoutError after the deadline."""
    deadline = time.monotonic() + seconds
    while not (answer := true()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.05)
    return answer


def read_mail(content):
    """An email.message.EmailMessage, its subject unfolded as every mail program shows it."""
    mail = message_from_bytes(content, policy=policy.default)
    subject = " ".join(str(mail["Subject"]).split())
    del mail["Subject"]
    mail["Subject"] = subject
    return mail


class Server:
    """A process with its log. Subclasses say the command, and how to know that it answers."""

    as_user = None  # whom to become when we are root
    end_signal = signal.SIGTERM

    def __init__(self, folder=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix=f"{type(self).__name__.lower()}-"))
        self.log_file = self.folder / "log.txt"
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        known = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return {"CHECK_LINKS": "false"} | known  # nothing leaves this machine

    def answers(self):
        raise NotImplementedError

    def as_somebody(self, command):
        if self.as_user and os.getuid() == 0:
            return [
                "setpriv",
                f"--reuid={self.as_user}",
                f"--regid={self.as_user}",
                "--clear-groups",
                *command,
            ]
        return command

    def start(self):
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.as_somebody([str(part) for part in self.command()]),
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(self._answers_or_died, seconds=60, what=f"{type(self).__name__} starts")
        except TimeoutError as error:
            self.clean()
            raise TimeoutError(f"{error}\n{self.log()[-3000:]}") from None
        return self

    def _answers_or_died(self):
        if self.process.poll() is not None:
            raise RuntimeError(
                f"{type(self).__name__} ended with {self.process.returncode}:\n{self.log()[-3000:]}"
            )
        return self.answers()

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def errors(self):
        """Lines in which it complains; the fixtures hold them against the test."""
        found = re.findall(
            r'^.*(?:[ :"]ERROR[ /"]|[ :"]CRITICAL[ /"]|Traceback).*$', self.log(), re.MULTILINE
        )
        # A JSON line holds its traceback, also that of a mere warning; its level counts.
        loud = re.compile(r'"level": "(?:ERROR|CRITICAL)"')
        return [line for line in found if not line.startswith("{") or loud.search(line)]

    def stop(self, seconds=20):
        """End it as an operator would and return its exit code."""
        if self.process.poll() is None:
            self.thaw()
            self.process.send_signal(self.end_signal)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        """kill -9"""
        self.process.kill()
        return self.process.wait(10)

    def clean(self):
        """Nothing of it is left: neither its process nor any that it started."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def freeze(self):
        """It still takes connections (the kernel does), but never answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def children(self):
        """The processes that do its work."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.clean()
        shutil.rmtree(self.folder, ignore_errors=True)


def _says():
    """What PostgreSQL writes into its log on a server, and what not: as in docker-compose.yml."""
    given = [part.partition("=") for part in compose.command("postgres") if part.startswith("log_")]
    return {name: value for name, _is, value in given}


class PostgreSQL(Server):
    as_user = "postgres"
    end_signal = signal.SIGINT  # „fast": does not wait for clients

    def __init__(self, folder=None, given=()):
        super().__init__(folder)
        self.given = given
        self.port = free_port()
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        self.programs = found[-1] if found else Path(shutil.which("postgres") or "/missing").parent
        if os.getuid() == 0:
            shutil.chown(self.folder, self.as_user, self.as_user)

    def start(self):
        data = self.folder / "data"
        if not data.exists():
            options = [
                "--auth=trust",
                "--username=portal",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ]
            subprocess.run(
                self.as_somebody([self.programs / "initdb", "-D", data, *options]),
                check=True,
                cwd="/",
                stdout=subprocess.DEVNULL,
            )
        return super().start()

    def command(self):
        settings = {
            "listen_addresses": "127.0.0.1",
            "fsync": "off",  # the data is thrown away; what is committed survives kill -9 all the same
            "max_connections": 200,
            "timezone": "UTC",
        } | _says()
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        folders = ["-D", self.folder / "data", "-k", self.folder]
        return [self.programs / "postgres", *folders, "-p", self.port, *given, *self.given]

    def freeze(self):
        """All of it: the processes that serve somebody, too."""
        super().freeze()
        self._tell_children(signal.SIGSTOP)

    def thaw(self):
        self._tell_children(signal.SIGCONT)
        super().thaw()

    def _tell_children(self, signum):
        for pid in self.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)

    def url(self, database="postgres"):
        return f"postgresql://portal@127.0.0.1:{self.port}/{database}"

    def answers(self):
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=2):
            return True
        return False


class Redis(Server):
    def __init__(self, folder=None, given=("--save", "", "--appendonly", "no")):
        super().__init__(folder)
        self.given = given
        self.port = free_port()

    def command(self):
        given = [*self.given, "--dir", self.folder]
        return ["redis-server", "--port", self.port, "--bind", "127.0.0.1", *given]

    def url(self, number=0):
        return f"redis://127.0.0.1:{self.port}/{number}"

    def answers(self):
        with contextlib.suppress(redis.RedisError), redis.Redis(port=self.port, socket_timeout=1) as client:
            return client.ping()
        return False

    def forget(self):
        """Nothing is left in it."""
        with redis.Redis(port=self.port) as client:
            client.flushall()


class Nginx(Server):
    """nginx with the configuration of deploy/nginx, on free ports, before whatever answers for `web`.

    `server` is one of its server files (http, https, behind-proxy); `web_port` the port of each of the
    addresses that the name `web` has.
    """

    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "nginx"
    given = ("-g", "daemon off;")

    def __init__(self, *, web_port, web=("127.0.0.1",), server="http"):
        super().__init__()
        self.folder.chmod(0o755)  # its workers become somebody else
        self.port, self.tls_port = free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        self.names = Names({"web": web})
        for part in ("cache", "media/public"):
            (self.folder / part).mkdir(parents=True)
        self.places = {
            "/etc/nginx/portal/": f"{self.folder}/portal/",
            "/etc/nginx/": f"{self.folder}/",
            "/var/cache/nginx": f"{self.folder}/cache",
            "/run/nginx.pid": f"{self.folder}/nginx.pid",
            "/srv/media": f"{self.folder}/media",
            "listen 80 ": f"listen 127.0.0.1:{self.port} ",
            "listen 443 ": f"listen 127.0.0.1:{self.tls_port} ",
            "resolver 127.0.0.11 ": f"resolver 127.0.0.1:{self.names.port} ",
            "web:8000": f"web:{web_port}",
        }
        self._write(server)

    def _write(self, server):
        (self.folder / "portal").mkdir()
        for source in (ROOT / "deploy/nginx").glob("*.conf"):
            text = source.read_text()
            for place, own in self.places.items():
                text = text.replace(place, own)
            (self.folder / "portal" / source.name).write_text(text)
        shutil.copy(self.folder / f"portal/{server}.conf", self.folder / "server.conf")

    def command(self):
        return [self.program, "-c", self.folder / "portal/nginx.conf", *self.given]

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2):
            return True
        return False

    def clean(self):
        super().clean()
        self.names.close()

    def forget(self):
        """Its cache is empty."""
        for path in (self.folder / "cache/pages").rglob("*"):
            if path.is_file():
                path.unlink(missing_ok=True)

    def stored(self):
        """What lies in its cache: one bytes object per answer, key and headers included."""
        return [path.read_bytes() for path in (self.folder / "cache/pages").rglob("*") if path.is_file()]


class Names:
    """A DNS server that knows a few names, as Docker's does; `known` may be changed at any time."""

    def __init__(self, known):
        self.known, self.asked = known, 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                question, who = self._socket.recvfrom(512)
                self.asked += 1
                self._socket.sendto(self._answer(question), who)

    def _answer(self, question):
        end = question.index(b"\0", 12)
        name = ".".join(
            label.decode() for label in re.findall(rb"[\x01-\x3f]([\w-]+)", question[12:end], re.ASCII)
        )
        records = [
            b"\xc0\x0c\0\x01\0\x01\0\0\0\x01\0\x04" + socket.inet_aton(address)
            for address in self.known.get(name, ())
        ]
        flags = b"\x81\x80" if records else b"\x81\x83"  # answered, or no such name
        counts = b"\0\x01" + len(records).to_bytes(2, "big") + b"\0\0\0\0"
        return question[:2] + flags + counts + question[12 : end + 5] + b"".join(records)

    def close(self):
        self._socket.close()


class Django(Server):
    """A process of the portal with settings of its own: only what `settings` says is set."""

    def __init__(self, folder, settings):
        super().__init__(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = {"VAR_DIR": str(self.folder / "var")} | settings

    def environment(self):
        return super().environment() | {name: str(value) for name, value in self.settings.items()}

    def manage(self, *arguments, stdin=""):
        """What `manage.py …` with these settings prints; fails when it fails."""
        return self._output([sys.executable, "manage.py", *arguments], stdin)

    def python(self, code):
        """What this code prints, run with Django set up on these settings."""
        return self._output([sys.executable, "-c", "import django; django.setup()\n" + code])

    def _output(self, command, stdin=""):
        environment = self.environment() | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


class Portal(Django):
    """The started portal: what `./run` becomes once everything is installed."""

    def __init__(self, folder, settings=None):
        super().__init__(folder, {"PORT": free_port()} | (settings or {}))
        self.url = f"http://localhost:{self.settings['PORT']}"
        self.worker = self.beat = self.redis = self.mail_server = None

    def command(self):
        return [sys.executable, "-m", "portal"]

    def answers(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
            return answer.status == 200
        return False

    def mails(self):
        """The mails that left so far, oldest first, as email.message.EmailMessage."""
        if self.mail_server:
            return list(self.mail_server.messages)
        files = sorted((Path(self.settings["VAR_DIR"]) / "mail").glob("*.eml"))
        return [read_mail(file.read_bytes()) for file in files]

    def wait_for_mail(self, count=1, *, to=None, subject="", seconds=20):
        """The mails to this address with this in the subject, as soon as there are `count` of them."""

        def wanted():
            found = [
                mail for mail in self.mails() if (not to or to in mail["To"]) and subject in mail["Subject"]
            ]
            return found if len(found) >= count else None

        return wait_until(wanted, seconds=seconds, what=f"{count} mails to {to} with {subject!r}")


class Worker(Django):
    """`celery worker` beside a started portal."""

    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    role = ("worker", "--loglevel", "WARNING", "--concurrency", "2", *alone)

    def command(self):
        return [sys.executable, "-m", "celery", "--app", "portal", *self.role]

    def answers(self):
        # Not by a process with these settings: starting one costs more than the worker's own start.
        with (
            contextlib.suppress(redis.RedisError, OperationalError),
            Celery("asking", broker=self.settings["REDIS_URL"]) as asking,
        ):
            return bool(asking.control.ping(timeout=1))
        return False


class Beat(Worker):
    """`celery beat` beside a started portal."""

    @property
    def role(self):
        return ("beat", "--loglevel", "WARNING", "--schedule", self.folder / "schedule")

    def answers(self):
        return any(self.folder.glob("schedule*"))


def database_beside(url, name, template="template0"):
    """A new database on the server of `url`, copied from another; returns its address."""
    address = urlsplit(url)
    with psycopg.connect(urlunsplit(address._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlunsplit(address._replace(path=f"/{name}"))


def drop_database(url):
    address = urlsplit(url)
    with psycopg.connect(urlunsplit(address._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{address.path[1:]}" WITH (FORCE)')


def main(command):
    """Run a command on a throw-away PostgreSQL and Redis; its exit code."""
    with PostgreSQL() as postgres, Redis() as cache:
        environment = os.environ | {
            "DATABASE_URL": postgres.url(),
            "REDIS_URL": cache.url(),
            "SECRET_KEY": secrets.token_urlsafe(60),
            "EMAIL_URL": "smtp://127.0.0.1:9",  # discard: a test that sends names a server of its own
            "MAIL_FROM": "portal@example.org",
            "DEMO": "0",
        }
        process = subprocess.Popen(command, env=environment)
        try:
            return process.wait()
        except BaseException:  # it ends what it started itself
            process.terminate()
            process.wait(120)
            raise


def end_when_told():
    """SIGTERM ends this process as Ctrl-C does: with everything that it started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


if __name__ == "__main__":
    end_when_told()
    sys.exit(main(sys.argv[1:]))
