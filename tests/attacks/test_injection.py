"""What comes in and where it could go on as something else: headers, mails, calendars, Markdown, logs, files."""

import io
import json
import logging
import re
import unicodedata
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import models
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from icalendar import Calendar

from portal import delivery, inputs, logs, markdown, middleware, signups
from portal.models import Booking, Mail, Membership
from seminars.models import SessionSignup
from tests import audience, effort, make, source
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff, typed
from tests.test_house import none
from volunteers.models import Watch

pytestmark = pytest.mark.django_db

# What a person never types; what is stored of it must be harmless, and no answer is a 500.
HOSTILE = {
    "Kopfzeile": "Kim\r\nBcc: opfer@example.org",
    "Zeile": "Kim\nX: y",
    "NUL": "Kim\x00Muster",
    "einzelnes Surrogat": "Kim\ud800",
    "rechts nach links": "Kim\u202egnuH",
    "Isolat": "\u2067Kim\u2069",
    "ohne Breite": "K\u200bi\u200dm\ufeff",
    "Zeilentrenner": "Kim\u2028Muster",
    "Steuerzeichen C1": "Kim\x9bMuster",
    "zerlegt": "Ki\u0301m",
    "Zalgo": "K" + "\u0301" * 60,
    "Adresse": "http://evil.example",
    "Adresse mit vollbreiten Zeichen": "ｈｔｔｐ：／／evil.example",
    "Domain": "gewinn.example/jetzt",
    "Markup": "<script>alert(1)</script>",
    "Attribut": '" onfocus="alert(1)" x="',
    "Vorlage": "{{ 7|add:7 }}{% debug %}{0.__class__}",
    "Formel": "=HYPERLINK(\"http://evil.example\")",
    "Formel mit Tabulator": "\t@SUM(1+1)*cmd|' /C calc'!A0",
    "SQL": "' OR 1=1; DROP TABLE portal_booking; --",
    "Pfad": "../../../etc/passwd%00.png",
    "Shell": "$(id)`id`;id|id",
    "100 kB": "ﷺ" * 11_000,  # as a browser sends it
    "nur Leeres": "\u00a0\u3000 ",
    "Kein Zeichen": "\ufffe\U0010ffff",
}  # fmt: skip
ENCODED, OURS = "application/x-www-form-urlencoded", "http://testserver"
TEXT = ("text", "email", "tel", "search", "")


def forms(client, rows):
    """Every form that a guest can post: (label, address, fields, names of what one types)."""
    found = {}
    for label, address in (audience.public_addresses(rows) | audience.token_addresses(rows)).items():
        page = Page(client.get(address).content.decode(), f"http://testserver{address}")
        typed_names = {
            e.get("name") for tag in ("input", "textarea") for e in page.all(tag)
            if e.get("name") and (e.get("type") or "") in TEXT
        }  # fmt: skip
        for action, fields in page.posts():
            names = sorted(
                {name for name, _value in fields} & typed_names - {"betreff"}
            )  # the trap has a test of its own
            key = (*urlsplit(action).path.split("/")[1:3], *sorted({name for name, _value in fields}))
            if names:
                found.setdefault(key, (label, action, dict(fields), names))
    return list(found.values())


def complete(fields):
    """The rest of the form as somebody fills it in."""
    said = {"name": "Kim Muster", "email": "kim@example.org", "ort": "35423 Lich", "municipality": "Stadt Lich",
            "function": "staff", "age": "on", "betreff": ""}  # fmt: skip
    return fields | {name: value for name, value in said.items() if name in fields or name == "age"}


def stored():
    """Every text that a guest's form leaves in the database."""
    for model, columns in (
        (Booking, ("name", "email", "phone")), (SessionSignup, ("municipality",)), (Watch, ("email", "place")),
        (Mail, ("to", "subject", "reply_to")),
    ):  # fmt: skip
        for row in model.objects.values_list(*columns):
            yield from row


@pytest.mark.slow
@pytest.mark.logs_errors  # Django notes refused input
def test_hostile_text_in_every_field_of_every_public_form(rows, proof):
    """Every form × every field × every kind: a clear answer, and nothing harmful is stored."""
    client = Client(raise_request_exception=False)
    every = forms(client, rows)
    before, statuses, wrong = set(stored()), Counter(), []
    for label, action, fields, names in every:
        for name in names:
            for kind, text in HOSTILE.items():
                client.defaults["REMOTE_ADDR"] = f"10.1.{statuses.total() // 250}.{statuses.total() % 250}"
                body = urlencode(complete(fields) | {name: text}, doseq=True, errors="surrogatepass")
                response = client.post(action, body, content_type=ENCODED, headers={"origin": OURS})
                statuses[response.status_code] += 1
                if response.status_code not in (303, 400, 404, 422, 200):
                    wrong.append(f"{label}, {name}, {kind}: {response.status_code}")
                elif response.status_code in (200, 422) and kind in ("Markup", "Attribut"):
                    page = Page(response.content.decode())
                    wrong += [f"{label}, {name}, {kind}: {fault}" for fault in page.faults]
                    wrong += [f"{label}, {name}, {kind}: a script" for _s in page.inline_scripts()]
    new = set(stored()) - before
    bad = [
        text for text in new
        if text != unicodedata.normalize("NFC", text)
        or any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in text)
        or re.search(r"https?:|[<>]|^[=+@\t]", text.replace("+49", ""))
    ]  # fmt: skip
    proof(
        "attacks", "Eingaben: jedes Feld jedes Formulars",
        tried=f"{len(every)} Formulare, {statuses.total()} Eingaben, {len(HOSTILE)} Arten (Kopfzeilen, Unicode, Markup, 100 kB …)",
        expected="klare Antwort, nichts Schädliches gespeichert",
        seen=f"{len(wrong)} anderes, {len(bad)} von {len(new)} neuen Texten schädlich; Antworten {sorted(statuses)}",
    )  # fmt: skip
    none(wrong, "A clear page, never a 500 (trust.md „Input“):")
    assert bad == []
    assert len(every) >= 7
    assert 303 in statuses


HUGE = ["ﷺ", "@", "\u0301", "kim@ä"]  # the last character again and again, in every field
SIZES = (1_000, 4_000)  # characters
PER_CHARACTER = 12  # calls: taking „%EF%B7%BA“ apart is six; IDNA was 860


@pytest.mark.slow
@pytest.mark.sqlite  # no matter of the database: once is enough for CI
@pytest.mark.logs_errors  # Django notes refused input
def test_a_long_text_costs_no_more_than_reading_it(rows, proof):
    """Every form × every field × what made IDNA, patterns and normalisation slow: few calls per further character."""
    client, grown, number = Client(raise_request_exception=False), {}, 0
    every = forms(client, rows)
    for label, action, fields, names in every:
        for name in names:
            for text in HUGE:
                number += 1
                client.defaults["REMOTE_ADDR"] = f"10.4.{number // 250}.{number % 250}"
                cost = []
                for size in SIZES:
                    body = urlencode(complete(fields) | {name: text + text[-1] * size}, doseq=True)
                    post = lambda: client.post(action, body, content_type=ENCODED, headers={"origin": OURS})  # noqa: B023, E731
                    cost.append(effort.calls(post)[1])
                grown[label, name, text] = (cost[1] - cost[0]) / (SIZES[1] - SIZES[0])
    worst = max(grown, key=grown.get)
    proof(
        "attacks", "Riesige Eingaben rechnen lassen", tried=f"{len(every)} Formulare, jedes Feld, {len(HUGE)} Arten, {SIZES[0]} und {SIZES[1]} Zeichen",
        expected=f"höchstens {PER_CHARACTER} Aufrufe je Zeichen mehr", seen=f"höchstens {grown[worst]:.1f}: {' '.join(worst[:2])}",
    )  # fmt: skip
    assert grown[worst] <= PER_CHARACTER, worst
    assert len(every) >= 7


LOOKALIKES = ["Кim Мuster", "Ꮶim Muster", "Kıra Muster", "Ｋim Muster"]
UNSEEN = ["Kim\u2060Muster", "K\u034fim", "\u3164\u3164", "Kim\uffa0Muster", "K\u115fim"]


def test_names_of_other_scripts_are_names_and_invisible_characters_are_not(proof):
    """A person's own script is no attack: Greek, Cyrillic, Arabic pass; what cannot be seen is refused in German."""
    passed = {}
    for name in [
        "Ελένη Παπαδοπούλου",
        "Олена Шевченко",
        "محمد العلي",
        "Nguyễn Thị Hà",
        "Günther Öß",
        *LOOKALIKES,
        *UNSEEN,
    ]:
        try:
            passed[name] = inputs.clean_name(name)
        except inputs.ValidationError:
            passed[name] = None
    refused = [name for name, clean in passed.items() if clean is None]
    proof(
        "attacks", "Unsichtbare und ähnliche Zeichen in Namen", tried=f"{len(passed)} Namen: fünf Schriften, gleich aussehende und unsichtbare Zeichen",
        expected=f"Namen jeder Schrift gehen, {len(UNSEEN)} mit unsichtbaren Zeichen nicht", seen=f"abgelehnt: {len(refused)}",
    )  # fmt: skip
    assert refused == UNSEEN


# --- mails ---------------------------------------------------------------------------------------------


def test_nothing_that_staff_or_guests_type_becomes_a_header_of_a_mail(smtp, proof):
    """Line breaks in titles and names of the Redaktion, posted by hand past the one-line fields; real SMTP."""
    inject = "Bachputz\r\nBcc: opfer@example.org\r\n\r\nGewinn"
    organisation = make.organisation("Stadt Lich\r\nBcc: opfer@example.org")
    opportunity = make.opportunity(
        organisation=organisation, title=inject, meeting_point=inject, contact=inject, organiser=inject
    )
    slot = make.shift(opportunity=opportunity)
    booking = signups.register(
        slots=[slot], name="Kim Muster", email="kim@example.org", age_confirmed=True, now=NOW
    )
    signups.confirm(booking, signups=signups.signups_of(booking), now=NOW)
    delivery.deliver(now=NOW)
    mails = smtp.messages
    headers = {name for mail in mails for name in mail.keys()}  # noqa: SIM118
    bodies = [part for mail in mails for part in mail.walk() if part.get_content_type() == "text/calendar"]
    event = Calendar.from_ical(bodies[0].get_payload(decode=True)).walk("VEVENT")[0]
    proof(
        "attacks", "Kopfzeilen in Mails und Kalenderdateien", tried="Zeilenumbruch mit „Bcc:“ in Titel, Ort, Kontakt und Herausgeber; echter Mailserver",
        expected="ein Empfänger, keine weitere Kopfzeile, eine Zeile Betreff",
        seen=f"{len(mails)} Mails an {len({mail['To'] for mail in mails})} Empfänger, Bcc: {'ja' if 'Bcc' in headers else 'nein'}",
    )  # fmt: skip
    assert {mail["To"] for mail in mails} == {"kim@example.org"}
    assert headers == {
        "Subject", "From", "To", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language",
    }  # fmt: skip
    assert all("\n" not in str(mail["Subject"]) for mail in mails)
    assert {name for name, _value in event.property_items()} >= {"SUMMARY", "LOCATION", "UID"}
    assert "Bcc" not in {name.title() for name, _value in event.property_items()}


# --- Markdown -------------------------------------------------------------------------------------------

MARKUP = [
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))", "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](vbscript:x)", "[x](file:///etc/passwd)", "[x](//evil.example)", "[x](/verwaltung/logout/)",
    "<javascript:alert(1)>", "<https://evil.example\"onmouseover=alert(1)>", "![x](https://evil.example/pixel.png)", "![x](x\" onerror=\"alert(1))",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<a href='javascript:x'>x</a>", "<iframe srcdoc='x'>",
    "<style>*{display:none}</style>", "<form action=https://evil.example><input name=password>", "<!--><script>x</script>-->", "<![CDATA[<script>x</script>]]>",
    "[x]: javascript:alert(1)\n\n[x]", "`<script>`", "```html\n<script>alert(1)</script>\n```", "# <b onclick=x>x</b>", "| <script> |\n|---|\n| x |",
    "[a](https://a.example \"x\\\" onclick=\\\"y\")", "<https://evil.example/\u202egnp.exe>", "[![x](javascript:x)](https://a.example)", "<details open ontoggle=x>",
]  # fmt: skip
# Texts of about n characters that made other parsers slow
NESTED = {
    "Zitate": lambda n: "> " * (n // 2) + "x", "Liste": lambda n: "".join("  " * row + "- a\n" for row in range(int(n**0.5))),
    "Klammern": lambda n: "[" * n, "Links": lambda n: "[a](b" * (n // 5), "Betonung": lambda n: "*a_" * (n // 3), "Sterne": lambda n: "*" * n,
    "Striche": lambda n: "`" * (n // 2) + "a" + "`" * (n // 2 - 1), "Adressen": lambda n: "<http://a" * (n // 9), "Zeichen": lambda n: "&#x1;" * (n // 5),
    "Verweise": lambda n: "[a]: b\n" * (n // 10) + "[a]" * (n // 10), "Bilder": lambda n: "![" * (n // 2), "Markup": lambda n: "<a " * (n // 3),
    "gemischt": lambda n: "*[`" * (n // 3),
}  # fmt: skip
LONG = 2000  # characters, and twice as many: work that grows faster than the text shows here already


@pytest.mark.slow
@pytest.mark.sqlite  # no matter of the database: once is enough for CI
def test_markdown_of_staff_is_harmless_and_twice_the_text_is_twice_the_work(proof):
    """An allow-list of tags, links to http(s) only with rel, and no input whose work grows faster than itself."""
    wrong, grown = [], {}
    for text in MARKUP:
        page = Page(markdown.render(text))
        for element in page.root.walk():
            allowed = {"href", "rel"} if element.tag == "a" else set()
            if element.tag not in markdown.TAGS or set(element.attributes) - allowed:
                wrong.append(f"{text}: <{element.tag} {element.attributes}>")
            if element.get("href") and not re.match(r"https?://", element.get("href")):
                wrong.append(f"{text}: leads to {element.get('href')}")
            if element.tag == "a" and element.get("href") and element.get("rel") != markdown.REL:
                wrong.append(f"{text}: rel is {element.get('rel')}")
    for name, make_text in NESTED.items():
        once, twice = (effort.lines(lambda: markdown.render(make_text(n))) for n in (LONG, 2 * LONG))  # noqa: B023
        grown[name] = twice / once
    steepest = max(grown, key=grown.get)
    proof(
        "attacks", "Markdown der Redaktion", tried=f"{len(MARKUP)} Angriffe (Skripte, Adressen, Bilder), {len(NESTED)} Arten verschachtelt, {LONG} und {2 * LONG} Zeichen",
        expected="nur erlaubte Elemente, Links http(s) mit rel; doppelter Text höchstens 2,2-fache Arbeit",
        seen=f"{len(wrong)} Verstöße; am steilsten „{steepest}“: {grown[steepest]:.2f}-fach",
    )  # fmt: skip
    none(wrong, "Not on the allow-list (trust.md „Output“):")
    assert grown[steepest] <= 2.2, grown


@pytest.mark.slow
def test_markdown_posted_in_the_redaktion_reaches_no_public_page_as_markup(rows, proof):
    """Through the form of the Redaktion to the page that everybody sees."""
    client = proven(staff(rows.organisation))
    url = reverse("admin:initiatives_initiative_change", args=[rows.initiative.pk])
    client.post(
        url, typed(client.get(url)) | {"text": "\n\n".join(MARKUP), "summary": "<script>alert(1)</script>"}
    )
    rows.initiative.refresh_from_db()
    page = Page(Client().get(rows.initiative.get_absolute_url()).content.decode())
    scripts = page.inline_scripts()
    handlers = [e.tag for e in page.root.walk() if any(name.startswith("on") for name in e.attributes)]
    proof(
        "attacks", "Markup aus der Redaktion auf öffentlichen Seiten", tried=f"{len(MARKUP)} Angriffe im Text einer Initiative, Skript in der Kurzfassung",
        expected="kein Skript, kein Ereignis, nur http(s)", seen=f"{len(scripts)} Skripte, {len(handlers)} Ereignisse",
    )  # fmt: skip
    assert "javascript" in rows.initiative.text
    assert (scripts, handlers) == ([], [])
    assert {url.split(":")[0] for url in page.links()} <= {"http", "https", "mailto", "tel"}


# --- logs -----------------------------------------------------------------------------------------------

FORGED = "x\n2026-11-26 12:00:00,000 ERROR django Alles verloren\r\x1b[2J\u2028\u202e\x9b"


@pytest.mark.parametrize("kind", ["line", "json"])
def test_nobody_writes_a_line_of_the_log(kind, settings, proof):
    """Paths, methods and messages with line ends, terminal codes and other directions."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    given = settings.LOGGING["formatters"]["line"]["format"]
    handler.setFormatter(logs.Json() if kind == "json" else logs.Line(given))
    handler.addFilter(logs.Anonymous())
    settings.LOG_REQUESTS = True
    requests, other = logging.getLogger("portal.requests"), logging.getLogger("django.request")
    levels = [(each, each.level) for each in (requests, other)]
    for each in (requests, other):
        each.addHandler(handler)
        each.setLevel(logging.INFO)
    try:
        request = RequestFactory().get("/")
        request.path = f"/{FORGED}"
        middleware.Numbered(lambda _request: HttpResponse(status=404))(request)
        other.warning("Not Found: %s", FORGED)
        Client().get("/" + "gibt-es-nicht%0a2026-11-26 ERROR")
    finally:
        for each, level in levels:
            each.removeHandler(handler)
            each.setLevel(level)
    text = written.getvalue()
    lines = [line for line in text.splitlines() if line]
    forged = [line for line in lines if line.startswith("2026-11-26 12:00:00,000 ERROR")]
    proof(
        "attacks", f"Protokoll fälschen ({'JSON' if kind == 'json' else 'Zeilen'})", tried="Zeilenende, Steuerzeichen, Schreibrichtung in Pfad und Meldung",
        expected="eine Zeile je Meldung, sichtbar maskiert", seen=f"{len(lines)} Zeilen für 3 Anfragen und 1 Meldung, {len(forged)} gefälscht",
    )  # fmt: skip
    assert forged == []
    assert not re.search("[\x1b\u2028\u202e\x9b]", text)
    assert len(lines) in (4, 5)
    assert kind == "line" or all(json.loads(line)["level"] in ("INFO", "WARNING") for line in lines)


# --- files ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.sqlite  # no matter of the database: once is enough for CI
def test_downloads_have_fixed_names_and_no_link_fetches_a_table(rows, proof):
    """No name of a file is typed by anybody, a slug at most; tables of people are posted for (`test_sheets.py`, OWASP V1.2.10)."""
    client = proven(staff(rows.organisation))
    kinds, names = Counter(), set()
    every = audience.addresses(rows) | audience.token_addresses(rows)
    every.pop("initiatives_csv")  # what is public anyway (test_feeds.py)
    for address in every.values():
        response = client.get(address)
        kinds[response.get("Content-Type", "").split(";")[0]] += 1
        names.add(
            re.sub(r"(plakat|idee)-[a-z0-9-]+\.pdf", r"\1.pdf", response.get("Content-Disposition", ""))
        )
    tables = [kind for kind in kinds if "csv" in kind or "sheet" in kind or "excel" in kind]
    proof(
        "attacks", "Formeln in CSV und XLSX, Dateinamen", tried=f"{kinds.total()} Adressen als Redaktion geöffnet",
        expected="feste Namen; keine Tabelle auf GET", seen=f"Namen: {', '.join(sorted(filter(None, names)))}; Tabellen: {len(tables)}",
    )  # fmt: skip
    assert names == {
        "",
        'inline; filename="plakat.pdf"',
        'inline; filename="idee.pdf"',
        *(
            f'attachment; filename="{name}"'
            for name in ("meine-daten.json", "recovery-codes.txt", "termine.ics", "laufzettel.pdf")
        ),
    }
    assert tables == []


def _media():
    return {path for path in Path(django_settings.MEDIA_ROOT).rglob("*") if path.is_file()}


@pytest.mark.slow
def test_files_are_read_on_one_page_and_kept_nowhere_else(rows, proof):
    """No column for files, one page that reads them, and what is posted to any address all the same is not kept."""
    columns = [
        f"{m.__name__}.{f.name}"
        for m in apps.get_models()
        for f in m._meta.fields
        if isinstance(f, models.FileField)
    ]
    readers = [str(path) for path, _tree in source.product().values() if "request.FILES" in source.read(path)]
    before = _media()
    bad = io.BytesIO(b"<?php echo 1;")
    bad.name = "../../evil.php\x00.png"
    client = proven(staff(rows.organisation, Membership.Role.EDITOR, email="hochladen@lich.example"))
    pages = audience.addresses(rows, audience.PUBLIC, audience.TOKEN, audience.STAFF)
    statuses = Counter()
    for address in pages.values():
        bad.seek(0)
        statuses[
            client.post(address, {"file": bad}, headers={"origin": "http://testserver"}).status_code
        ] += 1
    kept = _media() - before
    proof(
        "attacks", "Uploads", tried=f"Datei mit Pfad und NUL im Namen an {statuses.total()} Adressen",
        expected="nichts wird abgelegt", seen=f"{len(columns)} Spalten für Dateien, {len(kept)} abgelegt, höchster Status {max(statuses)}",
    )  # fmt: skip
    # Each place that reads files has its tests in test_uploads.py (trust.md „Uploads“).
    assert (columns, sorted(readers), kept) == (
        ["IdeaFile.file"],
        ["initiatives/idea_admin.py", "initiatives/picture_admin.py"],
        set(),
    )
    assert max(statuses) < 500
