"""Data protection (trust.md): erasing, exporting, and the deletion classes with a moving clock."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import models
from django.utils import timezone

from initiatives.models import Initiative
from portal import accesslog, delivery, privacy, publishing, reminders, signups
from portal.confirmations import mailbox
from portal.models import AccessLog, Booking, Broadcast, Mail, Organisation, User
from portal.refused import Refused
from portal.slots import Signup
from tests import make
from tests.bench.statements import statements
from tests.make import NOW
from tests.staffroom import PASSWORD, proven, staff
from volunteers.models import Shift, ShiftSignup

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
S = Signup.Status
CANARY = "Zwitscherkanarie"
ADDRESS = "zwitscherkanarie@example.org"
db = pytest.mark.django_db


def register(*slots, email=ADDRESS, name=f"{CANARY} Muster", phone=f"0171 {CANARY}", now=NOW, **fields):
    return signups.register(
        slots=slots, name=name, email=email, phone=phone, age_confirmed=True, now=now, **fields
    )


def confirm(booking, now=NOW):
    booking.refresh_from_db()
    signups.confirm(booking, signups=signups.signups_of(booking), now=now)
    return signups.signups_of(booking)


def places_of(word):
    """Where this word stands: „model.column" of every text column, JSON included, and file names."""
    found = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField | models.JSONField)
        for value in model._base_manager.values_list(field.name, flat=True)
        if word.lower() in str(value).lower()
    }
    return found | files_with(word)


def files_with(word):
    folder = Path(settings.EMAIL_FILE_PATH)
    return {"mail file" for file in folder.glob("*") if word.lower() in file.read_text().lower()}


@pytest.fixture
def mail_files(settings):
    """Mail as on a laptop: a file per mail."""
    settings.EMAIL_BACKEND = "portal.mailfiles.EmailBackend"
    return Path(settings.EMAIL_FILE_PATH)


# --- erase ------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_erased_person_is_in_no_column_and_no_file(mail_files):
    slot, other = make.shift(starts=NOW + 2 * DAY), make.shift(starts=NOW + 9 * DAY)
    booking = register(slot, other)
    confirm(booking)
    changed = register(slot, name=f"{CANARY} Neu", seats=2, now=NOW + HOUR)
    confirm(changed, now=NOW + HOUR)
    delivery.deliver(now=NOW + HOUR)
    reminders.queue_due(now=NOW.replace(hour=17) + DAY)
    assert places_of(CANARY) == {
        "Booking.name",
        "Booking.email",
        "Booking.email_key",
        "Booking.phone",
        "ShiftSignup.email_key",
        "Mail.to",
        "Mail.text",
        "Mail.html",
        "mail file",
    }

    privacy.erase(booking, now=NOW + 2 * HOUR)

    assert places_of(CANARY) == set()
    assert {(s.status, s.ended_reason) for s in ShiftSignup.objects.all()} == {
        ("ended", "erased"),
        ("ended", "merged"),
    }
    assert {(b.erased_at, b.erased_hash) for b in Booking.objects.all()} == {
        (NOW + 2 * HOUR, privacy.proof(ADDRESS))
    }


@pytest.mark.slow
@db
def test_erasing_gives_the_seat_to_the_next_and_sends_nothing_to_the_person():
    slot = make.shift(capacity=1)
    confirm(booking := register(slot))
    waiting = make.signup(slot, status=S.WAITING)

    privacy.erase(booking, now=NOW)
    privacy.erase(booking, now=NOW + HOUR)

    waiting.refresh_from_db()
    assert waiting.status == S.CONFIRMED
    assert list(Mail.objects.values_list("kind", "booking")) == [("promoted", waiting.booking_id)]


@pytest.mark.slow
@db
def test_erasing_in_the_last_24_hours_tells_the_contact_of_a_seat():
    slot = make.shift(starts=NOW + 5 * HOUR, capacity=1)
    confirm(booking := register(slot))
    confirm(waiting := register(slot, email="wartet@example.org"))

    privacy.erase(waiting, now=NOW)
    privacy.erase(booking, now=NOW)

    assert list(Mail.objects.values_list("kind", "to")) == [("gave-back-late", "bachputz@lich.example")]
    assert places_of(CANARY) == set()


@pytest.mark.slow
@db
def test_erasing_a_past_sign_up_leaves_its_count():
    slot = make.shift(starts=NOW - 5 * DAY)
    booking = make.booking(ADDRESS, f"{CANARY} Muster", organisation=slot.organisation)
    make.signup(slot, booking=booking, seats=3)

    privacy.erase(booking, now=NOW)

    assert (slot.taken(), places_of(CANARY)) == (3, set())


@pytest.mark.django_db(transaction=True)
def test_mails_of_an_erased_form_count_for_their_address_until_a_day_has_passed(mail_files):
    booking = register(make.shift())
    delivery.deliver(now=NOW)
    privacy.erase(booking, now=NOW + HOUR)
    assert touched(NOW + DAY - HOUR) == {}
    assert [(mail.to, mail.text) for mail in Mail.objects.all()] == [("", "")]
    assert touched(NOW + DAY) == {"K1 gezählte Mails gelöschter Anmeldungen": 1}
    assert Mail.objects.count() == 0


@db
def test_messages_to_all_lose_their_words_after_30_days_once():
    words = {"headline": CANARY, "text": CANARY, "audience": "alle"}
    message = Broadcast.objects.create(organisation=make.organisation(), sent_at=NOW, n_mails=1, **words)
    assert touched(NOW + 30 * DAY - HOUR) == {}
    assert touched(NOW + 30 * DAY) == {"K1 Nachrichten an Angemeldete": 1}
    message.refresh_from_db()
    assert (message.headline, message.text, places_of(CANARY)) == ("", "", set())


@db
def test_erasing_twice_keeps_the_proof_and_the_moment():
    booking = register(make.shift())
    for hours in (1, 2):
        privacy.erase(booking, now=NOW + hours * HOUR)
    booking.refresh_from_db()
    assert (booking.erased_at, booking.erased_hash) == (NOW + HOUR, privacy.proof(ADDRESS))


@db
def test_erasing_whoever_signed_up_without_an_address_needs_no_proof():
    booking = make.booking("", f"{CANARY} Anruf", phone=f"0171 {CANARY}", source=Booking.Source.PHONE)
    make.signup(booking=booking)
    privacy.erase(booking, now=NOW)
    booking.refresh_from_db()
    assert (places_of(CANARY), booking.erased_at, booking.erased_hash) == (set(), NOW, "")


@db
def test_address_may_sign_up_again_after_it_was_erased():
    slot = make.shift()
    confirm(booking := register(slot))
    privacy.erase(booking, now=NOW)

    (signup,) = confirm(register(slot, now=NOW + HOUR), now=NOW + HOUR)

    assert (signup.status, signup.place) == (S.CONFIRMED, 2)


@db
def test_erasing_one_person_leaves_everybody_else_as_they_were():
    slot = make.shift()
    confirm(other := register(slot, email="kim@example.org", name="Kim Muster", phone="0171 1"))
    confirm(booking := register(slot))
    before = (Booking.objects.filter(pk=other.pk).values().get(), list(other.mails.order_by("pk").values()))

    privacy.erase(booking, now=NOW)

    after = (Booking.objects.filter(pk=other.pk).values().get(), list(other.mails.order_by("pk").values()))
    assert after == before


@db
def test_unconfirmed_form_of_a_stranger_with_my_address_stays_when_mine_is_erased():
    slot, another = make.shift(), make.shift()
    confirm(booking := register(slot))
    unproved = register(another, name="Fremd")

    privacy.erase(booking, now=NOW)

    unproved.refresh_from_db()
    assert (unproved.name, unproved.erased_at) == ("Fremd", None)


# --- export -----------------------------------------------------------------------------------------
@db
def test_export_holds_every_personal_column_and_nobody_else():
    slot = make.shift()
    confirm(register(slot, email="other@example.org", name="Andere Person", phone="0171 999"))
    (signup,) = confirm(booking := register(slot))
    booking.refresh_from_db()

    data = json.loads(json.dumps(privacy.export(booking)))

    for row, stored in [
        (booking, data["gespeichert"]),
        (signup, data["termine"][0]["gespeichert"]),
        *zip(
            booking.mails.order_by("queued_at", "pk"), [m["gespeichert"] for m in data["mails"]], strict=True
        ),
    ]:
        assert list(stored.values()) == [getattr(row, name) for name in type(row).privacy]
    assert len(data["mails"]) == 2
    assert data["einwilligung"] == {
        "fassung": Shift.wording,
        "altersangabe_bestaetigt": True,
        "eingetragen": booking.entered_at.isoformat(),
        "bestaetigungsmail": booking.mailed_at.isoformat(),
        "erinnert": None,
        "bestaetigt": booking.confirmed_at.isoformat(),
        "adresse_abgelehnt": None,
    }
    assert data["termine"][0]["was"] == "Bachputz an der Wetter"
    whole = json.dumps(data, ensure_ascii=False)
    assert [word in whole for word in ("Andere", "other@example.org", "0171 999")] == [False] * 3


# --- classes ----------------------------------------------------------------------------------------
def touched(now):
    """What the nightly run at this moment does; the dry run must have said the same, and done nothing."""
    said = {}
    looked = statements(lambda: said.update(privacy.enforce(now, dry_run=True)))
    assert {sql.split()[0] for sql in looked} == {"SELECT"}
    done = privacy.enforce(now)
    assert done == said
    assert set(privacy.enforce(now).values()) == {0}
    return {name: count for name, count in done.items() if count}


@pytest.mark.slow
@db
def test_k0_unconfirmed_forms_go_after_72_hours():
    slot = make.shift()
    register(slot)
    confirm(register(slot, email="kim@example.org", name="Kim", phone=""))

    assert touched(NOW + timedelta(hours=72, seconds=-1)) == {}
    assert places_of(CANARY) != set()
    assert touched(NOW + timedelta(hours=72)) == {"K0 unbestätigte Anmeldungen": 1}

    assert places_of(CANARY) == set()
    assert [(s.status, s.ended_reason) for s in slot.signups.order_by("pk")] == [
        ("ended", "expired"),
        ("confirmed", ""),
    ]


@pytest.mark.slow
@db
def test_k0_dates_that_were_not_ticked_go_too():
    one, two = make.shift(), make.shift(starts=NOW + 20 * DAY)
    booking = register(one, two)
    signups.confirm(booking, signups=signups.signups_of(booking)[:1], now=NOW)

    assert touched(NOW + timedelta(hours=72)) == {"K0 nicht angekreuzte Termine": 1}

    assert [(s.status, s.ended_reason) for s in signups.signups_of(booking)] == [
        ("confirmed", ""),
        ("ended", "expired"),
    ]


@pytest.mark.slow
@db
def test_k1_mails_lose_address_and_body_after_30_days_and_keep_their_state():
    slot = make.shift(starts=NOW + 60 * DAY)
    confirm(register(slot))
    Mail.objects.filter(kind="confirmed").update(sent_at=NOW)
    Mail.objects.filter(kind="confirm-address").update(withdrawn_at=NOW + DAY)

    assert touched(NOW + 30 * DAY - HOUR) == {}
    assert touched(NOW + 30 * DAY) == {"K1 Mails": 1}

    sent = Mail.objects.get(kind="confirmed")
    assert [getattr(sent, name) for name in Mail.privacy] == [""] * 7
    assert (sent.state, sent.sent_at) == ("verschickt", NOW)
    assert touched(NOW + 33 * DAY) == {"K1 Mails": 1}


@pytest.mark.slow
@db
def test_k1_lines_of_mails_to_accounts_go_with_their_text(client):
    """„No account here": the key counts mails to a stranger's mailbox by a hash of it."""
    client.post("/konto/password/reset/", {"email": ADDRESS})
    mail = Mail.objects.get()
    assert mailbox(ADDRESS) in mail.key
    last = mail.useful_until + 30 * DAY

    assert touched(last - HOUR) == {}
    assert touched(last)["K1 Zeilen von Mails zu Zugängen"] == 1
    assert not Mail.objects.exists()


@pytest.mark.slow
@db
def test_k3_telephone_goes_after_7_days_and_the_person_after_30():
    slot = make.shift(starts=NOW + DAY)
    confirm(register(slot, seats=3))
    Mail.objects.all().delete()
    end = slot.ends

    assert touched(end + 7 * DAY - HOUR) == {}
    assert touched(end + 7 * DAY) == {"K3 Telefonnummern": 1}
    assert Booking.objects.get().phone == ""
    assert places_of(CANARY) >= {"Booking.name", "Booking.email"}
    assert touched(end + 30 * DAY - HOUR) == {}
    assert touched(end + 30 * DAY) == {"K3 Antworten vergangener Termine": 1, "K3 Personen": 1}

    assert places_of(CANARY) == set()
    booking = Booking.objects.get()
    assert (booking.erased_at, booking.erased_hash, booking.name) == (end + 30 * DAY, "", "")
    assert [(s.seats, s.status) for s in slot.signups.all()] == [(3, "confirmed")]


@pytest.mark.slow
@db
def test_k3_the_person_stays_until_the_last_date_of_the_form_and_each_answer_until_its_own():
    one, two = make.shift(starts=NOW + DAY), make.shift(starts=NOW + 40 * DAY)
    confirm(register(one, two))
    Mail.objects.all().delete()
    of_one = {"K3 Antworten vergangener Termine": 1}

    assert touched(one.ends + 30 * DAY - HOUR) == {}
    assert touched(one.ends + 35 * DAY) == of_one
    assert [row.email_key for row in ShiftSignup.objects.order_by("slot__starts")] == [None, ADDRESS]
    assert touched(two.ends + 35 * DAY) == of_one | {"K3 Telefonnummern": 1, "K3 Personen": 1}


@db
def test_k3_leaves_alone_what_only_a_later_version_knows():
    """A rollback of the code: forms for a kind of dates that is unknown here keep their person."""
    booking = make.booking(slot_kind="excursion", entered_at=NOW, confirmed_at=NOW)
    privacy.enforce(NOW + 400 * DAY)
    booking.refresh_from_db()
    assert (booking.name, booking.erased_at) == ("Kim Muster", None)


@pytest.mark.slow
@db
def test_k3_answers_of_an_erased_form_go_whoever_erased_it():
    """As old code did, that did not know these sign-ups."""
    row = make.participant(make.session(starts=NOW + 20 * DAY))
    Booking.objects.filter(pk=row.booking_id).update(erased_at=NOW, name="", email="", email_key=None)
    privacy.enforce(NOW)
    row.refresh_from_db()
    assert (row.email_key, row.function, row.municipality) == (None, "", "")


@pytest.mark.slow
@db
def test_k5_proof_of_erasure_goes_after_12_months():
    confirm(booking := register(make.shift()))
    privacy.erase(booking, now=NOW)

    assert touched(NOW + 364 * DAY) == {}
    assert touched(NOW + 365 * DAY) == {"K5 Nachweise der Löschung": 1}
    assert Booking.objects.get().erased_hash == ""


@db
@pytest.mark.parametrize("build", [make.initiative, pytest.param(make.opportunity, marks=pytest.mark.slow)])
def test_k7_contacts_go_6_months_after_their_page_was_withdrawn(build, proof):
    contact = {"contact": CANARY, "contact_email": ADDRESS, "contact_phone": f"0171 {CANARY}"}
    row, other = build(**contact), build(contact="Umweltbüro", contact_email="umwelt@lich.example")
    with time_machine.travel(NOW, tick=False):
        publishing.take_down(row, state="archived")
    with time_machine.travel(NOW + 100 * DAY, tick=False):
        type(row).objects.get(pk=row.pk).save()  # working on it prolongs nothing

    before = touched(NOW + 183 * DAY - HOUR)
    stayed = places_of(CANARY)
    done = touched(NOW + 183 * DAY)
    proof(
        "privacy",
        f"K7 Ansprechpersonen ({row._meta.verbose_name})",
        tried="Seite archiviert, 6 Monate später die nächtliche Löschung",
        expected="vorher nichts, dann Name, Adresse und Telefon weg",
        seen=f"vorher {sum(before.values())}, dann {done.get('K7 Ansprechpersonen', 0)} Zeile",
    )

    assert (before, done) == ({}, {"K7 Ansprechpersonen": 1})
    assert len(stayed) == 3
    assert places_of(CANARY) == set()
    other.refresh_from_db()
    assert other.contact == "Umweltbüro"
    with pytest.raises(Refused, match=r"Ansprechstelle|erreichbar"):
        publishing.publish(type(row).objects.get(pk=row.pk), now=NOW + 184 * DAY)


@db
@pytest.mark.slow
def test_k7_is_counted_anew_once_the_page_was_public_again():
    row = make.initiative(contact=CANARY, contact_email=ADDRESS)
    Initiative.objects.update(state="archived")  # as old code or an import would do
    assert touched(NOW) == {}
    Initiative.objects.update(state="published")
    touched(NOW + 100 * DAY)
    Initiative.objects.update(state="archived")
    touched(NOW + 110 * DAY)
    assert touched(NOW + 292 * DAY) == {}
    assert touched(NOW + 293 * DAY) == {"K7 Ansprechpersonen": 1}
    row.refresh_from_db()
    assert (row.contact, row.contact_email) == ("", "")


@db
@pytest.mark.slow
def test_k7_contacts_of_a_series_go_6_months_after_its_last_page_was_withdrawn():
    series = make.series(contact=CANARY, contact_email=ADDRESS)
    one, two = (make.session(series=series, published_at=NOW) for _ in range(2))
    make.session(series=make.series(title="In Arbeit"), state="draft")
    publishing.take_down(one, state="archived")
    assert touched(NOW) == {}
    publishing.take_down(two, state="draft")
    assert touched(NOW + DAY) == {}
    assert touched(NOW + 183 * DAY) == {}
    assert touched(NOW + 184 * DAY) == {"K7 Ansprechpersonen": 1}
    assert places_of(CANARY) == set()


@pytest.mark.slow
@db
def test_k8_who_leaves_is_a_number_after_12_months_and_only_the_number_stays_in_the_log(proof):
    town = make.organisation()
    user = staff(town, email=ADDRESS, name=f"{CANARY} Redaktion")
    staying = staff(town, email="bleibt@lich.example", name="Bleibt")
    client = proven(user)
    accesslog.record(user, action="Liste gelesen", about="shift:1", now=NOW)
    user.is_active = False
    with time_machine.travel(NOW, tick=False):
        user.save()
    gone = client.get("/verwaltung/").status_code == 302
    Session.objects.update(expire_date=NOW + 400 * DAY)

    before = touched(NOW + 365 * DAY - HOUR)
    named = places_of(CANARY)
    done = touched(NOW + 365 * DAY)
    left = User.objects.get(pk=user.pk)
    proof(
        "privacy",
        "K8 Ausgeschiedene",
        tried="Zugang abgeschaltet, 12 Monate später die nächtliche Löschung",
        expected="sofort kein Zutritt; dann nur noch eine Nummer, auch im Protokoll",
        seen=f"{'kein Zutritt' if gone else 'Zutritt'}; {left.email}; {AccessLog.objects.get().user}",
    )

    assert (gone, before, done) == (True, {}, {"K8 Zugänge": 1})
    assert named == {"User.email", "User.name", "EmailAddress.email"}
    assert places_of(CANARY) == set()
    assert (left.email, left.name, left.has_usable_password()) == (
        f"zugang-{user.pk}@geloescht.invalid", "", False,
    )  # fmt: skip
    assert not left.memberships.exists()
    assert not Authenticator.objects.filter(user=left).exists()
    assert str(AccessLog.objects.get().user) == left.email
    staying.refresh_from_db()
    assert (staying.name, staying.memberships.count()) == ("Bleibt", 1)


@db
@pytest.mark.slow
def test_k8_whoever_comes_back_within_the_year_keeps_the_account():
    user = staff(make.organisation(), email=ADDRESS)
    User.objects.update(is_active=False)  # as old code does, that knows no such column
    assert touched(NOW) == {}
    user.refresh_from_db()
    assert user.left_at == NOW
    user.is_active = True
    user.save()
    assert touched(NOW + 365 * DAY) == {}
    assert User.objects.get().email == ADDRESS


@pytest.mark.slow
@db
def test_k8_sessions_that_ran_out_name_nobody_any_more(client):
    """allauth notes in the session which address logged in."""
    staff(make.organisation(), email=ADDRESS)
    client.post("/konto/login/", {"login": ADDRESS, "password": PASSWORD})
    (session,) = Session.objects.all()
    assert ADDRESS in str(session.get_decoded())

    assert touched(session.expire_date - HOUR) == {}
    assert touched(session.expire_date) == {"K8 abgelaufene Sitzungen": 1}


@db
def test_first_night_after_a_long_outage_counts_everything_as_announced():
    old = make.shift(starts=NOW - 100 * DAY)
    for n in range(3):
        booking = register(old, email=f"a{n}@example.org", name=f"A {n}", now=NOW - 110 * DAY)
        if n:
            confirm(booking, now=NOW - 110 * DAY)
    Mail.objects.update(sent_at=NOW - 110 * DAY)
    register(make.shift())

    assert touched(NOW) == {
        "K1 Mails": 5,
        "K0 unbestätigte Anmeldungen": 1,
        "K3 Telefonnummern": 2,
        "K3 Antworten vergangener Termine": 2,
        "K3 Personen": 2,
    }


@db
def test_k1_mail_files_go_after_30_days(mail_files):
    mail_files.mkdir()
    for name, days in (("old.eml", 31), ("young.eml", 29)):
        (mail_files / name).write_text(f"To: {ADDRESS}\n\nHallo")
        then = (timezone.now() - days * DAY).timestamp()
        os.utime(mail_files / name, (then, then))

    assert touched(timezone.now()) == {"K1 Maildateien": 1}
    assert [file.name for file in mail_files.iterdir()] == ["young.eml"]


@db
def test_command_says_what_it_would_do_and_then_does_it(capsys):
    register(make.shift(starts=timezone.now() + 90 * DAY), now=timezone.now() - 4 * DAY)

    call_command("enforce_deletion", "--dry-run")
    assert Booking.objects.get().name == f"{CANARY} Muster"
    call_command("enforce_deletion")

    assert Booking.objects.get().name == ""
    dry, done = capsys.readouterr().out.split("Gelöscht:\n")
    assert dry == "Es würden gelöscht:\n" + done
    assert "      1  K0 unbestätigte Anmeldungen\n" in done


# --- declarations -----------------------------------------------------------------------------------
@db
def test_bookings_and_sign_ups_are_called_by_number():
    (signup,) = confirm(booking := register(make.shift()))

    assert (str(booking), str(signup)) == (f"Anmeldung {booking.pk}", f"Anmeldung {booking.pk}-{signup.pk}")


def test_every_declared_column_exists_and_its_class_is_known():
    classes = {"K0", "K1", "K2", "K3", "K4", "K5", "K7", "K8", "K9"}
    declared = {model: model.privacy for model in apps.get_models() if hasattr(model, "privacy")}

    assert {Booking, ShiftSignup, Mail, User} <= set(declared)
    assert Organisation not in declared
    for model, columns in declared.items():
        assert set(columns) <= {field.name for field in model._meta.concrete_fields}
        assert set(columns.values()) <= classes
