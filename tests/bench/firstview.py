"""What a browser asks for at its first visit, and how many bytes come: the page, its styles, fonts and scripts."""

import gzip
import re
from urllib.parse import urljoin

import brotli

from tests.bench.pages import answer
from tests.bench.table import Row

LOADED = re.compile(
    r'<(?:link rel="(?:stylesheet|icon|preload|manifest)"|script|img)[^>]*?(?:href|src)="([^"]+)"'
)
UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
IN_STYLES = re.compile(r"url\([\"']?([^\"')]+)")


def files(url, path):
    """{address: bytes on the wire} of everything that a first view of this page may load, compressed as it comes."""
    sizes, todo = {}, [path]
    while todo:
        address = todo.pop()
        wire, text = fetch(url, address)
        sizes[address] = len(wire)
        pattern = IN_STYLES if address.endswith(".css") else LOADED
        inside = [urljoin(address, each) for each in pattern.findall(text)]
        todo += [each for each in dict.fromkeys(inside) if not each.startswith("data:") and each not in sizes]
    return sizes


def fetch(url, address):
    """The body as it came, and its text if it is one."""
    wire, encoding = answer(url, address)
    body = UNPACK[encoding](wire)
    return wire, "" if address.endswith((".woff2", ".webp")) else body.decode()


def measure(site, addresses):
    for name, path in {"Startseite": "/", "Liste": "/initiativen/", "Aktion": addresses["action"]}.items():
        loaded = files(site.url, path)
        yield Row(f"Erster Besuch, {name}: Anfragen", [len(loaded)], 6, "", digits=0)
        yield Row(f"Erster Besuch, {name}: Bytes", [sum(loaded.values()) / 1000], 85, "kB")
