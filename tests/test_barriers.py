"""„Barriere melden": without account and cookies, to the association, with nothing stored but the mail."""

from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import Client

from portal import barriers, traps
from portal.association import association
from portal.models import Mail
from tests.make import NOW
from tests.markup import Page

pytestmark = pytest.mark.django_db
ADDRESS = "/barrierefreiheit/melden/"
SAID = "Die Liste liest mein Bildschirmleser nicht vor."


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def send(client, *, seconds=60, **changes):
    data = {
        "issued": traps.issue(NOW - timedelta(seconds=seconds)),
        "betreff": "",
        "what": SAID,
        "where": "Mitmachen",
        "email": "kim@example.org",
    }
    return client.post(ADDRESS, data | changes, headers={"origin": "http://testserver"})


def flat(mail):
    return " ".join(mail.text.split())


def test_report_reaches_the_association_from_the_declaration_on(client):
    declaration = Page(client.get("/barrierefreiheit/").content.decode())
    form = Page(
        client.get(declaration.link("Barriere melden")).content.decode(), f"http://testserver{ADDRESS}"
    )
    address, method, fields = form.form("Absenden")
    fields = dict(fields) | {"what": SAID, "where": "Mitmachen", "email": "kim@example.org"}
    with time_machine.travel(NOW + timedelta(seconds=30), tick=False):
        response = client.post(address, fields, headers={"origin": "http://testserver"})
    assert (method, response.status_code, response["Location"]) == (
        "POST",
        303,
        "/barrierefreiheit/gemeldet/",
    )
    assert "Eine Eingangsbestätigung schicken wir nicht." in client.get(response["Location"]).content.decode()
    assert client.cookies == {}
    mail = Mail.objects.get()
    assert [mail.kind, mail.to, mail.subject] == [
        "barrier",
        association().contact_email,
        "Barriere gemeldet: Bitte prüfen und antworten",
    ]
    assert f"Gemeldet: {SAID} Seite: Mitmachen Antwort an: kim@example.org" in flat(mail)


def test_address_and_page_are_voluntary(client):
    assert send(client, where="", email="").status_code == 303
    assert "Eine Adresse für die Antwort wurde nicht angegeben." in flat(Mail.objects.get())


def test_same_report_twice_is_one_mail_and_nothing_else_is_stored(client):
    association()
    before = {model: model.objects.count() for model in apps.get_models() if hasattr(model, "objects")}
    assert [send(client).status_code for _click in range(2)] == [303, 303]
    after = {model: model.objects.count() for model in before}
    assert {model: after[model] - before[model] for model in before if after[model] != before[model]} == {
        Mail: 1
    }


def test_links_of_mails_in_a_report_are_masked(client):
    secret = "1-0.abcdefghijklmnopqrstuvwxyz0123456789"
    send(client, where=f"http://testserver/anmeldung/meine/{secret}/", what=f"Der Link {secret} geht nicht.")
    mail = Mail.objects.get()
    assert (secret in mail.text + mail.html, "/anmeldung/meine/…/" in mail.text) == (False, True)


def test_words_of_a_guest_enter_no_header(client):
    send(client, what="x\r\nBcc: alle@example.org", where="y\r\nSubject: Hallo")
    mail = Mail.objects.get()
    assert (mail.subject, mail.reply_to) == (
        "Barriere gemeldet: Bitte prüfen und antworten",
        association().answers_to,
    )


def test_errors_keep_what_was_typed(client):
    response = send(client, what="", email="kim@", where="Orte")
    page = Page(response.content.decode())
    assert response.status_code == 422
    assert page.one("title").text.startswith("Fehler: Barriere melden")
    assert page.one("input", id="id_where").get("value") == "Orte"
    assert page.one("input", id="id_email").get("value") == "kim@"
    assert [a.get("href") for a in page.one("div", id="fehler").walk() if a.tag == "a"] == [
        "#id_what",
        "#id_email",
    ]
    assert Mail.objects.count() == 0


@pytest.mark.parametrize("changes", [{"betreff": "Werbung"}, {"issued": ""}])
def test_machine_is_asked_to_press_again(client, changes):
    response = send(client, **changes)
    assert (response.status_code, Mail.objects.count()) == (422, 0)
    assert SAID in response.content.decode()


def test_form_bears_a_night_and_a_day(client):
    """No time limit below 20 hours: what was opened yesterday can be sent today."""
    assert send(client, seconds=21 * 3600).status_code == 303


def test_eleventh_report_of_a_client_waits(client):
    statuses = [send(client, what=f"{SAID} {number}").status_code for number in range(11)]
    assert statuses == [303] * 10 + [429]


@pytest.mark.slow
def test_one_client_cannot_close_the_form_for_all(client, own_counters):
    """Ten a day, however slowly; the eleventh is kept and shown another way, the same words again are no other report."""
    statuses = []
    for number in range(12):
        with time_machine.travel(NOW + timedelta(minutes=11 * number), tick=False):
            statuses.append(send(client, what=f"{SAID} {number}").status_code)
    again = send(client, what=f"{SAID} 3")
    late = send(client, what=f"{SAID} 12")
    other = send(Client(REMOTE_ADDR="198.51.100.7"), what=f"{SAID} 12")
    assert (statuses, again.status_code, other.status_code) == ([303] * 10 + [422] * 2, 303, 303)
    assert f"Bitte schreiben Sie uns direkt: {association().contact_email}" in late.content.decode()
    assert f"{SAID} 12" in late.content.decode()


@pytest.mark.postgres
def test_reports_of_a_day_are_counted_by_an_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = barriers.of_a_day(NOW).explain()
    assert plan.count("_like") == 2, plan


@pytest.mark.slow
def test_reports_of_all_clients_together_are_limited_by_the_day(client, clock):
    """A mailbox of people is no target either (trust.md „No mail cannon“); what was typed is kept, and the way is named."""
    for number in range(barriers.A_DAY):
        barriers.report(what=f"{SAID} {number}", where="", email="", now=NOW - timedelta(minutes=number))
    late = send(client)
    assert (late.status_code, Mail.objects.count()) == (422, barriers.A_DAY)
    assert f"Bitte schreiben Sie uns direkt: {association().contact_email}" in late.content.decode()
    assert SAID in late.content.decode()
    again = send(
        client, what=f"{SAID} 0", where="", email=""
    )  # it was accepted, and the page is loaded again
    assert (again.status_code, Mail.objects.count()) == (303, barriers.A_DAY)
    clock.shift(timedelta(hours=24))
    assert send(client, seconds=-23 * 3600).status_code == 303


def test_form_says_who_is_responsible_and_what_one_may_ask_for(client):
    """The second layer of the notice, as at the other forms; nothing of it speaks of a consent or of links in mails."""
    contact = association().contact_email
    legal = Page(client.get(ADDRESS).content.decode()).one("details", **{"class": "fold legal"})
    facts = {
        term.text: says.text
        for term, says in zip(legal_parts(legal, "dt"), legal_parts(legal, "dd"), strict=True)
    }
    assert set(facts) == {
        "Verantwortlich",
        "Wozu",
        "Grundlage",
        "Wer es bekommt",
        "Wie lange",
        "Ihre Rechte",
        "Beschwerde",
    }
    assert contact in facts["Verantwortlich"]
    assert "Einwilligung" not in facts["Grundlage"]
    assert "widersprechen" in facts["Ihre Rechte"]
    assert "Link in jeder Mail" not in facts["Ihre Rechte"]


def legal_parts(details, tag):
    return [element for element in details.walk() if element.tag == tag]


def test_report_while_the_association_has_no_address_goes_to_the_operator(settings):
    row = association()
    row.contact_email = ""
    row.save()
    barriers.report(what=SAID, where="", email="", now=NOW)
    assert Mail.objects.get().to in settings.DEFAULT_FROM_EMAIL
