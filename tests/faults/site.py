"""A started portal with everything of its own (database, Redis, mail server, disks), to be broken.

On SQLite it is the one process of a laptop, but with a real mail server. What citizens see is asked over
HTTP, what became of it is read from the database and from the mail server beside the portal.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from celery import Celery

from tests import servers
from tests.faults.disk import Disk
from tests.mailserver import MailServer
from tests.servers import Beat, Portal, PostgreSQL, Redis, Worker, wait_until
from tests.stack import Browser

POSTGRES = os.environ.get("DATABASE_URL", "").startswith("postgres")
ACTIONS = """
from datetime import timedelta
from django.utils import timezone
from portal.models import Municipality
from tests import make
lich, organisation, topic = Municipality.objects.get(postal_code="35423"), make.organisation(), make.topic()
for number in range(40):
    action = make.opportunity(slug=f"aktion-{number}", municipality=lich, organisation=organisation, topic=topic)
    make.shift(starts=timezone.now() + timedelta(days=9), capacity=500, opportunity=action)
"""
_address = count(1)


@dataclass(frozen=True)
class Books:
    """What stands in the database, and what arrived, for the addresses of one case."""

    forms: int  # sign-ups entered
    seats: int
    waiting: int
    mails: int  # rows of the outbox
    arrived: int
    doubled: int  # arrived more than once
    half: int  # a form without sign-up or mail, a mail without form


@dataclass(frozen=True)
class Answer:
    """What a browser shows after a button was pressed, redirects followed."""

    status: int
    headers: dict
    text: str
    seconds: float

    @property
    def kind(self):
        if self.status == 200:
            return next((words for words in SUCCESS if words in self.text), "unbekannte Seite")
        kept = " mit behaltener Eingabe" if self.status == 503 and "Kim Muster" in self.text else ""
        return f"{self.status}{kept}"


SUCCESS = ("Noch nicht fest", "Ihr Platz ist sicher", "Sie stehen auf der Warteliste")


class Visitor:
    """Somebody with an address of their own on the net, whose page of the action is open."""

    def __init__(self, site, slug, email):
        number = next(_address)
        self.browser = Browser(site.portal.url, f"127.7.{number // 250}.{number % 250 + 1}")
        self.site, self.path, self.email = site, f"/mitmachen/{slug}/", email
        self.text = self.browser.ask("GET", self.path)[2]

    def sign_up(self, *, name="Kim Muster"):
        """Fill in the form that is open and send it."""
        return self.press("Ich helfe mit", name=name, email=self.email, age="on")

    def open_confirmation(self):
        """Open the link of the mail."""
        (link,) = self.site.ask(
            "SELECT text FROM portal_mail WHERE kind = 'confirm-address' AND \"to\" = %s", self.email
        )[0]
        self.path = next(urlsplit(word).path for word in link.split() if "/anmeldung/bestaetigen/" in word)
        self.text = self.browser.ask("GET", self.path)[2]

    def press_again(self):
        """The button of the page that says that it did not work, with what the page has kept."""
        return self.press("Noch einmal" if "Noch einmal" in self.text else "Ich helfe mit")

    def press(self, button, **typed):
        began = time.monotonic()
        status, headers, text = self.browser.press(self.path, self.text, button, timeout=40, **typed)
        if status == 303:
            self.path = headers["Location"]
            status, headers, text = self.browser.ask("GET", self.path)
        self.text = text
        return Answer(status, headers, text, time.monotonic() - began)


class Site:
    """`portal`, and with PostgreSQL `postgres`, `redis`, `worker`, `beat`; `mail` takes what they send."""

    def __init__(self, prepared):
        self.mail, folder = MailServer(), Path(tempfile.mkdtemp(prefix="faults-"))
        folder.chmod(0o755)  # PostgreSQL is somebody else
        self.disks = {
            name: Disk(folder / name, size) for name, size in {"data": 220, "var": 60, "logs": 2}.items()
        }
        self.folder, self.started = folder, []
        self._names, self._actions = count(1), count()
        var = self.disks["var"].path / "var"
        shutil.copytree(
            prepared["VAR_DIR"], var, ignore=shutil.ignore_patterns("mail", "static*", "prepare.lock")
        )
        self.settings = prepared | {
            "VAR_DIR": var,
            "STATIC_ROOT": prepared["VAR_DIR"] / "static",
            "PREPARE": "0",
            "DEMO": "0",
            "MAIL_FROM": "portal@example.org",
        }
        self.prepared = prepared
        self.postgres = self.redis = self.worker = self.beat = None

    def start(self):
        self.mail.__enter__()
        self.settings["EMAIL_URL"] = self.mail.url
        if POSTGRES:
            self._start_database()
            self.redis = self._begin(Redis())
            self.settings |= {"DATABASE_URL": self.postgres.url("portal"), "REDIS_URL": self.redis.url()}
        self.portal = Portal(self.folder / "web", self.settings)
        self.portal.settings["SITE_URL"] = self.settings["SITE_URL"] = self.portal.url
        if POSTGRES:
            self.worker, self.beat = self.another(Worker), self.another(Beat)
        with ThreadPoolExecutor(4) as together:
            for _started in together.map(
                self._begin, filter(None, [self._logged(self.portal, "web"), self.worker, self.beat])
            ):
                pass
        self.portal.python(ACTIONS)
        return self

    def another(self, kind):
        """One more worker or beat, not started yet."""
        name = f"{kind.__name__.lower()}{next(self._names)}"
        return self._logged(kind(self.folder / name, self.settings), name)

    def _logged(self, server, name):
        server.log_file = self.disks["logs"].path / f"{name}.txt"
        return server

    def _begin(self, server):
        self.started.append(server)
        return server.start()

    def _start_database(self):
        folder = self.disks["data"].path / "pg"
        folder.mkdir()
        small = {"max_wal_size": "48MB", "min_wal_size": "32MB"}
        given = [part for name, value in small.items() for part in ("-c", f"{name}={value}")]
        self.postgres = self._begin(PostgreSQL(folder, given=given))
        url = servers.database_beside(self.postgres.url(), "portal")
        dump = subprocess.Popen(
            [self.postgres.programs / "pg_dump", self.prepared["DATABASE_URL"]], stdout=subprocess.PIPE
        )
        subprocess.run(
            [self.postgres.programs / "psql", "--quiet", "--set", "ON_ERROR_STOP=1", url],
            stdin=dump.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        assert dump.wait() == 0

    def repair(self):
        """All of it runs again, whatever the last test left behind."""
        self.mail.forget()
        for disk in self.disks.values():
            disk.free()
        for server in self.started:
            if server.process.poll() is None:
                server.thaw()
            else:
                server.start()

    def close(self):
        for disk in self.disks.values():
            disk.free()
        for server in reversed(self.started):
            if server.process:
                server.clean()
        self.mail.__exit__()
        for disk in self.disks.values():
            disk.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- asking ---------------------------------------------------------------------------------

    def connect(self):
        """A connection to the portal's database; with SQLite too in autocommit."""
        if POSTGRES:
            return psycopg.connect(self.postgres.url("portal"), autocommit=True)
        return sqlite3.connect(self.settings["VAR_DIR"] / "portal.sqlite3", isolation_level=None, timeout=10)

    def ask(self, sql, *values):
        """The rows of a SELECT, or what an UPDATE changed."""
        with closing(self.connect()) as connection:
            cursor = connection.execute(
                *((sql, values or None) if POSTGRES else (sql.replace("%s", "?"), values))
            )
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def one(self, sql, *values):
        ((value,),) = self.ask(sql, *values)
        return value

    def books(self, prefix):
        """The books for all addresses that begin with this."""
        like = f"{prefix}%"
        form = "FROM portal_booking b WHERE b.email LIKE %s"
        states = Counter(
            state
            for (state,) in self.ask(
                "SELECT s.status FROM volunteers_shiftsignup s JOIN portal_booking b ON b.id = s.booking_id"
                " WHERE b.email LIKE %s",
                like,
            )
        )
        half = self.one(
            f"SELECT count(*) {form} AND (NOT EXISTS"
            " (SELECT 1 FROM volunteers_shiftsignup s WHERE s.booking_id = b.id) OR NOT EXISTS"
            " (SELECT 1 FROM portal_mail m WHERE m.booking_id = b.id))",
            like,
        )
        mails = 'FROM portal_mail WHERE "to" LIKE %s'
        arrived = Counter(
            message["Message-ID"] for message in self.mail.messages if message["To"].startswith(prefix)
        )
        return Books(
            forms=self.one(f"SELECT count(*) {form}", like),
            seats=states["confirmed"],
            waiting=states["waiting"],
            mails=self.one(f"SELECT count(*) {mails}", like),
            arrived=arrived.total(),
            doubled=arrived.total() - len(arrived),
            half=half + self.one(f"SELECT count(*) {mails} AND booking_id IS NULL", like),
        )

    def all_left(self, prefix, *, seconds):
        """Wait until no mail to these addresses waits any more."""
        waiting = (
            "SELECT count(*) FROM portal_mail WHERE sent_at IS NULL AND failed_at IS NULL"
            ' AND withdrawn_at IS NULL AND "to" LIKE %s'
        )
        wait_until(lambda: not self.one(waiting, f"{prefix}%"), seconds=seconds, what=f"mails to {prefix}")

    # --- doing ----------------------------------------------------------------------------------

    def action(self):
        """The slug of an action that no other case uses, and the key of its one date."""
        slug = f"aktion-{next(self._actions)}"
        return slug, self.one(
            "SELECT s.id FROM volunteers_shift s JOIN volunteers_opportunity o ON o.id = s.opportunity_id"
            " WHERE o.slug = %s",
            slug,
        )

    def visitors(self, prefix, number, slug=None):
        """So many people with the page of one action open."""
        slug = slug or self.action()[0]
        return [Visitor(self, slug, f"{prefix}{n}@example.org") for n in range(number)]

    def portal_page(self, path):
        """(status, headers, text) of a page that somebody opens."""
        return Browser(self.portal.url, "127.7.9.9").ask("GET", path)

    def nudge(self):
        """Say to a worker what a web process says after each mail."""
        with Celery("test", broker=self.redis.url()) as app:
            app.send_task("portal.tasks.deliver_due", ignore_result=True)


def together(*calls):
    """What each of the calls returned, all begun at once."""
    with ThreadPoolExecutor(len(calls)) as crowd:
        return [each.result() for each in [crowd.submit(call) for call in calls]]


def slowest(answers):
    return max(answer.seconds for answer in answers)


def waited(broken, again):
    """Seconds that the slowest waited because something was broken.

    What the same people at once take when nothing is (`again`) is the machine's, which other tests share.
    """
    return slowest(broken) - slowest(again)


def pages(answers):
    """„3 × Noch nicht fest, 2 × 503"."""
    kinds = Counter(answer.kind for answer in answers)
    return ", ".join(f"{number} × „{kind}“" for kind, number in sorted(kinds.items()))


def story(before, after, answers, *more):
    """The row of a case, as it was measured: rows, pages and mails before and after."""
    parts = [
        f"Anmeldungen {before.forms} → {after.forms}",
        f"Mails im Ausgang {before.mails} → {after.mails}",
        f"angekommen {before.arrived} → {after.arrived}, {after.doubled} doppelt",
        f"{after.half} halbe Zeilen",
        f"Seiten: {pages(answers)}" if answers else "",
        *more,
    ]
    return "; ".join(filter(None, parts))
