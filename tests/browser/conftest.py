"""One real Chromium and one started portal for all tests of this folder."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.visits import CANNOT_BE_HAD, PRINT_FIRST_DAY
from tests.conftest import portals

CHROMIUM = "/usr/bin/chromium"
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
HERE = Path(__file__).parent
SCRIPTS = (HERE / "vendor" / "axe.min.js", HERE / "checks.js")  # in every page before it loads
STAFF = """
import json
from portal.association import association
from portal.models import Membership, Organisation
from tests.staffroom import proven, staff
town = Organisation.objects.filter(name="Stadt Lich").order_by("pk").last()
people = {"clerk": staff(town, email="barrierefrei@lich.example"),
          "network": staff(association(), Membership.Role.NETWORK, email="netzwerk@verband.example"),
          "seminars": staff(association(), Membership.Role.SEMINARS, email="seminare@verband.example")}
print(json.dumps({name: proven(user, fresh_for=3600).session.session_key for name, user in people.items()}))
"""
# Pages for what cannot be made to go wrong at will, with the names of the started portal's files.
FAILURES = f"""
import json
from django.template.loader import render_to_string
from django.test import RequestFactory
request = RequestFactory().get("/mitmachen/")
print(json.dumps({{name: render_to_string(name, {{"minutes": 10, "retry_after": 5}}, request=request)
                  for name in {CANNOT_BE_HAD}}}))
"""


@pytest.fixture(scope="package")
def started(prepared, tmp_path_factory):
    """A portal with a row of everything; `.addresses` leads to them, `.sessions` are those of staff."""
    with portals(prepared, tmp_path_factory.mktemp("browser")) as (start, servers):
        portal = start(ALLOWED_HOSTS=HOST)
        portal.addresses = json.loads(portal.python("from tests import audience; audience.print_addresses()"))
        portal.first_day = json.loads(portal.python(PRINT_FIRST_DAY))
        portal.failures = json.loads(portal.python(FAILURES))
        portal.sessions = json.loads(portal.python(STAFF))
        filled = (
            f"from tests.browser import visits; visits.print_done({portal.addresses!r}, {portal.sessions!r})"
        )
        portal.done = json.loads(portal.python(filled))
        yield portal
    # Django notes refused requests (400, 403) with a traceback, as warnings.
    assert [line for server in servers for line in server.errors() if "Traceback" not in line] == []


@pytest.fixture(scope="package")
def chromium():
    # Playwright's loop runs in this thread as long as the browser is open; Django takes that for async code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
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
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.base, page.asked, page.complaints = base, [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    yield visit
    for context in contexts:
        context.close()
