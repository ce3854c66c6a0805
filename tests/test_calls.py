"""„Selbst anrufen": whom no mail reaches is called when there is news, until somebody says it was done (rules 4, 15)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal import calls, rescheduling, seats
from portal.models import AccessLog
from portal.refused import Refused
from portal.slots import Signup
from tests import make
from tests.staffroom import proven, staff
from volunteers import relocating
from volunteers.models import Shift, ShiftSignup

pytestmark = pytest.mark.django_db
Status = Signup.Status
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def clerk(town):
    return proven(staff(town.organisation))


@pytest.fixture
def shift(town):
    """Somebody with an address, one without, one whose address is refused, and one without who waits."""
    action = make.opportunity(organisation=town.organisation, municipality=town, title="Bachputz")
    slot = make.shift(opportunity=action, starts=timezone.now() + 10 * DAY)
    person(slot, "Kim Muster", "kim@example.org")
    person(slot, "Opa Ohnemail", phone="06404 8061")
    person(slot, "Rita Refus", "rita@example.org", email_refused_at=timezone.now())
    person(slot, "Wanda Wartet", phone="06404 8062", status=Status.WAITING)
    return slot


def person(slot, name, email="", *, status=Status.CONFIRMED, **fields):
    booking = make.booking(email, name, organisation=slot.organisation, **fields)
    return make.signup(slot, booking=booking, status=status)


def to_call(slot):
    return list(slot.signups.to_call().order_by("pk").values_list("booking__name", flat=True))


def move(slot, *, now=None):
    current = Shift.objects.get(pk=slot.pk)
    starts, ends = current.starts + DAY, current.ends + DAY
    rescheduling.move(current, starts=starts, ends=ends, now=now or timezone.now())


def cancel(slot):
    rescheduling.cancel(slot, reason="Sturm", now=timezone.now())


def relocate(slot):
    relocating.relocate(slot.opportunity, meeting_point="Marktplatz 1", municipality=None, now=timezone.now())


def page(slot):
    return reverse("admin:volunteers_shift_calls", args=[slot.pk])


def tick(client, slot, name, **data):
    signup = slot.signups.get(booking__name=name)
    return client.post(page(slot), {"signup": signup.pk, "news": calls.news_key(signup)} | data, follow=True)


def todo(client):
    """The lines of the start page that ask for calls."""
    lines = client.get(reverse("admin:index")).context["todo"]
    return [(line["text"], line["url"]) for line in lines if "anrufen" in line["text"]]


@pytest.mark.parametrize("change", [move, relocate, cancel])
def test_whom_no_mail_reaches_is_to_be_called_after_each_change(shift, change):
    assert to_call(shift) == []
    change(shift)
    assert to_call(shift) == ["Opa Ohnemail", "Rita Refus", "Wanda Wartet"]


def test_who_gets_a_seat_and_has_no_address_is_called_and_nobody_else(shift):
    Shift.objects.filter(pk=shift.pk).update(capacity=2)
    rescheduling.change_capacity(shift, capacity=10, now=timezone.now())
    assert to_call(shift) == ["Wanda Wartet"]


def test_who_gives_the_seat_back_need_not_be_called_any_more(shift):
    move(shift)
    seats.end(shift.signups.get(booking__name="Opa Ohnemail"), Signup.Reason.GIVEN_BACK, now=timezone.now())
    assert to_call(shift) == ["Rita Refus", "Wanda Wartet"]


@pytest.mark.slow
@pytest.mark.parametrize("change", [move, cancel])
def test_each_tick_takes_one_off_the_list_the_start_page_and_the_paper(clerk, shift, change):
    change(shift)
    why = "der Termin fällt aus" if change is cancel else "es gibt Neues zum Termin"
    assert todo(clerk) == [(f"Bitte selbst anrufen: 3 Anmeldungen, {why}", page(shift))]
    shown = clerk.get(page(shift)).content.decode()
    assert ['href="tel:064048061"' in shown, "Opa Ohnemail" in shown, "Kim Muster" in shown] == [
        True, True, False,
    ]  # fmt: skip

    tick(clerk, shift, "Opa Ohnemail")
    assert todo(clerk) == [(f"Bitte selbst anrufen: 2 Anmeldungen, {why}", page(shift))]
    listed = clerk.get(shift.staff_path)
    assert "Selbst anrufen (2)" in listed.content.decode()
    remarks = {line["name"]: line["remarks"] for group in listed.context["groups"] for line in group["lines"]}
    assert (remarks["Opa Ohnemail"][0], remarks["Rita Refus"][0], remarks["Kim Muster"]) == (
        "angerufen", "selbst anrufen", [],
    )  # fmt: skip

    for name in ("Rita Refus", "Wanda Wartet"):
        answer = tick(clerk, shift, name)
    assert "Alle sind angerufen." in answer.content.decode()
    assert todo(clerk) == []
    log = AccessLog.objects.filter(action="Angerufen").values_list("about", flat=True)
    assert set(log) == {s.label for s in shift.signups.exclude(booking__name="Kim Muster")}


@pytest.mark.slow
def test_the_paper_says_whom_to_call(clerk, shift):
    move(shift)
    paper = clerk.get(reverse("admin:volunteers_shift_print", args=[shift.pk])).content.decode()
    assert paper.count("selbst anrufen") == 3
    tick(clerk, shift, "Opa Ohnemail")
    paper = clerk.get(reverse("admin:volunteers_shift_print", args=[shift.pk])).content.decode()
    assert paper.count("selbst anrufen") == 2


@pytest.mark.slow
def test_a_slip_of_the_finger_is_taken_back(clerk, shift):
    move(shift)
    tick(clerk, shift, "Opa Ohnemail")
    tick(clerk, shift, "Opa Ohnemail", undo="1")
    assert to_call(shift) == ["Opa Ohnemail", "Rita Refus", "Wanda Wartet"]
    assert AccessLog.objects.filter(action="Doch nicht angerufen").count() == 1


@pytest.mark.slow
def test_news_after_the_call_asks_for_another_one(clerk, shift):
    move(shift)
    tick(clerk, shift, "Opa Ohnemail")
    move(shift, now=timezone.now() + MINUTE)
    assert "Opa Ohnemail" in to_call(shift)


@pytest.mark.slow
def test_a_tick_about_older_news_does_not_count(clerk, shift):
    move(shift)
    opa = shift.signups.get(booking__name="Opa Ohnemail")
    seen = calls.news_key(opa)
    move(shift, now=timezone.now() + MINUTE)
    answer = tick(clerk, shift, "Opa Ohnemail", news=seen)
    assert "Bitte rufen Sie noch einmal an." in answer.content.decode()
    assert "Opa Ohnemail" in to_call(shift)
    with pytest.raises(Refused):
        calls.note(opa, news=seen, now=timezone.now())


@pytest.mark.slow
def test_a_date_that_is_over_asks_for_no_calls(clerk, shift):
    move(shift)
    over = timezone.now() - DAY
    Shift.objects.filter(pk=shift.pk).update(starts=over, ends=over + MINUTE)
    assert todo(clerk) == []


def test_who_belongs_to_another_date_is_not_there_and_nothing_changes_on_get(clerk, shift):
    move(shift)
    other = make.shift(opportunity=shift.opportunity)
    tick_there = {"signup": shift.signups.first().pk, "news": ""}
    assert clerk.post(page(other), tick_there).status_code == 404
    before = list(ShiftSignup.objects.order_by("pk").values())
    clerk.get(page(shift), {"signup": shift.signups.first().pk})
    assert list(ShiftSignup.objects.order_by("pk").values()) == before


def test_a_seminar_asks_for_calls_as_well():
    now = timezone.now()
    session = make.session(starts=now + 3 * DAY)
    booking = make.booking("", "Opa Ohnemail", organisation=session.organisation, slot_kind="session")
    make.participant(session, booking=booking)
    rescheduling.cancel(session, reason="krank", now=now)
    assert to_call(session) == ["Opa Ohnemail"]
