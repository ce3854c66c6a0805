"""The first view of a page: at most 6 requests and 70 kB (performance.md: 85), as a real Chromium asks for them."""

import pytest
from playwright.sync_api import expect

from tests.bench.firstview import files

REQUESTS, BYTES = 6, 70_000


@pytest.mark.parametrize(
    "label", ["start", "initiatives:list", "volunteers:list", "volunteers:detail", "seminars:detail"]
)
def test_first_view_is_small(visit, started, label):
    page, path = visit(), started.addresses[label]
    page.goto(path, wait_until="networkidle")
    asked = sorted(url.removeprefix(page.base) for url in page.asked if not url.startswith("data:"))
    sizes = files(page.base, path)
    assert [url for url in asked if url not in sizes] == [], (
        "the count by hand knows all that Chromium asks for"
    )
    assert path in asked
    photos = [url for url in asked if url.startswith("/bilder/")]  # come as one scrolls to them
    expect(page.locator("img[src^='/bilder/']:not([loading=lazy])")).to_have_count(0)
    assert len(asked) - len(photos) <= REQUESTS
    assert sum(sizes.values()) <= BYTES, sizes
