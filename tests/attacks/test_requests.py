"""Requests that no browser of a visitor makes: forged hosts, proxies and redirects, wrong bodies, raw bytes."""

import itertools
import json
import secrets
from collections import Counter
from urllib.parse import quote, urlsplit

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import reverse

from portal import middleware, throttle, uploads
from portal.models import Mail
from tests import audience, servers
from tests.staffroom import PASSWORD, proven, staff
from tests.test_house import none
from tests.test_public_pages import CSP, HEADERS, policy_of

pytestmark = pytest.mark.django_db
OURS = {"origin": "http://testserver"}


# --- redirects ----------------------------------------------------------------------------------------

ELSEWHERE = [
    "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example",
    "http:///evil.example", "/\t/evil.example", "\x20//evil.example", "javascript:alert(1)", "data:text/html,x", "//evil.example%2f@testserver/",
    "https://testserver@evil.example/", "https://testserver.evil.example/", "//evil.example/..;/verwaltung/", "/verwaltung/\r\nLocation: https://evil.example",
    "https://[::1]@evil.example", "ftp://testserver/", "//①②⑦.example",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.sqlite  # no matter of the database: once is enough for CI
def test_no_redirect_leads_to_another_site(rows, proof):
    """Every address of login and Redaktion × GET and POST × `next` in query and body; also right after a login."""
    person, passer_by = proven(staff(rows.organisation)), Client()
    wrong, tried = [], 0
    pages = audience.addresses(rows, audience.ACCOUNT)
    for name in ("admin:login", "admin:logout", "admin:view_on_site", "admin:index"):
        pages[name] = audience.addresses(rows, audience.STAFF)[name]
    for name, address in pages.items():
        for target in ELSEWHERE if "log" in name or "reauth" in name else ELSEWHERE[:3]:
            for client in (person, passer_by):
                query = f"{address}?next={quote(target)}"
                for answer in (
                    client.get(query),
                    client.post(query, {"next": target, "login": "x@y.example", "password": "x"}),
                ):
                    tried += 1
                    if answer.status_code in (301, 302, 303, 307, 308) and leads_away(answer["Location"]):
                        wrong.append(f"{name}, {target!r}: {answer['Location']}")
                if name in ("account_logout", "admin:logout") and client is person:
                    person = proven(rows.clerk)
    user = staff(rows.organisation, email="weiter@lich.example", enrolled=False)
    for target in ELSEWHERE:
        tried += 1
        client = Client(REMOTE_ADDR=f"198.51.100.{tried % 250}")
        answer = client.post(
            reverse("account_login"), {"login": user.email, "password": PASSWORD, "next": target}
        )
        if leads_away(answer.headers.get("Location", "")):
            wrong.append(f"after login, {target!r}: {answer['Location']}")
    proof(
        "attacks", "Weiterleitung auf fremde Seiten", tried=f"{tried} Anfragen: {len(pages)} Adressen × next in {len(ELSEWHERE)} Schreibweisen",
        expected="nur eigene Seiten", seen=f"{len(wrong)} nach außen",
    )  # fmt: skip
    none(wrong, "Redirect targets are own pages (trust.md):")


def leads_away(location):
    parts = urlsplit(location.replace("\\", "/"))
    return (
        parts.netloc not in ("", "testserver")
        or parts.scheme not in ("", "http", "https")
        or location.startswith("//")
    )


# --- hosts and proxies ----------------------------------------------------------------------------------

FORGED = {
    "X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": "host=evil.example;proto=https",
    "X-Original-URL": "/verwaltung/", "X-Rewrite-URL": "/verwaltung/", "X-HTTP-Method-Override": "DELETE", "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil", "X-Real-IP": "127.0.0.1", "Client-IP": "127.0.0.1",
}  # fmt: skip


@pytest.mark.slow
def test_forged_headers_change_no_page_and_no_link(rows, settings, proof):
    """Every public page is the same with and without them; a mail's links come from SITE_URL."""
    client, wrong = Client(), []
    pages = audience.addresses(rows, audience.PUBLIC, audience.MACHINE)
    for name, address in pages.items():
        answer = client.get(address, headers=FORGED)
        if answer.status_code != client.get(address).status_code or b"evil.example" in answer.content:
            wrong.append(name)
    user = staff(rows.organisation)
    client.post(
        reverse("account_reset_password"), {"email": user.email}, headers=FORGED | {"host": "127.0.0.1:81"}
    )
    mail = Mail.objects.latest("pk")
    proof(
        "attacks", "Gefälschte Kopfzeilen (Host, Pfad, Methode)", tried=f"{len(FORGED)} Kopfzeilen an {len(pages)} Seiten; Mail mit fremdem Host angefordert",
        expected="dieselben Seiten; Links der Mail aus SITE_URL", seen=f"{len(wrong)} andere Seiten; Link: {'eigen' if settings.SITE_URL in mail.text else 'fremd'}",
    )  # fmt: skip
    assert wrong == []
    assert f"{settings.SITE_URL}/konto/" in mail.text
    assert "127.0.0.1:81" not in mail.text


CLIENTS = [
    # proxies, what the browser forged, what the proxies added, who is counted
    (0, "203.0.113.9", [], "198.51.100.7"),
    (0, "203.0.113.9, 203.0.113.8", [], "198.51.100.7"),
    (1, "", ["192.0.2.1"], "192.0.2.1"),
    (1, "203.0.113.9", ["192.0.2.1"], "192.0.2.1"),
    (1, "203.0.113.9, 10.0.0.1, unknown", ["192.0.2.1"], "192.0.2.1"),
    (2, "203.0.113.9", ["192.0.2.1", "192.0.2.2"], "192.0.2.1"),
    (2, "", ["192.0.2.1", "192.0.2.2"], "192.0.2.1"),
    (1, "\t' OR 1=1,,,", ["192.0.2.1"], "192.0.2.1"),
    (1, "x" * 8000, ["192.0.2.1"], "192.0.2.1"),
]


@pytest.mark.slow
def test_the_client_is_whom_the_last_trusted_proxy_saw(settings, own_counters, proof):
    """For our limits and allauth's, with no, one and two proxies configured."""
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip"}
    counted = []
    for proxies, forged, added, expected in CLIENTS:
        settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
        header = ", ".join(filter(None, [forged, *added]))
        request = RequestFactory(REMOTE_ADDR="198.51.100.7").post(
            "/", headers={"x-forwarded-for": header} if header else {}
        )
        counted.append(throttle.client(request) == expected)
        client = Client(REMOTE_ADDR="198.51.100.7")
        for number in range(4):
            forging = ", ".join(filter(None, [forged and f"203.0.113.{number}", *added]))
            answer = client.post(
                reverse("account_login"), {}, headers={"x-forwarded-for": forging} if forging else {}
            )
        counted.append(answer.status_code == 429)
    proof(
        "attacks", "Gefälschtes X-Forwarded-For", tried=f"{len(CLIENTS)} Fälle mit 0, 1 und 2 Proxys, eigene Grenzen und die der Anmeldung",
        expected="gezählt wird, wen der letzte eigene Proxy sah", seen=f"{counted.count(True)} von {len(counted)} richtig",
    )  # fmt: skip
    assert all(counted), counted


def test_without_a_proxy_nobody_says_that_it_was_https(settings, proof):
    """X-Forwarded-Proto counts only where a proxy is configured (settings.py)."""
    secure = RequestFactory().get("/", headers={"x-forwarded-proto": "https"}).is_secure()
    proof(
        "attacks", "Gefälschtes X-Forwarded-Proto", tried="https behauptet, kein Proxy eingestellt",
        expected="gilt als http", seen="https" if secure else "http",
    )  # fmt: skip
    assert (secure, settings.TRUSTED_PROXIES, settings.SECURE_PROXY_SSL_HEADER) == (False, 0, None)


# --- bodies, methods -------------------------------------------------------------------------------------

BODIES = {
    "JSON, 5.000 Ebenen": ("application/json", b"[" * 5000 + b"]" * 5000),
    "kein Formular": ("text/plain", b"name=x"),
    "XML mit Entität": ("application/xml", b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'),
    "multipart ohne Grenze": ("multipart/form-data", b"--x"),
    "multipart, Grenze mit Unsinn": ("multipart/form-data; boundary=" + "y" * 300, b"--"),
    "multipart, Pfad und NUL im Namen": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="..\\\xed\xa0\x80/../e\x00"\r\n\r\nx\r\n--x--\r\n',
    ),
    "multipart, 2.000 Dateien": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nc\r\n' * 2000 + b"--x--\r\n",
    ),
    "Zeichensatz UTF-7": ("application/x-www-form-urlencoded; charset=utf-7", b"name=%2BADw-script%2BAD4-"),
    "Zeichensatz idna": ("application/x-www-form-urlencoded; charset=idna", b"name=%80." * 100),
    "Zeichensatz, den es nicht gibt": ("application/x-www-form-urlencoded; charset=nonsense", b"name=x"),
    "2.000 Felder": ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(2000))),
    "einzelnes Surrogat": ("application/x-www-form-urlencoded", b"name=%ED%A0%80&email=%FF"),
}  # fmt: skip
EVERYWHERE = ("JSON, 5.000 Ebenen", "multipart, Pfad und NUL im Namen", "Zeichensatz idna")


@pytest.mark.slow
@pytest.mark.logs_errors
def test_bodies_of_every_kind_get_a_clear_answer(rows, proof):
    """Every address, as a guest and as staff: below 500."""
    guest, person = Client(raise_request_exception=False), proven(staff(rows.organisation))
    person.raise_request_exception = False
    statuses, wrong, whole = Counter(), [], set()
    for name, address in audience.addresses(rows).items():
        if name in ("account_logout", "admin:logout"):
            continue
        behind = audience.page_of(name).audience
        for kind, (content_type, body) in BODIES.items():
            if behind in whole and kind not in EVERYWHERE:
                continue  # refused before any view: one address of each audience has them all
            client = person if behind == audience.STAFF else guest
            answer = client.generic("POST", address, body, content_type=content_type, headers=OURS)
            statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                wrong.append(f"{name}, {kind}: {answer.status_code}")
        whole.add(behind)
    proof(
        "attacks", "Falsche Formate im Rumpf",
        tried=f"{statuses.total()} Anfragen an jede Adresse, {len(BODIES)} Arten (JSON, XML, multipart, Zeichensätze, 2.000 Felder)",
        expected="klare Antwort, nie 500", seen=f"Antworten {sorted(statuses)}, {len(wrong)} falsch",
    )  # fmt: skip
    none(wrong, "A clear 4xx, never a 500 (trust.md „Input“):")


@pytest.mark.slow
@pytest.mark.sqlite  # no matter of the database: once is enough for CI
def test_every_answer_has_the_headers_of_trust(rows, proof):
    """Every address × GET, POST, PUT, OPTIONS × guest and staff, and the pages of what goes wrong."""
    everywhere = {name: value for name, value in HEADERS.items() if name != "Content-Type"}
    private = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "same-origin"}
    guest, person = Client(raise_request_exception=False), proven(staff(rows.organisation))
    person.raise_request_exception = False
    answers, wrong = Counter(), []

    for_everybody = set(audience.addresses(rows, audience.OPEN).values())
    # with a policy of their own: tests/test_embeds.py
    framed = set(audience.addresses(rows, audience.EMBED).values())
    handed_in = {
        address
        for address in audience.addresses(rows).values()
        if address.endswith(".webp") or "/datei/" in address
    }

    def look(label, answer):
        answers[answer.status_code] += 1
        wanted = everywhere | (private if label.startswith(("/anmeldung", "/konto", "/verwaltung")) else {})
        said = {name: answer.get(name) for name in wanted}
        wrong.extend(
            f"{label}: {answer.status_code} {name}: {said[name]}"
            for name in wanted
            if said[name] != wanted[name]
        )
        wrong.extend(
            f"{label}: lets others read it ({name})"
            for name in answer.headers
            if name.startswith("Access-Control-") and label not in for_everybody
        )
        sandboxed = label in handed_in and answer.get("Content-Security-Policy") == uploads.SANDBOX
        if policy_of(answer) != CSP and label not in framed and not sandboxed:
            wrong.append(f"{label}: {answer.get('Content-Security-Policy')}")

    pages = audience.addresses(rows) | audience.public_addresses(rows) | audience.token_addresses(rows)
    for name, address in pages.items():
        client = person if name.startswith("admin:") else guest
        methods = ("PUT", "OPTIONS") if "logout" in name else ("GET", "POST", "PUT", "OPTIONS")
        for method in methods:
            look(address, client.generic(method, address, headers=OURS))
    for address, headers in (
        ("/gibt-es-nicht", {}), ("/anmeldung/meine/x/", {}), ("/orte", {}), ("/?" + "x" * 9000, {}), ("/%00", {}), ("/static/../x", {}),
        ("/anmeldung/meine/%00/", {}),
    ):  # fmt: skip
        look(address, guest.get(address, headers=headers))
    foreign = zip(itertools.cycle(("TRACE", "CONNECT", "DELETE", "FOO")), pages.values(), strict=False)
    methods = {guest.generic(method, address).status_code for method, address in foreign}
    proof(
        "attacks", "Kopfzeilen auf jeder Antwort", tried=f"{answers.total()} Antworten ({', '.join(map(str, sorted(answers)))}), dazu TRACE, CONNECT … überall",
        expected="CSP, COOP, CORP, nosniff … Wert für Wert; hinter Links und Anmeldung no-store; fremde Methoden 405",
        seen=f"{len(wrong)} fehlen oder anders; fremde Methoden: {sorted(methods)}",
    )  # fmt: skip
    none(set(wrong), "trust.md „Headers“:")
    assert methods <= {403, 405}


@pytest.mark.logs_errors
def test_page_of_an_outage_shows_what_was_typed_to_nobody_else_and_as_text(proof):
    """Its form is sent again by whoever typed it: no cache, no markup, and nothing of a form with a session."""
    seen = {}
    for path in ("/mitmachen/bachputz/", "/konto/login/", "/verwaltung/"):
        request = RequestFactory().post(path, {"name": '"><script>Kim', "password": "Kim"})
        answer = middleware.Outages(lambda _request: None).process_exception(request, OperationalError())
        seen[path] = (answer.status_code, answer["Cache-Control"], answer.content.decode().count("Kim"))
        assert "<script>" not in answer.content.decode()
    proof(
        "attacks", "Störungsseite mit behaltener Eingabe", tried="Markup im Namen; dieselben Felder an Anmeldung und Redaktion",
        expected="nur an Formularen von Gästen, als Text, in keinem Cache", seen=f"{list(seen.values())}",
    )  # fmt: skip
    assert list(seen.values()) == [(503, "no-store", 2), (503, "no-store", 0), (503, "no-store", 0)]


# --- production settings ---------------------------------------------------------------------------------

COOKIES = """
import json
from django.conf import settings
from django.test import Client
from allauth.mfa import app_settings
client = Client()
answer = client.get("/konto/login/", secure=True, headers={"host": "portal.example.org"})
plain = client.get("/", headers={"host": "portal.example.org"})
public = client.get("/", secure=True, headers={"host": "portal.example.org"})
found = {m.key: {k: m[k] for k in ("secure", "httponly", "samesite", "path", "domain")} for m in answer.cookies.values()}
print(json.dumps({"cookies": found, "session": settings.SESSION_COOKIE_NAME, "trust": app_settings.TRUST_COOKIE_NAME,
    "hsts": answer["Strict-Transport-Security"], "plain": [plain.status_code, plain.get("Location")],
    "public": len(public.cookies),
    "flags": [settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE,
        app_settings.TRUST_COOKIE_SECURE, app_settings.TRUST_COOKIE_HTTPONLY, app_settings.TRUST_COOKIE_SAMESITE]}))
"""


@pytest.mark.slow
@pytest.mark.sqlite  # the settings are the same; one database is enough
def test_cookies_in_production_are_closed_to_everybody_else(tmp_path, prepared, proof):
    settings = {
        "SITE_URL": "https://portal.example.org",
        "DEMO": "0",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "VAR_DIR": prepared["VAR_DIR"],
    }
    production = servers.Django(tmp_path, settings)
    found = json.loads(production.python(COOKIES).strip().splitlines()[-1])
    checked = production.manage("check", "--deploy", "--fail-level", "WARNING").strip()
    proof(
        "attacks", "check --deploy --fail-level WARNING", tried="Einstellungen wie im Betrieb", expected="keine Beanstandung",
        seen=checked.splitlines()[-1],
    )  # fmt: skip
    assert "no issues" in checked
    names = {*found["cookies"], found["session"], found["trust"]}
    proof(
        "attacks", "Cookies und HTTPS im Betrieb", tried="Anmeldeseite mit SITE_URL=https://…",
        expected="__Host-, Secure, HttpOnly, SameSite=Lax; HSTS; http führt auf https; öffentlich kein Cookie",
        seen=f"{', '.join(sorted(names))}; HSTS {found['hsts'].split(';')[0]}; öffentlich {found['public']} Cookies",
    )  # fmt: skip
    closed = {"secure": True, "httponly": True, "samesite": "Lax", "path": "/", "domain": ""}
    assert found["cookies"] == {"__Host-csrftoken": closed}
    assert all(name.startswith("__Host-") for name in names), names
    assert found["flags"] == [True, True, "Lax"] * 2
    assert found["hsts"] == "max-age=63072000; includeSubDomains; preload"
    assert found["plain"] == [301, "https://portal.example.org/"]
    assert found["public"] == 0
