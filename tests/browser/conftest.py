"""One real Chromium and one started portal for all tests of this folder (in each process that has some of them)."""

import json
import secrets
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import copy_of, once, portals
from tests.servers import Django

# Debian builds both from one source; the shell has no window that nobody sees: a third less of the processor. CI has it.
CHROMIUM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
HOST = "portal.test"  # a name that is not localhost: what a browser allows only there must not matter
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
]
# Each page is new: what is compiled for long runs costs more than it gains.
SHORT_RUNS = "--js-flags=--no-opt --no-maglev"
PATIENCE = 30_000  # ms; who waits for what is there waits no longer than it takes
HERE = Path(__file__).parent
SCRIPTS = (HERE / "vendor" / "axe.min.js", HERE / "checks.js")  # in every page before it loads


@pytest.fixture(scope="session")
def staged(prepared, tmp_path_factory):
    """Settings of a portal with a row of everything; `stage` is what stage.py says of it."""

    def make(folder):
        settings = copy_of(prepared, folder, f"staged_{secrets.token_hex(4)}")
        said = Django(folder, settings).python("from tests.browser import stage; stage.print_all()")
        return settings | {"stage": json.loads(said)}

    return once(tmp_path_factory, "staged", make)


@pytest.fixture(scope="package")
def started(staged, tmp_path_factory):
    """A portal with all of it."""
    settings = dict(staged)
    stage = settings.pop("stage")
    with portals(settings, tmp_path_factory.mktemp("browser")) as (start, servers):
        portal = start(ALLOWED_HOSTS=HOST)
        vars(portal).update(stage)
        yield portal
    # Django notes refused requests (400, 403) with a traceback, as warnings.
    assert [line for server in servers for line in server.errors() if "Traceback" not in line] == []


@pytest.fixture(scope="package")
def chromium():
    # Playwright's loop runs in this thread as long as the browser is open; Django takes that for async code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=[*FLAGS, SHORT_RUNS]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, started):
    """A function that opens a fresh window (nothing stored), options as of `browser.new_context`.

    Its page has .asked, the addresses it requested, and .complaints, what the console said.
    """
    contexts = []

    def visit(*, staff=None, host=None, **options):
        options.setdefault("viewport", {"width": 1280, "height": 900})
        options.setdefault("reduced_motion", "reduce")
        base = started.url.replace("localhost", host) if host else started.url
        context = chromium.new_context(base_url=base, locale="de-DE", **options)
        contexts.append(context)
        if options.get("java_script_enabled", True):
            for script in SCRIPTS:
                context.add_init_script(path=script)
        if staff:
            context.add_cookies([{"name": "sessionid", "value": started.sessions[staff], "url": base}])
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.base, page.asked, page.complaints = base, [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    yield visit
    for context in contexts:
        context.close()
