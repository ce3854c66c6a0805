"""What a registration costs in SQL statements (performance.md: at most 25 with its mails), literally.

BEGIN, COMMIT and savepoints are not counted: they are no questions. PostgreSQL has one statement
more: the advisory lock of an address.
"""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal import delivery, links, signups, traps
from portal.models import Booking, Mail
from portal.rescheduling import change_capacity
from portal.slots import Signup
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)
POSTGRES = connection.vendor == "postgresql"
NO_QUESTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def statements(action):
    with CaptureQueriesContext(connection) as captured:
        action()
    return [query["sql"] for query in captured if not query["sql"].startswith(NO_QUESTION)]


def coming(**fields):
    return make.shift(starts=timezone.now() + timedelta(days=9), **fields)


def register(*slots, email="kim@example.org"):
    return signups.register(
        slots=slots, name="Kim Muster", email=email, age_confirmed=True, now=timezone.now()
    )


def confirm(booking):
    signups.confirm(booking, signups=signups.signups_of(booking), now=timezone.now())


def test_verbs_with_their_mails(smtp):
    slot = coming(capacity=1)

    entered = statements(lambda: register(slot))
    asked = statements(delivery.deliver)
    seated = statements(lambda: confirm(Booking.objects.get()))
    told = statements(delivery.deliver)
    register(slot, email="warte@example.org")
    waiting = statements(lambda: confirm(Booking.objects.last()))

    counts = [len(found) for found in (entered, asked, seated, told, waiting)]
    assert counts == [7 + POSTGRES, 3, 9, 3, 10]
    assert slot.signups.get(email_key="kim@example.org").status == Signup.Status.CONFIRMED
    assert len(smtp.messages) == 2


def test_form_and_click_with_their_mails(client, settings, smtp):
    slot = coming()
    form = {
        "issued": traps.issue(timezone.now() - timedelta(minutes=1)),
        "betreff": "",
        "slots": [str(slot.pk)],
        "name": "Kim Muster",
        "email": "kim@example.org",
        "seats": "1",
        "phone": "",
        "age": "on",
    }
    origin = {"origin": "http://testserver"}

    def send():
        answer = client.post(slot.get_absolute_url(), form, headers=origin)
        assert answer.status_code == 303

    def click():
        booking = Booking.objects.get()
        address = f"/anmeldung/bestaetigen/{links.make(links.CONFIRM, booking)}/"
        answer = client.post(address, {"signups": slot.signups.get().label}, headers=origin)
        assert answer.status_code == 303

    counts = [len(statements(step)) for step in (send, delivery.deliver, click, delivery.deliver)]

    click_looks = 2  # the test's own: which booking, which sign-up
    assert counts == [9 + POSTGRES, 3, 9 + click_looks, 3]
    assert sum(counts) - click_looks <= 25
    assert Mail.objects.exclude(sent_at=None).count() == 2


def test_more_dates_cost_nothing_more_until_the_click(smtp):
    few, many = [coming()], [coming() for _ in range(6)]

    costs = [
        len(statements(lambda slots=slots: register(*slots, email=f"n{len(slots)}@example.org")))
        for slots in (few, many)
    ]

    assert costs[0] == costs[1]
    booking = Booking.objects.get(email="n6@example.org")
    # The form's rows, lock, proof, rows again, mail (2); per date: what is free, the seat.
    assert len(statements(lambda: confirm(booking))) == 6 + 2 * 6


def test_promotion_costs_five_statements_a_person():
    slot = coming(capacity=0)
    for n in range(3):
        make.signup(slot, status=Signup.Status.WAITING, email=f"w{n}@example.org")

    one = len(statements(lambda: change_capacity(slot, capacity=1, now=timezone.now())))
    two_more = len(statements(lambda: change_capacity(slot, capacity=3, now=timezone.now())))

    assert two_more - one == 5  # seat, its forms, what was queued, is the mail there, the mail
