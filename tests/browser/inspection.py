"""What a browser can say about a page: axe, what it stored and asked for; `checks.js` says the rest."""

import json

import pytest

WIDTHS = (1280, 320)  # px
TARGETS = '{"smallest": 24, "main": 44}'  # px (WCAG 2.2, 2.5.8; main actions: trust.md)

_STORED = """async () => ({
    local: Object.keys(localStorage), session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).map(d => d.name),
    caches: window.caches ? await caches.keys() : [], cookie: document.cookie })"""


def axe(page, known=None):
    """One line per violation: rule, where, and what to do.

    Of a page that was looked at before only what differs now, if it came and went in a `known` way; `known` learns.
    """
    way = page.evaluate("() => checks.differs()")
    whole = way is None or known is None or way not in known
    if known is not None:
        known.add(way)
    return page.evaluate(f"() => checks.violations({json.dumps(whole)})")


def problems(page, *, widths=WIDTHS):
    """What is wrong with the page as it stands, at each width: axe, targets, and scrolling sideways."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        lines = [f"axe {line}" for line in axe(page)] + page.evaluate(f"() => checks.targets({TARGETS})")
        if width == 320:
            lines += page.evaluate("() => checks.tooWide()")
        found += [f"{width} px: {line}" for line in lines]
    return found + page.complaints


def stored(page):
    """What the page left in the browser: cookies and every kind of storage, if any."""
    kept = page.evaluate(_STORED)
    cookies = [cookie["name"] for cookie in page.context.cookies()]
    return cookies + [f"{kind}: {names}" for kind, names in kept.items() if names]


def foreign(page):
    """Requests to anybody but the portal."""
    return [url for url in page.asked if not url.startswith((f"{page.base}/", "data:", "about:"))]


def sound(wrong):
    if wrong:
        pytest.fail("\n".join(dict.fromkeys(wrong)), pytrace=False)
