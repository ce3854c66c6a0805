"""What a browser can say about a page: axe, what it stored and asked for, its targets and its width."""

import pytest

from tests.browser.conftest import AXE

WIDTHS = (1280, 320)  # px
SMALLEST_TARGET = 24  # px (WCAG 2.2, 2.5.8)

_STORED = """async () => ({
    local: Object.keys(localStorage), session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).map(d => d.name),
    caches: window.caches ? await caches.keys() : [], cookie: document.cookie })"""
TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 1)
        .slice(0, 5).map(e => e.outerHTML.slice(0, 120));
}"""
# Targets smaller than 24 px; links in a sentence and boxes whose label is big enough may be (WCAG 2.5.8).
_SMALL = """smallest => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
    .filter(e => {
        const style = getComputedStyle(e), box = e.getBoundingClientRect();
        if (!box.width || style.visibility == "hidden" || e.closest("[aria-hidden=true]")) return false;
        if (box.bottom < 0 || box.right < 0) return false;
        if (box.width >= smallest && box.height >= smallest) return false;
        if (style.display == "inline") {
            const around = e.closest("p, li, dd, td, figcaption, label, small, div");
            return !(around && around.textContent.trim().length > e.textContent.trim().length);
        }
        const label = e.labels && e.labels[0];
        return !(label && label.getBoundingClientRect().height >= smallest);
    }).map(e => e.outerHTML.slice(0, 160))"""


def axe(page):
    """One line per violation: rule, where, and what to do."""
    if not page.evaluate("() => typeof window.axe === 'object'"):
        page.evaluate(AXE)
    found = page.evaluate(
        "() => axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})"
    )
    return [
        f"{violation['id']}: {node['target']} {node['html'][:140]} ({node['failureSummary'][:200]})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def problems(page, *, widths=WIDTHS, targets=True):
    """What is wrong with the page as it stands, at each width."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width} px: axe {line}" for line in axe(page)]
        if width == 320:
            found += [f"320 px: scrolls sideways, because of {html}" for html in page.evaluate(TOO_WIDE)]
        if targets:
            found += [f"{width} px: small target {html}" for html in page.evaluate(_SMALL, SMALLEST_TARGET)]
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
