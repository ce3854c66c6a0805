"""Vendored files are unmodified, and what the first view loads stays within its budget (performance.md)."""

import hashlib
import re
from pathlib import Path

import brotli
import pytest

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
BLOCK = re.compile(r"(/\* topic drawings: begin.*?\*/\n).*?(/\* topic drawings: end \*/)", re.DOTALL)
TOPICS = {
    "feuerwehr", "soziales", "kultur", "sport", "umwelt", "integration",
    "jugend", "senioren", "bildung", "gesundheit", "dorfentwicklung", "digitales",
}  # fmt: skip
IDEAS = {"buergerbus"}  # no topic's drawing fits


def topic_rules():
    """The CSS rules that carry the drawings as `data:` pictures."""
    rules = []
    for path in sorted((STATIC / "topics").glob("*.svg")):
        data = path.read_text().strip().replace("\n", "").replace('"', "'")
        for char, code in [("%", "%25"), ("#", "%23"), ("<", "%3C"), (">", "%3E")]:
            data = data.replace(char, code)
        rules.append(f'.topic--{path.stem} {{ background-image: url("data:image/svg+xml,{data}"); }}\n')
    return "".join(rules)


@pytest.mark.parametrize("folder", ["static/vendor", "tests/browser/vendor", "tests/vendor"])
def test_vendored_files_have_the_hashes_that_are_written_down(folder):
    base = ROOT / folder
    listed = dict(reversed(line.split("  ")) for line in (base / "HASHES").read_text().splitlines())
    found = {
        str(path.relative_to(base)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in base.rglob("*")
        if path.is_file() and path.name not in {"HASHES", "README.md"}
    }
    assert found == listed


def test_vendored_licences_stand_beside_their_files():
    vendor = STATIC / "vendor"
    assert "EUROPÄISCHE UNION PUBLIC LICENCE v. 1.2" in (vendor / "kern/LICENSE.md").read_text()
    assert "SIL OPEN FONT LICENSE Version 1.1" in (vendor / "fira-sans/OFL.txt").read_text()
    assert (
        "Mozilla Public License, version 2.0" in (ROOT / "tests/browser/vendor/axe-LICENSE.txt").read_text()
    )
    assert "Apache License" in (ROOT / "tests/vendor/compose-spec-LICENSE.txt").read_text()


def test_every_topic_has_a_small_drawing():
    sizes = {path.stem: path.stat().st_size for path in (STATIC / "topics").glob("*.svg")}
    assert set(sizes) == TOPICS | IDEAS
    assert {slug: size for slug, size in sizes.items() if size > 1500} == {}


def test_stylesheet_carries_the_topic_drawings_as_they_are():
    inside = BLOCK.search((STATIC / "portal.css").read_text())[0].split("\n", 1)[1].rsplit("/*", 1)[0]
    assert inside == topic_rules(), "write it anew: python tests/test_static.py"


def test_stylesheets_load_only_the_two_font_files_and_data_pictures():
    loaded = set()
    for name in ["portal.css", "vendor/kern/kern.min.css"]:
        css = (STATIC / name).read_text()
        loaded |= {
            url for url in re.findall(r'url\(["\']?([^"\')]{1,80})', css) if not url.startswith("data:")
        }
        loaded |= set(re.findall(r"@import[^;]*", css))
    assert loaded == {
        "vendor/fira-sans/fira-sans-latin-400-normal.woff2",
        "vendor/fira-sans/fira-sans-latin-600-normal.woff2",
    }


@pytest.mark.slow
def test_static_part_of_the_first_view_leaves_room_for_the_page():
    """70 kB in all (the limit of performance.md is 85); a page with 24 cards has about 6 kB."""
    fonts = sum(path.stat().st_size for path in (STATIC / "vendor/fira-sans").glob("*.woff2"))
    sheets = sum(
        len(brotli.compress((STATIC / name).read_bytes()))
        for name in ["portal.css", "vendor/kern/kern.min.css"]
    )
    assert fonts + sheets <= 62_000


if __name__ == "__main__":
    sheet = STATIC / "portal.css"
    sheet.write_text(BLOCK.sub(lambda found: found[1] + topic_rules() + found[2], sheet.read_text()))
