"""The page „Zustand": what is in order, what is not and what to do then, and who may see it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal import condition, heartbeat, restoring
from portal.association import association
from portal.delivery import UNREACHED
from portal.models import Heartbeat, Mail, Membership, User
from tests import make
from tests.markup import Page
from tests.staffroom import SECRET, TOTP, RecoveryCodes, proven, staff

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Name = Heartbeat.Name


@pytest.fixture
def now(settings):
    """A server on which everything happened just now."""
    settings.DEMO = False
    now = timezone.now()
    for name in Name:
        heartbeat.beat(name, now=now)
    return now


def mail(key, now, **fields):
    defaults = {
        "kind": "confirmed",
        "to": "kim@example.org",
        "text": "x",
        "queued_at": now,
        "next_try_at": now,
    }
    return Mail.objects.create(key=key, subject=f"Betreff {key}", **(defaults | fields))


def todo(now):
    """Name of what is not in order → what to do."""
    return {each.name: each.advice for each in condition.findings(now) if each.advice}


def words(client):
    return " ".join(Page(client.get(reverse("admin:status")).content.decode(), "").root.text.split())


def network():
    return proven(staff(association(), Membership.Role.NETWORK, email="netzwerk@verband.example"))


@pytest.mark.slow
def test_all_is_well(now):
    assert todo(now) == {}
    page = words(network())
    assert "Alles in Ordnung." in page
    assert "Wartende Mails: Keine." in page
    assert "Portal 0.1.0, Django" in page


@pytest.mark.parametrize(
    ("name", "after", "said", "advice"),
    [
        (Name.CLOCK, 6 * MINUTE, "Uhr (beat) und Aufgaben (worker)", "Laufen beat und worker?"),
        (Name.REMINDERS, 6 * MINUTE, "Erinnerungen", "„queue_due“"),
        (Name.DELETION, 14 * HOUR, "Löschfristen", "./run manage enforce_deletion"),
        (Name.JOURNAL, 6 * MINUTE, "Journal", "JOURNAL_DIR"),
        (Name.BACKUP, 27 * HOUR, "Sicherung", "./run manage backup"),
    ],
)
def test_what_has_not_happened_for_too_long_is_named(now, name, after, said, advice):
    heartbeat.beat(name, now=now - after * 0.7)
    assert todo(now) == {}
    heartbeat.beat(name, now=now - after)
    assert list(todo(now)) == [said]
    assert advice in todo(now)[said]
    Heartbeat.objects.filter(name=name).delete()
    assert list(todo(now)) == [said]
    page = words(network())
    assert "Eine Sache braucht Sie." in page
    assert "Alles in Ordnung." not in page
    assert f"{said}: Noch nie." in page


def test_demo_needs_no_backup(now, settings):
    settings.DEMO = True
    Heartbeat.objects.filter(name=Name.BACKUP).delete()
    assert todo(now) == {}


def test_waiting_mails_are_a_fault_only_when_nobody_takes_care_of_them(now):
    mail("new", now)
    mail("mailbox full", now - 5 * HOUR, next_try_at=now + HOUR, last_error="452 4.2.2 voll")
    mail("useless", now - 9 * HOUR, useful_until=now - HOUR)
    assert todo(now) == {}
    assert "Wartende Mails: 2 Mails warten; die älteste: vor 5 Stunden." in words(network())

    late = mail("late", now - HOUR, next_try_at=now - 6 * MINUTE)
    assert todo(now) == {"Wartende Mails": "Niemand verschickt sie: Läuft ein worker?"}

    Mail.objects.filter(pk=late.pk).update(next_try_at=now + MINUTE, last_error=UNREACHED % "[Errno 111]")
    assert "Mailserver ist nicht erreichbar" in todo(now)["Wartende Mails"]


def test_failed_mails_are_counted_and_lead_to_their_list(now):
    client = network()
    failed = mail("failed", now, failed_at=now, organisation=association())
    mail("old", now, failed_at=now - 25 * HOUR)
    mail("untrue", now, failed_at=now, withdrawn_at=now)
    sent = mail("sent", now, sent_at=now, organisation=association())
    assert todo(now) == {}
    page = Page(client.get(reverse("admin:status")).content.decode(), "")
    assert "Gescheiterte Mails in 24 Stunden: 1, verschickt wurden 1." in " ".join(page.root.text.split())
    client = proven(operator())
    listed = client.get(page.link("Gescheiterte Mails ansehen")).content.decode()
    assert (failed.subject in listed, sent.subject in listed) == (True, False)


def operator():
    user = User.objects.create_superuser("betrieb@example.org", "Ein-langes-Passwort-3")
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


@pytest.mark.slow
@pytest.mark.parametrize("state", ["wartet", "verschickt", "gescheitert", "zurueckgezogen"])
def test_list_of_mails_shows_one_state(now, state):
    rows = {
        "wartet": mail("a", now),
        "verschickt": mail("b", now, sent_at=now, withdrawn_at=now),
        "gescheitert": mail("c", now, failed_at=now),
        "zurueckgezogen": mail("d", now, withdrawn_at=now),
    }
    listed = (
        proven(operator()).get(reverse("admin:portal_mail_changelist") + f"?stand={state}").content.decode()
    )
    assert [name for name, row in rows.items() if row.subject in listed] == [state]


def test_many_failed_mails_and_held_ones_need_somebody(now):
    for n in range(5):
        mail(f"failed {n}", now, failed_at=now)
    assert "SPF, DKIM, DMARC" in todo(now)["Gescheiterte Mails in 24 Stunden"]
    for n in range(50):
        mail(f"sent {n}", now, sent_at=now)
    assert todo(now) == {}
    mail("held", now, failed_at=now, last_error=restoring.HELD)
    assert "Nach einer Wiederherstellung angehalten: 1." in todo(now)["Gescheiterte Mails in 24 Stunden"]


def test_missing_redis_is_named(now, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert list(todo(now)) == ["Redis"]


@pytest.mark.slow
def test_navigation_leads_there_for_who_may_see_it(now):
    clerk = proven(staff(make.organisation()))
    shown = {
        name: "Zustand" in client.get(reverse("admin:index")).content.decode()
        for name, client in {"network": network(), "clerk": clerk, "operator": proven(operator())}.items()
    }
    assert shown == {"network": True, "clerk": False, "operator": True}
    assert clerk.get(reverse("admin:status")).status_code == 404


@pytest.mark.parametrize("rows", [1, 30])
def test_asks_as_much_of_few_mails_as_of_many(now, rows, django_assert_num_queries):
    for n in range(rows):
        mail(f"failed {n}", now, failed_at=now)
        mail(f"waiting {n}", now)
    condition.findings(now)  # migrations are looked up once
    with django_assert_num_queries(7):
        condition.findings(now)
