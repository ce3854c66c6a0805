"""The services of docker-compose.yml as processes of this machine: their commands, environment and checks.

Paths and names of the image are replaced by those of the test; nothing else is. Each web process has an
address of its own (127.0.0.2, …) with the same port, and the name `web` has them all, as in Docker.
"""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from celery import Celery

from tests import compose, servers
from tests.markup import Page
from tests.servers import ROOT, Django, Nginx, Redis, free_port


class Browser:
    """Asks a server by HTTP from an address of its own, and keeps cookies as a browser does."""

    def __init__(self, url, source="127.0.0.1"):
        self.url, self.source, self.cookies = url, source, {}

    def ask(self, method, path, fields=None, *, timeout=15, **headers):
        """(status, headers, text); redirects are not followed. Raises OSError or HTTPException."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST":
            names = {"Origin": self.url, "Content-Type": "application/x-www-form-urlencoded"} | names
        if self.cookies:
            names["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection(
            urlsplit(self.url).netloc, timeout=timeout, source_address=(self.source, 0)
        )
        with contextlib.closing(connection):
            connection.request(method, path, urlencode(fields) if fields is not None else None, names)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _is, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, response.headers, text

    def press(self, path, text, button, *, timeout=15, **typed):
        """Send the form of this page that has the button, as `ask` does."""
        address, method, fields = Page(text, self.url + path).form(button)
        fields = [(name, value) for name, value in fields if name not in typed] + list(typed.items())
        parts = urlsplit(address)
        return self.ask(method, parts.path, fields, timeout=timeout)


class Service(Django):
    """One container of our image."""

    def __init__(self, stack, name, number=1):
        self.stack, self.name, self.number = stack, name, number
        self.address = f"127.0.0.{number + 1}"
        self.node = f"celery{number if number > 1 else ''}@{socket.gethostname()}"
        environment = compose.image_environment() | compose.services(stack.given)[name]["environment"]
        settings = {key: self.here(value) for key, value in environment.items()}
        settings |= {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOSTNAME": socket.gethostname(),
        }
        if name == "web":
            settings |= {"BIND": self.address, "PORT": stack.web_port}
        super().__init__(stack.folder / f"{name}{number}", settings)

    def here(self, text):
        """A path or name of the image, on this machine."""
        text = str(text).replace("127.0.0.1:8000", f"{self.address}:{self.stack.web_port}")
        for place, own in self.stack.places.items():
            text = text.replace(place, own)
        return text

    def command(self):
        # Two containers have two host names, and so their workers have two names.
        other = ["--hostname", self.node] if self.name == "worker" and self.number > 1 else []
        return [*map(self.here, compose.command(self.name)), *other]

    def answers(self):
        if self.name == "worker":  # its health check is a process of its own: too dear to ask again and again
            with Celery("asking", broker=self.stack.redis.url()) as asking:
                return bool(asking.control.ping([self.node], timeout=1))
        return self.healthy()

    def healthy(self):
        """Its health check, as the engine would run it."""
        check = [self.here(part) for part in compose.healthcheck(self.name)]
        check = [part.replace("celery@$HOSTNAME", self.node) for part in check] if self.number > 1 else check
        return self.run_in_it(check)

    def run_in_it(self, command):
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(), capture_output=True, timeout=60, check=False
        )
        return done.returncode == 0


class Stack:
    """All of it on the database and mail server that are given, once `start` was called."""

    def __init__(self, *, database, mail, static, webs=2, workers=2):
        self.folder = Path(tempfile.mkdtemp(prefix="stack-"))
        self.web_port = free_port()
        self.redis = Redis(given=compose.command("redis")[1:])
        self.nginx = Nginx(
            web_port=self.web_port, web=tuple(f"127.0.0.{number + 2}" for number in range(webs))
        )
        self.url = self.nginx.url
        given = {"SITE_URL": self.url, "EMAIL_URL": mail.url, "ALLOWED_HOSTS": "127.0.0.2,127.0.0.3"}
        given |= {"CHECK_LINKS": "false"}  # nothing leaves this machine
        self.given = compose.GIVEN | given
        self.mail = mail
        address = urlsplit(database)
        self.places = {
            "postgres:5432/portal": f"{address.hostname}:{address.port}{address.path}",
            "redis:6379": f"127.0.0.1:{self.redis.port}",
            "/var/lib/portal": str(self.folder / "var"),
            "/srv/static": str(static),
            "/srv/portal": str(ROOT),
        }
        (self.folder / "var/beat").mkdir(parents=True)
        self.webs = [Service(self, "web", number + 1) for number in range(webs)]
        self.workers = [Service(self, "worker", number + 1) for number in range(workers)]
        self.beat = Service(self, "beat")

    @property
    def services(self):
        return [*self.webs, *self.workers, self.beat]

    def start(self):
        self.redis.start()
        with ThreadPoolExecutor(6) as together:
            for _started in together.map(lambda server: server.start(), [*self.services, self.nginx]):
                pass
        return self

    def python(self, code):
        """What this code prints, run with the settings of a web process."""
        return self.webs[0].python(code)

    def logs(self):
        """Everything that any of its processes wrote."""
        return "\n".join(server.log() for server in [*self.services, self.nginx, self.redis])

    def errors(self):
        return [line for server in self.services for line in server.errors()]

    def clean(self):
        for server in [self.nginx, *self.services, self.redis]:
            if server.process:
                server.clean()
        self.nginx.names.close()
        for folder in (self.folder, self.nginx.folder, self.redis.folder):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(prepared, mail):
    """A stack on a copy of the database with the first data."""
    template = urlsplit(prepared["DATABASE_URL"]).path[1:]
    database = servers.database_beside(prepared["DATABASE_URL"], f"stack_{free_port()}", template)
    stack = Stack(database=database, mail=mail, static=Path(prepared["VAR_DIR"]) / "static")
    try:
        yield stack.start()
    finally:
        stack.clean()
        servers.drop_database(database)
