"""Rule 26: an answer that is late reminds the Redaktion after 10 working days and is owned up to after 20."""

from datetime import date, timedelta

import pytest

from initiatives import hints
from initiatives.models import Hint
from portal import outbox, overdue
from portal.models import Mail, Membership
from tests import make
from tests.make import NOW
from tests.staffroom import staff

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("n", "today", "since"),
    [
        (10, date(2026, 9, 18), date(2026, 9, 3)),  # a Friday, which is not over yet
        (10, date(2026, 9, 21), date(2026, 9, 6)),  # the Monday after: asked on a Sunday, two weeks are over
        (10, date(2027, 1, 4), date(2026, 12, 16)),  # Christmas and New Year on Fridays: two days more
        (20, date(2026, 6, 8), date(2026, 5, 5)),  # Christi Himmelfahrt, Pfingstmontag, Fronleichnam
    ],
)
def test_holidays_and_weekends_are_no_working_days(n, today, since):
    assert overdue.latest_day(n, today=today) == since


def told():
    return [(mail.kind, mail.to) for mail in Mail.objects.order_by("pk")]


@pytest.mark.slow
def test_a_late_hint_reminds_everybody_of_the_redaktion_once_and_then_is_owned_up_to():
    town = make.organisation(contact_email="ehrenamt@lich.example")
    for name, role in [("weber", "editor"), ("sander", "editor"), ("lesen", "reader")]:
        staff(town, Membership.Role(role), email=f"{name}@lich.example", enrolled=False)
    staff(town, email="fort@lich.example", enrolled=False, is_active=False)
    staff(make.organisation("Stadt Hungen"), email="hungen@hungen.example", enrolled=False)
    page = make.initiative(organisation=town, title="Bachpaten")
    make.hint(page, email="kim@example.org", entered_at=NOW)
    make.hint(page, email="", confirmed_at=NOW - 90 * DAY)  # too long ago to say it now
    days = {}
    for number in range(40):
        for _twice in range(2):
            hints.tell_overdue(now=NOW + number * DAY)
        days.setdefault(len(told()), NOW.date() + number * DAY)
    assert told() == [
        ("overdue", "weber@lich.example"),
        ("overdue", "sander@lich.example"),
        ("still-open", "kim@example.org"),
    ]
    reminded, owned_up = days[2], days[3]
    assert overdue.latest_day(10, today=reminded - DAY) < NOW.date() <= overdue.latest_day(10, today=reminded)
    assert overdue.latest_day(20, today=owned_up - DAY) < NOW.date() <= overdue.latest_day(20, today=owned_up)
    reminder, owning = Mail.objects.filter(kind="overdue").first(), Mail.objects.get(kind="still-open")
    assert reminder.subject == "Wartet seit zwei Wochen: Hinweis zu „Bachpaten“"
    assert "/verwaltung/initiatives/hint/" in reminder.text
    assert "ehrenamt@lich.example" in owning.text


def test_an_address_typed_into_many_forms_gets_one_letter_and_staff_are_not_flooded():
    """Nobody proved the address of a hint: late answers must be no cannon either."""
    town = make.organisation()
    staff(town, email="weber@lich.example", enrolled=False)
    page = make.initiative(organisation=town)
    for spelled in ("opfer@example.org", "Opfer@example.org", "opfer+1@example.org") * 4:
        make.hint(page, email=spelled, entered_at=NOW)
    sent = [hints.tell_overdue(now=NOW + number * DAY) for number in range(40)]
    assert [to for kind, to in told() if kind == "still-open"] == ["opfer@example.org"]
    assert max(sent) <= outbox.OF_STRANGERS_A_DAY + 1


def test_what_is_public_no_longer_is_not_named_to_who_asked():
    page = make.initiative(organisation=make.organisation(), title="Geheimer Plan", state="draft")
    make.hint(page, email="kim@example.org", entered_at=NOW)
    for number in range(40):
        hints.tell_overdue(now=NOW + number * DAY)
    mail = Mail.objects.get(kind="still-open")
    assert mail.subject == "Noch keine Antwort: Hinweis zu einer Initiative, die hier nicht mehr steht"
    assert "Geheim" not in mail.text


def test_what_was_answered_in_time_reminds_nobody():
    page = make.initiative(organisation=make.organisation())
    staff(page.organisation, email="weber@lich.example", enrolled=False)
    hint = make.hint(page, email="kim@example.org", entered_at=NOW)
    Hint.objects.filter(pk=hint.pk).update(settled_at=NOW + DAY)
    assert [hints.tell_overdue(now=NOW + n * DAY) for n in range(40)] == [0] * 40


def test_a_late_request_for_access_reminds_the_network_and_is_owned_up_to():
    ours = make.filled_association()
    staff(ours, Membership.Role.NETWORK, email="netzwerk@verband.example", enrolled=False)
    staff(ours, Membership.Role.SEMINARS, email="seminare@verband.example", enrolled=False)
    town = make.municipality("Lich")
    make.access_request(town, email="weber@lich.example", entered_at=NOW, confirmed_at=NOW)
    make.access_request(town, email="unbestaetigt@lich.example", entered_at=NOW, confirmed_at=None)
    for number in range(40):
        overdue.tell_about_access(now=NOW + number * DAY)
    assert told() == [("overdue", "netzwerk@verband.example"), ("still-open", "weber@lich.example")]
    assert Mail.objects.get(kind="overdue").subject == "Wartet seit zwei Wochen: Anfrage nach einem Zugang"
