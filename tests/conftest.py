"""Fixtures for all tests, and the rules of the suite that pytest can hold.

- A logged ERROR fails the test that caused it, unless it is marked `logs_errors` (style.md rule 34).
- The end of a run says how many tests were skipped and why; with CI=true and PORTAL_FULL=1 any
  skipped test fails the run.
- What tests noted with `proof` is printed as tables (`tests/proofs.py`).
- `postgres` tests are skipped without DATABASE_URL; `sqlite` tests are left out with it.
"""

import contextlib
import fcntl
import json
import logging
import os
import re
import secrets
import shutil
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings

from tests import proofs, servers
from tests.mailserver import MailServer
from tests.proofs import proof  # noqa: F401  # a fixture

POSTGRES = urlsplit(os.environ.get("DATABASE_URL", "")).scheme.startswith("postgres")
REDIS = os.environ.get("REDIS_URL", "")
# What is about a database, a broken machine or a rush: in CI its slow tests run on SQLite, too, not on PostgreSQL alone
# (but the moving clock, which waits two minutes for its ticks).
BOTH = re.compile(
    r"tests/(faults/(?!test_clock)|test_(races|rush|backup|run|draining|delivery|erasure|seats)\.py$)"
)
FULL = os.environ.get("CI") == "true" and os.environ.get("PORTAL_FULL") == "1"


def pytest_configure(config):
    config.addinivalue_line("markers", "logs_errors: the test is about an error that is logged as one")
    config.addinivalue_line("markers", "both: a slow test that CI runs on both databases")
    config.addinivalue_line("markers", "sqlite: about the laptop's database; left out on PostgreSQL")
    django_settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # or WhiteNoise warns with each client
    if POSTGRES:
        # Each process of pytest-xdist counts in a Redis database of its own.
        number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) + 1
        django_settings.CACHES["default"]["LOCATION"] = f"{REDIS.rpartition('/')[0]}/{number}"


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if POSTGRES and item.get_closest_marker("sqlite")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if BOTH.search(item.path.as_posix()):
            item.add_marker("both")
        if "tests/browser/" in item.path.as_posix():
            item.add_marker("browser")
        if item.get_closest_marker("postgres") and not POSTGRES:
            item.add_marker(pytest.mark.skip(reason="braucht PostgreSQL (DATABASE_URL)"))
    yield
    items[:] = _deal(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _starts_a_portal(group):
    return any("prepared" in item.fixturenames for item in group)


def _deal(items, processes):
    """The order of the tests for `--dist worksteal`, which gives each process one part after the other.

    First what takes longest: browser tests, to half of the processes, for each browser needs a portal, too; then the
    slow ones, a file at a time. What is quick comes last, to be stolen by whoever has nothing left.
    """
    browser, slow, quick = [], {}, []
    for item in items:
        if item.get_closest_marker("browser"):
            browser.append([item])
        elif item.get_closest_marker("slow"):
            slow.setdefault(item.path, []).append(item)
        else:
            quick.append(item)
    parts = [[] for _process in range(processes)]
    half = parts[: max(processes // 2, 1)]
    for group in browser:
        min(half, key=len).extend(group)
    # What starts a portal mostly waits for it: first, while others have the processor.
    for group in sorted(slow.values(), key=_starts_a_portal, reverse=True):
        min(parts, key=len).extend(group)
    dealt, left = [], len(items)
    for number, part in enumerate(parts):
        share = max(left // (processes - number) - len(part), 0)
        dealt += part + quick[:share]
        left -= len(part) + share
        quick = quick[share:]
    return dealt + quick


class _Errors(logging.Handler):
    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines = []

    def emit(self, record):
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A logged ERROR fails the test that caused it."""
    errors = _Errors()
    loggers = [logging.getLogger()]
    loggers += [
        logger
        for logger in logging.Logger.manager.loggerDict.values()
        if isinstance(logger, logging.Logger) and not logger.propagate
    ]
    for logger in loggers:
        logger.addHandler(errors)
    try:
        result = yield
    finally:
        for logger in loggers:
            logger.removeHandler(errors)
    if errors.lines and not item.get_closest_marker("logs_errors"):
        pytest.fail("Logged as an error:\n" + "\n".join(errors.lines), pytrace=False)
    return result


def _skips(reporter):
    return Counter(
        report.longrepr[2].removeprefix("Skipped: ") for report in reporter.stats.get("skipped", [])
    )


def pytest_terminal_summary(terminalreporter, config):
    ended = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
    proofs.show(terminalreporter, ended)
    reasons = _skips(terminalreporter)
    terminalreporter.write_sep("-", f"übersprungen: {reasons.total()}")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} × {reason}")
    left_out = [name for name in ("browser", "slow") if f"not {name}" in (config.option.markexpr or "")]
    if left_out:
        terminalreporter.write_line(
            f"Nicht ausgewählt: {' und '.join(left_out)} (so laufen sie: ./run test -m '{' or '.join(left_out)}')"
        )
    if FULL and reasons:
        terminalreporter.write_line("Im vollen Lauf darf keiner fehlen.", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if FULL and reporter and _skips(reporter) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _own_world(settings, tmp_path):
    """What a test writes stays in its own folder; the limits of one test are not those of the next."""
    from django.core.cache import cache

    from portal import remembering

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, not safe
    settings.DEMO, settings.EMAIL_URL = True, ""  # as on a laptop, whatever database is underneath
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    settings.JOURNAL_DIR = tmp_path / "journal"
    cache.clear()
    for recent in remembering.Recent.every:
        recent.clear()


@pytest.fixture
def own_counters(settings):
    """Limits and used codes are counted in this process alone, and end when the clock of the test says so."""
    from django.core.cache import cache

    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


@pytest.fixture
def smtp(settings):
    """A real mail server that this process delivers to; `tests/mailserver.py` says what it can do."""
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 1
        yield server


@contextlib.contextmanager
def first_data(folder, **more):
    """Settings of a portal whose first data is loaded, on what the environment says; `more` are further ones."""
    settings = _load_first_data(folder, **more)
    yield settings
    if POSTGRES:
        servers.drop_database(settings["DATABASE_URL"])


def _load_first_data(folder, **more):
    settings = {"VAR_DIR": folder / "var"}
    if POSTGRES:
        url = servers.database_beside(os.environ["DATABASE_URL"], f"prepared_{secrets.token_hex(4)}")
        settings |= {"DATABASE_URL": url, "REDIS_URL": os.environ["REDIS_URL"], "DEMO": "0"}
        settings |= {name: os.environ[name] for name in ("SECRET_KEY", "EMAIL_URL", "MAIL_FROM")}
    settings |= more
    servers.Django(folder, settings).python("from portal.prepare import prepare; prepare()")
    return settings


def once(tmp_path_factory, name, make):
    """Settings that `make(folder)` gave, made once for all processes of a run; databases go with the server of the run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    said = folder / "settings.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            shutil.rmtree(folder / "var", ignore_errors=True)  # of a process that failed before us
            said.write_text(json.dumps(make(folder), default=str))
    settings = json.loads(said.read_text())
    return settings | {"VAR_DIR": Path(settings["VAR_DIR"])}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Settings of a portal with the first data, copied by `start_portal`."""
    return once(tmp_path_factory, "prepared", _load_first_data)


def copy_of(prepared, folder, name):
    """Settings of a portal with a copy of what this one has, in a folder and, on a server, a database of its own."""
    shutil.copytree(prepared["VAR_DIR"], folder / "var", ignore=shutil.ignore_patterns("mail"))
    copied = prepared | {"VAR_DIR": folder / "var"}
    if POSTGRES:
        template = urlsplit(prepared["DATABASE_URL"]).path[1:]
        copied["DATABASE_URL"] = servers.database_beside(prepared["DATABASE_URL"], name, template)
    return copied


@contextlib.contextmanager
def portals(prepared, tmp_path):
    """A function that starts a portal (see `start_portal`), and the list of all that it started."""
    started, databases, closing = [], [], contextlib.ExitStack()

    def begin(server):
        started.append(server.start())
        return server

    def start(**settings):
        name = f"portal_{secrets.token_hex(4)}"
        folder = tmp_path / name
        copied = copy_of(prepared, folder, name)
        portal = servers.Portal(folder, copied | settings)
        portal.settings.setdefault("SITE_URL", portal.url)
        if POSTGRES:
            databases.append(copied["DATABASE_URL"])
            portal.redis = begin(servers.Redis())
            portal.mail_server = closing.enter_context(MailServer())
            own = {"REDIS_URL": portal.redis.url(), "EMAIL_URL": portal.mail_server.url}
            portal.settings |= own | settings
        begin(portal)
        if POSTGRES:
            portal.worker = begin(servers.Worker(folder / "worker", portal.settings))
            portal.beat = begin(servers.Beat(folder / "beat", portal.settings))
        return portal

    try:
        yield start, started
    finally:
        for server in reversed(started):
            server.clean()
        closing.close()
        for url in databases:
            servers.drop_database(url)


@pytest.fixture
def start_portal(prepared, tmp_path, request):
    """A function that starts a portal with a copy of the first data, and with `celery worker` and
    `celery beat` beside it where Redis is. Keyword arguments are environment variables.

    The portal has .url, .mails(), .wait_for_mail(), .python(code), .manage(…), .errors(); and with
    PostgreSQL .worker, .beat, .redis and .mail_server, which are None on a laptop.
    """
    with portals(prepared, tmp_path) as (start, started):
        yield start
    errors = [line for server in started for line in server.errors()]
    if not request.node.get_closest_marker("logs_errors"):
        assert errors == []


@pytest.fixture
def portal(start_portal):
    """One started portal."""
    return start_portal()
