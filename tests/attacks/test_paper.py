"""docs/sicherheit.md: every requirement of ASVS 5.0 level 1 and 2 once, and what it names is there; the locks."""

import ast
import re
from collections import Counter

import pytest

from tests import source
from tests.test_house import none

# Section → how many requirements of level 1 and 2 it has; they are numbered first to last (ASVS 5.0.0).
SECTIONS = {
    "V1.1": 2, "V1.2": 9, "V1.3": 11, "V1.4": 3, "V1.5": 2, "V2.1": 3, "V2.2": 3, "V2.3": 4, "V2.4": 1,
    "V3.2": 2, "V3.3": 4, "V3.4": 6, "V3.5": 5, "V3.7": 2, "V4.1": 3, "V4.2": 1, "V4.3": 2, "V4.4": 4,
    "V5.1": 1, "V5.2": 3, "V5.3": 2, "V5.4": 3, "V6.1": 3, "V6.2": 12, "V6.3": 4, "V6.4": 4, "V6.5": 5, "V6.6": 3, "V6.8": 4,
    "V7.1": 3, "V7.2": 4, "V7.3": 2, "V7.4": 5, "V7.5": 2, "V7.6": 2, "V8.1": 2, "V8.2": 3, "V8.3": 1, "V8.4": 1,
    "V9.1": 3, "V9.2": 4, "V10.1": 2, "V10.2": 2, "V10.3": 4, "V10.4": 11, "V10.5": 5, "V10.6": 2, "V10.7": 3,
    "V11.1": 2, "V11.2": 3, "V11.3": 3, "V11.4": 4, "V11.5": 1, "V11.6": 1, "V12.1": 3, "V12.2": 2, "V12.3": 4,
    "V13.1": 1, "V13.2": 5, "V13.3": 2, "V13.4": 5, "V14.1": 2, "V14.2": 4, "V14.3": 3, "V15.1": 3, "V15.2": 3, "V15.3": 7,
    "V16.1": 1, "V16.2": 5, "V16.3": 4, "V16.4": 3, "V16.5": 3, "V17.1": 1, "V17.2": 4, "V17.3": 2,
}  # fmt: skip
STANDINGS = {"erfüllt", "teilweise", "offen", "entfällt"}
PAPER = source.read("docs/sicherheit.md")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|", 2))
    for line in PAPER.splitlines()
    if re.match(r"\| V\d", line)
]


def requirements(cell):
    """„V1.2.1–3, V1.3.1“ → V1.2.1, V1.2.2, V1.2.3, V1.3.1."""
    for section, first, last in re.findall(r"(V\d+\.\d+)\.(\d+)(?:–(\d+))?", cell):
        yield from (f"{section}.{number}" for number in range(int(first), int(last or first) + 1))


def test_every_requirement_of_level_2_stands_in_the_table_once(proof):
    wanted = [f"{section}.{number + 1}" for section, count in SECTIONS.items() for number in range(count)]
    named = [each for cell, _standing, _why in ROWS for each in requirements(cell)]
    standings = Counter()
    for cell, standing, _why in ROWS:
        standings[standing] += len(list(requirements(cell)))
    proof(
        "attacks", "ASVS 5.0, Stufe 2", tried=f"{len(wanted)} Anforderungen der Stufen 1 und 2 in docs/sicherheit.md",
        expected="jede einmal, mit Code oder Test", seen=", ".join(f"{word}: {count}" for word, count in sorted(standings.items())),
    )  # fmt: skip
    assert sorted(named) == sorted(wanted)
    assert set(standings) == STANDINGS


def names_in(path):
    """Functions, methods, classes and constants of a Python file."""
    tree = ast.parse(source.read(path))
    nodes = list(tree.body)
    for node in nodes:
        if isinstance(node, ast.If | ast.Try):
            nodes += node.body
        if isinstance(node, ast.ClassDef):
            yield node.name
        for target in getattr(node, "targets", [getattr(node, "target", None)]):
            if isinstance(target, ast.Name):
                yield target.id
    yield from (name for name, _node in source.functions(tree))


@pytest.mark.slow
def test_what_the_table_names_is_there():
    """„erfüllt“ names a test, a symbol of the code or words of a file (`file::name`), never just a file."""
    wrong, known = [], {}
    for cell, standing, why in ROWS:
        named = re.findall(r"`((?:[\w.-]+/)*[\w.-]+)(?:::([^`]+))?`", why)
        paths = [
            (path, name) for path, name in named if "/" in path or name or (source.ROOT / path).is_file()
        ]
        if standing == "erfüllt" and not any(name for _path, name in paths):
            wrong.append(f"{cell}: is met, but by what?")
        if standing != "erfüllt" and len(why.split()) < 2:
            wrong.append(f"{cell}: {standing}, but why?")
        for path, name in paths:
            if not (source.ROOT / path).is_file():
                wrong.append(f"{cell}: there is no {path}")
            elif not name and standing == "erfüllt":
                wrong.append(f"{cell}: where in {path}?")
            elif name and path.endswith(".py"):
                if name not in known.setdefault(path, set(names_in(path))):
                    wrong.append(f"{cell}: there is no {name} in {path}")
            elif name and name not in source.read(path):
                wrong.append(f"{cell}: {path} does not say {name}")
    for file in re.findall(r"`(tests/[\w/]+\.py)`", PAPER):
        if not (source.ROOT / file).is_file():
            wrong.append(f"there is no {file}")
    none(wrong, "docs/sicherheit.md names what is not there:")


def test_own_scripts_are_small_modules_that_write_text_and_no_markup():
    """V3.2.2: text goes in as text. V15.3.6: nothing foreign becomes a key or code. V3.7.1: what any browser has."""
    wrong = []
    for path in source.files(".js", ".mjs"):
        if path.parts[0] == "tests":
            continue
        text = source.read(path)
        if path.parts[0] != "static" or len(text) > 4000:
            wrong.append(f"{path}: a small file in static/")
        wrong += [
            f"{path}: {word}"
            for word in re.findall(
                r"\b(?:inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\b|\bFunction\(|__proto__"
                r"|Object\.assign|setAttribute|createContextualFragment|setHTML\w*|postMessage|https?://",
                text,
            )
        ]
    for path in source.files(".html"):
        for tag in re.findall(r"<script(?! [^>]*ld\+json)[^>]*>", source.read(path)):
            if not re.fullmatch(r"""<script type="module" src="\{% static '\w+\.js' %\}">""", tag):
                wrong.append(f"{path}: {tag}")
    none(wrong, "A script of ours is a module in static/ that puts text into pages, never markup (trust.md):")


def test_every_library_is_locked_with_hashes(proof):
    """No index, no address, no version left open; what is known about them asks tests/audit.py."""
    wrong, libraries = [], set()
    for lock in ("requirements.lock", "dev.lock"):
        entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", source.read(lock)).strip())
        for entry in entries:
            libraries.add(entry.split("==")[0])
            pinned = re.match(r"[\w.\[\],-]+==[\w.!+]+", entry)
            if not pinned or "--hash=sha256:" not in entry or "://" in entry:
                wrong.append(f"{lock}: {entry.splitlines()[0]}")
    proof(
        "attacks", "Bibliotheken", tried=f"{len(libraries)} Bibliotheken in zwei Listen",
        expected="jede mit Version und Prüfsumme; bekannte Lücken fragt `tests/audit.py`", seen=f"{len(wrong)} ohne",
    )  # fmt: skip
    none(wrong, "Not locked with a hash (trust.md):")
    assert "nicht erreichbar" in PAPER
