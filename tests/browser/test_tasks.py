"""Ten tasks of a clerk, from the login on, in a real browser: each click on a link or button is counted and printed.

Everything is done as a person would: each task begins at the start page, nobody types an address, and a link is looked
for where the page names it. Fields are reached by Tab, which is no click.
"""

import re

from playwright.sync_api import expect

from tests.staffroom import PASSWORD, code

EMAIL = "sekretariat@lich.example"
# A town's world of its own, so that no page that others look at changes.
SCENE = f"""
from datetime import timedelta
from django.utils import timezone
from initiatives.models import Initiative
from portal.association import association
from portal.models import Booking, Mail, Municipality, Organisation
from tests import make
from tests.staffroom import staff
now = timezone.now()
nine = timezone.localtime(now).replace(hour=9, minute=0, second=0, microsecond=0)
town = Municipality.objects.get(slug="hungen")
org = Organisation.objects.create(name="Stadt Hungen", address="Kaiserstraße 7, 35410 Hungen", imprint="Stadt Hungen, Kaiserstraße 7",
    contact_email="ehrenamt@hungen.example", contact_phone="06402 850")
town.organisation = org
town.save()
staff(org, email={EMAIL!r}, name="Frau Weber")
def date(title, days, capacity=8, people=(), **fields):
    action = make.opportunity(organisation=org, municipality=town, title=title, slug=f"aufgabe-{{days}}-hungen",
        contact_email="ehrenamt@hungen.example")
    shift = make.shift(opportunity=action, starts=nine + timedelta(days=days), capacity=capacity)
    for email, name, status in people:
        person = make.booking(email, name, organisation=org)
        make.signup(shift, booking=person, status=status, email=email)
    return shift
full = [("eins@gast.example", "Ada Eins", "confirmed"), ("zwei@gast.example", "Bo Zwei", "waiting")]
date("Schilder am Radweg säubern", 12, 1, full)
date("Apfelbäume schneiden", 19, 8, [("drei@gast.example", "Cem Drei", "confirmed")])
date("Krötenzaun aufstellen", 26, 8, [("vier@gast.example", "Dora Vier", "confirmed")])
date("Laub im Kurpark", -1, 8, [("fuenf@gast.example", "Emil Fünf", "confirmed")])
make.initiative(organisation=association(), municipality=town, title="Schäferfest der Vereine", slug="schaeferfest-hungen",
    origin=Initiative.Origin.COLLECTED, source_name="Gemeindezeitung", source_url="https://www.beispiel.example/schaefer")
lost = Booking.objects.get(email="vier@gast.example")
Mail.objects.create(key="aufgabe-voll", kind="confirmed", organisation=org, booking=lost, about=lost.label, to=lost.email,
    subject="Platz sicher: Krötenzaun aufstellen", text="Guten Tag", queued_at=now, next_try_at=now, attempts=1, failed_at=now,
    last_error="552 5.2.2 Mailbox full")
"""


class Hand:
    """One clerk at one window; `clicks` counts links and buttons since the task began."""

    def __init__(self, page, started):
        self.page, self.started, self.clicks = page, started, 0

    def press(self, name, *, role="button", within=None):
        """Click what is named so; the name may be its beginning."""
        place = within or self.page
        found = place.get_by_role(role, name=re.compile(f"^{re.escape(name)}"))
        found.first.click()
        self.clicks += 1

    def follow(self, name, *, within=None):
        self.press(name, role="link", within=within)

    def fill(self, **typed):
        """By the label of the field."""
        for label, value in typed.items():
            self.page.get_by_label(re.compile(f"^{re.escape(label)}:?$")).first.fill(value)

    def tick(self, label):
        self.page.get_by_label(label).check()
        self.clicks += 1

    def line(self, title):
        """The date on the start page, or the row of another list."""
        return self.page.get_by_role("listitem").filter(has_text=title).last

    def told(self, words):
        expect(self.page.locator(".messagelist")).to_contain_text(words)

    def mailed(self, to, subject):
        return self.started.wait_for_mail(to=to, subject=subject)[-1].get_body(("plain",)).get_content()


def log_in(hand):
    """By password and app, to the start page; `way_in` are the clicks of that."""
    hand.page.goto("/konto/login/?next=/verwaltung/")
    hand.page.get_by_label("E-Mail").fill(EMAIL)
    hand.page.get_by_label("Passwort").fill(PASSWORD)
    hand.press("Anmelden", within=hand.page.locator("main"))
    hand.page.locator("main").get_by_role("textbox").first.fill(code())
    hand.press("Anmelden", within=hand.page.locator("main"))
    hand.press("Nein, jedes Mal fragen")
    expect(hand.page.locator("h1")).to_contain_text("Frau Weber")
    hand.way_in, hand.clicks = hand.clicks, 0


def publish_a_date(hand):
    hand.follow("Hilfe suchen: neuer Termin")
    hand.fill(**{
        "Überschrift": "Bänke streichen am Stadtturm", "Worum geht es?": "Zwölf Bänke bekommen neue Farbe.",
        "Tag": "2031-05-10", "Von": "09:00", "Bis": "12:00", "Straße und Hausnummer": "Stadtturm, Obertorstraße 1",
        "Plätze": "6",
    })  # fmt: skip
    hand.press("Veröffentlichen")
    hand.told("Veröffentlicht")
    hand.follow("So sehen es die Bürger", within=hand.page.locator(".messagelist"))
    expect(hand.page.locator("h1")).to_have_text("Bänke streichen am Stadtturm")
    hand.page.go_back()


def sign_up_a_caller(hand):
    hand.follow("Jemanden eintragen", within=hand.line("Apfelbäume schneiden"))
    hand.fill(Name="Gerda Anruf", **{"Telefon (freiwillig)": "06402 123456"})
    hand.tick("Am Telefon geklärt")
    hand.press("Eintragen")
    hand.told("Gerda Anruf ist eingetragen.")


def print_the_list(hand):
    hand.follow("Liste drucken", within=hand.line("Apfelbäume schneiden"))
    hand.page.emulate_media(media="print")
    expect(hand.page.get_by_role("rowheader", name="Gerda Anruf")).to_be_visible()
    expect(hand.page.get_by_role("link", name="Übersicht")).to_be_hidden()
    hand.page.emulate_media(media="screen")


def move_a_date(hand):
    hand.follow("Apfelbäume schneiden")
    hand.follow("Zeit verschieben")
    hand.fill(**{"Neuer Beginn": "2031-03-08T10:00", "Neues Ende": "2031-03-08T13:00"})
    hand.press("Ansehen, was passiert")
    expect(hand.page.locator("main")).to_contain_text("Gerda Anruf")  # to be called: she has no address
    hand.press("Zeit jetzt verschieben")
    hand.told("Der Termin hat die neue Zeit.")
    assert "Samstag, 8. März 2031" in hand.mailed("drei@gast.example", "Neue Zeit:")


def raise_the_seats(hand):
    hand.follow("Schilder am Radweg säubern")
    hand.follow("Plätze ändern")
    hand.fill(**{"Wie viele Plätze?": "2"})
    hand.press("Ansehen, was passiert")
    expect(hand.page.locator("main")).to_contain_text("Bo Zwei")
    hand.press("Plätze jetzt ändern")
    hand.told("1 Mail geht hinaus.")
    hand.mailed("zwei@gast.example", "Nachgerückt")


def write_to_all(hand):
    hand.follow("Allen schreiben", within=hand.line("Schilder am Radweg säubern"))
    hand.fill(**{"Worum geht es?": "Handschuhe", "Ihre Nachricht": "Bitte bringen Sie Handschuhe mit."})
    hand.tick("Sofort senden, auch nachts")
    hand.press("Ansehen")
    hand.press("An 2 Adressen senden")
    assert "Bitte bringen Sie Handschuhe mit." in hand.mailed("eins@gast.example", "Nachricht:")


def cancel_a_date(hand):
    hand.follow("Krötenzaun aufstellen")
    hand.follow("Termin absagen")
    hand.fill(**{"Warum fällt der Termin aus?": "Der Boden ist gefroren."})
    hand.press("Ansehen, was passiert")
    hand.press("Termin jetzt absagen")
    hand.told("Der Termin ist abgesagt.")
    assert "Der Boden ist gefroren." in hand.mailed("vier@gast.example", "Fällt aus:")


def mark_who_was_there(hand):
    hand.follow("Wer war da?", within=hand.line("Laub im Kurpark"))
    hand.press("Alle übrigen waren da")
    expect(hand.page.locator("main")).to_contain_text("war da")


def take_over_a_collected_page(hand):
    hand.follow("So sehen es die Bürger")
    hand.follow("Schäferfest der Vereine")
    hand.follow("Seite übernehmen")
    hand.press("Seite übernehmen")
    hand.told("Die Seite gehört jetzt Ihnen.")


def find_out_why_a_mail_did_not_come(hand):
    hand.follow("Ansehen", within=hand.page.get_by_role("listitem").filter(has_text="kam nicht an"))
    expect(hand.page.locator("main")).to_contain_text("voll")


TASKS = {
    "Termin veröffentlichen": publish_a_date,
    "Anruf eintragen": sign_up_a_caller,
    "Liste drucken": print_the_list,
    "Termin verschieben": move_a_date,
    "Mehr Plätze geben": raise_the_seats,
    "Allen schreiben": write_to_all,
    "Anwesenheit notieren": mark_who_was_there,
    "Gesammelte Seite übernehmen": take_over_a_collected_page,
    "Warum kam eine Mail nicht an?": find_out_why_a_mail_did_not_come,
    "Termin absagen": cancel_a_date,
}
MOST = 10  # clicks from the login to the end of a task (issue: the clerk's desk)


def test_ten_tasks_of_a_clerk_take_few_clicks(visit, started, proof):
    started.python(SCENE)
    clerk, clicks = Hand(visit(), started), {}
    log_in(clerk)
    for name, task in TASKS.items():
        task(clerk)
        clicks[name] = clerk.clicks
        proof(
            "tasks", name, tried=f"{clerk.way_in} Klicks Anmeldung, {clerk.clicks} für die Aufgabe",
            expected=f"am Ziel, höchstens {MOST} Klicks ab der Anmeldung", seen=f"am Ziel, {clerk.way_in + clerk.clicks} Klicks",
        )  # fmt: skip
        clerk.page.goto("/verwaltung/")
        clerk.clicks = 0
    assert {name: n for name, n in clicks.items() if clerk.way_in + n > MOST} == {}
