"""Every deletion class with a clock that moves day by day through fourteen months, outage and clock back included."""

import io
from contextlib import redirect_stdout
from datetime import UTC, timedelta

import pytest
import time_machine
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db.models import Q
from django.utils import timezone

from initiatives.models import Initiative
from portal import privacy, publishing, signups, tasks
from portal.models import Booking, Heartbeat, Mail, User
from portal.slots import Signup
from seminars.models import Series, SeriesWatch, SessionSignup
from seminars.tasks import tell_watches as tell_series_watches
from tests import make
from tests.staffroom import staff
from volunteers.models import Opportunity, ShiftSignup, Watch
from volunteers.tasks import tell_watches

# A year of nights costs half a minute; PostgreSQL has the single classes of test_privacy.py.
pytestmark = [pytest.mark.slow, pytest.mark.sqlite, pytest.mark.django_db]

START = make.NOW.astimezone(UTC)
DAY = timedelta(days=1)
OUTAGE = range(176, 190)  # nothing runs; what fell due meanwhile goes on the first day after it
DAYS = [*range(176), *range(190, 301), 298, 299, *range(300, 426)]  # on day 300 the clock goes back by two


def seed():
    """One person per class. Returns (class, what, due day, whether it is still there)."""
    ends = START + 10 * DAY
    shift = make.shift(starts=ends - timedelta(hours=3))
    session = make.session(starts=START + 20 * DAY - timedelta(minutes=90))
    town = shift.organisation

    def booked(slot, key, **fields):
        booking = make.booking(
            f"{key}@example.org", name=key, organisation=slot.organisation, slot_kind=slot.kind, **fields
        )
        build = make.participant if slot.kind == "session" else make.signup
        state = {} if booking.confirmed_at else {"status": Signup.Status.UNCONFIRMED}
        build(slot, booking=booking, **state)
        return Q(pk=booking.pk)

    def there(model, rows, **empty):
        return lambda: model._default_manager.filter(rows).exclude(**empty).exists()

    fresh = {"entered_at": START}
    unclicked = booked(shift, "k0", confirmed_at=None, **fresh)
    unclicked_seminar = booked(session, "k0-seminar", confirmed_at=None, **fresh)
    came = booked(shift, "k3", phone="06404 1", **fresh)
    attended = booked(session, "k3-seminar", **fresh)
    wished = booked(shift, "k5", **fresh)
    mails = {"booking": Booking.objects.get(came), "kind": "x", "queued_at": START, "next_try_at": START}
    Mail.objects.create(key="sent", to="k3@example.org", text="Guten Tag", sent_at=START, **mails)
    watches = {key: make.watch(f"{key}@example.org") for key in ("k4", "k5-watch")}
    watches["k0-watch"] = make.watch("k0-watch@example.org", confirmed_at=None)
    series = make.series_watch("k4-series@example.org")
    privacy.erase(Booking.objects.get(wished), now=START)
    privacy.forget(watches["k5-watch"], now=START)
    contact = {"contact": "Frau Adler", "contact_email": "adler@example.org"}
    gone = [make.initiative(organisation=town, **contact), make.opportunity(organisation=town, **contact)]
    for row in gone:
        publishing.take_down(row, state="archived")
    old = make.series(**contact)
    publishing.take_down(make.session(series=old, published_at=START), state="archived")
    left = staff(town, email="k8@example.org", name="K8")
    left.is_active = False
    left.save()
    Session.objects.create(session_key="k8", session_data="k8", expire_date=START + timedelta(hours=8))
    pk = lambda row: Q(pk=row.pk)  # noqa: E731
    signup = lambda booking: Q(booking__in=Booking.objects.filter(booking))  # noqa: E731
    return [
        ("K0", "Anmeldung ohne Klick", 3, there(Booking, unclicked, name="")),
        ("K0", "Seminar ohne Klick: Antworten", 3, there(SessionSignup, signup(unclicked_seminar), municipality="")),
        ("K0", "Benachrichtigung ohne Klick", 3, there(Watch, pk(watches["k0-watch"]), email="")),
        ("K1", "Text und Adresse einer Mail", 30, there(Mail, Q(key="sent"), text="", to="")),
        ("K3", "Telefonnummer", 17, there(Booking, came, phone="")),
        ("K3", "Name und Adresse", 40, there(Booking, came, name="", email="")),
        ("K3", "Adresse am Termin", 40, there(ShiftSignup, signup(came), email_key=None)),
        ("K3", "Name beim Seminar", 50, there(Booking, attended, name="")),
        ("K3", "Funktion und Kommune", 50, there(SessionSignup, signup(attended), function="", municipality="")),
        ("K4", "Benachrichtigung", 365, there(Watch, pk(watches["k4"]), email="", place="", lat=0, lon=0)),
        ("K4", "Benachrichtigung zur Reihe", 365, there(SeriesWatch, pk(series), email="")),
        ("K5", "Nachweis einer Löschung", 365, there(Booking, wished, erased_hash="")),
        ("K5", "Nachweis, Benachrichtigung", 365, there(Watch, pk(watches["k5-watch"]))),
        ("K7", "Kontakt einer Initiative", 190, there(Initiative, pk(gone[0]), contact="", contact_email="")),
        ("K7", "Kontakt einer Aktion", 190, there(Opportunity, pk(gone[1]), contact="", contact_email="")),
        ("K7", "Kontakt einer Reihe", 190, there(Series, pk(old), contact="", contact_email="")),
        ("K8", "Zugang", 365, there(User, pk(left), email__endswith="@geloescht.invalid")),
        ("K8", "abgelaufene Sitzung", 1, there(Session, Q(session_key="k8"))),
    ]  # fmt: skip


def everything():
    """All rows of all tables, signs of life aside."""
    models = [model for model in apps.get_models() if model is not Heartbeat]
    return {model: list(model._base_manager.order_by("pk").values()) for model in models}


def counts(*options):
    """What the command prints, by line."""
    with redirect_stdout(io.StringIO()) as out:
        call_command("enforce_deletion", *options)
    return out.getvalue().splitlines()[1:]


def test_every_class_goes_on_its_day_over_fourteen_months(proof):
    with time_machine.travel(START, tick=False) as clock:
        expected = seed()
        went, noticed, liars, back = {}, None, [], []
        for day in DAYS:
            clock.move_to(START + day * DAY)
            is_busy = any(privacy.enforce(timezone.now(), dry_run=True).values())
            if is_busy or day % 60 == 0:
                before, said = everything(), counts("--dry-run")
                if everything() != before:
                    liars.append(f"Tag {day}: Probelauf ändert etwas")
                if counts() != said:
                    liars.append(f"Tag {day}: Probelauf zählt anders")
            if is_busy or day % 7 == 0:
                tasks.enforce_deletion()
            if day % 5 == 0 or day > 330:
                tell_watches()
                tell_series_watches()
                if noticed is None and Mail.objects.filter(kind="watch-ending").count() == 2:
                    noticed = day
            for _class, what, _day, is_there in expected if is_busy or day % 10 == 0 else []:
                if not is_there():
                    went.setdefault(what, day)
                elif what in went:
                    back.append(f"{what} ist an Tag {day} wieder da")
    for its_class, what, day, _is_there in expected:
        proof(
            "privacy",
            f"{its_class} {what}",
            tried="14 Monate Tag für Tag, mit 14 Tagen Ausfall und zurückgestellter Uhr",
            expected=f"weg an Tag {day}" + (" (fällig 183, Ausfall bis 189)" if its_class == "K7" else ""),
            seen=f"weg an Tag {went.get(what, 'nie')}",
        )
    proof(
        "privacy",
        "K4 Ankündigung vor dem Ende",
        tried="wie oben",
        expected="beide Mails an Tag 335",
        seen=f"Tag {noticed}",
    )
    proof(
        "privacy",
        "Probelauf --dry-run",
        tried=f"an {len(DAYS)} Tagen vor dem echten Lauf",
        expected="gleiche Zahlen, nichts verändert",
        seen="; ".join(liars) or "gleich, nichts verändert",
    )
    assert went == {what: day for _class, what, day, _is_there in expected}
    assert (noticed, liars, back) == (335, [], [])


def test_what_was_due_twice_goes_once_and_a_live_booking_survives_a_year_of_nights():
    """A date far away: nothing of the person may go before it, whatever the clock does."""
    with time_machine.travel(START, tick=False) as clock:
        shift = make.shift(starts=START + 380 * DAY)
        booking = signups.register(
            slots=[shift], name="Kim Muster", email="kim@example.org", phone="06404 1", age_confirmed=True,
            now=START,
        )  # fmt: skip
        signups.confirm(booking, signups=signups.signups_of(booking), now=START)
        for day in (1, 3, 30, 100, 50, 379):
            clock.move_to(START + day * DAY)
            tasks.enforce_deletion()
        booking.refresh_from_db()
        assert (booking.name, booking.email, booking.phone) == ("Kim Muster", "kim@example.org", "06404 1")
