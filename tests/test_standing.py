"""Which form a token names, and which sign-ups the form stands for."""

from datetime import timedelta

import pytest
from django.http import Http404

from portal import links, signups
from portal.models import Booking
from portal.standing import form_of, signups_of
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


def entered(*slots, **more):
    form = {"name": "Kim", "email": "kim@example.org", "age_confirmed": True, "now": NOW}
    return signups.register(slots=slots, **form | more)


@pytest.mark.parametrize("kind", ["action", "seminar", "merged", "erased", "without dates"])
def test_a_form_read_at_once_is_the_one_that_is_read_in_turn(kind):
    shift = make.shift(starts=NOW + timedelta(days=9))
    if kind == "seminar":
        booking = entered(make.session(starts=NOW + timedelta(days=9)))
    else:
        later = make.shift(starts=NOW + timedelta(days=12), opportunity=shift.opportunity)
        booking = entered(later, shift)
    if kind == "merged":  # the first form answers for the second
        first = entered(shift, verified=True, seats=2)
        signups.confirm(booking, signups=signups_of(booking), now=NOW)
        assert first in {signup.booking for signup in signups_of(booking)}
    if kind == "erased":
        Booking.objects.filter(pk=booking.pk).update(
            erased_at=NOW, name="", email="", email_key=None, phone=""
        )
    if kind == "without dates":
        booking.shiftsignups.all().delete()

    token = links.make(links.MANAGE, booking)
    found, dates = form_of(links.MANAGE, token)

    in_turn = links.read(links.MANAGE, token, Booking)
    assert plain(found) == plain(in_turn)
    assert [plain(date) for date in dates] == [plain(date) for date in signups_of(in_turn)]
    assert [plain(date.slot) for date in dates] == [plain(date.slot) for date in signups_of(in_turn)]


def plain(row):
    return (type(row), {column.name: getattr(row, column.attname) for column in row._meta.concrete_fields})


def test_a_token_of_a_form_whose_address_was_corrected_names_none():
    booking = entered(make.shift(starts=NOW + timedelta(days=9)))
    token = links.make(links.MANAGE, booking)
    signups.correct_address(booking, email="kim.muster@example.org", now=NOW)
    with pytest.raises(Http404):
        form_of(links.MANAGE, token)
    with pytest.raises(Http404):
        form_of(links.CONFIRM, links.make(links.MANAGE, Booking.objects.get()))
