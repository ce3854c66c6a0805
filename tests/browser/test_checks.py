"""The proof that the tests of access could fail: small pages that break what a check promises (`looking.py`).

Each is the sound page with something broken in it, and says what the check must answer. The sound page
itself is looked at, too: nothing may be said about it.
"""

from typing import NamedTuple

import pytest

from tests.browser.looking import CHECKS, Looking

ADDRESS = "/gegenprobe/"
DUTIES = "".join(
    f'<a href="/{path}/">{words}</a> '
    for path, words in (
        ("impressum", "Impressum"),
        ("datenschutz", "Datenschutz"),
        ("barrierefreiheit", "Barrierefreiheit"),
    )
)
SOUND = (
    "<!doctype html>\n<html lang=de><head><title>Probe – Portal</title><style>body { font: 18px/1.5 sans-serif; color: #111; "
    "background: #fff } a { display: inline-block; min-height: 28px; color: #00c } .skip:not(:focus) { position: absolute; top: -99px } "
    ":focus-visible { outline: 3px solid #00c } main { min-height: 300px } button { border: 1px solid #111; font: inherit; "
    "min-height: 44px; color: #111; background: #fff } input { min-height: 44px } "
    "@media print { .skip { display: none } } /*css*/</style></head><body><a class=skip href=#inhalt>Zum Inhalt springen</a>"
    f"<header><p>Portal</p></header><main id=inhalt><h1>Probe</h1><!--main--></main><footer>{DUTIES}</footer></body></html>"
)


class Broken(NamedTuple):
    """A page that breaks its check: what stands in it, and a part of each sentence that must be said."""

    check: str
    said: tuple[str, ...]
    main: str = ""
    css: str = ""
    instead: tuple[tuple[str, str], ...] = ()  # parts of the sound page → what stands there
    answer: str = ""  # of the sound page with this in it, when a form is sent

    def page(self):
        html = SOUND.replace("<!--main-->", self.main).replace("/*css*/", self.css)
        for part, other in self.instead:
            assert part in html, part
            html = html.replace(part, other)
        return html


PROSE = "<p class=low>Einige Wörter in einem Kasten, der genau für sie gemacht ist.</p>"
FORM = "<form method=post action=/gegenprobe/><label>Mail <input id=email name=email type=email autocomplete=email></label><button type=submit>Los</button></form>"
SUMMARY = '<div id=fehler tabindex=-1><a href="#email">Bitte eine Adresse</a></div>'
BROKEN = [
    Broken(
        "axe-core",
        ("1280 px: image-alt", "320 px: image-alt", "320 px: color-contrast", "1280 px: label", "320 px: label"),
        '<img class=gone src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><img class=late src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
        "<p class=pale>blass</p><input><div><label class=gone for=narrow>Nur breit</label><input id=narrow></div>",
        "@media (max-width: 400px) { .pale { color: #ddd } .gone { display: none } } @media (min-width: 401px) { .late { display: none } }",
    ),
    Broken("Nu HTML Checker", ("No “p” element in scope",), "<p>Ein Absatz<div>und ein Kasten</div></p>"),
    Broken(
        "Aufbau",
        ("2 × h1", "lang=en", "title „Probe“ names no page and site", "not one footer", "the first stop is no skip link",
         "a tabindex above 0", "reloads by itself", "moves, though less motion", "no link to /impressum/", "status without words", "oje"),
        "<h1>Noch eine</h1><a href=/ tabindex=3>Start</a><span class=tag> <b class=dot></b></span>"
        "<meta http-equiv=refresh content=600><script>console.error('oje')</script>",
        ".tag, .dot { display: inline-block; width: 24px; height: 24px; background: red } footer, div a { transition: color .2s }",
        (("lang=de", "lang=en"), ("Probe – Portal", "Probe"), ("footer>", "div>"), ("<a class=skip href=#inhalt>", "<a class=skip href=/>"),
         ("/impressum/", "/anderswo/")),
    ),
    Broken(
        "Tastaturfokus",
        ("no ring of 2 px: <a href=\"/1/\"", "is below 3:1: <a href=\"/2/\"", "hidden behind <p class=\"bar\"", "focused outside of the window: <a href=\"/4/\"",
         "only for the mouse: <span class=\"mouse\"", "Tab never comes to <a href=\"/6/\""),
        "<p><a href=/1/ class=bare>Eins</a></p><p><a href=/2/ class=faint>Zwei</a></p><p class=bar>davor</p><p><a href=/3/ class=under>Drei</a></p>"
        "<p><a href=/4/ class=away>Vier</a></p><span class=mouse>Fünf</span><p><a href=/6/ onfocus=this.blur()>Sechs</a></p>",
        ".bare { outline: 0 } .faint { outline-color: #ddd } .bar { position: fixed; top: 0; left: 0; width: 100%; height: 60px; margin: 0; background: #eee; z-index: 1 }"
        ".under { position: absolute; top: 9px; left: 9px } .away { position: fixed; left: -999px } .mouse { cursor: pointer }",
    ),
    Broken(
        "Tastaturfokus",
        ("Tab leads to the left: <a href=\"/1/\"", "Tab leads up: <a href=\"/3/\"", "Tab leads back in the page: <a href=\"/5/\"", "the first stop is no skip link"),
        "<div class=row><a href=/1/>Eins</a><a href=/2/>Zwei</a></div><div class=column><a href=/3/>Drei</a><a href=/4/>Vier</a></div>"
        "<p><a href=/5/ tabindex=1>Fünf</a></p>",
        ".row, .column { display: flex; flex-direction: row-reverse } .column { flex-direction: column-reverse }",
    ),
    Broken(
        "Tastaturfokus",
        ("Tab is caught and comes again to <a href=\"/1/\"", "Tab never comes to <a href=\"/impressum/\""),
        "<p><a href=/1/ onkeydown=event.preventDefault()>Eins</a></p>",
    ),
    Broken(
        "Tastaturfokus",
        ("Tab does not come back to the browser",),
        "<p><a href=/1/ onfocus=\"window.n = window.n || 0; if (n++ < 99) parentNode.appendChild(cloneNode(true))\">Eins</a></p>",
    ),
    Broken("Umbruch bei 320 px", ("scrolls sideways", "<p class=\"wide\""), "<p class=wide>breit</p>", ".wide { width: 400px }"),
    Broken("Textabstände", ("cut off: <p class=\"low\"",), PROSE, "@media (max-width: 400px) { .low { line-height: 1.1; height: 3.4em; overflow: hidden } }"),
    Broken("Text 200 %", ("cut off: <p class=\"low\"",), PROSE, ":root { font-size: 16px } .low { font-size: 1rem; height: 32px; overflow: hidden }"),
    Broken(
        "Zielgrößen",
        ("1280 px: small target of 12×12 px", "320 px: small target of 12×12 px", "main action of"),
        "<a href=/ class=dot aria-label=Start></a><form><button type=submit>Los</button></form>",
        ".dot { display: block; width: 12px; height: 12px; min-height: 0; background: #00c } button { min-height: 30px }",
    ),
    Broken(
        "erzwungene Farben",
        ("no border in forced colours: <button type=\"submit\" class=\"flat\"", "no ring of 2 px: <a href=\"/1/\""),
        "<form><button type=submit class=flat>Los</button></form><p><a href=/1/ class=glow>Eins</a></p>",
        ".flat { border: 0; background: #ddd } .glow:focus { outline: 0; box-shadow: 0 0 0 3px #00c }",
    ),
    Broken(
        "Druck",
        ("not printed: <p class=\"screen\"", "too pale on paper: <p class=\"pale\"", "stands on every sheet: <p class=\"bar\""),
        "<p class=screen>Nur am Bildschirm</p><p class=pale>Blass</p><p class=bar>Immer oben</p>",
        "@media print { .screen { display: none } .pale { color: #ccc } .bar { position: fixed; top: 0 } }",
    ),
    Broken(
        "ohne CSS",
        ("gone without CSS: <p style=\"display: none\"", "huge without CSS: <svg", "header, main and footer in another order",
         "said by CSS only: „Achtung“"),
        "<p style=\"display: none\">Nie zu sehen</p><svg viewBox=\"0 0 24 24\" class=icon aria-hidden=true><path d=M0,0h9v9z /></svg><p class=note>alles voll</p>",
        ".icon { width: 24px } .note::before { content: 'Achtung' } body { display: flex; flex-direction: column } header { order: -1 }",
        (("<header><p>Portal</p></header>", ""), ("<footer>", "<header><p>Portal</p></header><footer>")),
    ),
    Broken(
        "ohne JavaScript",
        ("does nothing without a script: <a> Toter Link", "does nothing without a script: <button> Tut nichts", "id doppelt twice",
         "<label for=\"nirgends\"> leads nowhere"),
        "<a>Toter Link</a><button type=button>Tut nichts</button><p id=doppelt></p><p id=doppelt></p><label for=nirgends>Feld</label>",
    ),
    Broken(
        "autocomplete",
        ("autocomplete is not email or username or off", "autocomplete is not postal-code"),
        "<label>Mail <input type=email name=email></label><label>Ort <input name=ort></label>",
    ),
    Broken("Fehlermeldungen", ("title is „Probe – Portal“", "no summary of mistakes"), FORM, answer=FORM),
    Broken(
        "Fehlermeldungen",
        ("not on the summary", "a link of the summary leads nowhere", "the summary names no mistake", "message is not at the field",
         "the summary does not lead to", "what was typed in email is gone"),
        FORM,
        answer=SUMMARY.replace("#email", "#nirgends") + FORM.replace("name=email", 'name=email aria-invalid=true'),
    ),
    Broken("Fehlermeldungen", ("no aria-invalid: <input id=\"email\"",), FORM, answer=SUMMARY + FORM),
    Broken(
        "nichts hinterlassen",
        ("besuch", "local: ['x']", "session: ['y']", "databases: ['z']", "http://127.0.0.1:9/zaehlpixel"),
        "<script>localStorage.x = sessionStorage.y = 1; indexedDB.open('z'); document.cookie = 'besuch=1'; new Image().src = 'http://127.0.0.1:9/zaehlpixel'</script>",
    ),
]  # fmt: skip


@pytest.fixture
def look_at(visit):
    """A function that looks at pages of its own, one after the other, as at the portal's."""
    page = visit()

    def show(looking, case):
        def answer(route):
            html = case.page() if route.request.method == "GET" else SOUND.replace("<!--main-->", case.answer)
            route.fulfill(body=html, content_type="text/html; charset=utf-8")

        page.route(f"**{ADDRESS}", answer)
        looking.open(case.check, ADDRESS)
        page.unroute(f"**{ADDRESS}")

    def look_at(*cases):
        looking = Looking(page)
        for case in cases:
            show(looking, case)
        return looking

    return look_at


def test_nothing_is_said_about_a_sound_page(look_at, tmp_path):
    looking = look_at(Broken("heil", ()))
    looking.validate(tmp_path)
    assert {name: found for name, found in looking.wrong.items() if found} == {}


def test_a_frame_that_looks_otherwise_is_looked_at_again(look_at):
    looking = look_at(Broken("heil", ()), Broken("Tastaturfokus", (), css="footer a:focus { outline: 0 }"))
    found = looking.wrong["Tastaturfokus"]
    assert not [line for line in found if line.startswith("heil")]
    for width in (1280, 320):
        words = f"Tastaturfokus, {width} px: no ring of 2 px"
        assert any(line.startswith(words) and "/datenschutz/" in line for line in found), words


def test_where_a_frame_is_known_the_content_is_looked_at(look_at):
    link = "<p><a href=/1/>Eins</a></p>"
    broken = link.replace("<a", '<a style="outline: 0" onkeydown=event.preventDefault()')
    looking = look_at(Broken("heil", (), link), Broken("Tastaturfokus", (), broken))
    assert len(looking.frames) == 3, "walked, by script on a phone, in forced colours"
    found = [*looking.wrong["Tastaturfokus"], *looking.wrong["erzwungene Farben"]]
    assert not [line for line in found if line.startswith("heil")]
    for words in (
        "1280 px: Tab is caught",
        "1280 px: no ring of 2 px",
        "320 px: no ring of 2 px",
        "Tastaturfokus: no ring of 2 px",
    ):
        assert any(words in line for line in found), words


def test_what_differs_on_a_phone_is_looked_at_on_every_page(look_at):
    """Also where a page before differed in the same way: what came, what lacks something that went, what looks otherwise."""
    main = (
        "<p class=wide>breit</p><p class=late>schmal</p><p class=pale>blass</p><p><label class=gone for=f>Feld</label> "
        "<input id=f autocomplete=off></p><div class=roll><p>rollt</p></div>"
    )
    css = "@media (max-width: 400px) { .wide, .gone { display: none } } @media (min-width: 401px) { .late { display: none } }"
    healthy = main.replace("<input", "<input aria-label=Feld")
    broken = main.replace("late", "late aria-live=maybe")
    worse = "@media (max-width: 400px) { .pale { color: #ddd } .roll { height: 40px; overflow: auto } .roll p { height: 400px } }"
    looking = look_at(Broken("heil", (), healthy, css), Broken("axe-core", (), broken, f"{css} {worse}"))
    assert len(looking.ways - {None}) == 1
    found = looking.wrong["axe-core"]
    assert not [line for line in found if not line.startswith("axe-core, 320 px")]
    for rule in ("aria-valid-attr-value", "color-contrast", "label", "scrollable-region-focusable"):
        assert any(line.startswith(f"axe-core, 320 px: {rule}") for line in found), rule


def test_every_check_reports_what_breaks_its_promise(look_at, proof, tmp_path):
    silent = {name: [] for name in CHECKS}
    for case in BROKEN:
        looking = look_at(case)
        if case.check == "Nu HTML Checker":
            looking.validate(tmp_path)
        found = "\n".join(looking.wrong[case.check])
        silent[case.check] += [f"{words} – but: {found}" for words in case.said if words not in found]
    for name, lines in silent.items():
        tried = sum(len(case.said) for case in BROKEN if case.check == name)
        proof(
            "access",
            f"Gegenprobe: {name}",
            tried=f"{tried} kaputte Stellen auf eigenen Seiten",
            expected="jede wird gemeldet",
            seen=f"{tried - len(lines)} gemeldet",
        )
    assert {case.check for case in BROKEN} == set(CHECKS), "each check has a page that breaks it"
    assert {name: lines for name, lines in silent.items() if lines} == {}
