"""The e-mail desk: what went to whom, when, and what became of it, in the words of a clerk (rule 18)."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from portal import delivery, mail_words, outbox, privacy
from portal.models import AccessLog, Booking, Mail, Membership
from portal.slots import Signup
from tests import make, source
from tests.make import NOW
from tests.staffroom import proven, staff

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIST = reverse("admin:portal_mail_changelist")
REFUSED = reverse("admin:portal_mail_refused")


@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def clerk(town):
    return proven(staff(town.organisation, name="Frau Amt"))


def mail(town, **fields):
    now = timezone.now()
    defaults = {
        "key": f"k{Mail.objects.count()}", "kind": "confirmed", "organisation": town.organisation,
        "to": "kim@example.org", "subject": "Platz sicher: Bachputz", "text": "Guten Tag", "queued_at": now,
        "next_try_at": now,
    }  # fmt: skip
    return Mail.objects.create(**(defaults | fields))


def flat(response):
    return " ".join(response.content.decode().split())


def listed(response):
    return sorted(row.key for row in response.context["cl"].result_list)


def date(town):
    action = make.opportunity(organisation=town.organisation, municipality=town)
    return make.shift(opportunity=action, starts=timezone.now() + 10 * DAY)


@pytest.mark.parametrize(
    ("fields", "words", "todo"),
    [
        ({"sent_at": NOW}, "zugestellt an den Mailserver", ""),
        ({"withdrawn_at": NOW}, "zurückgezogen, stimmte nicht mehr", ""),
        ({"useful_until": NOW}, "nicht mehr gesendet, hatte sich erledigt", ""),
        ({}, "wartet, geht gleich hinaus", ""),
        ({"next_try_at": NOW + DAY}, "wartet", ""),
        ({"last_error": "452 4.2.2 Mailbox full"}, "wird noch versucht: Postfach voll", ""),
        ({"failed_at": NOW, "last_error": "552 5.2.2 Mailbox full"}, "nicht angekommen: Postfach voll", "Rufen Sie an, wenn"),
        ({"failed_at": NOW, "last_error": "550 5.1.1 x"}, "nicht angekommen: Adresse gibt es nicht", "fragen Sie nach der richtigen"),
        ({"failed_at": NOW, "last_error": delivery.AGAIN}, "nicht angekommen: ungewiss, ob sie ankam", "Fragen Sie nach"),
        ({"failed_at": NOW, "last_error": "554 5.7.1 Spam"}, "nicht angekommen: der Empfänger nimmt unsere Mails nicht an", "Betrieb"),
    ],
)  # fmt: skip
def test_results_are_words_with_what_to_do(fields, words, todo):
    row = Mail(**({"queued_at": NOW, "next_try_at": NOW} | fields))
    assert mail_words.result(row, now=NOW) == words
    assert todo in mail_words.todo(row)
    assert bool(mail_words.todo(row)) == bool(todo)


@pytest.mark.slow
def test_every_kind_of_mail_has_a_german_name():
    """Kinds are the names of letters, and what the code calls the others."""
    templates = {f"access-{name}" for name in ("confirm", "asked", "info", "declined")}
    templates |= {path.stem for path in Path("templates/mail/signups").glob("*.txt")} - {
        "message",
        "reminder",
    }
    said = set()
    for path, _tree in source.product().values():
        said |= set(re.findall(r'kind="([a-z]+(?:-[a-z]+)+|thanks)"', source.read(path)))
    assert sorted((templates | said) - set(mail_words.KINDS)) == []


def test_the_list_shows_who_what_when_and_the_result(clerk, town):
    mail(town, failed_at=timezone.now(), last_error="550 5.1.1 <kim@example.org>: unknown")
    text = flat(clerk.get(LIST))
    for words in ("kim@example.org", "Platzbestätigung", "nicht angekommen: Adresse gibt es nicht"):
        assert words in text
    assert "550 5.1.1" not in text


def test_the_server_s_own_words_are_folded_away_below_the_mail(clerk, town):
    row = mail(town, failed_at=timezone.now(), last_error="552 5.2.2 Mailbox full")
    text = flat(clerk.get(reverse("admin:portal_mail_change", args=[row.pk])))
    assert "nicht angekommen: Postfach voll" in text
    folded = text.partition("Was der Mailserver sagte")[2]
    assert "552 5.2.2 Mailbox full" in folded
    assert "552 5.2.2" not in text.partition("Was der Mailserver sagte")[0]


def test_after_its_time_the_text_is_gone_and_the_page_says_so(clerk, town):
    old = timezone.now() - 31 * DAY
    row = mail(town, sent_at=old, queued_at=old, text="Guten Tag Kim Muster")
    privacy.enforce(timezone.now())
    text = flat(clerk.get(reverse("admin:portal_mail_change", args=[row.pk])))
    assert "Text und Adresse löscht das Portal nach dieser Zeit: 30 Tage." in text
    assert "(Adresse gelöscht)" in text
    assert "Kim Muster" not in text


@pytest.mark.slow
def test_filters_find_by_result_time_and_kind(clerk, town):
    now = timezone.now()
    mail(town, key="neu")
    mail(town, key="alt", queued_at=now - 9 * DAY, sent_at=now - 9 * DAY, kind="reminder")
    mail(town, key="weg", queued_at=now - 3 * DAY, failed_at=now - 3 * DAY)
    for query, keys in (
        ("", ["alt", "neu", "weg"]),
        ("?stand=gescheitert", ["weg"]),
        ("?seit=7", ["neu", "weg"]),
        ("?art=reminder", ["alt"]),
        ("?seit=quatsch", ["alt", "neu", "weg"]),
    ):
        assert (query, listed(clerk.get(LIST + query))) == (query, keys)
    shown = [s.title for s in clerk.get(LIST).context["cl"].filter_specs]
    assert [str(title) for title in shown] == ["Ergebnis", "Geschrieben", "Art"]


def test_a_person_is_found_by_name(clerk, town):
    booking = make.booking(name="Wanda Wandel", organisation=town.organisation)
    mail(town, key="wanda", booking=booking)
    mail(town, key="andere")
    assert listed(clerk.get(f"{LIST}?q=Wandel")) == ["wanda"]


@pytest.mark.slow
def test_a_date_and_a_person_lead_to_their_mails(clerk, town):
    slot = date(town)
    seat = make.signup(slot, email="kim@example.org")
    mail(town, key="about", about=slot.label)
    mail(town, key="person", booking=seat.booking)
    mail(town, key="other")
    page = clerk.get(slot.staff_path)
    assert f'href="{LIST}?termin={slot.label}"' in page.content.decode()
    assert f'href="{LIST}?anmeldung={seat.booking.pk}"' in page.content.decode()
    assert listed(clerk.get(f"{LIST}?termin={slot.label}")) == ["about", "person"]
    assert listed(clerk.get(f"{LIST}?anmeldung={seat.booking.pk}")) == ["person"]
    for nonsense in ("termin=x", "termin=shift:99999999999999999999", "anmeldung=x", "termin=shift:²"):
        assert listed(clerk.get(f"{LIST}?{nonsense}")) == []


def test_another_town_s_date_and_person_lead_to_nothing(clerk, town):
    elsewhere = make.municipality("Hungen", organisation=make.organisation("Stadt Hungen"))
    slot = date(elsewhere)
    seat = make.signup(slot, email="fremd@example.org")
    mail(elsewhere, key="fremd", booking=seat.booking, about=slot.label)
    assert listed(clerk.get(f"{LIST}?termin={slot.label}")) == []
    assert listed(clerk.get(f"{LIST}?anmeldung={seat.booking.pk}")) == []


def test_a_real_bounce_becomes_a_line_with_whom_to_call(clerk, town, smtp):
    slot = date(town)
    booking = make.booking("weg@example.org", "Wanda Weg", phone="06404 7", organisation=town.organisation)
    make.signup(slot, booking=booking)
    smtp.plan("rcpt", "550 5.1.1 unbekannt", to="weg@example.org")
    now = timezone.now()
    letter = {"subject": "Nachgerückt", "text": "x", "html": ""}
    outbox.queue(
        key="n", kind="promoted", to=booking.email, letter=letter, now=now, organisation=town.organisation, booking=booking
    )  # fmt: skip
    delivery.deliver(now=now)
    text = flat(clerk.get(REFUSED))
    for words in (
        "1 Person",
        "Wanda Weg",
        "06404 7",
        "weg@example.org",
        slot.staff_path,
        "fragen Sie nach der richtigen",
    ):
        assert words in text
    assert list(AccessLog.objects.values_list("action", "about")) == [("Liste gelesen", "Mails")]


def test_refused_addresses_are_one_s_own_and_nobody_s_who_is_erased(clerk, town):
    elsewhere = make.municipality("Hungen", organisation=make.organisation("Stadt Hungen"))
    for place, name in ((elsewhere, "Fremd"), (town, "Gelöscht")):
        booking = make.booking(
            f"{place.name}@example.org", name, organisation=place.organisation, email_refused_at=NOW
        )
        mail(place, booking=booking)
    Booking.objects.filter(name="Gelöscht").update(name="", email="", email_key=None, erased_at=NOW)
    text = flat(clerk.get(REFUSED))
    assert ("Fremd" in text, "Keine. Sobald ein Mailserver eine Adresse ablehnt" in text) == (False, True)


def test_seminars_and_volunteers_do_not_see_each_other_s_refused_addresses(town):
    adler = proven(
        staff(make.filled_association(), Membership.Role.SEMINARS, email="seminare@verband.example")
    )
    helper = make.booking(
        "h@example.org", "Helga Hilft", organisation=make.filled_association(), email_refused_at=NOW
    )
    mail(town, booking=helper, organisation=make.filled_association())
    session = make.session(starts=timezone.now() + 5 * DAY)
    guest = make.participant(session, email="g@example.org", status=Signup.Status.WAITING).booking
    Booking.objects.filter(pk=guest.pk).update(email_refused_at=NOW, name="Gerd Gast")
    mail(town, booking=guest, organisation=make.filled_association())
    text = flat(adler.get(REFUSED))
    assert ("Gerd Gast" in text, "Helga Hilft" in text) == (True, False)
