"""What trust.md and performance.md promise of every public page, generated from tests/audience.py."""

import gzip
import http.client
import re
from urllib.parse import quote, urlsplit

import brotli
import pytest
from django.conf import settings
from django.test import Client

from tests import audience
from tests.markup import Page
from tests.test_get_safety import changed, checksums
from tests.test_house import none

CACHED = {"public", "max-age=0", "s-maxage=30", "stale-while-revalidate=30"}
CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Content-Type": "text/html; charset=utf-8",
}
DUTIES = ["/impressum/", "/datenschutz/", "/barrierefreiheit/", "/einfach-erklaert/"]
HOSTILE = {
    "NUL": "ort=%00&suche=%00&thema=%00&page=%00",
    "lone surrogate": "ort=%ED%A0%80&suche=%ED%A0%80",
    "no UTF-8": "ort=%FF%FE&suche=%C3%28",
    "100 kB": "ort=" + "x" * 100_000,
    "3 kB of one word": "ort=" + "x" * 3000 + "&suche=" + "y" * 800,
    "2,000 parameters": "&".join(f"p{n}=1" for n in range(2000)),
    "page far away": "page=999999",
    "page beyond every number": "page=" + "9" * 400,
    "page no number": "page=abc",
    "page of other digits": "page=" + quote("١²"),
    "page negative": "page=-1",
    "radius no number": "umkreis=abc&ort=35423",
    "radius beyond every number": "umkreis=" + "9" * 400 + "&ort=35423",
    "radius not a number at all": "umkreis=nan&ort=35423",
    "emoji": "ort=" + quote("👩‍👩‍👧 Lich") + "&suche=" + quote("🙂"),
    "other directions": "ort=" + quote("\u202egnuH") + "&suche=" + quote("\u0000".join("ab")),
    "SQL": "ort=" + quote("' OR 1=1; --") + "&suche=" + quote("%_\\' OR 1=1") + "&thema=" + quote("') --"),
    "markup": "ort=" + quote('"><script>alert(1)</script>') + "&suche=" + quote("<b onclick=x>"),
    "lists": "ort=a&ort=b&ort[]=c&suche[x]=1&thema=a&thema=b&page=1&page=2",
    "only separators": "&&==&;&=&",
    "percent signs": "ort=%&suche=%%%zz",
    "template": "ort=" + quote("{{ settings.SECRET_KEY }}{% debug %}"),
}
PATHS = ["%00", "%ED%A0%80", "x" * 4000, quote("🙂"), "..%2f..%2fetc%2fpasswd", quote("ä ö"), "'--", "1e309"]

pytestmark = pytest.mark.django_db


CLIENT = Client(raise_request_exception=False)  # one: each loads all middleware anew


@pytest.fixture
def rows():
    return audience.make_rows()


@pytest.fixture(autouse=True)
def _no_cookies():
    CLIENT.cookies.clear()


def answer(address, **headers):
    return CLIENT.get(address, headers=headers)


def policy_of(response):
    """The directives of its Content-Security-Policy."""
    given = response.get("Content-Security-Policy", "")
    found = (part.strip().partition(" ") for part in given.split(";") if part)
    return {name: value for name, _space, value in found}


def parts(header):
    return {part.strip() for part in header.split(",") if part.strip()}


@pytest.mark.slow
def test_public_pages_set_no_cookie_and_fit_every_shared_cache(rows):
    """Also for somebody who was logged in once: public pages are session-blind."""
    for label, address in audience.public_addresses(rows).items():
        response = answer(address, cookie=f"sessionid={'s' * 32}; csrftoken={'c' * 32}")
        assert (label, response.status_code, response["ETag"]) == (label, 200, answer(address)["ETag"])
        assert (label, response.cookies) == (label, {})
        assert (label, parts(response["Cache-Control"])) == (label, CACHED)
        assert parts(response.get("Vary", "")) <= {"Accept-Encoding"}, label


@pytest.mark.slow
def test_public_pages_have_the_headers_of_trust(rows):
    for label, address in audience.public_addresses(rows).items():
        response = answer(address)
        assert (label, policy_of(response)) == (label, CSP)
        assert (label, {name: response.get(name) for name in HEADERS}) == (label, HEADERS)


@pytest.mark.slow
def test_public_pages_come_again_only_when_they_changed(rows):
    for label, address in audience.public_addresses(rows).items():
        first = answer(address)
        again = answer(address, if_none_match=first["ETag"])
        assert (label, again.status_code, again.content, again["ETag"]) == (label, 304, b"", first["ETag"])


@pytest.mark.slow
def test_public_pages_are_sound_html_that_needs_nobody_else(rows):
    for address in audience.public_addresses(rows).values():
        _check_html(address, answer(address).content.decode())


def _check_html(address, html):
    page = Page(html, f"http://testserver{address}")
    none(page.faults, f"{address} is no valid HTML:")
    none([url for url in page.resources() if urlsplit(url).netloc != "testserver"], f"{address} asks others:")
    assert page.one("html").get("lang") == "de", address
    counts = {tag: len(page.all(tag)) for tag in ("h1", "main", "footer")}
    assert counts == {"h1": 1, "main": 1, "footer": 1}, address
    assert len(page.all("header", **{"class": "site-head"})) == 1, address
    title = page.title
    assert title.endswith(f"– {settings.SITE_NAME}"), (address, title)
    assert not title.startswith("–"), (address, title)
    assert page.one("meta", name="viewport").get("content") == "width=device-width, initial-scale=1", address
    assert page.one("meta", name="description").get("content").strip(), address
    assert set(DUTIES) <= {urlsplit(url).path for url in page.links()}, address
    outside = [
        a.get("href")
        for a in page.all("a")
        if urlsplit(a.get("href") or "").netloc and "noopener" not in (a.get("rel") or "")
    ]
    none(outside, f'{address}: links to others carry rel="noopener noreferrer" (trust.md):')
    assert "csrfmiddlewaretoken" not in html, address


@pytest.mark.slow
def test_public_pages_have_titles_of_their_own(rows):
    titles = {}
    for name, address in audience.addresses(rows, audience.PUBLIC).items():
        titles.setdefault(Page(answer(address).content.decode()).title, []).append(name)
    none([names for names in titles.values() if len(names) > 1], "These pages share one title:")


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_query_gets_a_clear_answer(rows, kind, proof):
    wrong = []
    for name, address in audience.addresses(rows, audience.PUBLIC).items():
        response = answer(f"{address}?{HOSTILE[kind]}")
        if response.status_code not in (200, 400, 404):
            wrong.append(f"{name} answers {response.status_code}")
            continue
        page = Page(response.content.decode())
        wrong += [f"{name}: {fault}" for fault in page.faults]
        if page.one("html").get("lang") != "de" or not page.h1:
            wrong.append(f"{name} answers no page of ours")
        if page.inline_scripts():
            wrong.append(f"{name} lets a script in")
    proof(
        "attacks", "Feindliche Adressen (NUL, 100 kB, 2.000 Parameter, page=999999 …)", tried=f"jede öffentliche Seite × eine von {len(HOSTILE)} Arten",
        expected="200, 400 oder 404 mit deutscher Seite, nie 500", seen=f"{len(wrong)} anderes",
    )  # fmt: skip
    none(wrong, f"{kind}: a clear page, never a 500 (trust.md „Input“):")


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", ["/mitmachen/", "/initiativen/", "/orte/", "/", "/anmeldung/meine/", "/gibt-es-nicht/"]
)
def test_hostile_path_is_not_found(start):
    statuses = {path[:20]: answer(f"{start}{path}/").status_code for path in PATHS}
    assert set(statuses.values()) <= {400, 404}, statuses


ORIGINS = ("https://evil.example", "null", "", "http://testserver.evil.example", "http://testserver:81")


@pytest.mark.slow
def test_post_of_a_stranger_is_refused_and_changes_nothing(rows, proof):
    """Neither a form on another site, nor a sandboxed frame, nor a program without an Origin."""
    before, wrong = checksums(), []
    for name, address in audience.addresses(rows, audience.PUBLIC, audience.TOKEN).items():
        for origin in ORIGINS:
            headers = {"origin": origin} if origin else {}
            response = CLIENT.post(address, {"do": "erase", "name": "x"}, headers=headers)
            if response.status_code not in (403, 405):
                wrong.append(f"{name} from {origin or 'nowhere'}: {response.status_code}")
    changes = changed(before, checksums())
    proof(
        "attacks", "Öffentliches Formular von fremder Seite", tried=f"jede öffentliche Seite und jeder Link × {len(ORIGINS)} Herkünfte (fremd, null, keine, ähnlich, anderer Port)",
        expected="403 oder 405, nichts geändert", seen=f"{len(wrong)} anderes, {len(changes)} Tabellen geändert",
    )  # fmt: skip
    none(wrong, "Not refused (architecture.md „Public pages are session-blind“):")
    assert changes == []


BODIES = {
    "NUL": {"name": "\x00", "email": "\x00@example.org"},
    "numbers": {
        "slots": ["9" * 400, "abc", "-1"],
        "seats": "9" * 400,
        "do": "party",
        "signup": "shiftsignup:" + "9" * 400,
    },
    "other digits": {"seats": "²", "signups": ["x", "٣"], "slots": "٣", "do": "details", "name": "²"},
    "100 kB": {"name": "x" * 100_000, "email": "x" * 100_000, "do": "details"},
    "headers": {"do": "correct", "email": "a@b.example\r\nBcc: c@d.example", "name": "x\r\nTo: y"},
    "no character": {"do": "correct", "email": "\ufffe@b.example", "name": "\U0010ffff"},
    "2,000 fields": {f"field{n}": "1" for n in range(2000)},
    "nothing": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.logs_errors  # Django notes refused input as an error
def test_hostile_post_gets_a_clear_answer(rows, kind):
    wrong = []
    for name, address in audience.addresses(rows, audience.PUBLIC, audience.TOKEN).items():
        response = CLIENT.post(address, BODIES[kind], headers={"origin": "http://testserver"})
        if response.status_code not in (200, 303, 400, 404, 405, 422):
            wrong.append(f"{name} answers {response.status_code}")
        elif response.status_code not in (303, 405) and not Page(response.content.decode()).h1:
            wrong.append(f"{name} answers no page of ours")
    none(wrong, f"{kind}: a clear page, never a 500 (trust.md „Input“):")


@pytest.mark.logs_errors
def test_forged_host_is_refused(rows, proof):
    response = CLIENT.get("/", headers={"host": "evil.example"})
    shown = b"evil.example" in response.content
    proof(
        "attacks", "Gefälschter Host", tried="Host: evil.example", expected="400, nicht wiederholt",
        seen=f"{response.status_code}, {'wiederholt' if shown else 'nicht wiederholt'}",
    )  # fmt: skip
    assert (response.status_code, shown) == (400, False)


@pytest.mark.slow
def test_foreign_methods_are_not_allowed(rows):
    statuses = {
        (name, method): CLIENT.generic(method, address).status_code
        for name, address in audience.addresses(rows, audience.PUBLIC, audience.TOKEN).items()
        for method in ("PUT", "DELETE", "PATCH", "TRACE")
    }
    none(
        [f"{key}: {status}" for key, status in statuses.items() if status not in (403, 405)],
        "Not answered by 405:",
    )


# --- what a first view costs, against the started portal --------------------------------------------

FONT = re.compile(r"url\([\"']?([^\"')]+)")


def transferred(url):
    """(bytes on the wire of the body, text) of an answer as a browser of today asks for it."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    path = address.path + (f"?{address.query}" if address.query else "")
    connection.request("GET", path, headers={"Accept-Encoding": "gzip, deflate, br"})
    response = connection.getresponse()
    body = response.read()
    assert (response.status, response.headers.get("Set-Cookie")) == (200, None), url
    packed = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[
        response.headers["Content-Encoding"]
    ]
    return len(body), packed(body), response.headers


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", "br"),
        ("br;q=0.5", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=1, br;q=0.0", "gzip"),
        ("", None),
    ],
)
def test_pages_are_packed_only_in_a_way_that_the_browser_takes(accepted, packed):
    assert answer("/impressum/", accept_encoding=accepted).headers.get("Content-Encoding") == packed


@pytest.mark.slow
@pytest.mark.sqlite  # the examples of the demo are what it counts
def test_first_view_is_small_and_static_files_are_kept_for_ever(portal):
    """≤ 6 requests and ≤ 70 kB with both fonts (performance.md: 85); hashed names may be cached for ever."""
    listing = Page(transferred(f"{portal.url}/mitmachen/")[1].decode(), f"{portal.url}/mitmachen/")
    action = next(url for url in listing.links() if re.search(r"/mitmachen/[a-z]", url))
    measured, kept = {}, set()
    for url in [f"{portal.url}/", f"{portal.url}/mitmachen/", action, f"{portal.url}/initiativen/"]:
        size, html, _headers = transferred(url)
        wanted = Page(html.decode(), url).resources()
        sizes = [size]
        for resource in wanted:
            size, content, headers = transferred(resource)
            sizes.append(size)
            kept.add(headers["Cache-Control"])
            if resource.endswith(".css"):
                folder = resource.rpartition("/")[0]
                fonts = [f for f in FONT.findall(content.decode()) if not f.startswith("data:")]
                wanted += [f"{folder}/{font}" for font in fonts if font.endswith(".woff2")]
        measured[urlsplit(url).path] = (len(sizes), sum(sizes))
    assert {path: m for path, m in measured.items() if m[0] > 6 or m[1] > 70_000} == {}
    assert kept == {"max-age=315360000, public, immutable"}
