"""Against a started portal: raw bytes, one link over many connections at once, ten thousand invented people."""

import contextlib
import json
import socket
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest

from tests.conftest import portals
from tests.markup import Page
from tests.test_house import none
from tests.test_rush import CLIENTS, Client, at_once

pytestmark = pytest.mark.slow
FAKES, HERE = 10_000, "127.0.0.1"


@pytest.fixture(scope="module")
def running(prepared, tmp_path_factory):
    """One portal behind one proxy, so that a test may be many clients; its log has no error at the end."""
    with portals(prepared, tmp_path_factory.mktemp("attacked")) as (start, started):
        yield start(DEMO="0", TRUSTED_PROXIES="1")
        errors = [line for server in started for line in server.errors()]
    assert errors == []


@pytest.fixture(scope="module")
def addresses(running):
    """Label → address of one row of everything in that portal."""
    return json.loads(
        running.python(
            "import json; from tests import audience; rows = audience.make_rows(); "
            "found = audience.addresses(rows) | audience.public_addresses(rows) | audience.token_addresses(rows); "
            "print(json.dumps(found))"
        )
    )


# --- raw bytes over a real connection ----------------------------------------------------------------------

HOST = "Host: localhost\r\n"
RAW = {
    "Pfad nach oben": f"GET /static/../../portal/settings.py HTTP/1.1\r\n{HOST}",
    "Pfad nach oben, kodiert": f"GET /static/%2e%2e/%2e%2e/portal/settings.py HTTP/1.1\r\n{HOST}",
    "Pfad nach oben, doppelt kodiert": f"GET /static/%252e%252e%252fmanage.py HTTP/1.1\r\n{HOST}",
    "Pfad mit Rückstrich": f"GET /static/..\\..\\manage.py HTTP/1.1\r\n{HOST}",
    "Pfad von oben": f"GET //etc/passwd HTTP/1.1\r\n{HOST}",
    "Medien nach oben": f"GET /media/../secret_key HTTP/1.1\r\n{HOST}",
    "Quelltext": f"GET /.git/config HTTP/1.1\r\n{HOST}",
    "Einstellungen": f"GET /.env HTTP/1.1\r\n{HOST}",
    "Datenbank": f"GET /var/portal.sqlite3 HTTP/1.1\r\n{HOST}",
    "Liste eines Ordners": f"GET /static/ HTTP/1.1\r\n{HOST}",
    "Liste der Medien": f"GET /media/ HTTP/1.1\r\n{HOST}",
    "NUL im Pfad": f"GET /static/portal.css%00.html HTTP/1.1\r\n{HOST}",
    "zwei Längen": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 4\r\nContent-Length: 40\r\n\r\nabcdGET /verwaltung/ HTTP/1.1\r\n",
    "Länge und Stücke": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n",
    "Stücke, verkleidet": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n",
    "negative Länge": f"POST / HTTP/1.1\r\n{HOST}Content-Length: -1\r\n",
    "Länge ist keine Zahl": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 0x10\r\n",
    "Zeilenumbruch in Kopfzeile": f"GET / HTTP/1.1\r\n{HOST}X: a\r\n b\r\n",
    "NUL in Kopfzeile": f"GET / HTTP/1.1\r\n{HOST}X: a\x00b\r\n",
    "500 Kopfzeilen": f"GET / HTTP/1.1\r\n{HOST}" + "".join(f"X-{n}: y\r\n" for n in range(500)),
    "Kopfzeile mit 100 kB": f"GET / HTTP/1.1\r\n{HOST}X: {'y' * 100_000}\r\n",
    "Adresse mit 100 kB": f"GET /?{'y' * 100_000} HTTP/1.1\r\n{HOST}",
    "zwei Hosts": f"GET / HTTP/1.1\r\n{HOST}Host: evil.example\r\n",
    "kein HTTP": "\x16\x03\x01\x02\x00\x01",
    "HTTP/9": f"GET / HTTP/9.9\r\n{HOST}",
    "fremde Adresse": f"GET http://evil.example/ HTTP/1.1\r\n{HOST}",
}  # fmt: skip
SECRETS = (b"SECRET_KEY", b"root:", b"[core]", b"SQLite format", b"DJANGO_SETTINGS_MODULE", b"Traceback")


def ask(port, raw):
    """(statuses, all that came back) of these bytes; a server that hangs up has answered, too."""
    data = b""
    with socket.create_connection(("127.0.0.1", port), timeout=3) as connection, contextlib.suppress(OSError):
        connection.sendall(raw.encode("latin-1") + b"Connection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            data += chunk
    return [int(line[9:12]) for line in data.split(b"\r\n") if line.startswith(b"HTTP/1.")], data


def test_raw_bytes_get_one_answer_and_no_file_from_inside(running, proof):
    seen, wrong = Counter(), []
    for name, raw in RAW.items():
        statuses, data = ask(running.settings["PORT"], raw)
        seen.update(statuses or [0])
        if any(secret in data for secret in SECRETS):
            wrong.append(f"{name}: shows what is inside")
        if any(status >= 500 and status != 501 for status in statuses) or len(statuses) > 1:
            wrong.append(f"{name}: {statuses}")
        if 200 in statuses and not name.startswith(("Zeilenumbruch", "fremde")):
            wrong.append(f"{name}: 200")
    alive, _data = ask(running.settings["PORT"], f"GET /healthz HTTP/1.1\r\n{HOST}")
    proof(
        "attacks", "Rohe Anfragen (Schmuggel, Pfade, Größen)", tried=f"{len(RAW)} Anfragen an den laufenden Server",
        expected="eine Antwort, nie 500, keine Datei von innen, Server lebt", seen=f"Antworten {dict(sorted(seen.items()))}, {len(wrong)} falsch, danach {alive}",
    )  # fmt: skip
    none(wrong, "Raw requests:")
    assert alive == [200]


# --- the same link at once, over real connections -------------------------------------------------------

AFTER = """
import json
from portal.models import Mail
from volunteers.models import ShiftSignup
def of(**whose):
    rows = ShiftSignup.objects.filter(**whose)
    kinds = Mail.objects.filter(booking__in=rows.values("booking")).values_list("kind", flat=True)
    return [sorted(rows.values_list("status", flat=True)), sorted(kinds)]
found = {name: of(booking__email=f"{name}.lich@example.org") for name in ("unconfirmed", "confirmed")}
print(json.dumps(found | {"offered": of(slot__opportunity__title="Kisten tragen")}))
"""


def test_a_link_replayed_at_once_has_one_effect(running, addresses, proof):
    """The button behind each link pressed over 16 connections at the same moment: one seat, one mail, no 500."""
    labels = json.loads(running.python(LABELS))
    presses = {
        "booking:sent": {"do": "resend"},
        "booking:confirm": {"signups": labels["unconfirmed"]},
        "booking:give_back": {},
        "a seat is free": {},
        "watch:confirm": {},
    }
    statuses = {}
    for name, fields in presses.items():
        work = lambda client, path, data: client.ask("POST", path, data)[0]  # noqa: E731
        answers, _seconds = at_once(running.url, HERE, [(addresses[name], fields or {"x": "1"})] * 16, work)
        statuses[name] = Counter(answers)
    after = json.loads(running.python(AFTER))
    worst = max(status for each in statuses.values() for status in each)
    proof(
        "attacks", "Link 16-fach gleichzeitig", tried=f"{len(presses)} Knöpfe × 16 Anfragen über {CLIENTS} Verbindungen",
        expected="je eine Wirkung und eine Mail, „noch einmal senden“ drei, kein 500",
        seen=f"bestätigt: {after['unconfirmed'][1]}; freigegeben: {after['confirmed'][1]}; genommen: {after['offered'][1]}; höchster Status {worst}",
    )  # fmt: skip
    assert after == {
        "unconfirmed": [["confirmed"], ["confirm-address"] * 3 + ["confirmed"]],
        "confirmed": [["ended"], ["cancelled-by-you"]],
        "offered": [["confirmed"], ["confirmed"]],
    }
    assert worst < 500, statuses


LABELS = """
import json
from volunteers.models import ShiftSignup
print(json.dumps({"unconfirmed": ShiftSignup.objects.get(booking__email="unconfirmed.lich@example.org").label}))
"""


# --- ten thousand invented people --------------------------------------------------------------------------

COUNT = """
import json
from portal.models import Booking, Mail
found = [Booking.objects.filter(email__startswith="fake"), Mail.objects.filter(to__startswith="fake")]
print(json.dumps([rows.count() for rows in found]))
"""


def opened(portal, address, *, as_client):
    """What a person sees first: the address of the action and its form, untouched."""
    path = urlsplit(address).path
    status, _location, text = Client(portal.url, HERE).ask("GET", path, X_Forwarded_For=as_client)
    assert status == 200
    page = Page(text, portal.url + path)
    _address, _method, fields = page.form("Ich helfe mit")
    box = next(e for e in page.all("input", name="slots"))
    return path, [(n, v) for n, v in fields if n not in ("slots", "name", "email")] + [
        ("slots", box.get("value")),
        ("age", "on"),
    ]


@pytest.mark.sqlite  # it is the counter that is asked ten thousand times, whatever the database
def test_ten_thousand_sign_ups_of_one_client_become_thirty(running, addresses, proof):
    """Over 24 connections; everybody else goes on signing up, and the page is the same as before."""
    path, fields = opened(running, addresses["volunteers:detail"], as_client="192.0.2.66")
    time.sleep(2)  # the time trap is not what is tried here

    def fake(client, number, who):
        said = [*fields, ("name", f"Kim {number % 7}"), ("email", f"fake{number}@example.org")]
        return client.ask("POST", path, said, X_Forwarded_For=who)[0]

    answers, seconds = at_once(running.url, HERE, [(number, "192.0.2.66") for number in range(FAKES)], fake)
    statuses = Counter(answers)
    others = Counter(fake(Client(running.url, HERE), FAKES + n, f"198.51.100.{n}") for n in range(20))
    begun = time.monotonic()
    after = opened(running, addresses["volunteers:detail"], as_client="192.0.2.67")
    first = time.monotonic() - begun  # for the reader of the table: nothing hangs on it
    bookings, mails = json.loads(running.python(COUNT))
    proof(
        "attacks", "10.000 falsche Anmeldungen, ein Gerät", tried=f"{FAKES} Anmeldungen über {CLIENTS} Verbindungen in {seconds:.0f} s, dazu 20 andere Menschen",
        expected="30 in 10 Minuten, sonst 429; andere kommen durch", seen=f"{dict(sorted(statuses.items()))}, andere {dict(others)}, {mails} Mails, Seite danach in {first:.1f} s",
    )  # fmt: skip
    assert statuses == {303: 30, 429: FAKES - 30}
    assert others == {303: 20}
    assert (bookings, mails) == (50, 50)
    assert [name for name, _value in after[1]] == [name for name, _value in fields]
