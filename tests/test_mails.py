"""What each mail says: subject, sentences, links, imprint, in text and HTML (rules 16, 17; the mail table)."""

import re
from pathlib import Path

import pytest

from portal import letters, links, watches
from portal.models import Organisation
from tests import make
from tests.markup import Page

TOWN = Organisation(name="Stadt Lich", imprint="Stadt Lich\nUnterstadt 1, 35423 Lich\nTelefon: 06404 8060")
SITE = "http://localhost:8000"
SATURDAY = "- Samstag, 28. November 2026, 9–12 Uhr, Treffpunkt: Brücke am Schloss, Lich, 2 Personen"
SUNDAY = "- Sonntag, 29. November 2026, 9–12 Uhr, Treffpunkt: Brücke am Schloss, Lich, Platz 3 der Warteliste"
ABOUT = {
    "title": "Bachputz an der Wetter",
    "when": "Sa., 28. Nov., 9 Uhr",
    "town": "Lich",
    "where": "Brücke am Schloss, Lich",
    "bring": "Gummistiefel, Handschuhe",
    "contact": "Frau Beispiel, Telefon 06404 806123",
    "page_url": f"{SITE}/mitmachen/bachputz-lich-2026/",
}
GUEST = ABOUT | {
    "greeting": "Guten Tag Erika Muster,",
    "seats": "2 Personen",
    "n_dates": "1",
    "manage_url": f"{SITE}/anmeldung/meine/m/",
    "give_back_url": f"{SITE}/anmeldung/freigeben/g/",
    "calendar_url": f"{SITE}/anmeldung/kalender/k/termine.ics",
    "claim_url": f"{SITE}/anmeldung/platz/p/",
}
SEATED = GUEST | {"dates": SATURDAY}
WAITING = GUEST | {"waiting_dates": SUNDAY, "position": "3"}
ASKED = ABOUT | {
    "greeting": "Guten Tag Erika Muster,",
    "n_dates": "1",
    "confirm_url": f"{SITE}/anmeldung/bestaetigen/b/",
    "manage_url": GUEST["manage_url"],
}
STAFF = ABOUT | {
    "count": "3",
    "seats": "8 von 12 Plätzen vergeben",
    "staff_url": f"{SITE}/verwaltung/volunteers/opportunity/3/change/",
}
OCCASION = "Sa., 28. Nov., 9 Uhr, Lich – Bachputz an der Wetter"
CONFIRM = ("Anmeldung bestätigen", ASKED["confirm_url"])
MANAGE = ("Meine Anmeldung ansehen", GUEST["manage_url"])
MY_DATA = ("Meine Daten ansehen oder löschen", GUEST["manage_url"])
GIVE_BACK = ("Platz freigeben", GUEST["give_back_url"])
OFF_THE_LIST = ("Von der Warteliste nehmen", GUEST["give_back_url"])
CALENDAR = ("In den Kalender eintragen", GUEST["calendar_url"])
LIST = ("Anmeldungen ansehen", STAFF["staff_url"])
PORTAL = ("Aktive Bürger – Starke Kommunen", SITE)

# name, facts, whole subject, sentences, links in order (the first is the button)
MAILS = [
    (
        "confirm-address",
        ASKED | {"dates": SATURDAY},
        f"Noch ein Klick: {OCCASION}",
        ["Noch ist sie nicht fest: Erst Ihr Klick sichert den Platz.", SATURDAY],
        [CONFIRM, MY_DATA],
    ),
    (
        "confirm-address",
        ASKED | {"dates": SATURDAY, "nudge": "1", "phone_hint": "Lieber anrufen? Telefon 06404 806123"},
        f"Noch ein Klick: {OCCASION}",
        [
            "ist noch nicht fest. Es fehlt nur noch ein Klick von Ihnen.",
            "Lieber anrufen? Telefon 06404 806123",
        ],
        [CONFIRM, MY_DATA],
    ),
    (
        "confirm-address",
        ASKED | {"already_dates": SATURDAY},
        f"Noch ein Klick: {OCCASION}",
        [
            "Sie sind schon angemeldet. Kommt noch jemand mit?",
            SATURDAY,
            "Ohne Klick bleibt alles, wie es war.",
        ],
        [CONFIRM, MY_DATA],
    ),
    (
        "confirmed",
        SEATED,
        f"Platz sicher: {OCCASION}",
        [
            "Ihr Platz bei „Bachputz an der Wetter“ ist sicher.",
            SATURDAY,
            "Bitte mitbringen: Gummistiefel, Handschuhe",
            "Ansprechperson: Frau Beispiel, Telefon 06404 806123",
        ],
        [MANAGE, CALENDAR, GIVE_BACK],
    ),
    (
        "confirmed",
        SEATED | {"waiting_dates": SUNDAY, "n_dates": "2", "position": "3"},
        f"Platz sicher: {OCCASION} (andere Termine: Warteliste)",
        [SATURDAY, "Auf der Warteliste stehen Sie für:", SUNDAY],
        [MANAGE, CALENDAR, ("Einzelne Termine freigeben", GUEST["manage_url"])],
    ),
    (
        "confirmed",
        SEATED | {"dates": f"{SATURDAY}\n{SUNDAY}", "n_dates": "2"},
        "Platz sicher: 2 Termine ab Sa., 28. Nov., 9 Uhr, Lich – Bachputz an der Wetter",
        [SATURDAY, SUNDAY],
        [MANAGE, CALENDAR, ("Einzelne Termine freigeben", GUEST["manage_url"])],
    ),
    (
        "waiting",
        WAITING,
        f"Warteliste, Platz 3: {OCCASION}",
        ["Zurzeit sind alle Plätze vergeben", SUNDAY, "rücken Sie der Reihe nach auf"],
        [MANAGE, OFF_THE_LIST],
    ),
    (
        "passed-over",
        WAITING,
        f"Platz frei für weniger Personen: {OCCASION}",
        [
            "nicht genug Platz für Sie alle (2 Personen)",
            "Können Sie auch zu weniger Personen kommen?",
            SUNDAY,
        ],
        [("Zahl der Personen ändern", GUEST["manage_url"])],
    ),
    (
        "promoted",
        SEATED,
        f"Nachgerückt, Sie haben einen Platz: {OCCASION}",
        ["Sie sind nachgerückt. Ihr Platz ist sicher", SATURDAY, "Passt es nicht mehr?"],
        [GIVE_BACK, MANAGE, CALENDAR],
    ),
    (
        "seat-free",
        WAITING,
        f"Platz frei, wer zuerst klickt: {OCCASION}",
        ["Den Platz bekommt, wer zuerst klickt.", SUNDAY],
        [("Platz nehmen", GUEST["claim_url"]), OFF_THE_LIST, MANAGE],
    ),
    (
        "reminder",
        SEATED | {"word": "Morgen"},
        f"Morgen: {OCCASION}",
        ["Sie können doch nicht kommen?", SATURDAY, "Bitte mitbringen: Gummistiefel, Handschuhe"],
        [GIVE_BACK, MANAGE],
    ),
    (
        "reminder",
        SEATED | {"word": "In drei Tagen", "dates": f"{SATURDAY}\n{SATURDAY}", "n_dates": "2"},
        "In drei Tagen: 2 Termine ab Sa., 28. Nov., 9 Uhr, Lich – Bachputz an der Wetter",
        ["Sie können doch nicht kommen?"],
        [("Termine freigeben", GUEST["manage_url"]), MANAGE],
    ),
    (
        "changed",
        SEATED
        | {
            "old_when": "Freitag, 27. November 2026, 9–12 Uhr",
            "new_when": "Samstag, 28. November 2026, 9–12 Uhr",
        },
        f"Neue Zeit: {OCCASION}",
        [
            "Bisher: Freitag, 27. November 2026, 9–12 Uhr",
            "Neu: Samstag, 28. November 2026, 9–12 Uhr",
            "Ihr Platz bleibt Ihnen sicher:",
        ],
        [GIVE_BACK, MANAGE],
    ),
    (
        "changed",
        WAITING | {"old_where": "Brücke am Schloss, Lich", "new_where": "Bürgerhaus, Lich"},
        "Neuer Ort: Sa., 28. Nov., 9 Uhr, Bürgerhaus, Lich – Bachputz an der Wetter",
        [
            "Bisheriger Treffpunkt: Brücke am Schloss, Lich",
            "Neuer Treffpunkt: Bürgerhaus, Lich",
            "Sie bleiben auf der Warteliste:",
        ],
        [GIVE_BACK, MANAGE],
    ),
    (
        "rebooked",
        SEATED | {"old_when": "Freitag, 27. November 2026, 9–12 Uhr"},
        f"Umgebucht: {OCCASION}",
        [
            "Bisher: Freitag, 27. November 2026, 9–12 Uhr",
            "Ihr Platz ist sicher:",
            SATURDAY,
            "Bitte mitbringen: Gummistiefel, Handschuhe",
        ],
        [GIVE_BACK, MANAGE, CALENDAR],
    ),
    (
        "rebooked",
        WAITING,
        f"Umgebucht, Warteliste, Platz 3: {OCCASION}",
        ["Sie stehen auf der Warteliste:", SUNDAY],
        [OFF_THE_LIST, MANAGE],
    ),
    (
        "new-access",
        SEATED | {"online": "1", "join_url": "https://raum.example/1", "dial_in": "069 123, Kennwort 4711"},
        f"Ihr Zugang: {OCCASION}",
        ["Haben Sie schon einen anderen von uns, gilt er nicht mehr.", "Per Telefon: 069 123, Kennwort 4711"],
        [("Zum Online-Raum", "https://raum.example/1"), MANAGE, GIVE_BACK],
    ),
    (
        "cancelled-by-us",
        SEATED | {"reason": "Hochwasser & Sturm"},
        f"Fällt aus: {OCCASION}",
        ["leider fällt dieser Termin von", "Grund: Hochwasser & Sturm", SATURDAY],
        [("Weitere Termine ansehen", ABOUT["page_url"]), MY_DATA],
    ),
    (
        "cancelled-by-you",
        SEATED,
        f"Sie haben abgesagt: {OCCASION}",
        ["danke, dass Sie Bescheid gegeben haben.", SATURDAY, "Solange Plätze frei sind"],
        [("Doch dabei sein", GUEST["claim_url"]), MY_DATA],
    ),
    (
        "cancelled-by-you",
        SEATED | {"by_staff": "1"},
        f"Abgemeldet: {OCCASION}",
        ["die Redaktion hat Ihre Anmeldung zu „Bachputz an der Wetter“ aufgehoben.", SATURDAY],
        [("Zu allen Terminen", ABOUT["page_url"]), MY_DATA],
    ),
    (
        "cancelled-by-you",
        SEATED | {"was_waiting": "1"},
        f"Sie haben abgesagt: {OCCASION}",
        ["Sie stehen nicht mehr auf der Warteliste für „Bachputz an der Wetter“:", SATURDAY],
        [("Wieder anmelden", ABOUT["page_url"]), MY_DATA],
    ),
    (
        "thanks",
        SEATED | {"next_dates": "- Sa., 5. Dez., 9 Uhr: Adventsfeuer, Lich"},
        f"Danke: {OCCASION}",
        ["Wenn Sie dabei waren: Herzlichen Dank!", "- Sa., 5. Dez., 9 Uhr: Adventsfeuer, Lich"],
        [MANAGE],
    ),
    (
        "new-signups",
        STAFF,
        f"3 neue Anmeldungen: {OCCASION}",
        ["gibt es 3 neue Anmeldungen.", "Stand: 8 von 12 Plätzen vergeben"],
        [LIST],
    ),
    (
        "new-signups",
        STAFF | {"count": "1"},
        f"1 neue Anmeldung: {OCCASION}",
        ["gibt es eine neue Anmeldung."],
        [LIST],
    ),
    (
        "who-came",
        ABOUT | {"seats": "8 von 12 Plätzen vergeben", "who_came_url": f"{SITE}/anmeldung/wer-war-da/t/"},
        f"Wer war da? {OCCASION}",
        [
            "Waren alle da, die sich angemeldet hatten?",
            "Angemeldet: 8 von 12 Plätzen vergeben",
            "nur 14 Tage",
        ],
        [("Wer war da? Jetzt antworten", f"{SITE}/anmeldung/wer-war-da/t/")],
    ),
    (
        "thanks",
        SEATED | {"came": "1"},
        f"Danke: {OCCASION}",
        ["liegt hinter uns, und Sie waren dabei. Herzlichen Dank!"],
        [MANAGE],
    ),
    (
        "gave-back-late",
        STAFF | {"count": "1"},
        f"Platz freigegeben: {OCCASION}",
        ["hat jemand einen Platz freigegeben.", "Stand: 8 von 12 Plätzen vergeben"],
        [LIST],
    ),
    (
        "gave-back-late",
        STAFF,
        f"Platz freigegeben: {OCCASION}",
        ["hat eine Gruppe 3 Plätze freigegeben."],
        [LIST],
    ),
    (
        "staff/barrier",
        {
            "barrier": "Die Karte lässt sich mit der Tastatur nicht verlassen. https://evil.example/",
            "barrier_page": "Orte",
            "answer_to": "kim@example.org",
            "page_url": f"{SITE}/barrierefreiheit/",
        },
        "Barriere gemeldet: Bitte prüfen und antworten",
        [
            "Gemeldet: Die Karte lässt sich mit der Tastatur nicht verlassen. https://evil.example/",
            "Seite: Orte",
            "Antwort an: kim@example.org",
            "Die Adresse ist nicht bestätigt.",
        ],
        [("Erklärung zur Barrierefreiheit", f"{SITE}/barrierefreiheit/")],
    ),
    (
        "staff/barrier",
        {"barrier": "Der Kontrast reicht mir nicht.", "page_url": f"{SITE}/barrierefreiheit/"},
        "Barriere gemeldet: Bitte prüfen und antworten",
        ["Eine Adresse für die Antwort wurde nicht angegeben."],
        [("Erklärung zur Barrierefreiheit", f"{SITE}/barrierefreiheit/")],
    ),
    (
        "message",
        SEATED
        | {
            "headline": "Bitte Gummistiefel mitbringen",
            "message": "Der Bach steht hoch.\n\n- Stiefel\n- Jacke",
        },
        f"Nachricht: Bitte Gummistiefel mitbringen – {OCCASION}",
        [
            "Der Bach steht hoch.",
            "- Stiefel",
            "- Jacke",
            "Ihr Termin:",
            SATURDAY,
            "Ansprechperson: Frau Beispiel",
        ],
        [MANAGE, GIVE_BACK],
    ),
    (
        "message",
        WAITING | {"headline": "Es dauert noch", "message": "Geduld.", "give_back_url": ""},
        f"Nachricht: Es dauert noch – {OCCASION}",
        ["Geduld.", "Auf der Warteliste:", SUNDAY],
        [MANAGE],
    ),
    (
        "message",
        SEATED
        | {"headline": "Danke", "message": "Bis bald.", "dates": f"{SATURDAY}\n{SUNDAY}", "n_dates": "2"},
        "Nachricht: Danke – 2 Termine ab Sa., 28. Nov., 9 Uhr, Lich – Bachputz an der Wetter",
        ["Ihre Termine:", SATURDAY, SUNDAY],
        [MANAGE, ("Einzelne Termine freigeben", GUEST["manage_url"])],
    ),
    (
        "staff/message-copy",
        STAFF
        | {
            "greeting": "Guten Tag Frau Amt,",
            "headline": "Stiefel",
            "message": "Bitte.",
            "count": "12",
            "audience": "alle mit Platz: Samstag",
            "n_dates": "1",
        },
        f"Kopie: Stiefel – {OCCASION}",
        ["Ihre Nachricht ist unterwegs, an so viele Adressen: 12.", "An: alle mit Platz: Samstag", "Bitte."],
        [("Zur Liste des Termins", STAFF["staff_url"])],
    ),
    (
        "staff/message-copy",
        STAFF
        | {
            "greeting": "Guten Tag,",
            "headline": "Stiefel",
            "message": "Bitte.",
            "is_test": "1",
            "audience": "alle mit Platz: Samstag",
            "n_dates": "1",
        },
        f"Test: Stiefel – {OCCASION}",
        ["so liest sich Ihre Nachricht. Dieser Test ging nur an Sie."],
        [("Zur Liste des Termins", STAFF["staff_url"])],
    ),
    (
        "staff/spot-invitation",
        {
            "title": "Bachputz an der Wetter",
            "town": "Lich",
            "done_by": "Frau Amt",
            "spot_url": f"{SITE}/konto/vor-ort/",
            "page_url": ABOUT["page_url"],
        },
        "Kontakt vor Ort: Bachputz an der Wetter, Lich",
        ["Frau Amt hat Sie als Kontakt vor Ort für „Bachputz an der Wetter“ in Lich eingetragen."],
        [("Zur Seite für vor Ort", f"{SITE}/konto/vor-ort/"), ("Die Aktion ansehen", ABOUT["page_url"])],
    ),
    (
        "staff/spot-code",
        {"code": "123456", "spot_url": f"{SITE}/konto/vor-ort/anmelden/"},
        "Ihre Zahl zum Anmelden: 123456",
        ["Ihre Zahl: 123456", "Die Zahl gilt 15 Minuten und nur einmal."],
        [("Hier eintippen", f"{SITE}/konto/vor-ort/anmelden/")],
    ),
    (
        "staff/spot-unknown",
        {"spot_url": f"{SITE}/konto/vor-ort/"},
        "Kein Zugang: Seite für den Kontakt vor Ort",
        ["zurzeit bei keiner Aktion als Kontakt vor Ort eingetragen."],
        [("Andere Adresse versuchen", f"{SITE}/konto/vor-ort/")],
    ),
    (
        "staff/factor-reset",
        {
            "account": "redaktion@lich.example",
            "own": "1",
            "done_by": "Frau Netz",
            "done_at": "Sa., 28. Nov., 9.30 Uhr",
            "contact": "Verband, Telefon 06108 60010",
            "staff_url": f"{SITE}/verwaltung/",
        },
        "Zweiter Faktor zurückgesetzt: redaktion@lich.example",
        [
            "der zweite Faktor Ihres Zugangs redaktion@lich.example ist zurückgesetzt.",
            "Zurückgesetzt von: Frau Netz",
            "Zeitpunkt: Sa., 28. Nov., 9.30 Uhr",
            "damit er den Zugang sperrt: Verband, Telefon 06108 60010",
        ],
        [("Zur Redaktion", f"{SITE}/verwaltung/")],
    ),
]
CASES = pytest.mark.parametrize(
    ("name", "facts", "subject", "sentences", "links"),
    MAILS,
    ids=[f"{m[0]}-{n}" for n, m in enumerate(MAILS)],
)


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = SITE


def write(name, facts, organisation=TOWN):
    return letters.write(name if "/" in name else f"signups/{name}", facts, organisation=organisation)


def flat(text):
    return " ".join(text.split())


def links_of(text):
    """(label, address) of the links in plain text: a label with a colon, the address alone below it."""
    return re.findall(r"^(.+):\n(https?://\S+)$", text, re.MULTILINE)


def test_every_mail_is_here():
    there = {path.stem for path in Path("templates/mail/signups").glob("*.txt")}
    there |= {f"staff/{path.stem}" for path in Path("templates/mail/staff").glob("*.txt")}
    assert there == {name for name, *_rest in MAILS}


@CASES
def test_mail_says_what_it_is_and_what_to_do(name, facts, subject, sentences, links):
    letter = write(name, facts)
    assert letter.keys() == {"subject", "text", "html"}
    assert letter["subject"] == subject
    page = Page(letter["html"])
    for sentence in sentences:
        assert flat(sentence) in flat(letter["text"])
        assert flat(sentence).removeprefix("- ") in page.root.text
    assert links_of(letter["text"]) == [*links, PORTAL]
    assert [(a.text, a.get("href")) for a in page.all("a")] == [*links, PORTAL]
    assert [a.text for a in page.all("a", **{"class": "button"})] == [links[0][0]]


@CASES
def test_mail_says_who_writes_and_why(name, facts, subject, sentences, links):
    letter = write(name, facts)
    body, _line, footer = letter["text"].partition("\n-- \n")
    greeting = facts.get("greeting", "Guten Tag,")
    assert body.startswith(f"{greeting}\n\n")
    assert body.endswith("\n\nFreundliche Grüße\nStadt Lich\n")
    why, rest = footer.split("\n\n", 1)
    assert why.startswith("Sie bekommen diese ")
    assert rest == f"Impressum\n{TOWN.imprint}\n\nAktive Bürger – Starke Kommunen:\n{SITE}\n"
    page = Page(letter["html"])
    assert page.one("footer").text == flat(f"{why} Impressum {TOWN.imprint} Aktive Bürger – Starke Kommunen")


@CASES
def test_mail_is_sound(name, facts, subject, sentences, links):
    letter = write(name, facts)
    for part in letter.values():
        assert not re.search(r"\{[{%#]|None|<no value>", part)
    assert not re.search(r"\n{3}", letter["text"])
    assert all(len(line) <= letters.WIDTH or line.startswith("http") for line in letter["text"].splitlines())
    page = Page(letter["html"])
    assert (page.faults, page.resources()) == ([], [])
    assert page.one("html").get("lang") == "de"
    assert page.one("title").text == subject
    assert page.h1 == re.split(r":|(?<=\?) ", subject)[0]


def test_confirmation_as_a_whole():
    assert write("confirmed", SEATED)["text"] == (
        """\
Guten Tag Erika Muster,

Ihr Platz bei „Bachputz an der Wetter“ ist sicher. Schön, dass Sie dabei
sind!

- Samstag, 28. November 2026, 9–12 Uhr, Treffpunkt: Brücke am Schloss,
  Lich, 2 Personen

Bitte mitbringen: Gummistiefel, Handschuhe
Ansprechperson: Frau Beispiel, Telefon 06404 806123

Meine Anmeldung ansehen:
http://localhost:8000/anmeldung/meine/m/

In den Kalender eintragen:
http://localhost:8000/anmeldung/kalender/k/termine.ics

Es kommt etwas dazwischen? Das ist kein Problem. Geben Sie Ihren Platz
bitte frei, dann kann jemand anderes mitmachen. Das geht bis zum Beginn.

Platz freigeben:
http://localhost:8000/anmeldung/freigeben/g/

Freundliche Grüße
Stadt Lich

-- \

Sie bekommen diese Mail, weil Sie Ihre Anmeldung bestätigt haben.

Impressum
Stadt Lich
Unterstadt 1, 35423 Lich
Telefon: 06404 8060

Aktive Bürger – Starke Kommunen:
http://localhost:8000
"""
    )


def test_confirmation_in_html_as_words():
    page = Page(write("confirmed", SEATED)["html"])
    assert page.one("main").text == (
        "Platz sicher Guten Tag Erika Muster, Ihr Platz bei „Bachputz an der Wetter“ ist sicher. "
        "Schön, dass Sie dabei sind! "
        "Samstag, 28. November 2026, 9–12 Uhr, Treffpunkt: Brücke am Schloss, Lich, 2 Personen "
        "Bitte mitbringen: Gummistiefel, Handschuhe Ansprechperson: Frau Beispiel, Telefon 06404 806123 "
        "Meine Anmeldung ansehen In den Kalender eintragen "
        "Es kommt etwas dazwischen? Das ist kein Problem. Geben Sie Ihren Platz bitte frei, dann kann jemand "
        "anderes mitmachen. Das geht bis zum Beginn. Platz freigeben Freundliche Grüße Stadt Lich"
    )
    assert [li.text for li in page.all("li")] == [SATURDAY.removeprefix("- ")]
    assert [strong.text for strong in page.all("strong")] == ["Bitte mitbringen:", "Ansprechperson:"]


def clicks_to(page, do):
    """(how many clicks on this page do it: the fold, if there is one, and the button; where the form goes)."""
    found = [field for field in page.all("input", name="do", value=do) if field.inside("form")]
    assert len(found) == 1, f"{do} on {page.address}"
    return 2 if found[0].inside("details") else 1, found[0].inside("form").get("action")


@pytest.mark.slow
@pytest.mark.django_db
def test_two_clicks_behind_the_link_of_every_mail_to_guests_erase_their_data(client, proof):
    """Every letter to guests, found by their files (trust.md „Self-service from every mail link“)."""
    waits, holds = (make.signup(status=status).booking for status in ("unconfirmed", "confirmed"))
    forms = [waits, holds]
    wishes = [(make.watch(), "watches"), (make.series_watch(), "seminars"), (make.wish(), "wishes")]
    own = {form: links.url("booking:manage", links.MANAGE, form) for form in forms}
    own |= {row: links.url("watch:manage", watches.MANAGE, row) for row, _folder in wishes}
    written = []
    for name, facts, *_rest in MAILS:
        if name.startswith("staff/") or facts.keys() & {"staff_url", "who_came_url"}:  # to contacts and staff
            continue
        form = waits if name == "confirm-address" else holds
        written.append((name, own[form], write(name, facts | {"manage_url": own[form]})["text"]))
    for row, folder in wishes:
        for path in Path("templates/mail", folder).glob("*.txt"):
            facts = dict.fromkeys(letters.FACTS, "1") | {"end_url": own[row]}
            text = letters.write(f"{folder}/{path.stem}", facts, organisation=TOWN)["text"]
            written.append((f"{folder}/{path.stem}", own[row], text))
    without = [name for name, url, text in written if url not in [link for _label, link in links_of(text)]]
    clicks = {}
    for row, url in own.items():
        page = Page(client.get(url.removeprefix(SITE)).content.decode(), url)
        do = "erase" if row in forms else "end"
        clicks[row], address = clicks_to(page, do)
        client.post(address, {"do": do}, headers={"origin": "http://testserver"})
        row.refresh_from_db()
    left = [str(row) for row in own if row.email]
    proof(
        "privacy", "Sich selbst löschen, aus jeder Mail", tried=f"{len(written)} Briefe an Gäste, {len(own)} Seiten dahinter",
        expected="Link in jeder, höchstens 2 Klicks bis gelöscht", seen=f"ohne Link {len(without)}, höchstens {max(clicks.values())} Klicks, {len(left)} nicht gelöscht",
    )  # fmt: skip
    assert (without, left) == ([], [])
    assert max(clicks.values()) <= 2


def test_reminder_begins_with_the_way_to_give_the_seat_back():
    text = write("reminder", SEATED | {"word": "Morgen"})["text"]
    assert text.index(GUEST["give_back_url"]) < text.index("Samstag")


def test_mail_to_an_unconfirmed_address_carries_nothing_of_the_guest_but_the_name():
    canary = ASKED | {"dates": SATURDAY, "seats": "CANARY", "reason": "CANARY", "bring": "CANARY"}
    letter = write("confirm-address", canary | {"greeting": "Guten Tag NAME,"})
    assert "CANARY" not in "".join(letter.values())
    assert letter["text"].count("NAME") == 1
    assert "NAME" not in letter["subject"]


@CASES
def test_name_never_enters_a_subject(name, facts, subject, sentences, links):
    assert write(name, facts | {"greeting": "Guten Tag NAME,"})["subject"] == subject


def test_hostile_name_stays_text_in_one_line():
    name = '<script>alert("x")</script>\r\n\r\nGewonnen: https://evil.example/x\x00\u202e{{ title }}'
    letter = write("confirmed", SEATED | {"greeting": f"Guten Tag {name},"})
    said = 'Guten Tag <script>alert("x")</script> Gewonnen: https://evil.example/x{{ title }},'
    assert flat(letter["text"]).startswith(f"{said} Ihr Platz")
    page = Page(letter["html"])
    assert said in page.root.text
    assert (page.all("script"), page.faults) == ([], [])
    assert "https://evil.example/x" not in page.links()


@pytest.mark.parametrize("greeting", ["Guten Tag Klick: https://evil.example", f"Klick: {SITE}/verwaltung/"])
def test_only_addresses_that_we_gave_become_links(greeting):
    page = Page(write("confirmed", SEATED | {"greeting": greeting})["html"])
    assert page.links() == [MANAGE[1], CALENDAR[1], GIVE_BACK[1], SITE]


def test_subject_is_one_line_of_250_characters_at_most():
    long = SEATED | {
        "title": "Sehr langer Titel " * 30,
        "old_where": "hier",
        "new_where": "da\r\nBcc: x@y.example",
    }
    subject = write("changed", long)["subject"]
    assert subject.startswith("Neuer Ort: Sa., 28. Nov., 9 Uhr, da Bcc: x@y.example – Sehr langer Titel ")
    assert subject.endswith(" …")
    assert 230 < len(subject) <= 250
    assert subject.isprintable()


def test_online_date_has_no_town_in_the_subject():
    assert write("confirmed", SEATED | {"town": ""})["subject"] == (
        "Platz sicher: Sa., 28. Nov., 9 Uhr – Bachputz an der Wetter"
    )


def test_example_says_so_in_the_subject():
    facts = SEATED | {"title": "Beispiel: Bachputz"}
    assert (
        write("confirmed", facts)["subject"]
        == "Platz sicher: Sa., 28. Nov., 9 Uhr, Lich – Beispiel: Bachputz"
    )


def test_mail_without_organisation_is_signed_by_the_association(settings):
    text = write("confirmed", SEATED, organisation=None)["text"]
    assert f"Freundliche Grüße\n{settings.ASSOCIATION}\n" in text
    assert "Impressum" not in text


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (SEATED | {"titel": "x"}, "signups/confirmed: no such fact: titel"),
        (SEATED | {"manage_url": ""}, "signups/confirmed: missing or empty: manage_url"),
        (
            {key: SEATED[key] for key in SEATED if key not in ("when", "greeting")},
            "signups/confirmed: missing or empty: greeting, when",
        ),
    ],
)
def test_wrong_facts_are_told(facts, said):
    with pytest.raises(letters.WrongFacts) as raised:
        write("confirmed", facts)
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Betreff: {{ occasion }}\n\n{{ nmae }}\n--\nWarum.\n", "uses what is no fact: nmae"),
        ("Betreff\n\n{% if dates or daets %}x{% endif %}\n--\nWarum.\n", "uses what is no fact: daets"),
        ("Betreff\n\nText ohne Grund\n", "needs a subject, a letter, a line „--“ and why one gets it"),
    ],
)
def test_wrong_source_is_told(settings, tmp_path, source, said):
    folder = tmp_path / "templates" / "mail"
    folder.mkdir(parents=True)
    (folder / "wrong.txt").write_text(source)
    settings.BASE_DIR = tmp_path
    with pytest.raises(letters.WrongFacts, match=said):
        letters.write("wrong", {}, organisation=None)
