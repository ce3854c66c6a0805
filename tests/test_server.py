"""The server of docker-compose.yml with everything real but the containers.

First each command of the file from an empty database on; then, on one running stack, what architecture.md
„Public pages are session-blind“ promises behind nginx.
"""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import compose
from tests.guest import link_in
from tests.mailserver import MailServer
from tests.servers import ROOT, Nginx, PostgreSQL, wait_until
from tests.stack import Browser, Service, Stack, running
from tests.staffroom import PASSWORD, code
from tests.test_rush import rush

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


def fetch(url, *, timeout=20, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=names), timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def built(stack, static):
    """What the RUN of the Dockerfile that collects the static files leaves in the image."""
    (run,) = [text for word, text in compose.dockerfile() if word == "RUN" and "collectstatic" in text]
    line = run.replace("/opt/venv/bin/python", "python").replace("/build/var", str(stack.folder / "build"))
    line = line.replace("/srv/static", str(static))
    environment = {"PATH": stack.webs[0].settings["PATH"]}
    subprocess.run(["sh", "-c", line], cwd=ROOT, env=environment, check=True, capture_output=True)


def test_every_command_of_the_compose_file_runs(tmp_path):
    """On an empty database, in the order of depends_on; then each ends with 0 at its stop signal."""
    ran = {"web"}  # the image's own command
    postgres = PostgreSQL(given=compose.command("postgres")[1:])
    with MailServer() as mail, postgres:
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE portal")
        url, static = postgres.url("portal"), tmp_path / "static"
        stack = Stack(database=url, mail=mail, static=static, webs=1, workers=1)
        try:
            built(stack, static)
            (web,) = stack.webs
            with psycopg.connect(url) as connection:
                web.start()
                said = fetch(f"http://{web.address}:{stack.web_port}/readyz")
                assert (said[0], "fehlen Migrationen" in said[2].decode()) == (503, True)
                assert connection.execute("SELECT to_regclass('portal_mail')").fetchone() == (None,)

                migrate = Service(stack, "migrate")
                assert migrate.run_in_it(migrate.command())
                towns = "SELECT count(*) FROM portal_municipality"
                assert connection.execute(towns).fetchone()[0] > 400
            assert compose.command("nginx")[:3] == ["nginx", "-c", "/etc/nginx/portal/nginx.conf"]
            assert tuple(compose.command("nginx")[3:]) == Nginx.given
            for server in (stack.redis, *stack.workers, stack.beat, stack.nginx):
                server.start()
            ran |= {"postgres", "migrate", "redis", "worker", "beat", "nginx"}
            assert ran == {name for name, each in compose.services().items() if each.get("command")} | {"web"}

            checks = {
                "postgres": {"5432": str(postgres.port)},
                "redis": {"6379": str(stack.redis.port)},
                "nginx": {"127.0.0.1:80": f"127.0.0.1:{stack.nginx.port}"},
            }
            for name, ports in checks.items():
                check = compose.healthcheck(name)
                for port, own in ports.items():
                    assert any(port in part for part in check), name
                    check = [part.replace(port, own) for part in check]
                subprocess.run(check, check=True, capture_output=True)
            assert [service.healthy() for service in stack.services] == [True] * 3

            page = fetch(stack.url)[2].decode()
            sheet = re.search(r'href="(/static/portal\.\w+\.css)"', page)[1]
            status, headers, _css = fetch(stack.url + sheet, Accept_Encoding="gzip, br")
            assert (status, headers["Content-Encoding"]) == (200, "br")
            assert "immutable" in headers["Cache-Control"]
            kept = sorted(path.name for path in (stack.folder / "var").iterdir())
            assert kept == ["beat", "journal"], "VAR_DIR stays small"

            ending = {"nginx": stack.nginx, "beat": stack.beat, "worker": stack.workers[0], "web": web}
            for name, server in ending.items():
                server.end_signal = signal.Signals[compose.services()[name].get("stop_signal", "SIGTERM")]
                assert server.stop(seconds=20) == 0, name
            assert not web.healthy()
            said = [json.loads(line)["message"] for line in stack.errors()]
            assert said == ["Service Unavailable: /readyz"], "asked before there was a table"
        finally:
            stack.clean()


# --- one running stack ----------------------------------------------------------------------------

ACTION = """
from datetime import timedelta
from django.utils import timezone
from portal.models import Municipality
from tests import make
action = make.opportunity(title="Bachputz", slug="bachputz-lich", municipality=Municipality.objects.get(postal_code="35423"))
make.shift(starts=timezone.now() + timedelta(days=9), capacity=500, opportunity=action)
print(action.slug)
"""
CLERK = """
from tests import make
from tests.staffroom import staff
staff(make.organisation("Stadt Hungen"), email="redaktion@hungen.example")
"""
TITLE = "from volunteers.models import Opportunity; a = Opportunity.objects.get(slug={slug!r}); a.title = {title!r}; a.save()"
ONCE = [
    "Content-Security-Policy", "X-Content-Type-Options", "Cross-Origin-Opener-Policy", "Permissions-Policy",
    "Cross-Origin-Resource-Policy", "Referrer-Policy", "X-Frame-Options", "Cache-Control", "Vary", "ETag",
]  # fmt: skip


@pytest.fixture(scope="module")
def stack(prepared):
    with MailServer() as mail, running(prepared, mail) as stack:
        yield stack
        # a refused POST is a warning with its traceback
        assert [line for line in stack.errors() if not line.startswith("Traceback")] == []


@pytest.fixture(scope="module")
def slug(stack):
    """An action with one date, near Lich."""
    return stack.python(ACTION).strip()


@pytest.fixture
def public(stack, slug):
    """Start page, both lists, a page of each; nothing is stored yet."""
    first = re.search(r'href="(/initiativen/[\w-]+/)"', Browser(stack.url).ask("GET", "/initiativen/")[2])[1]
    stack.nginx.forget()
    return ["/", "/mitmachen/", f"/mitmachen/{slug}/", "/initiativen/", first]


@pytest.fixture
def say(capsys):
    def write(sentence):
        with capsys.disabled():
            sys.stdout.write(f"\n{sentence}\n")

    return write


def timed(action):
    began = time.perf_counter()
    result = action()
    return result, (time.perf_counter() - began) * 1000


def test_public_pages_come_from_the_shared_cache(stack, public, say):
    guest, times = Browser(stack.url), {}
    for path in public:
        (status, headers, text), fresh = timed(lambda path=path: guest.ask("GET", path))
        assert (path, status, headers["X-Cache"]) == (path, 200, "MISS")
        (status, again, same), stored = timed(lambda path=path: guest.ask("GET", path))
        assert (path, status, again["X-Cache"], same) == (path, 200, "HIT", text)
        assert [name for name in ONCE if len(headers.get_all(name) or []) != 1] == []
        assert headers["Cache-Control"] == "public, max-age=0, s-maxage=30, stale-while-revalidate=30"
        status, short, nothing = guest.ask("HEAD", path)
        assert (status, short["X-Cache"], short["ETag"], nothing) == (200, "HIT", headers["ETag"], "")
        status, known, nothing = guest.ask("GET", path, If_None_Match=headers["ETag"])
        assert (status, known["X-Cache"], nothing) == (304, "HIT", "")
        packed, *_more = [guest.ask("GET", path, Accept_Encoding="gzip")[1] for _ in range(2)]
        assert (packed["Content-Encoding"], packed["X-Cache"]) == ("gzip", "MISS")
        times[path] = f"{path} {fresh:.0f} → {stored:.1f} ms"
    assert guest.cookies == {}
    say("from the web process → from the cache: " + ", ".join(times.values()))


def test_published_change_is_visible_within_60_seconds(stack, public, slug, say):
    guest = Browser(stack.url)
    pages = public[1:3]  # the list and the action itself
    for path in pages * 2:
        status, headers, text = guest.ask("GET", path)
        assert "Uferputz" not in text
    assert headers["X-Cache"] == "HIT"
    stack.python(TITLE.format(slug=slug, title="Uferputz"))
    changed, seen = time.monotonic(), {}
    while len(seen) < len(pages):
        for path in set(pages) - set(seen):
            status, _headers, text = guest.ask("GET", path)
            assert status == 200
            if "Uferputz" in text:
                seen[path] = time.monotonic() - changed
        assert time.monotonic() - changed < 60, f"still old: {set(pages) - set(seen)}"
        time.sleep(0.5)
    assert min(seen.values()) > 1, "it never came from the cache"
    say("a published change was visible after " + ", ".join(f"{s:.0f} s ({p})" for p, s in seen.items()))


def test_clerk_is_never_served_from_the_cache_and_leaves_nothing_in_it(stack, public):
    stack.python(CLERK)
    clerk, guest = Browser(stack.url, "127.0.6.1"), Browser(stack.url)
    login = "/konto/login/"
    form = clerk.ask("GET", login)[2]
    typed = {"login": "redaktion@hungen.example", "password": PASSWORD}
    second = urlsplit(clerk.press(login, form, "Anmelden", **typed)[1]["Location"]).path
    form = clerk.ask("GET", second)[2]
    trust = urlsplit(clerk.press(second, form, "Anmelden", code=code())[1]["Location"]).path
    status, headers, _text = clerk.press(trust, clerk.ask("GET", trust)[2], "Nein, jedes Mal fragen")
    assert (status, sorted(clerk.cookies)) == (302, ["csrftoken", "sessionid"])

    guest.ask("GET", public[0])  # what is stored is no way to the clerk either
    for path in public * 2:
        assert (path, clerk.ask("GET", path)[1]["X-Cache"]) == (path, "BYPASS")
    for path in ("/verwaltung/", "/konto/password/change/", "/verwaltung/volunteers/opportunity/"):
        status, headers, text = clerk.ask("GET", path)
        assert (path, status, headers["X-Cache"], headers["Cache-Control"]) == (path, 200, None, "no-store")
        assert path != "/verwaltung/" or "Was möchten Sie tun?" in text
    assert [guest.ask("GET", path)[1]["X-Cache"] for path in public] == ["HIT"] + ["MISS"] * 4

    stored = stack.nginx.stored()
    assert len(stored) == len(public)
    secrets = [b"set-cookie", *(value.encode().lower() for value in clerk.cookies.values())]
    assert [secret for answer in stored for secret in secrets if secret in answer.lower()] == []


def sign_up(stack, slug, email, source):
    """(status, Location) of the form sent by somebody with this address."""
    guest, path = Browser(stack.url, source), f"/mitmachen/{slug}/"
    typed = {"name": "Kim Muster", "email": email, "age": "on"}
    status, headers, _text = guest.press(path, guest.ask("GET", path)[2], "Ich helfe mit", **typed)
    return status, headers["Location"]


def test_post_through_nginx_needs_our_own_origin_and_no_log_tells_who_it_was(stack, slug):
    guest, path = Browser(stack.url, "127.0.6.2"), f"/mitmachen/{slug}/"
    page = guest.ask("GET", path)[2]
    for origin in ("https://evil.example", "null", "http://web:8000"):
        status, headers, _text = guest.ask("POST", path, [("name", "x")], Origin=origin)
        assert (origin, status, headers["X-Cache"]) == (origin, 403, None)
    typed = {"name": "Erika Muster", "email": "erika@example.org", "age": "on"}
    status, headers, _text = guest.press(path, page, "Ich helfe mit", **typed)
    assert status == 303
    sent = headers["Location"]
    assert guest.ask("GET", sent)[0] == 200
    (mail,) = wait_until(lambda: [m for m in stack.mail.messages if m["To"] == "erika@example.org"])
    link = urlsplit(link_in(mail.get_body(("plain",)).get_content(), "bestaetigen")).path
    status, headers, _text = guest.press(link, guest.ask("GET", link)[2], "Platz sichern")
    assert status == 303
    assert "Ihr Platz ist sicher" in guest.ask("GET", headers["Location"])[2]
    assert guest.ask("GET", link[:-3] + "xx/")[0] == 404
    assert guest.cookies == {}

    manage = urlsplit(headers["Location"]).path
    tokens = [part.split("/")[3] for part in (sent, link, manage)]
    wait_until(lambda: stack.nginx.log().count('"/anmeldung/meine/…"') >= 1, what="written down")
    for secret in (*tokens, link[:-3].split("/")[3], "127.0.6.2", "erika@example.org", "Erika"):
        assert secret not in stack.logs()


def test_forged_addresses_do_not_lead_round_a_limit(stack, slug):
    path, empty = f"/mitmachen/{slug}/", [("name", "")]
    answers = [
        Browser(stack.url, "127.0.6.3").ask("POST", path, empty, X_Forwarded_For=f"198.51.100.{number}")[0]
        for number in range(31)
    ]
    assert answers == [422] * 30 + [429]
    assert sign_up(stack, slug, "nachbar@example.org", "127.0.6.4")[0] == 303


def test_200_guests_for_50_places_through_nginx_with_two_web_processes(stack, capsys):
    seconds = rush(stack)
    with capsys.disabled():
        sys.stdout.write(f"\n200 confirmations through nginx: {seconds:.1f} s\n")
    served = set(re.findall(r'"web":"(127\.0\.0\.\d+):\d+"', stack.nginx.log()))
    assert served == {"127.0.0.2", "127.0.0.3"}
