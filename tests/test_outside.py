"""Asking other people's servers: never our own machines, however the address is spelled, and never for long."""

import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portal import outside
from portal.outside import Answer, is_public, look


def anywhere(ip, port):
    """What tests allow and nobody else: our own machine."""
    return True


@contextmanager
def server(answer):
    """A web server on this machine; `answer(method, path)` gives (status, headers). Yields its address and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.command, self.path, dict(self.headers)))
            status, headers = answer(self.command, self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(b"x" * 500_000)

        do_HEAD = do_GET

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as here:
        here.daemon_threads = True
        thread = threading.Thread(target=here.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{here.server_port}", asked
        finally:
            here.shutdown()


@pytest.mark.parametrize(
    ("statuses", "expected", "methods"),
    [
        ({"HEAD": 200}, Answer(status=200), ["HEAD"]),
        ({"HEAD": 404, "GET": 200}, Answer(status=200), ["HEAD", "GET"]),
        ({"HEAD": 404, "GET": 404}, Answer("gone", 404), ["HEAD", "GET"]),
        ({"HEAD": 500, "GET": 503}, Answer("error", 503), ["HEAD", "GET"]),
        ({"HEAD": 403}, Answer(status=403), ["HEAD"]),
    ],
)
def test_head_is_enough_and_get_has_the_last_word(settings, statuses, expected, methods):
    settings.SITE_URL = "https://portal.example.org"
    with server(lambda method, path: (statuses[method], {})) as (url, asked):
        assert look(f"{url}/straße?q=ä b", allowed=anywhere) == expected
    assert [method for method, _path, _headers in asked] == methods
    assert asked[0][1] == "/stra%C3%9Fe?q=%C3%A4%20b"
    assert asked[0][2]["User-Agent"].startswith("Linkpruefung von https://portal.example.org ")
    assert "Cookie" not in asked[0][2]


# Ways to write an address of our own machines, or of a cloud's; none may be asked.
OURS = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.1.1",
    "100.64.0.1", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255",
]  # fmt: skip


def test_our_own_machines_are_never_asked(proof):
    reached = []
    with server(lambda method, path: reached.append(path) or (200, {})) as (url, _asked):
        port = url.rpartition(":")[2]
        answers = {host: look(f"http://{host}{end}/") for host in OURS for end in ("", f":{port}")}
    wrong = {host: said for host, said in answers.items() if said.reason not in ("private", "unknown")}
    proof(
        "attacks", "Linkprüfung: eigene Rechner", tried=f"{len(OURS)} Schreibweisen eigener Adressen, mit und ohne Port",
        expected="keine Verbindung", seen=f"{len(wrong)} zugelassen, {len(reached)} Anfragen",
    )  # fmt: skip
    assert (wrong, reached) == ({}, [])


def test_public_is_what_the_internet_routes_and_only_the_web():
    asked = {
        ("93.184.216.34", 80): True,
        ("2606:2800:220:1:248:1893:25c8:1946", 443): True,
        ("93.184.216.34", 22): False,
        ("93.184.216.34", 8080): False,
        ("192.0.2.1", 80): False,
        ("::ffff:10.0.0.1", 80): False,
        ("fe80::1%eth0", 80): False,
        ("kein Rechner", 80): False,
    }
    assert {each: is_public(*each) for each in asked} == asked


def test_a_redirect_to_our_own_machine_is_not_followed():
    """The first hop is allowed by its port; where it leads to is looked at like any other address."""
    reached = []
    with server(lambda method, path: reached.append(path) or (200, {})) as (target, _asked):
        for where in (
            target,
            target.replace("127.0.0.1", "localhost"),
            "http://169.254.169.254/",
            "file:///etc/passwd",
        ):
            with server(lambda method, path, where=where: (302, {"Location": where})) as (url, _hops):
                first = int(url.rpartition(":")[2])
                said = look(url, allowed=lambda ip, port, first=first: port == first)
                assert said.reason in ("private", "malformed"), where
    assert reached == []


def test_redirects_are_followed_five_times_and_no_more():
    def stairs(method, path):
        step = int(path.strip("/") or 0)
        return (200, {}) if step == 0 else (301, {"Location": f"/{step - 1}"})

    with server(stairs) as (url, asked):
        assert look(f"{url}/5", allowed=anywhere) == Answer(status=200)
        assert look(f"{url}/6", allowed=anywhere) == Answer("loop")
    assert len(asked) == 12


def test_a_name_that_answers_differently_the_second_time_gains_nothing(monkeypatch):
    """DNS rebinding: public while it is looked at, ours when it would be asked again. The clock of the net is mocked."""
    names = iter(["93.184.216.34", "127.0.0.1"])
    asked, connected = [], []

    def resolve(host, port, **kwargs):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(names), port))]

    def connect(address, timeout):
        connected.append(address)
        raise OSError

    monkeypatch.setattr(outside.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(outside.socket, "create_connection", connect)
    assert look("http://wechselt.example/").reason == "private"  # HEAD failed, GET asked the name anew
    assert (asked, connected) == (["wechselt.example"] * 2, [("93.184.216.34", 80)])


def test_one_private_address_among_public_ones_is_enough_to_stay_away(monkeypatch):
    found = [(2, 1, 6, "", (ip, 80)) for ip in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *args, **kwargs: found)
    assert look("http://gemischt.example/") == Answer("private")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host.example/",
        "javascript:alert(1)",
        "http://",
        "http://a:b@host.example/",
        "http://[",
        "http://x:99999/",
    ],
)
def test_what_is_no_address_of_the_web_is_said_to_be_none(url):
    assert look(url, allowed=anywhere) == Answer("malformed")


@pytest.mark.slow
@pytest.mark.parametrize("drip", [b"", b"H", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_server_that_drips_or_says_nothing_is_left_in_time(drip):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ending = threading.Event()

        def serve():
            while not ending.is_set():
                try:
                    connection, _peer = listener.accept()
                except OSError:
                    return
                while drip and not ending.wait(0.1):
                    try:
                        connection.sendall(drip[:1] if len(drip) == 1 else drip[-1:])
                    except OSError:
                        break

        threading.Thread(target=serve, daemon=True).start()
        began = time.monotonic()
        said = look(f"http://127.0.0.1:{listener.getsockname()[1]}/", allowed=anywhere, seconds=1.0)
        took = time.monotonic() - began
        ending.set()
    assert (said, took < 3) == (Answer("silent"), True)


def test_nobody_there_is_silent_and_a_plain_server_is_no_https():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert look(f"http://127.0.0.1:{port}/", allowed=anywhere) == Answer("silent")
    with server(lambda method, path: (200, {})) as (url, _asked):
        assert look(url.replace("http:", "https:"), allowed=anywhere) == Answer("certificate")
