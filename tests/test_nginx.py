"""deploy/nginx by a real nginx, before an echo that answers for the web processes.

What the portal and nginx do together is shown in test_server.py. Debian's nginx runs here, the official
image in docker-compose.yml is newer: what both know alike is used.
"""

import gzip
import http.client
import http.server
import json
import re
import ssl
import subprocess
import threading
import time

import pytest
from django.conf import settings

from portal import links, uploads
from portal.models import Booking
from tests import source
from tests.servers import Nginx, free_port, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        subprocess.run([Nginx.program, "-v"], capture_output=True, check=False).returncode != 0,
        reason="braucht nginx (Debian: apt install nginx)",
    ),
]
TOKEN = "4711-0.dGhpcyBpcyBub3QgYSByZWFsIHRva2Vu-_x"
KEPT = "public, max-age=0, s-maxage=30, stale-while-revalidate=30"


class Echo(http.server.ThreadingHTTPServer):
    """Answers with what it was asked; the query says with which headers, or that it dies."""

    def __init__(self, address="127.0.0.1", port=0):
        self.asked = []
        super().__init__((address, port), _Answer)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.command, self.path))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "die" in self.path:
            self.close_connection = True
            return
        body = json.dumps({"headers": self.headers.items(), "count": len(self.server.asked)}).encode()
        answer = {"Cache-Control": KEPT, "Vary": "Accept-Encoding", "Content-Type": "text/html"}
        if "cookie" in self.path:
            answer["Set-Cookie"] = "a=1"
        if "vary" in self.path:
            answer["Vary"] = "Accept-Encoding, Cookie"
        if "short" in self.path:
            answer["Cache-Control"] = "public, s-maxage=1, stale-while-revalidate=2"
        if "no-store" in self.path:
            answer["Cache-Control"] = "no-store"
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body, answer["Content-Encoding"] = gzip.compress(body), "gzip"
        once = "once" in self.path and self.server.asked.count((self.command, self.path)) > 1
        self.send_response(500 if "broken" in self.path or once else 200)
        for name, value in (answer | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    do_POST = do_HEAD = do_GET

    def log_message(self, *arguments):
        pass


class Answer:
    def __init__(self, port, method, path, *, tls=False, body=None, **headers):
        kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
        named = {"context": ssl._create_unverified_context()} if tls else {}
        connection = kind("127.0.0.1", port, timeout=20, source_address=("127.0.7.7", 0), **named)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers={"Host": "localhost"} | names)
        response = connection.getresponse()
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        self.cache = self.headers["X-Cache"]

    @property
    def seen(self):
        """The headers that reached the web process: lower-case name → list of values."""
        body = gzip.decompress(self.body) if self.headers["Content-Encoding"] == "gzip" else self.body
        found = {}
        for name, value in json.loads(body)["headers"]:
            found.setdefault(name.lower(), []).append(value)
        return found


@pytest.fixture
def echo():
    with Echo() as echo:
        yield echo
        echo.shutdown()


@pytest.fixture
def nginx(echo):
    with Nginx(web_port=echo.port) as nginx:
        yield nginx


@pytest.fixture
def get(nginx):
    return lambda path, method="GET", **named: Answer(nginx.port, method, path, **named)


# --- what reaches the web process -----------------------------------------------------------------


def test_headers_for_the_portal_cannot_be_forged(get, proof):
    forged = {"X_Forwarded_For": "198.51.100.1", "X_Forwarded_Proto": "https", "X_Request_ID": "mine"}
    seen = get("/a", **forged).seen
    proof(
        "attacks", "Gefälschte Kopfzeilen durch nginx", tried="X-Forwarded-For, X-Forwarded-Proto, X-Request-ID",
        expected="ersetzt, oder die echte Adresse steht zuletzt", seen=f"{seen['x-forwarded-for'][0]}, {seen['x-forwarded-proto'][0]}",
    )  # fmt: skip
    assert seen["x-forwarded-for"] == ["198.51.100.1, 127.0.7.7"]  # TRUSTED_PROXIES=1 takes the last
    assert (seen["x-forwarded-proto"], seen["host"], seen["connection"]) == (
        ["http"],
        ["localhost"],
        ["close"],
    )
    (request_id,) = seen["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", request_id)


def test_bodies_as_large_as_the_portal_takes_are_passed_on_and_larger_ones_refused(get, echo):
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert get("/a", "POST", body=b"x" * limit).status == 200
    refused = get("/a", "POST", body=b"x" * (limit + 1))
    assert (refused.status, "Das war zu groß" in refused.body.decode()) == (413, True)
    assert echo.asked == [("POST", "/a")]


def test_bigger_bodies_are_passed_on_only_where_staff_hand_in_files(get, echo):
    big, there = (
        b"x" * (2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        "/verwaltung/initiatives/initiative/7/bilder/",
    )
    assert get(there, "POST", body=big).status == 200
    beside = [there + "x", "/verwaltung/initiatives/initiative/7/change/", f"/a{there}", "/initiativen/"]
    assert [get(path, "POST", body=big).status for path in beside] == [413] * len(beside)
    assert echo.asked == [("POST", there)]


def test_the_limits_and_addresses_of_uploads_are_those_of_the_portal():
    text = source.read("deploy/nginx/locations.conf")
    (address,) = re.findall(r"location ~ \^(/verwaltung/initiatives/\S+)\$ ", text)
    assert address == uploads.ADDRESS.pattern
    assert f"client_max_body_size {uploads.BODY // 1024**2}m;" in text
    assert f"Bilder bis {uploads.FILE // 1024**2} MB" in text


# --- the cache ------------------------------------------------------------------------------------


def test_kinds_of_encoding_are_kept_apart_and_spellings_are_not(get):
    asked = ["gzip, deflate, br, zstd", "br", "gzip", "gzip, deflate", "identity", "", "br;q=0, gzip;q=0.0"]
    answers = [get("/a", Accept_Encoding=spelled) for spelled in asked]
    assert [answer.cache for answer in answers] == ["MISS", "HIT", "MISS", "HIT", "MISS", "HIT", "HIT"]
    assert [answer.headers["Content-Encoding"] for answer in answers] == ["gzip"] * 4 + [None] * 3


@pytest.mark.parametrize("cookie", ["sessionid=x", "__Host-sessionid=x", "a=1; sessionid=x"])
def test_session_bypasses_the_cache_both_ways(get, cookie):
    assert [get("/a", Cookie=cookie).cache for _ in range(2)] == ["BYPASS", "BYPASS"]
    assert [get("/a", Cookie=c).cache for c in ("", "othersessionid=x", "a=1")] == ["MISS", "HIT", "HIT"]


@pytest.mark.parametrize("path", ["/a?cookie", "/a?vary", "/a?no-store", "/a?broken"])
def test_what_is_not_for_everybody_is_never_stored(get, nginx, path):
    assert [get(path).cache for _ in range(2)] == ["MISS", "MISS"]
    assert nginx.stored() == []
    get("/a")
    assert len(nginx.stored()) == 1


@pytest.mark.parametrize(
    "path", ["/anmeldung/meine/x/", "/konto/login/", "/verwaltung/", "/verwaltung", "//konto/"]
)
def test_private_pages_know_no_cache_even_if_they_asked_for_it(get, nginx, path):
    assert [get(path).cache for _ in range(2)] == [None, None]
    assert nginx.stored() == []


def test_post_is_passed_on_and_host_and_query_are_part_of_the_key(get, echo):
    assert get("/a").cache == "MISS"
    assert get("/a", "POST", body=b"x").cache != "HIT"
    assert get("/a", "HEAD").cache == "HIT"
    assert [get("/a?x").cache, get("/a", Host="other").cache, get("/a").cache] == ["MISS", "MISS", "HIT"]
    assert echo.asked == [("GET", "/a"), ("POST", "/a"), ("GET", "/a?x"), ("GET", "/a")]


def test_stale_page_is_shown_for_half_a_minute_and_longer_only_while_the_portal_fails(get, echo):
    """With one second and two instead of thirty and thirty."""
    assert [get(path).cache for path in ("/a?short", "/b?short&once")] == ["MISS", "MISS"]
    time.sleep(2.2)
    assert get("/a?short").cache == "STALE"
    wait_until(lambda: echo.asked.count(("GET", "/a?short")) == 2, what="made anew in the background")
    assert wait_until(lambda: get("/a?short").cache == "HIT", what="the new one is shown")
    time.sleep(4.2)
    assert get("/a?short").cache == "EXPIRED"
    failing = get("/b?short&once")
    assert (failing.status, failing.cache) == (200, "STALE")


# --- web processes come and go --------------------------------------------------------------------


def test_refused_post_goes_to_the_next_process_and_a_sent_one_to_none():
    port = free_port()
    with Echo("127.0.0.2", port) as echo, Nginx(web_port=port, web=("127.0.0.3", "127.0.0.2")) as nginx:
        assert [Answer(nginx.port, "POST", "/a", body=b"x").status for _ in range(6)] == [200] * 6
        with Echo("127.0.0.3", port) as other:
            died = Answer(nginx.port, "POST", "/?die", body=b"x")
            assert (died.status, died.headers["Retry-After"]) == (503, "30")
            assert "noch nicht angekommen" in died.body.decode()
            assert (echo.asked + other.asked).count(("POST", "/?die")) == 1
            assert Answer(nginx.port, "GET", "/?die").status == 503
            assert (echo.asked + other.asked).count(("GET", "/?die")) == 2
            other.shutdown()
        echo.shutdown()


def test_new_container_is_found_and_stored_pages_outlive_all():
    port = free_port()
    with Echo("127.0.0.2", port) as old, Nginx(web_port=port, web=("127.0.0.2",)) as nginx:
        assert Answer(nginx.port, "GET", "/a").cache == "MISS"
        old.shutdown()
        old.server_close()
        assert Answer(nginx.port, "GET", "/b").status == 503
        assert Answer(nginx.port, "GET", "/a").status == 200
        with Echo("127.0.0.3", port) as new:
            nginx.names.known["web"] = ("127.0.0.3",)
            began = time.monotonic()
            wait_until(lambda: Answer(nginx.port, "GET", "/b").status == 200, seconds=10, what="found")
            assert time.monotonic() - began < 8
            new.shutdown()


# --- logs -----------------------------------------------------------------------------------------


def logged_by(nginx, count):
    """The lines of its access log, as soon as there are so many."""
    lines = lambda: [line for line in nginx.log().splitlines() if line.startswith("{")]  # noqa: E731
    wait_until(lambda: len(lines()) >= count, what=f"{count} lines")
    return [json.loads(line) for line in lines()]


def test_log_has_one_line_of_json_without_client_token_or_query(get, nginx):
    paths = [
        f"/anmeldung/meine/{TOKEN}/", f"/anmeldung/meine/{TOKEN}", f"/%61nmeldung/meine/{TOKEN}/termine.ics",
        f"//anmeldung//meine//{TOKEN}/?ok={TOKEN}", f"/anmeldung/{TOKEN}/", f"/mitmachen/{TOKEN}?x={TOKEN}",
        "/konto/password/reset/key/3-abc-def123/", "/konto/confirm-email/abc-def123/", "/a?ort=35423&die",
        f"/anmeldung/meine/{TOKEN}/?die",
    ]  # fmt: skip
    for path in paths:
        get(path, Referer=f"http://localhost/anmeldung/meine/{TOKEN}/", User_Agent="somebody")
    get(f"/anmeldung/meine/{TOKEN}/", "POST", body=b"x" * 2_000_000)
    lines = wait_until(
        lambda: [x for x in nginx.log().splitlines() if x.startswith("{")][10:] and nginx.log()
    )
    logged = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    assert [line["path"] for line in logged] == [
        *["/anmeldung/meine/…"] * 4, "/anmeldung/…", "…", "/konto/password/reset/key/…",
        "/konto/confirm-email/…", "/a", *["/anmeldung/meine/…"] * 2,
    ]  # fmt: skip
    assert {line["status"] for line in logged} == {"200", "413", "503"}
    assert all(re.fullmatch("[0-9a-f]{32}", line["request_id"]) for line in logged)
    for secret in (TOKEN, "abc-def123", "127.0.7.7", "35423", "somebody"):
        assert secret not in nginx.log()


def test_short_and_broken_tokens_are_masked_too(get, nginx):
    for path in (
        "/anmeldung/meine/kurz/",
        "/anmeldung/4-0.kurz/",
        "/anmeldung/kalender/4-0.kurz/termine.ics",
    ):
        get(path)
    paths = [line["path"] for line in logged_by(nginx, 3)]
    assert paths == ["/anmeldung/meine/…", "/anmeldung/…", "/anmeldung/kalender/…"]
    assert "kurz" not in nginx.log()


def test_mask_knows_the_shape_of_our_tokens():
    (shape,) = re.findall(r'"~(\\d.*?)" "…"', source.read("deploy/nginx/nginx.conf"))
    assert re.fullmatch(shape, links.make(links.MANAGE, Booking(pk=4711, link_version=0)))


# --- files, TLS -----------------------------------------------------------------------------------


def test_only_public_uploads_are_served_and_harmless(get, nginx, proof):
    (nginx.folder / "media/secret.png").write_bytes(b"x")
    for name in ("a.png", "a.html"):
        (nginx.folder / "media/public" / name).write_bytes(b"x")
    answer = get("/media/public/a.png")
    proof(
        "attacks", "Dateien über nginx", tried="Bild, HTML-Datei, Pfade nach oben", expected="nosniff, Sandbox, sonst 404",
        seen=f"{answer.status} {answer.headers['Content-Security-Policy']}, {answer.headers['X-Content-Type-Options']}",
    )  # fmt: skip
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.headers.get_all("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert get("/media/public/a.html").headers["Content-Type"] == "application/octet-stream"
    hidden = [
        "/media/secret.png",
        "/media/public/../secret.png",
        "/media/public/%2e%2e/secret.png",
        "/media/public/",
    ]
    assert [get(path).status for path in hidden] == [404, 404, 404, 403]


def test_tls_with_certificates_as_files(echo):
    nginx = Nginx(web_port=echo.port, server="https")
    (nginx.folder / "certificates").mkdir()
    where = [f"{nginx.folder}/certificates/{name}.pem" for name in ("privkey", "fullchain")]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*new, "-keyout", where[0], "-out", where[1]], check=True, capture_output=True)
    with nginx:
        plain = Answer(nginx.port, "GET", "/a?b")
        assert (plain.status, plain.headers["Location"]) == (308, "https://localhost/a?b")
        secure = Answer(nginx.tls_port, "GET", "/a", tls=True, X_Forwarded_Proto="http")
        assert (secure.cache, secure.seen["x-forwarded-proto"]) == ("MISS", ["https"])


def test_behind_another_proxy_its_scheme_is_passed_on(echo):
    with Nginx(web_port=echo.port, server="behind-proxy") as nginx:
        first = {"X_Forwarded_Proto": "https", "X_Forwarded_For": "198.51.100.1"}
        seen = Answer(nginx.port, "GET", "/a", **first).seen
    assert seen["x-forwarded-proto"] == ["https"]
    assert seen["x-forwarded-for"] == ["198.51.100.1, 127.0.7.7"]  # TRUSTED_PROXIES=2 takes the first of both
