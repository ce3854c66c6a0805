"""What of trust.md „Accessibility" needs no browser: the tables of the browser tests, the declaration, mails, time.

The browser's part is in `tests/browser/test_access.py`.
"""

import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings

from portal import accessibility, letters, retention
from portal.association import association
from tests import audience
from tests.browser import looking, visits
from tests.make import BERLIN
from tests.markup import Page
from tests.test_house import MAILS, none

TWENTY_HOURS = timedelta(hours=20)


# --- what the browser looks at -----------------------------------------------------------------------
def test_every_address_is_looked_at_or_says_why_not():
    seen = {visit.label for group in visits.visits().values() for visit in group}
    for_programs = (audience.MACHINE, audience.OPEN)
    machines = {name for name, page in audience.PAGES.items() if page.audience in for_programs}
    names = set(audience.url_names())
    none(names - seen - set(visits.NO_PAGE) - machines, "Neither looked at nor in NO_PAGE (visits.py):")
    none(set(visits.NO_PAGE) - names, "NO_PAGE (visits.py) names what is no address:")


def test_every_page_of_guests_says_what_its_states_are():
    """Empty, with mistakes, done, full: each is a state that is looked at, or says why it cannot be."""
    guests = {
        name
        for name, page in audience.PAGES.items()
        if page.audience in (audience.PUBLIC, audience.TOKEN) and name not in visits.NO_PAGE
    }
    none(guests - set(visits.FACES), "What does it look like when empty, wrong, done, full? Say so in FACES:")
    none(set(visits.FACES) - guests, "FACES (visits.py) names what is no page of guests:")
    seen = {visit.label for group in visits.visits().values() for visit in group} | set(visits.MISTAKES)
    told = {label for face in visits.FACES.values() for label in visits.named(face)}
    none(told - seen, "FACES (visits.py) names states that nobody makes:")
    states = set(audience.STATES) | set(audience.TOKEN_STATES)
    none(states - told, "A state of which page? Say so in FACES (visits.py):")
    none([name for name, face in visits.FACES.items() if not all(face)], "Each of the four needs an answer:")


# --- the declaration -----------------------------------------------------------------------------------
def test_declaration_reports_the_addresses_and_states_of_today():
    """After an address came or went: run and declare again (tests/browser/declare.py says how)."""
    declared = json.loads(accessibility.path().read_text())
    assert {name: declared[name] for name in ("addresses", "states")} == visits.summary()
    assert [check["name"] for check in declared["checks"]] == list(looking.CHECKS)
    assert [check["name"] for check in declared["checks"] if not check["looked"]] == []
    assert accessibility.results().day <= date.today()  # noqa: DTZ011


@pytest.mark.django_db
def test_declaration_shows_the_results_as_they_were_measured(client):
    association()
    results = accessibility.results()
    page = Page(client.get("/barrierefreiheit/").content.decode())
    shown = {dt.text: dt.parent.text for dt in page.all("dt")}
    told = {
        c.name: f"{c.name}{c.expected}{c.looked} Mal geprüft, Verstöße: {c.wrong}" for c in results.checks
    }
    assert shown == told
    said = page.one("main").text
    for fact in (
        f"{results.addresses} Adressen",
        f"in {results.views} Zuständen",
        f"Es hat {results.looked} Mal geprüft und {results.wrong} Verstöße gefunden.",
        "Selbstbewertung vom",
        "teilweise vereinbar",
        "Kein Mensch mit Behinderungen und niemand mit einem Bildschirmleser hat das Portal bisher geprüft.",
        "Durchsetzungs- und Überwachungsstelle",
        "(LBIT)",
        *results.tools,
    ):
        assert fact in said
    assert page.link("Barriere melden") == "http://testserver/barrierefreiheit/melden/"


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "told"), [(365, False), (366, True)])
def test_declaration_says_when_its_results_are_older_than_a_year(client, days, told):
    later = accessibility.results().day + timedelta(days=days)
    with time_machine.travel(datetime(later.year, later.month, later.day, 12, tzinfo=BERLIN), tick=False):
        page = client.get("/barrierefreiheit/").content.decode()
    assert ("Die Prüfung ist älter als ein Jahr und wird wiederholt." in page) is told


# --- mails as plain text -------------------------------------------------------------------------------
def _wordy(name):
    """A fact as long as it may come: German has long words."""
    if name.endswith("_url"):
        return f"https://portal.example.org/anmeldung/{name}/" + "x" * 90 + "/"
    if name in letters.BLOCKS:
        return "\n".join(
            ["- Samstag, 28. November 2026, 9–12 Uhr, Treffpunkt: Dorfgemeinschaftshaus Niederkleen"] * 3
        )
    return (
        f"{name}: Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsverordnung, Straße & <Platz> " * 2
    )


def _unreadable(letter):
    """What is wrong with a letter for somebody who reads its text alone."""
    lines = letter["text"].splitlines()
    links = [line for line in lines if "https://" in line]
    wrong = [f"a link shares its line: {line[:60]}" for line in links if " " in line]
    wrong += [
        f"{len(line)} columns: {line[:60]}"
        for line in lines
        if line not in links and len(line) > letters.WIDTH
    ]
    wrong += [
        f"of HTML: {found}" for found in re.findall(r"</?[a-z]+[ >]|&\w+;|\[image|\[cid:", letter["text"])
    ]
    wrong += [f"cannot be seen: {line!r}" for line in lines if re.search(r"[\u00ad\u200b\ufeff\t]", line)]
    plain = set(re.findall(r"https?://\S+", letter["text"]))
    shown = {a.get("href") for a in Page(letter["html"]).all("a")}
    return wrong + [f"only in the HTML: {url}" for url in shown - plain]


def test_every_mail_is_readable_as_plain_text(proof):
    wrong, longest = [], 0
    for mail in MAILS:
        letter = letters.write(
            str(mail.with_suffix("")), {n: _wordy(n) for n in letters.FACTS}, organisation=None
        )
        longest = max(longest, *(len(line) for line in letter["text"].splitlines() if "https://" not in line))
        wrong += [f"{mail}: {line}" for line in _unreadable(letter)]
    proof(
        "access",
        "Mails: als reiner Text lesbar",
        tried=f"{len(MAILS)} Arten, mit langen Wörtern und Links",
        expected=f"≤ {letters.WIDTH} Spalten, Links allein, kein HTML",
        seen=f"{len(wrong)} Verstöße, längste Zeile {longest}",
    )
    none(wrong, "Not readable as plain text:")


def test_a_mail_that_is_not_readable_as_plain_text_is_found():
    link = "https://portal.example.org/a/"
    letter = {
        "text": f"Hier: {link}\n{'Wort ' * 20}\n<b>fett</b> &nbsp; [image: Bild]\nAn\u00admeldung",
        "html": f'<a href="{link}">A</a> <a href="{link}b/">B</a>',
    }
    assert _unreadable(letter) == [
        f"a link shares its line: Hier: {link}",
        f"100 columns: {'Wort ' * 12}",
        *("of HTML: <b>", "of HTML: </b>", "of HTML: &nbsp;", "of HTML: [image"),
        "cannot be seen: 'An\\xadmeldung'",
        f"only in the HTML: {link}b/",
    ]


def test_mails_of_accounts_are_plain_text_only():
    """allauth's letters: one line is one sentence, links stand alone, nothing of HTML."""
    wrong = [
        f"{path.name}: {line}"
        for path in sorted(Path("templates/account/email").glob("*_message.txt"))
        for line in _of_html(path.read_text())
    ]
    none(wrong, "Not readable as plain text:")
    assert _of_html("Hier {{ url }}\n{{ url }}\n<b>fett</b> [image") == ["Hier {{ url }}", "<b>", "[image"]


def _of_html(template):
    lines = template.splitlines()
    shared = [line for line in lines if "url }}" in line and not line.strip().startswith("{{")]
    return shared + re.findall(r"<[a-z]+[ >]|\[image", template)


# --- time ----------------------------------------------------------------------------------------------
def test_no_time_limit_is_below_twenty_hours(proof):
    """WCAG 2.2.1; forms of guests bear it, too (test_barriers.py, test_signup_form.py)."""
    limits = {
        "Sitzung der Redaktion": timedelta(seconds=settings.SESSION_COOKIE_AGE),
        "Link zum Bestätigen": retention.K0_UNCONFIRMED,
        "Link zum neuen Passwort": timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
    }
    hours = {name: round(limit / timedelta(hours=1)) for name, limit in limits.items()}
    proof(
        "access",
        "Zeit: keine Frist unter 20 Stunden",
        tried=", ".join(limits),
        expected="≥ 20 Stunden",
        seen=", ".join(f"{value} h" for value in hours.values()),
    )
    assert {name: limit for name, limit in limits.items() if limit < TWENTY_HOURS} == {}
    assert not settings.SESSION_EXPIRE_AT_BROWSER_CLOSE
