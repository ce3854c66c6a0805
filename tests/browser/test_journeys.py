"""Paths in a real browser: by keyboard only, without JavaScript, and under another host name."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import HOST
from tests.browser.inspection import foreign, problems, sound, stored
from tests.guest import link_in

FOCUSED = """() => {
    const e = document.activeElement;
    if (!e || e === document.body) return null;
    const style = getComputedStyle(e), box = e.getClientRects()[0];  // of a link that wraps its first line
    const x = Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1);
    const y = Math.min(Math.max(box.y + box.height / 2, 0), innerHeight - 1);
    const top = document.elementFromPoint(x, y);
    const ring = s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2;
    // A card shows the focus of the link that covers it.
    const outlined = ring(style) || [e.closest("li"), e.closest("article")].some(c => c && ring(getComputedStyle(c)));
    const label = e.labels && e.labels[0] ? e.labels[0].textContent : "";
    return { words: (label || e.getAttribute("aria-label") || e.textContent || (e.type === "submit" && e.value) || "").trim().replace(/\\s+/g, " "),
             html: e.outerHTML.slice(0, 120), tag: e.tagName.toLowerCase(),
             visible: outlined || style.boxShadow !== "none",
             covered: !(top && (top === e || e.contains(top) || top.contains(e)
                                || (e.labels && [...e.labels].some(l => l.contains(top))))) };
}"""


def tab_to(page, words, tag=None):
    """Press Tab until the element with these words has the focus; every stop on the way must be seen."""
    for _step in range(120):
        page.keyboard.press("Tab")
        page.stops = getattr(page, "stops", 0) + 1
        focused = page.evaluate(FOCUSED)
        if focused is None:
            continue
        assert focused["visible"], f"focus is not seen on {focused['html']}"
        assert not focused["covered"], f"focus is covered on {focused['html']}"
        if focused["words"].startswith(words) and tag in (None, focused["tag"]):
            return
    raise AssertionError(f"Tab never reaches {words!r} on {page.url}")


def walked(proof, page, journey):
    proof(
        "access",
        f"Nur mit der Tastatur: {journey}",
        tried="Tab, Leertaste, Eingabetaste und Buchstaben",
        expected="am Ziel; Fokus überall sichtbar, nie verdeckt",
        seen=f"am Ziel nach {page.stops} Halten",
    )


def mail_link(started, part, *, to, subject):
    text = started.wait_for_mail(to=to, subject=subject)[-1].get_body(("plain",)).get_content()
    return link_in(text, part)


@pytest.fixture
def action(started):
    return started.addresses["volunteers:detail"]


def test_guest_signs_up_and_gives_back_by_keyboard_only(visit, started, action, proof):
    """From the start page to the seat and back, with Tab, Space, Enter and letters."""
    page = visit()
    page.goto("/")
    tab_to(page, "Postleitzahl oder Ort")
    page.keyboard.type("35423")
    page.keyboard.press("Enter")
    page.wait_for_url("**/mitmachen/?*")
    tab_to(page, "Bachputz an der Wetter", "a")
    page.goto(action)  # several actions have this title
    first = page.locator("input[name=slots]").first
    words = first.evaluate("e => e.labels[0].textContent.trim().replace(/\\s+/g, ' ')")
    tab_to(page, words, "input")
    page.keyboard.press("Space")
    tab_to(page, "Ihr Name", "input")
    page.keyboard.type("Kim Tastatur")
    tab_to(page, "Ihre E-Mail-Adresse", "input")
    page.keyboard.type("tastatur@example.org")
    tab_to(page, page.locator("input[name=age]").evaluate("e => e.labels[0].textContent.trim()"), "input")
    page.keyboard.press("Space")
    tab_to(page, "Ich helfe mit", "button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/anmeldung/gesendet/**")
    sound(problems(page))
    page.goto(
        mail_link(started, "anmeldung/bestaetigen", to="tastatur@example.org", subject="Noch ein Klick:")
    )
    tab_to(page, "Platz sichern", "button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/anmeldung/meine/**")
    expect(page.locator("h1")).to_have_text("Ihr Platz ist sicher")
    sound(problems(page))
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(mail_link(started, "anmeldung/freigeben", to="tastatur@example.org", subject="Platz sicher:"))
    tab_to(page, "Platz freigeben", "button")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Ihr Platz ist freigegeben")
    walked(proof, page, "Anmelden, bestätigen, freigeben")
    sound(problems(page) + stored(page) + foreign(page))


def test_guest_reports_a_barrier_by_keyboard_only(visit, started, proof):
    """From the footer to the thanks; a mistake on the way leads by its link to the field."""
    page = visit(viewport={"width": 320, "height": 800})
    page.goto("/")
    tab_to(page, "Barrierefreiheit", "a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/barrierefreiheit/")
    tab_to(page, "Barriere melden", "a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/barrierefreiheit/melden/")
    tab_to(page, "Absenden", "button")
    page.keyboard.press("Enter")
    expect(page.locator("#fehler")).to_be_focused()
    page.complaints.clear()  # the browser notes the 422
    tab_to(page, "Was wollten Sie tun", "a")
    page.keyboard.press("Enter")
    expect(page.locator("#id_what")).to_be_focused()
    page.keyboard.type("Das Menü liest mein Bildschirmleser nicht vor.")
    tab_to(page, "Absenden", "button")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Danke für Ihren Hinweis")
    walked(proof, page, "Barriere melden, mit einem Fehler")
    sound(problems(page) + stored(page) + foreign(page))
    text = started.wait_for_mail(subject="Barriere gemeldet:")[-1].get_body(("plain",)).get_content()
    assert "Das Menü liest mein Bildschirmleser nicht vor." in " ".join(text.split())


def test_clerk_enters_a_caller_by_keyboard_only(visit, started, proof):
    """With a mistake first: the summary has the focus, its link leads to the field."""
    page = visit(staff="clerk")
    page.goto(started.addresses["admin:volunteers_shift_phone"])
    tab_to(page, "Eintragen", "input")
    page.keyboard.press("Enter")
    expect(page.locator("#fehler")).to_be_focused()
    tab_to(page, "Name", "a")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Kim Anruf")
    tab_to(page, "Telefon (freiwillig)", "input")
    page.keyboard.type("06404 806123")
    tab_to(page, "Am Telefon geklärt", "input")
    page.keyboard.press("Space")
    tab_to(page, "Eintragen", "input")
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("Kim Anruf")
    walked(proof, page, "Redaktion: Anruf eintragen, mit einem Fehler")


@pytest.mark.parametrize("host", [None, HOST])
def test_guest_signs_up_without_javascript(visit, started, action, host, proof):
    page = visit(java_script_enabled=False, host=host, viewport={"width": 320, "height": 700})
    email = f"ohne-{host or 'localhost'}@example.org"
    page.goto(action)
    page.locator("input[name=slots]").first.check()
    page.get_by_label("Ihr Name").fill("Kim Ohneskript")
    page.get_by_label("Ihre E-Mail-Adresse").fill(email)
    page.locator("input[name=age]").check()
    page.get_by_role("button", name="Ich helfe mit").click()
    expect(page.locator("h1")).to_have_text("Noch nicht fest")
    link = mail_link(started, "anmeldung/bestaetigen", to=email, subject="Noch ein Klick:")
    page.goto(link.replace(started.url, page.base))
    page.get_by_role("button", name="Platz sichern").click()
    expect(page.locator("h1")).to_have_text("Ihr Platz ist sicher")
    left = page.context.cookies() + foreign(page)
    proof(
        "access",
        "Ohne JavaScript: Anmelden und bestätigen",
        tried=f"320 px, Rechnername {'ein anderer' if host else 'localhost'}",
        expected="Platz sicher, keine Cookies, nichts Fremdes",
        seen=f"Platz sicher, {len(left)} Spuren",
    )
    assert left == []


def test_errors_are_named_in_title_summary_and_at_the_field(visit, action):
    page = visit()
    page.goto(action)
    page.get_by_label("Ihr Name").fill("Kim Muster")
    page.get_by_role("button", name="Ich helfe mit").click()
    expect(page).to_have_title(re.compile("^Fehler:"))
    page.complaints.clear()  # the browser notes the 422
    summary = page.locator("#fehler")
    expect(summary).to_be_focused()
    expect(page.get_by_label("Ihr Name")).to_have_value("Kim Muster")
    email = page.get_by_label("Ihre E-Mail-Adresse")
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description(re.compile("Bitte geben Sie Ihre E-Mail-Adresse ein."))
    for link in summary.get_by_role("link").all():
        expect(page.locator(link.get_attribute("href"))).to_have_count(1)
    sound(problems(page) + stored(page))
    summary.get_by_role("link", name=re.compile("E-Mail")).click()
    expect(email).to_be_focused()


def test_skip_link_leads_past_the_navigation(visit):
    page = visit()
    page.goto("/initiativen/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Zum Inhalt springen")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#inhalt")).to_be_focused()


def test_menu_on_a_phone_opens_and_leads_on(visit):
    page = visit(viewport={"width": 320, "height": 700})
    page.goto("/")
    page.get_by_role("button", name="Menü", exact=True).click()
    menu = page.get_by_role("navigation", name="Hauptmenü")
    expect(menu.get_by_role("link", name="Orte")).to_be_visible()
    sound(problems(page, widths=(320,)))
    menu.get_by_role("link", name="Orte").click()
    page.wait_for_url("**/orte/")


def test_menu_on_a_phone_works_by_keyboard_only(visit, proof):
    page = visit(viewport={"width": 320, "height": 700})
    page.goto("/")
    tab_to(page, "Menü", "button")
    page.keyboard.press("Enter")
    menu = page.get_by_role("navigation", name="Hauptmenü")
    expect(menu).to_be_visible()
    for link in menu.get_by_role("link").all():
        tab_to(page, link.inner_text(), "a")
        expect(link).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.get_by_role("button", name="Menü", exact=True)).to_be_focused()
    walked(proof, page, "Menü bei 320 px, öffnen, durchgehen, schließen")
