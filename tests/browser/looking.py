"""One visit of a page, and everything that is checked on it: in one go, because opening pages is what costs."""

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from django.urls import reverse

from tests.browser.inspection import TARGETS, axe, foreign, stored
from tests.browser.visits import NO_MISTAKES
from tests.markup import Page

# What is checked (its name in the tables and in the declaration of accessibility) → how often per view.
CHECKS = {
    "axe-core": "keine Verstöße bei 1280 px und, wo etwas anders ist, bei 320 px",
    "Nu HTML Checker": "kein Fehler",
    "Aufbau": "eine h1, Bereiche, Sprache, Titel, Sprunglink, Pflichtlinks, auf Wunsch keine Bewegung",
    "Tastaturfokus": "mit Tab überall hin, der Reihe nach, zurück zum Browser; ≥ 2 px, 3:1, nie verdeckt (Kopf und Fuß einmal je Aussehen)",
    "Umbruch bei 320 px": "kein seitliches Rollen",
    "Textabstände": "nichts abgeschnitten (WCAG 1.4.12)",
    "Text 200 %": "nichts abgeschnitten (WCAG 1.4.4)",
    "Zielgrößen": "≥ 24 px, Hauptaktionen ≥ 44 px",
    "erzwungene Farben": "Ränder und Fokus bleiben (Kopf und Fuß einmal je Aussehen)",
    "Druck": "alles Lesbare, dunkel auf weiß",
    "ohne CSS": "alles da, in richtiger Folge",
    "ohne JavaScript": "jeder Knopf und Link tut etwas",
    "autocomplete": "passend zu jedem Feld",
    "Fehlermeldungen": "Titel, Übersicht mit Fokus und Links, Meldung am Feld, Eingaben bleiben",
    "nichts hinterlassen": "keine Cookies, kein Speicher, keine fremden Anfragen",
}
TAB = {"type": "rawKeyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
# The browser gives the focus to what has `autofocus` when it draws the page.
DRAWN = """kept => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(checks.errors(kept)))))"""
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 800}
VNU = Path(__file__).parent / "vnu"
JAR = VNU / "node_modules/vnu-jar/build/dist/vnu.jar"
# Django's jQuery tries out what a browser can do; that the CSP forbids it is harmless.
TRIED_OUT = "Applying inline style violates"
# Messages of the Nu HTML checker that are left out, each with its reason.
VNU_LEFT_OUT: dict[str, str] = {}


class Looking:
    """Looks at views with one page; `.looked` and `.wrong` count and list per check."""

    def __init__(self, page, *, private=False):
        self.page, self.private = page, private
        self.looked, self.wrong, self.sources = Counter(), {name: [] for name in CHECKS}, {}
        self.forms, self.tried = {}, set()  # label → forms to fill in; those that were sent with mistakes
        self.walked = {""}  # in which ways pages with 320 px have other stops
        self.frames = set()  # what stood around the content, and how it was looked at
        self.ways = set()  # in which pages differ between the widths

    def check(self, name, label, found):
        self.looked[name] += 1
        self.wrong[name] += [f"{label}: {line}" for line in found]

    def js(self, call):
        return self.page.evaluate(f"() => checks.{call}")

    def open(self, label, address, *, status=200):
        """Open the address and look; then send each of its forms with mistakes, and look again."""
        page = self.page
        page.set_viewport_size(WIDE)
        answer = page.goto(address)
        if status != 200:
            page.complaints.clear()  # the browser notes the status
        if answer.status != status or "text/html" not in answer.headers["content-type"]:
            page.complaints.clear()
            self.check(
                "Aufbau", label, [f"{address} answers {answer.status} {answer.headers['content-type']}"]
            )
            return
        html, forms = answer.text(), self.js("unfold() && checks.forms()")
        self.forms[label] = [form["key"] for form in forms]
        self.look(label, html)
        fresh = True
        for form in forms:
            if form["key"] in self.tried or form["key"] in NO_MISTAKES:
                continue
            self.tried.add(form["key"])
            page.set_viewport_size(WIDE)
            if not fresh:
                page.goto(address)
            fresh = False
            self.mistake(label, form)

    def mistake(self, label, form):
        page = self.page
        with page.expect_navigation() as answered:
            kept = page.evaluate(f"() => checks.unfold() && checks.mistake({form['number']})")
        label = f"{label}, Formular mit Fehlern"
        self.check("Fehlermeldungen", label, page.evaluate(DRAWN, kept))
        page.complaints.clear()  # the browser notes the status
        self.look(label, answered.value.text())

    def look(self, label, html):
        """Everything about the page as it stands."""
        page = self.page
        self.sources[label] = html
        complaints = [line for line in page.complaints if not line.startswith(TRIED_OUT)]
        self.check("Aufbau", label, [*self.js("structure()"), *complaints])
        page.complaints.clear()
        if reverse("admin:index") not in page.url:  # there staff enter what others told them (WCAG 1.3.5)
            self.check("autocomplete", label, self.js("autocomplete()"))
        self.check("ohne JavaScript", label, needs_script(Page(html)))
        self.at_width(label, 1280)
        self.check("Text 200 %", label, self.js("bigText()"))
        self.check("ohne CSS", label, self.js("withoutStyles()"))
        self.js("others()")
        self.check("Tastaturfokus", f"{label}, 1280 px", self.walk())
        self.js("remember()")
        page.emulate_media(media="print")
        self.check("Druck", label, self.js("print()"))
        page.emulate_media(media="screen")
        page.set_viewport_size(NARROW)
        self.at_width(label, 320)
        self.check("Umbruch bei 320 px", label, self.js("tooWide()"))
        self.check("Textabstände", label, self.js("spacing()"))
        self.check("Tastaturfokus", f"{label}, 320 px", self.narrow())
        page.emulate_media(forced_colors="active")
        self.check("erzwungene Farben", label, self.js(f"forced({self.knows_frame('forced colours')})"))
        page.emulate_media(forced_colors="none")
        self.check("nichts hinterlassen", label, foreign(page) + ([] if self.private else stored(page)))

    def at_width(self, label, width):
        self.check("axe-core", f"{label}, {width} px", axe(self.page, self.ways))
        self.check("Zielgrößen", f"{label}, {width} px", self.js(f"targets({TARGETS})"))

    def walk(self):
        """Press Tab, as a hand does, from the top of the page until the focus is back at the browser.

        Header and footer are walked once in each way they look; then Tab leads from them through the content and
        back to them, and each of their stops is looked at by script.
        """
        known = self.knows_frame(self.page.viewport_size["width"])
        for _again in range(2):  # once in a thousand walks the browser keeps the focus for itself
            self.press_tab(known)
            if self.js("stepped()"):
                break
        return self.js("walked()")

    def knows_frame(self, how):
        """Whether header and footer stood like this before, looked at in the same way; „true“ or „false“ for a script."""
        frame = (how, self.js("frame()"))
        known = frame in self.frames
        self.frames.add(frame)
        return json.dumps(known)

    def press_tab(self, known):
        keys = self.page.context.new_cdp_session(self.page)
        least, most = self.js(f"start({known})")
        for pressed in range(1, most + 1):
            keys.send("Input.dispatchKeyEvent", TAB)
            if pressed >= least and (pressed - least) % 4 == 0 and self.js("over()"):
                break
        keys.detach()

    def narrow(self):
        """Walk at 320 px, too, where other stops are there than at 1280 px and nobody has walked yet."""
        others = self.js("others()")
        if others in self.walked:
            return self.js(f"focused({self.knows_frame('320 px, by script')})")
        self.walked.add(others)
        return self.walk()

    def validate(self, folder):
        """All HTML that was seen, in one run of the Nu HTML checker."""
        found = nu_html_checker(self.sources, folder)
        self.looked["Nu HTML Checker"] += len(self.sources)
        self.wrong["Nu HTML Checker"] += found

    def prove(self, proof, who):
        """A row per check, then the failure if anything is wrong; with PROOFS_DIR also as numbers."""
        views = len(self.sources)
        for name, expected in CHECKS.items():
            if self.looked[name]:
                proof(
                    "access",
                    f"{who}: {name}",
                    tried=f"{self.looked[name]} Prüfungen auf {views} Seiten und Zuständen",
                    expected=expected,
                    seen=f"{len(self.wrong[name])} Verstöße",
                )
        if folder := os.environ.get("PROOFS_DIR"):
            numbers = {name: [self.looked[name], len(self.wrong[name])] for name in CHECKS}
            target = Path(folder) / "access"
            target.mkdir(parents=True, exist_ok=True)
            (target / f"{who}.json").write_text(
                json.dumps({"views": views, "checks": numbers}, ensure_ascii=False)
            )
        lines = [f"{name}: {line}" for name, found in self.wrong.items() for line in dict.fromkeys(found)]
        if lines:
            pytest.fail("\n".join(lines), pytrace=False)


def needs_script(page):
    """What would do nothing without a script, and what the HTML says wrong about itself."""
    dead = [a for a in page.all("a") if not a.get("href")]
    dead += [
        b
        for b in page.all("button")
        if not (b.inside("form") or b.get("form") or b.get("popovertarget") or "hidden" in b.attributes)
    ]
    return [f"does nothing without a script: <{e.tag}> {e.text}" for e in dead] + page.faults


def nu_html_checker(sources, folder):
    """One line per error of these pages, label → HTML; warnings count, too."""
    if not JAR.exists() or not shutil.which("java"):
        pytest.skip(
            "braucht den Nu HTML Checker: apt install default-jre-headless npm && "
            f"npm ci --ignore-scripts --prefix {VNU.relative_to(Path.cwd())}"
        )
    labels = {}
    for number, (label, html) in enumerate(sources.items()):
        path = folder / f"{number}.html"
        path.write_text(html)
        labels[path.as_uri().replace("file://", "file:")] = label
    done = subprocess.run(
        [
            *("java", "-Xss2m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", JAR),  # half the time
            *("--stdout", "--exit-zero-always", "--format", "json"),
            *folder.glob("*.html"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return [
        f"{labels.get(said.get('url'), said.get('url'))}: {said['message']} ({said.get('extract', '').strip()[:120]})"
        for said in json.loads(done.stdout)["messages"]
        if said["message"] not in VNU_LEFT_OUT
    ]
