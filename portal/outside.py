"""Whether an address on somebody else's server can be reached: the only place that asks other servers for pages.

Staff and citizens type these addresses, so each could point at our own machines (server-side request forgery). Hence:
only http(s) on its own port; the name is resolved once, every address it has must be public, and the connection goes
to the address that was looked at (a name that answers differently the second time, „DNS rebinding“, gains nothing);
each redirect begins anew. Everything is bounded: seconds, redirects, bytes.
Rejected: a library for HTTP. All of them resolve the name again themselves when they connect.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from django.conf import settings

SECONDS = 10.0  # for one address, with all its redirects
CONNECT = 4.0  # of these for a connection, and for each wait
REDIRECTS = 5
BODY = 16_384  # bytes; nobody reads them, but a server should not be cut off in its first line
STANDARD = {"http": 80, "https": 443}  # ports; others may be machines of ours, or not the web
MOVED = (301, 302, 303, 307, 308)
# A server that says so is there; it does not want to be asked by a machine, or only with a login.
ALIVE_ANYWAY = (401, 403, 405, 406, 429)
_TUNNELS = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]

Allowed = Callable[[str, int], bool]


class Unreachable(Exception):
    """Why the address leads nowhere: one of `PageLink.Reason`."""


@dataclass(frozen=True)
class Answer:
    """What became of an address: `reason` is empty when there is a page."""

    reason: str = ""
    status: int | None = None


def is_public(ip: str, port: int) -> bool:
    """Whether this is a web server of the public internet: nothing private, local, reserved, or tunnelled."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in net for net in _TUNNELS):
            return False
        address = address.ipv4_mapped or address
    return port in STANDARD.values() and address.is_global and not address.is_multicast


def look(url: str, *, allowed: Allowed = is_public, seconds: float = SECONDS) -> Answer:
    """Ask for the page behind the address, with HEAD and where that fails with GET; never raises.

    `allowed` says of an IP address and a port whether we may connect.
    """
    end, answer = time.monotonic() + seconds, Answer("silent")
    for method in ("HEAD", "GET"):  # some servers answer HEAD with an error, or not at all
        try:
            status = _follow(url, method, allowed, end)
        except Unreachable as error:
            answer = Answer(str(error))
            if answer.reason != "silent":
                return answer
            continue
        if status < 400 or status in ALIVE_ANYWAY:
            return Answer(status=status)
        answer = Answer("gone" if status in (404, 410) else "error", status)
    return answer


def _follow(url: str, method: str, allowed: Allowed, end: float) -> int:
    for _step in range(REDIRECTS + 1):
        status, target = _ask(url, method, allowed, end)
        if status not in MOVED or not target:
            return status
        url = urljoin(url, target)
    raise Unreachable("loop")


def _ask(url: str, method: str, allowed: Allowed, end: float) -> tuple[int, str]:
    """Status and target of one request."""
    scheme, host, port, path = _parts(url)
    wire = [_connect(_resolve(host, port, allowed, end), port, end)]
    # Its own clock: a server that sends a byte now and then would outlast every wait.
    cut = threading.Timer(max(0.0, end - time.monotonic()), _cut, [wire])
    cut.daemon = True
    cut.start()
    try:
        if scheme == "https":
            context = ssl.create_default_context()
            wire[0] = context.wrap_socket(wire[0], server_hostname=host, do_handshake_on_connect=False)
            wire[0].do_handshake()  # type: ignore[attr-defined]
        return _speak(wire[0], scheme, host, port, method, path)
    except ssl.SSLError:
        raise Unreachable("certificate") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise Unreachable("silent") from None
    finally:
        cut.cancel()
        wire[0].close()


def _speak(sock: socket.socket, scheme: str, host: str, port: int, method: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, port)
    connection.default_port = STANDARD[scheme]  # type: ignore[misc]
    connection.sock = sock
    connection.request(method, path, headers=_headers())
    response = connection.getresponse()
    response.read(BODY)
    return response.status, response.getheader("Location", "")


def _parts(url: str) -> tuple[str, str, int, str]:
    try:
        found = urlsplit(url)
        host, port = found.hostname or "", found.port
        host = host.encode("idna").decode() if not host.isascii() else host
    except ValueError:
        raise Unreachable("malformed") from None
    if found.scheme not in ("http", "https") or not host or found.username is not None:
        raise Unreachable("malformed")
    path = quote(found.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(found.query, safe="/%:@!$&'()*+,;=~-._?")
    return found.scheme, host, port or STANDARD[found.scheme], f"{path}?{query}" if query else path


def _resolve(host: str, port: int, allowed: Allowed, end: float) -> str:
    """The address to connect to. One that is not public among them makes the whole name suspicious."""
    found: list[str] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            found.extend(str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    if time.monotonic() >= end:
        raise Unreachable("silent")
    thread = threading.Thread(target=ask, daemon=True)  # the system's own limit may be minutes
    thread.start()
    thread.join(min(CONNECT, max(0.0, end - time.monotonic())))
    known = list(found)
    if not known:
        raise Unreachable("unknown")
    if not all(allowed(ip, port) for ip in known):
        raise Unreachable("private")
    return known[0]


def _connect(ip: str, port: int, end: float) -> socket.socket:
    left = min(CONNECT, end - time.monotonic())
    if left <= 0:
        raise Unreachable("silent")
    try:
        sock = socket.create_connection((ip, port), timeout=left)
    except OSError:
        raise Unreachable("silent") from None
    return sock


def _cut(wire: list[socket.socket]) -> None:
    with suppress(OSError):
        wire[0].shutdown(socket.SHUT_RDWR)


def _headers() -> dict[str, str]:
    """Who asks, and where to complain."""
    name = f"Linkpruefung von {settings.SITE_URL} (+{settings.SITE_URL}/impressum/)"
    return {"User-Agent": name, "Accept": "text/html,*/*;q=0.8", "Connection": "close"}
