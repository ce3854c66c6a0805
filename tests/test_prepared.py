"""Statements that are put together once: what they answer is what Django answers that builds them anew."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from allauth.account.models import EmailConfirmation
from django.db import IntegrityError, connection
from django.db.models import Model
from django.db.transaction import TransactionManagementError, atomic
from django.urls import reverse
from django.utils import timezone

from initiatives.models import Initiative
from portal import links, outbox, seats, signups
from portal.models import Booking, Mail
from portal.prepared import add, prepared, prepared_insert, prepared_update
from tests import make
from tests.bench.statements import registration
from tests.make import NOW
from tests.staffroom import proven, staff
from volunteers.models import Shift, ShiftSignup


@prepared
def of_slots(model, *, slots, states):
    return model.objects.filter(slot__pk__in=slots, status__in=states).order_by("pk")


@prepared_update
def moved_on(*, pk, at, word):
    return Mail.objects.filter(pk=pk, sent_at=None), {"next_try_at": at, "last_error": word}


def columns(row):
    """A row with all that was read of it and of its relations, by name."""
    if not isinstance(row, Model):
        return row
    read = {name: value for name, value in row.__dict__.items() if name != "_state"}
    return read | {name: columns(related) for name, related in row._state.fields_cache.items()}


@pytest.fixture
def compared(monkeypatch):
    """The prepared statements that were asked; what each did was compared with its queryset."""
    asked = set()
    plain = prepared.__call__

    def both(self, *shape, **values):
        name = f"{self.__module__.rpartition('.')[2]}.{self.__name__}"
        asked.add(name)
        if isinstance(self, prepared_insert):
            row, found = self.build(*shape, **values), plain(self, *shape, **values)
            row.pk = found
            assert columns(type(row).objects.get(pk=found)) == columns(row), name
        elif isinstance(self, prepared_update):
            rows, changes = self.build(*shape, **values)
            keys = list(rows.values_list("pk", flat=True))
            found = plain(self, *shape, **values)
            now = rows.model.objects.filter(pk__in=keys).values(*changes)
            assert (found, list(now)) == (len(keys), [changes] * len(keys)), name
        else:
            expected = [columns(row) for row in self.build(*shape, **values)]
            found = plain(self, *shape, **values)
            assert [columns(row) for row in found] == expected, name
        return found

    monkeypatch.setattr(prepared, "__call__", both)
    return asked


@pytest.mark.slow
@pytest.mark.django_db
def test_a_prepared_statement_answers_like_the_queryset_it_was_built_from(client, compared):
    shift = make.shift(capacity=1, starts=timezone.now() + timedelta(days=10))
    path = shift.opportunity.get_absolute_url()
    for number in range(3):
        registration(path, f"kim{number}@example.org", client=client)
    first = ShiftSignup.objects.order_by("pk")[0]
    assert client.get(links.path("booking:export", links.MANAGE, first.booking)).status_code == 200
    signups.give_back(first, now=shift.starts - timedelta(days=2))
    assert [s.status for s in ShiftSignup.objects.order_by("pk")] == ["ended", "confirmed", "waiting"]
    session = make.session(starts=timezone.now() + timedelta(days=10))
    client.get(session.get_absolute_url())
    _open_an_initiative(client)
    assert proven(staff(make.organisation())).get(reverse("admin:index")).status_code == 200
    assert compared == known()


def _open_an_initiative(client):
    """With a date, one like it and a copy, so that each statement has a row."""
    one, near = (make.initiative(life_state="running") for _ in range(2))
    make.shift(opportunity=make.opportunity(initiative=one), starts=timezone.now() + timedelta(days=10))
    Initiative.objects.filter(pk=near.pk).update(copied_from=one, copied_at=timezone.now())
    page = client.get(one.get_absolute_url())
    assert len(page.context["shifts"]) == len(page.context["similar"]) == len(page.context["copies"]) == 1


def known():
    """All prepared statements of the product, as „seats._counts“."""
    return {
        f"{module.rpartition('.')[2]}.{name}"
        for module, found in list(sys.modules.items())
        if module.split(".")[0] in ("portal", "volunteers", "seminars", "initiatives")
        for name, value in vars(found).items()
        if isinstance(value, prepared) and value.__module__ == module
    }


@pytest.mark.django_db
def test_a_new_row_is_stored_as_by_save_and_what_the_database_refuses_is_an_error():
    shift = make.shift()
    form = {"organisation": shift.organisation, "source": Booking.Source.PHONE, "entered_at": NOW}
    booking, saved = Booking(**form), Booking.objects.create(**form)
    add(booking)
    stored, twin = (columns(Booking.objects.get(pk=row.pk)) for row in (booking, saved))
    assert stored | {"id": 0} == twin | {"id": 0}
    assert not booking._state.adding

    with pytest.raises(IntegrityError), atomic():
        add(ShiftSignup(booking=booking, slot=shift, seats=0))
    add(*(ShiftSignup(booking=booking, slot=shift, seats=seats) for seats in (1, 2)))
    assert list(booking.shiftsignups.values_list("seats", flat=True)) == [1, 2]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_threads_share_plans_also_while_these_are_thrown_away(monkeypatch):
    monkeypatch.setattr("portal.prepared.MANY", 3)
    slots = [make.shift() for _number in range(6)]
    rows = [make.signup(slot).pk for slot in slots]

    def ask(number):
        lengths = [1 + (number + turn) % 6 for turn in range(30)]
        try:
            found = [
                of_slots(ShiftSignup, slots=[s.pk for s in slots[:n]], states=["confirmed"]) for n in lengths
            ]
        finally:
            connection.close()
        return [[row.pk for row in some] for some in found] == [rows[:n] for n in lengths]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


@pytest.mark.django_db
def test_lists_of_any_length_are_values_and_an_empty_one_means_nobody():
    shift, other = make.shift(), make.shift()
    rows = [make.signup(slot, status="confirmed") for slot in (shift, other)]
    states = ["confirmed", "waiting"]
    assert of_slots(ShiftSignup, slots={shift.pk}, states=states) == rows[:1]
    assert of_slots(ShiftSignup, slots=[shift.pk, other.pk], states=states) == rows
    assert of_slots(ShiftSignup, slots=[], states=states) == []
    assert of_slots(ShiftSignup, slots=[shift.pk, other.pk], states=["waiting"]) == []
    with pytest.raises(ValueError, match="None"):
        of_slots(ShiftSignup, slots=[None], states=states)


@pytest.mark.django_db
def test_plans_of_lists_of_many_lengths_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("portal.prepared.MANY", 3)
    for length in range(1, 9):
        of_slots(ShiftSignup, slots=list(range(length)), states=["waiting"])
    assert len(of_slots._plans) <= 3


@pytest.mark.django_db
def test_a_prepared_update_changes_what_it_says_and_counts_it():
    outbox.queue(
        key="a",
        kind="waiting",
        to="kim@example.org",
        letter={"subject": "s", "text": "t", "html": ""},
        now=NOW,
    )
    mail, later = Mail.objects.get(), NOW + timedelta(hours=1)
    assert moved_on(pk=mail.pk, at=later, word="O'Neill; 100 %s") == 1
    mail.refresh_from_db()
    assert (mail.next_try_at, mail.last_error) == (later, "O'Neill; 100 %s")
    Mail.objects.update(sent_at=NOW)
    assert moved_on(pk=mail.pk, at=NOW, word="") == 0


@pytest.mark.django_db(transaction=True)
def test_a_prepared_row_lock_needs_a_transaction_also_on_sqlite():
    shift = make.shift()
    with pytest.raises(TransactionManagementError):
        seats.lock(Shift, [shift.pk])
    with atomic():
        assert seats.lock(Shift, [shift.pk]) == [shift]


@prepared_insert
def added(**given):
    return Mail(**given)


@pytest.mark.django_db
def test_a_prepared_insert_adds_a_row_once():
    said = {"kind": "waiting", "text": "O'Neill; 100 %s", "queued_at": NOW, "next_try_at": NOW}
    first = added(key="a", useful_until=None, **said)
    assert added(key="a", useful_until=NOW, **said) is None
    (mail,) = Mail.objects.all()
    assert (mail.pk, mail.text, mail.queued_at, mail.useful_until) == (first, said["text"], NOW, None)
    assert added(key="b", useful_until=NOW, **said) == Mail.objects.get(key="b").pk


@pytest.mark.django_db
def test_a_prepared_insert_never_keeps_what_a_model_makes_up_for_each_row():
    @prepared_insert
    def nothing_given():
        return EmailConfirmation()

    with pytest.raises(ValueError, match="created"):
        nothing_given()
