"""Nobody's name, address, telephone, words or key in any log: web, worker, beat, nginx and PostgreSQL, whatever goes wrong."""

import json
import re
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.faults.test_smtp import DUE_NOW
from tests.servers import Nginx, wait_until
from tests.stack import Browser
from tests.staffroom import code

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
NAME, PHONE, PASSWORD = "Karoline Kanarienvogel", "0171 5550199", "Kanari-und-vier-Gurken"
CANARIES = (
    "anari",
    "5550199",
    "Gelbgefiedert",
)  # in every address, name, password; the telephone; words of a report
CLERK = f"""
from portal.models import Organisation
from tests.staffroom import staff
user = staff(Organisation.objects.latest("pk"), email="kanari.redaktion@example.org", name="{NAME}")
user.set_password("{PASSWORD}")
user.save()
"""


class Journey:
    """One browser before nginx; remembers every key that it was given."""

    def __init__(self, site, nginx):
        self.site, self.browser, self.statuses, self.keys = site, Browser(nginx.url), [], set()

    def go(self, method, path, fields=None, **headers):
        status, answer, text = self.browser.ask(method, path, fields, **headers)
        self.statuses.append(status)
        self.look_for_keys(f"{answer.get('Location', '')} {text}")
        if status in (302, 303):
            return self.go("GET", urlsplit(answer["Location"]).path)
        self.path, self.text = path, text
        return status

    def press(self, button, **typed):
        status, answer, text = self.browser.press(self.path, self.text, button, **typed)
        self.statuses.append(status)
        self.look_for_keys(f"{answer.get('Location', '')} {text}")
        if status in (302, 303):
            return self.go("GET", urlsplit(answer["Location"]).path)
        self.text = text
        return status

    def mail(self, subject, to):
        """The paths of the links of the first mail with this subject, as soon as it has arrived."""
        found = wait_until(
            lambda: [m for m in self.site.mail.messages if to in m["To"] and subject in m["Subject"]],
            seconds=90,
            what=subject,
        )[0]
        text = found.get_body(("plain",)).get_content()
        self.look_for_keys(text)
        return [urlsplit(url).path for url in re.findall(r"https?://\S+", text)]

    def look_for_keys(self, text):
        self.keys.update(re.findall(r"/\d+-\d+\.([\w-]{27,})|/key/\w+-([\w-]{20,})", text))


@contextmanager
def refusing(site, table, rule):
    """PostgreSQL refuses such rows, and says the whole row when it does."""
    with closing(site.connect()) as connection:
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT no_bird CHECK ({rule}) NOT VALID")
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT no_bird")


def sign_up(journey, slug, email, button="Ich helfe mit"):
    journey.go("GET", f"/mitmachen/{slug}/")
    return journey.press(button, name=NAME, email=email, age="on")


def all_of_it(site, journey, slug):
    """Sign-up, confirmation, correction, giving back; reports; the staff's way in; and all that can go wrong."""
    site.portal.python(CLERK)
    assert sign_up(journey, slug, "kanari@example.org") == 200
    (confirm,) = {p for p in journey.mail("Noch ein Klick", "kanari@") if "/bestaetigen/" in p}
    journey.go("GET", confirm)
    assert journey.press("Platz sichern") == 200
    manage = journey.path
    journey.go("POST", manage, {"do": "details", "name": NAME, "phone": PHONE})
    for path in (f"{confirm[:-1]}x/", confirm.replace("bestaetigen", "meine"), f"/anmeldung/meine/{NAME}/"):
        journey.go("GET", path.replace(" ", "%20"))
    journey.go("POST", manage, {"do": "details", "name": f"{NAME}\0"})
    journey.go("POST", manage, {"do": "erase"}, Origin="https://kanari.example")
    journey.go("GET", f"/gibt-es-nicht/kanari@example.org/?name=Kanarienvogel&t={confirm}")
    journey.go("GET", "/barrierefreiheit/melden/")
    journey.press("Absenden", what="Gelbgefiedert und laut", email="kanari@example.org")
    journey.go("GET", "/konto/password/reset/")
    journey.go("GET", "/konto/login/")
    journey.press("Anmelden", login="kanari.redaktion@example.org", password="Kanari-falsch")
    journey.press("Anmelden", login="kanari.redaktion@example.org", password=PASSWORD)
    journey.press("Anmelden", code="000000")
    journey.press("Anmelden", code=code())
    journey.go("GET", "/verwaltung/")

    # A mail server that says whom it does not know, a page and a task that PostgreSQL refuses a row
    site.mail.plan(
        "rcpt", f"550 5.1.1 <kanari.zwei@example.org> {NAME} unknown", to="kanari.zwei@example.org"
    )
    sign_up(journey, slug, "kanari.zwei@example.org")
    site.all_left("kanari.zwei", seconds=90)
    with refusing(site, "portal_booking", f"name <> '{NAME}'"):
        assert sign_up(journey, slug, "kanari.drei@example.org") == 500
    with refusing(site, "portal_mail", "sent_at IS NULL OR \"to\" <> 'kanari.vier@example.org'"):
        sign_up(journey, slug, "kanari.vier@example.org")
        wait_until(lambda: "no_bird" in site.worker.log(), seconds=90, what="the worker fails")
    site.ask(DUE_NOW, "kanari.vier%")


def test_no_line_of_any_log_names_a_person_or_holds_a_key(site, proof):
    nginx = Nginx(web_port=int(site.portal.settings["PORT"]))
    servers = {"web": site.portal, "worker": site.worker, "beat": site.beat, "nginx": nginx}
    servers["PostgreSQL"] = site.postgres
    with nginx:
        before = {name: len(server.log()) for name, server in servers.items()}
        journey = Journey(site, nginx)
        all_of_it(site, journey, site.action()[0])
        written = {name: server.log()[before[name] :] for name, server in servers.items()}
    keys = {key for pair in journey.keys for key in pair if key}
    lines = {name: text.splitlines() for name, text in written.items()}
    found = [
        f"{name}: {line}"
        for name, of_server in lines.items()
        for line in of_server
        if any(word in line for word in (*CANARIES, *keys))
    ]
    answers = [json.loads(line) for line in lines["nginx"] if line.startswith("{")]
    proof(
        "attacks", "Namen und Links in Protokollen",
        tried=f"{len(journey.statuses)} Anfragen ({', '.join(map(str, sorted(set(journey.statuses))))}), {len(keys)} Schlüssel, 4 Mails, Fehlerberichte in web und worker; Name, Adresse, Telefon, Passwort, Text gesucht",
        expected="in keiner Zeile von web, worker, beat, nginx, PostgreSQL",
        seen=f"{len(found)} von {', '.join(f'{len(of_server)} ({name})' for name, of_server in lines.items())} Zeilen",
    )  # fmt: skip
    assert not found, "\n".join(found)
    assert {200, 303, 400, 403, 404, 500} <= set(journey.statuses)
    assert len(answers) == len(journey.statuses)
    assert len(keys) >= 3
    for name in ("web", "worker"):  # they had the row in hand
        assert "no_bird" in written[name]
        assert "Traceback" in written[name]
    assert written["PostgreSQL"].count("no_bird") >= 2  # it refused the rows
