"""The examples of the demo: marked everywhere, around today, gone without DEMO."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from initiatives.models import Initiative
from initiatives.topics import ensure_topics
from portal import demo
from portal.association import association, open_imprint
from portal.models import Booking, Mail, Membership, Municipality, Organisation, User
from portal.reminders import queue_due
from portal.slot_lists import seats_text
from portal.slots import Signup
from seminars.models import Series, Session, SessionSignup
from tests import make
from volunteers.models import Opportunity, Shift, ShiftSignup

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded(settings, capsys):
    """The example towns and one collected initiative are there, so nothing is imported (test_imports.py)."""
    for name in {example.town for example in demo.EXAMPLES}:
        make.municipality(name)
    ensure_topics()
    make.initiative(
        origin="collected",
        source_url="https://example.org",
        organisation=association(),
        municipality=Municipality.objects.first(),
    )
    settings.DEMO = True
    call_command("first_data")
    return capsys.readouterr().out


@pytest.mark.slow
def test_demo_has_one_login_per_role_with_the_password_printed_once(loaded):
    assert list(User.objects.order_by("email").values_list("email", "is_demo", "is_superuser")) == [
        ("lesen@beispiel.example", True, False),
        ("netzwerk@beispiel.example", True, False),
        ("redaktion@beispiel.example", True, False),
        ("seminare@beispiel.example", True, False),
    ]
    assert set(Membership.objects.values_list("role", flat=True)) == set(Membership.Role.values)
    for name in ("lesen", "netzwerk", "redaktion", "seminare"):
        address = f"{name}@beispiel.example"
        password = loaded.split(f"{address}  Passwort: ")[1].split()[0]
        assert User.objects.get(email=address).check_password(password)


@pytest.mark.slow
def test_examples_are_marked_and_cover_full_waiting_and_past_dates(loaded):
    now = timezone.now()
    assert not Opportunity.objects.filter(is_example=False).exists()
    titles = [shift.title for shift in Shift.objects.select_related("opportunity")]
    assert all(title.startswith("Beispiel: ") for title in titles)
    assert Opportunity.objects.values("municipality").distinct().count() >= 5
    assert Shift.objects.filter(ends__lt=now).exists()
    words = {seats_text(shift, now=now) for shift in Shift.objects.with_seats()}
    assert {"Warteliste", "vorbei", "Plätze frei"} <= words
    waiting = ShiftSignup.objects.filter(status=Signup.Status.WAITING)
    assert waiting.exists()
    for signup in waiting.select_related("slot"):
        free = signup.slot.free()
        assert free is not None
        assert free < signup.seats


@pytest.mark.slow
def test_invented_people_get_no_mail_however_late_it_is(loaded):
    tomorrow_evening = timezone.now() + timedelta(days=1, hours=8)
    assert sum(queue_due(now=tomorrow_evening).values()) == 0


@pytest.mark.slow
def test_second_start_changes_nothing_and_prints_no_password(loaded, capsys):
    before = list(Shift.objects.values_list("pk", "starts"))
    call_command("first_data")
    assert list(Shift.objects.values_list("pk", "starts")) == before
    assert "Passwort" not in capsys.readouterr().out


@pytest.mark.slow
def test_start_without_demo_removes_examples_and_logins_but_no_real_row(loaded, settings):
    settings.DEMO = False
    call_command("first_data")
    for model in (Opportunity, Shift, ShiftSignup, SessionSignup, Booking, Mail, User, Membership):
        assert not model.objects.exists(), model
    assert list(Series.objects.values_list("title", flat=True)) == ["#kommunalEngagiert"]
    assert not Session.objects.exclude(registration="elsewhere").exists()
    assert [(row.kind, row.imprint) for row in Organisation.objects.all()] == [
        ("association", open_imprint())
    ]
    assert list(Initiative.objects.values_list("origin", flat=True)) == ["collected"]
    assert Municipality.objects.count() == len({example.town for example in demo.EXAMPLES})


@pytest.mark.slow
def test_examples_that_are_all_over_are_made_anew(loaded, capsys):
    Shift.objects.update(starts=timezone.now() - timedelta(days=60), ends=timezone.now() - timedelta(days=59))
    assert demo.is_stale(timezone.now())
    call_command("first_data")
    assert not demo.is_stale(timezone.now())
    assert capsys.readouterr().out.count("Passwort:") == 4
