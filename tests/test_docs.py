"""The operator's handbook names only commands, settings and addresses that exist."""

import re

from django.core.management import get_commands
from django.urls import Resolver404, resolve

from tests import source
from tests.faults.cases import CASES
from tests.test_house import none

DOCS = [path for path in source.files(".md") if path.parts[0] == "docs" or len(path.parts) == 1]
HANDBOOK = "docs/betrieb.md"


def test_every_command_in_the_documents_exists():
    named = {
        (str(path), command)
        for path in DOCS
        for command in re.findall(r"(?:run manage|manage\.py) ([a-z_]+)", source.read(path))
    }
    assert len({command for _path, command in named}) >= 6
    none([f"{path}: {c}" for path, c in named if c not in get_commands()], "There is no such command:")


def test_every_setting_in_the_handbook_exists():
    """In the README's table, or for containers in the example of `.env`."""
    text = source.read(HANDBOOK)
    named = set(re.findall(r"\b([A-Z]{2,}(?:_[A-Z]+)*)=", text)) | set(
        re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)
    )
    table = set(re.findall(r"^\| *`([A-Z][A-Z_]+)` *\|", source.read("README.md"), re.MULTILINE))
    assert len(named) >= 12
    example = set(re.findall(r"^#?([A-Z][A-Z_]+)=", source.read("deploy/example.env"), re.MULTILINE))
    assert len(example) >= 10
    none(named - table - example, "There is no such setting:")


def test_every_address_in_the_handbook_exists():
    named = set(re.findall(r"`(?:GET )?(/(?!srv|etc)[a-z/]+)`", source.read(HANDBOOK)))
    assert named >= {"/healthz", "/readyz", "/verwaltung/zustand/"}
    wrong = [address for address in named if not _exists(address)]
    none(wrong, "There is no such page:")


def test_every_fault_has_its_row_and_every_row_its_test():
    """The table of docs/zusagen.md, tests/faults/cases.py and the tests that note a row name the same cases."""
    rows = re.findall(r"^\| ([^|]+?) \|", source.read("docs/zusagen.md"), re.MULTILINE)[1:]
    assert rows == list(CASES)
    tests = [path for path in source.files(".py") if path.parts[0] == "tests" and path.name != "cases.py"]
    written = "\n".join(map(source.read, tests))
    none([case for case in CASES if f'"{case}"' not in written], "No test notes a row for:")


def _exists(address):
    """The Redaktion answers whatever stands below its address, so a page there needs a name."""
    try:
        return bool(resolve(address).url_name)
    except Resolver404:
        return False
