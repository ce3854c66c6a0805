"""Every mail of the table about a session: its subject, its ways on, and no word of helping or of a place."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from portal import signups
from portal.models import Booking, Mail
from portal.rebooking import rebook
from portal.reminders import queue_due
from portal.rescheduling import cancel, change_capacity, move
from portal.slots import Signup
from seminars.models import SessionSignup
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
S = Signup.Status
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# Words of help wanted, in mails that also seminars send.
OUT_OF_PLACE = (
    "helfen",
    "hilfe",
    "treffpunkt",
    "mitbringen",
    "kommt noch jemand",
    "kommen sie",
    "mitmachen",
    "personen",
)
WHEN = "Sa., 20. Juni, 13.30 Uhr – Anerkennung, die ankommt"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def session():
    return make.session(capacity=1)


def register(session, email, **fields):
    answers = {"function": "staff", "municipality": "Stadt Lich"}
    return signups.register(
        slots=[session], name="Kim Muster", email=email, answers=answers, now=NOW, **fields
    )


def confirm(booking):
    signups.confirm(booking, signups=signups.signups_of(booking), now=NOW)
    return booking


def confirm_address(session):
    register(session, "kim@rathaus.example")


def confirm_address_again(session):
    confirm(register(session, "kim@rathaus.example"))
    register(session, "kim@rathaus.example", verified=False)


def nudge(session):
    register(session, "kim@rathaus.example")
    queue_due(now=NOW + 21 * HOUR)


def confirmed(session):
    confirm(register(session, "kim@rathaus.example"))


def waiting(session):
    make.participant(session)
    confirm(register(session, "kim@rathaus.example"))


def promoted(session):
    waiting(session)
    Mail.objects.update(sent_at=NOW)
    change_capacity(session, capacity=2, now=NOW)


def seat_free(session):
    make.participant(session, status=S.WAITING, email="kim@rathaus.example")
    queue_due(now=session.starts - HOUR)


def changed(session):
    make.participant(session, email="kim@rathaus.example")
    move(session, starts=session.starts + DAY, ends=session.ends + DAY, now=NOW)


def cancelled_by_us(session):
    make.participant(session, email="kim@rathaus.example", seated_at=NOW)
    cancel(session, reason="Die Referentin ist krank.", now=NOW)


def cancelled_by_you(session):
    signups.give_back(make.participant(session, email="kim@rathaus.example", seated_at=NOW), now=NOW)


def gave_back_late(session):
    signups.give_back(make.participant(session, seated_at=NOW), now=session.starts - HOUR / 2)


def rebooked(session):
    other = make.session(series=session.series, starts=session.starts + DAY, name="Viele kommen")
    old = make.participant(session, email="kim@rathaus.example", seated_at=NOW)
    rebook(old, to=other, may_wait=False, now=NOW)


def new_signups(session):
    make.participant(session)
    queue_due(now=NOW + 5 * HOUR)


def reminder(session):
    make.participant(session, email="kim@rathaus.example", seated_at=NOW)
    queue_due(now=session.starts - DAY)


def reminder_soon(session):
    make.participant(session, email="kim@rathaus.example", seated_at=NOW)
    queue_due(now=session.starts - HOUR)


def thanks(session):
    make.participant(session, email="kim@rathaus.example", seated_at=NOW)
    queue_due(now=session.ends + DAY + 2 * HOUR)


def who_came(session):
    make.participant(session, email="kim@rathaus.example", seated_at=NOW)
    queue_due(now=session.ends)


# What happens → kind and subject of the mail, and what must stand in it.
TABLE = [
    (confirm_address, "confirm-address", f"Noch ein Klick: {WHEN}", ["/anmeldung/bestaetigen/"]),
    (nudge, "confirm-address", f"Noch ein Klick: {WHEN}", ["Es fehlt nur noch ein Klick", "/anmeldung/bestaetigen/"]),
    (confirm_address_again, "confirm-address", f"Noch ein Klick: {WHEN}", ["Sie sind schon angemeldet.", "Ihre Kommune geändert"]),
    (confirmed, "confirmed", f"Platz sicher: {WHEN}", ["Wir schicken ihn Ihnen am Tag vorher und noch einmal eine Stunde vor Beginn.", "/anmeldung/freigeben/"]),
    (waiting, "waiting", f"Warteliste, Platz 1: {WHEN}", ["Sie brauchen nichts weiter zu tun", "/anmeldung/freigeben/"]),
    (promoted, "promoted", f"Nachgerückt, Sie haben einen Platz: {WHEN}", ["Wir schicken ihn Ihnen am Tag vorher und noch einmal eine Stunde vor Beginn.", "Passt es nicht mehr?"]),
    (seat_free, "seat-free", f"Platz frei, wer zuerst klickt: {WHEN}", ["/anmeldung/platz/"]),
    (changed, "changed", "Neue Zeit: So., 21. Juni, 13.30 Uhr – Anerkennung, die ankommt", ["Bisher: Samstag, 20. Juni 2026, 13.30–15 Uhr", "Neu: Sonntag, 21. Juni 2026, 13.30–15 Uhr"]),
    (cancelled_by_us, "cancelled-by-us", f"Fällt aus: {WHEN}", ["Grund: Die Referentin ist krank.", "Der Online-Raum bleibt geschlossen."]),
    (cancelled_by_you, "cancelled-by-you", f"Sie haben abgesagt: {WHEN}", ["/anmeldung/platz/"]),
    (gave_back_late, "gave-back-late", f"Platz freigegeben: {WHEN}", ["/verwaltung/seminars/session/"]),
    (rebooked, "rebooked", "Umgebucht: So., 21. Juni, 13.30 Uhr – Viele kommen", ["Bisher: „Anerkennung, die ankommt“, Samstag, 20. Juni 2026, 13.30–15 Uhr", "Wir schicken ihn Ihnen am Tag vorher"]),
    (new_signups, "new-signups", f"1 neue Anmeldung: {WHEN}", ["/verwaltung/seminars/session/", "1 von 1 Plätzen vergeben"]),
    (reminder, "reminder", f"Morgen: {WHEN}", ["Zum Online-Raum:", "https://raum.example/geheim"]),
    (reminder_soon, "reminder-soon", f"In einer Stunde: {WHEN}", ["Per Telefon: 069 123, Kennwort 4711"]),
    (who_came, "who-came", f"Wer war da? {WHEN}", ["/anmeldung/wer-war-da/", "Angemeldet: 1 von 1 Plätzen vergeben"]),
    (thanks, "thanks", f"Danke: {WHEN}", ["Herzlichen Dank für Ihre Zeit"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("happens", "kind", "subject", "parts"), TABLE, ids=lambda value: getattr(value, "__name__", None)
)
def test_mail_about_a_session(session, happens, kind, subject, parts):
    happens(session)
    mail = Mail.objects.filter(kind=kind, withdrawn_at=None).order_by("pk").last()
    text = " ".join(mail.text.split())
    assert mail.subject == subject
    assert [part for part in parts if part not in text] == []
    letter = re.sub(r"https?://\S+", "", text.partition(" -- ")[0]).lower()
    assert [word for word in OUT_OF_PLACE if word in letter] == []
    assert "Hessischer Städte- und Gemeindebund" in text  # who answers for it
    assert (mail.organisation.kind, mail.about.partition(":")[0] in ("booking", "session", "sessionsignup")) == (
        "association", True,
    )  # fmt: skip


def test_every_kind_of_mail_about_a_date_is_in_the_table():
    """A new kind of mail about dates needs a row here."""
    folder = {path.stem for path in (Path(__file__).parent.parent / "templates/mail/signups").glob("*.txt")}
    told = {kind.removesuffix("-soon") for _happens, kind, _subject, _parts in TABLE}
    # passed-over is for parties; the others have tests of their own: test_seminar_reminders.py, test_broadcasts.py
    assert folder - told == {"passed-over", "new-access", "message"}


def test_organisation_of_the_series_answers_for_form_and_mails():
    town = make.organisation("Stadt Lich")
    session = make.session(series=make.series(organisation=town))
    confirm(register(session, "kim@rathaus.example"))
    assert Booking.objects.get().organisation == town
    assert {mail.organisation for mail in Mail.objects.all()} == {town}
    assert SessionSignup.objects.get().status == S.CONFIRMED
