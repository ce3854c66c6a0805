"""What pages and a registration cost in SQL statements (performance.md), literally; warm and cold, few rows and many.

PostgreSQL has one statement more at a registration: the advisory lock of an address; and one at the click for several
dates: the time limit of their locks.
"""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from initiatives import facets
from initiatives.models import Initiative
from portal import deadlines, delivery, links, remembering, signups, traps
from portal.models import Booking, Mail, PostalCode
from portal.rescheduling import change_capacity
from portal.slots import Signup
from tests import make
from tests.bench.bare import CARDS
from tests.bench.pages import answer
from tests.bench.sites import Bare
from tests.bench.statements import registration, statements

pytestmark = pytest.mark.django_db(transaction=True)
POSTGRES = connection.vendor == "postgresql"


def coming(**fields):
    return make.shift(starts=timezone.now() + timedelta(days=9), **fields)


def register(*slots, email="kim@example.org"):
    return signups.register(
        slots=slots, name="Kim Muster", email=email, age_confirmed=True, now=timezone.now()
    )


def confirm(booking):
    signups.confirm(booking, signups=signups.signups_of(booking), now=timezone.now())


@pytest.mark.slow
def test_verbs_with_their_mails(smtp):
    slot = coming(capacity=1)

    entered = statements(lambda: register(slot))
    asked = statements(delivery.deliver)
    seated = statements(lambda: confirm(Booking.objects.get()))
    told = statements(delivery.deliver)
    register(slot, email="warte@example.org")
    waiting = statements(lambda: confirm(Booking.objects.last()))

    counts = [len(found) for found in (entered, asked, seated, told, waiting)]
    assert counts == [6 + POSTGRES, 3, 8, 3, 9]
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
    assert counts == [8 + POSTGRES, 3, 7 + click_looks, 3]
    assert sum(counts) - click_looks <= 25
    assert Mail.objects.exclude(sent_at=None).count() == 2


def test_four_requests_of_a_registration_and_the_two_deliveries(client, smtp):
    slot = coming()
    counts = registration(slot.get_absolute_url(), "kim@example.org", client)
    requests, deliveries = [counts[n] for n in (0, 1, 3, 4)], [counts[n] for n in (2, 5)]
    assert requests == [2, 8 + POSTGRES, 2, 7]  # both mails are written in them
    assert sum(requests) <= 25
    assert deliveries == [3, 3]  # what is due, the claim, what became of it
    assert len(smtp.messages) == 2


def test_more_dates_cost_nothing_more_until_the_click(smtp):
    few, many = [coming()], [coming() for _ in range(6)]

    costs = [
        len(statements(lambda slots=slots: register(*slots, email=f"n{len(slots)}@example.org")))
        for slots in (few, many)
    ]

    assert costs[0] == costs[1]
    booking = Booking.objects.get(email="n6@example.org")
    # The form's rows, lock, proof, rows again, mail; per date: what is free, the seat. PostgreSQL: until when
    # several locks may be waited for.
    assert len(statements(lambda: confirm(booking))) == 5 + POSTGRES + 2 * 6


def test_promotion_costs_four_statements_a_person():
    slot = coming(capacity=0)
    for n in range(3):
        make.signup(slot, status=Signup.Status.WAITING, email=f"w{n}@example.org")

    one = len(statements(lambda: change_capacity(slot, capacity=1, now=timezone.now())))
    two_more = len(statements(lambda: change_capacity(slot, capacity=3, now=timezone.now())))

    assert two_more - one == 4  # seat, its forms, what was queued, the mail


# --- pages, with few rows and with very many -------------------------------------------------------

LISTS = {
    "/initiativen/": 2,
    "/initiativen/?ort=35423&thema=umwelt": 5,
    "/initiativen/?suche=Bach+Lich": 2,
    "/initiativen/karte/": 2,
    "/initiativen/karte/?ort=35423&thema=umwelt": 5,
    "/mitmachen/": 3,
    "/mitmachen/?ort=35423&thema=umwelt": 6,
    "/seminare/": 5,
    "/ideen/": 3,
    "/ideen/?ort=35423": 5,
    "/": 5,
}
DETAILS = {
    "map": 3,
    "town": 6,
    "district": 6,
    "initiative": 5,
    "idea": 5,
    "idea near a place": 7,
    "action": 2,
    "session": 3,
}
# Where very many fit, the numbers of the filters and of the start page are remembered for a moment: one statement less
# when warm.
COUNTED = {name for name in LISTS if name.startswith("/initiativen/")} | {"map", "/"}


def multiply(row, times):
    """So many copies of this row, made by the database itself."""
    table, key = row._meta.db_table, row._meta.pk.column
    columns = [field.column for field in row._meta.concrete_fields if field.column != key]
    copied = ["slug || '-' || n.i" if column == "slug" else f'"{column}"' for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) {numbers} SELECT {", ".join(copied)} FROM "{table}", n WHERE {key} = %s',
            [times, row.pk],
        )


@transaction.atomic
def fill(rows):
    """So many published initiatives and dates of actions in one town, and sessions; one address of each."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")  # it is the filling that takes long
    district = make.municipality("Landkreis Gießen", level="kreis", slug="landkreis-giessen")
    town = make.municipality("Lich", district=district)
    PostalCode.objects.create(code="35423", municipality=town, place="Lich", lat=50.52, lon=8.82)
    idea = make.idea()
    initiative = make.initiative(municipality=town, life_state="running", idea=idea)
    multiply(initiative, rows - 1)
    topics = Initiative.topics.through._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{topics}" (initiative_id, topic_id) SELECT i.id, m.topic_id '
            f'FROM "{topics}" m, initiatives_initiative i WHERE i.id <> m.initiative_id'
        )
    busy = coming(opportunity=make.opportunity(municipality=town))
    multiply(busy, rows - 1)
    action = coming(opportunity=make.opportunity(municipality=town))
    make.signup(action)
    session = make.session(starts=timezone.now() + timedelta(days=9))
    past = make.session(starts=timezone.now() - timedelta(days=9), series=session.series)
    multiply(past, min(rows, 20_000) - 1)
    make.known_to_the_planner()
    return {
        "map": f"/initiativen/karte/?kreis={district.slug}",
        "town": town.get_absolute_url(),
        "district": district.get_absolute_url(),
        "initiative": initiative.get_absolute_url(),
        "idea": idea.get_absolute_url(),
        "idea near a place": idea.get_absolute_url() + "?ort=35423",
        "action": action.get_absolute_url(),
        "session": session.get_absolute_url(),
    }


@pytest.mark.slow
@pytest.mark.parametrize("rows", [100, 200_000])
def test_pages_take_the_same_few_statements_warm_and_cold_at_any_number_of_rows(client, rows):
    with deadlines.within(600):
        addresses = {path: path for path in LISTS} | fill(rows)
    found = {}
    for name, path in addresses.items():
        remembering.forget()  # as in a process that has just started
        cold, warm = {}, {}
        found[name] = [
            len(statements(lambda path=path, kept=kept: kept.update(page=client.get(path))))
            for kept in (cold, warm)
        ]
        assert [kept["page"].status_code for kept in (cold, warm)] == [200, 200]
    assert Initiative.objects.count() == rows
    remembered = COUNTED if rows >= facets.MANY else set()
    assert found == {name: [n, n - (name in remembered)] for name, n in (LISTS | DETAILS).items()}
    assert max(LISTS.values()) <= 6
    assert max(DETAILS.values()) <= 8


@pytest.mark.slow
def test_bare_view_that_pages_are_compared_with_has_its_cards(prepared, tmp_path):
    with Bare(tmp_path / "bare", prepared) as bare:
        page, _encoding = answer(bare.url, "/")
    assert page.decode().count("<h3") == CARDS
