"""A canary in every input of every form, then the wish to be erased: where is it still? And whose data is exported?

Each input has a word of its own, so that a trace says which one stayed. What remains on purpose is measured, too.
"""

import io
import json
import logging
import re
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from portal import backup, delivery, links, logs, privacy, reminders, tasks, traps, watches
from portal.models import AccessLog, Booking, Mail, PostalCode
from seminars.models import SeriesWatch, SessionSignup
from tests import make
from tests.conftest import POSTGRES
from tests.staffroom import proven, staff
from volunteers.models import ShiftSignup, Watch

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ORIGIN = {"origin": "http://testserver"}
BIRD = "kanarienvogel"  # stands in every address; only what the person typed has it


class Person:
    """Fills in every form there is; `words` are the canaries by input."""

    def __init__(self, client, bird=BIRD, telephone="0151 2300"):
        self.client, self.bird, self.telephone = client, bird, telephone
        self.words = {}

    def word(self, what):
        """A canary of its own for this input."""
        letters = "".join(chr(ord("a") + int(digit)) for digit in str(len(self.words) + 10))
        self.words[what] = f"{self.bird.title()}{letters}"
        return self.words[what]

    def email(self, what):
        self.words[what] = f"{self.bird}-{len(self.words)}@example.org"
        return self.words[what]

    def phone(self, what):
        self.words[what] = f"{self.telephone}{len(self.words):04d}"
        return self.words[what]

    def post(self, address, status=303, **data):
        fields = {"issued": traps.issue(timezone.now() - timedelta(minutes=1)), "betreff": ""} | data
        answer = self.client.post(address, fields, headers=ORIGIN)
        assert answer.status_code == status, answer.content.decode()[:3000]
        return answer

    def sign_up(self, shift, **fields):
        """The form, once refused with another name, then the address corrected, the click, details corrected."""
        form = {
            "slots": [str(shift.pk)],
            "email": self.email("volunteers: email"),
            "phone": self.phone("volunteers: phone"),
            "seats": "2",
            "age": "on",
        } | fields
        self.post(
            shift.get_absolute_url(), 422, **form | {"name": self.word("volunteers: name refused"), "age": ""}
        )
        self.post(shift.get_absolute_url(), **form | {"name": self.word("volunteers: name")})
        booking = Booking.objects.latest("pk")
        delivery.deliver()  # to the address that is corrected then
        sent = reverse("booking:sent", args=[links.make(links.SENT, booking)])
        self.post(sent, do="correct", email=self.email("sent: email"))
        booking.refresh_from_db()
        self._confirm(booking)
        self.manage(booking, do="details", name=self.word("manage: name"), phone=self.phone("manage: phone"))
        return booking

    def register(self, session):
        """A seminar, with everything that it asks."""
        self.post(
            session.get_absolute_url(),
            slots=[str(session.pk)],
            name=self.word("seminars: name"),
            email=self.email("seminars: email"),
            function="staff",
            municipality=self.word("seminars: municipality"),
        )
        booking = Booking.objects.latest("pk")
        self._confirm(booking)
        self.manage(
            booking,
            do="details",
            name=self.word("seminar manage: name"),
            function="club",
            municipality=self.word("seminar manage: municipality"),
        )
        return booking

    def _confirm(self, booking):
        rows = ShiftSignup if booking.slot_kind == "shift" else SessionSignup
        signup = rows.objects.get(booking=booking)
        self.post(reverse("booking:confirm", args=[links.make(links.CONFIRM, booking)]), signups=signup.label)

    def manage(self, booking, **data):
        return self.post(reverse("booking:manage", args=[links.make(links.MANAGE, booking)]), **data)

    def watch(self):
        """„Sagen Sie mir Bescheid", near a place."""
        self.post("/mitmachen/bescheid/", email=self.email("watch: email"), ort="35423", umkreis="15")
        return self._confirm_watch(Watch.objects.latest("entered_at"))

    def watch_series(self, series):
        self.post("/seminare/bescheid/", email=self.email("series: email"), reihe=str(series.pk))
        return self._confirm_watch(SeriesWatch.objects.latest("entered_at"))

    def _confirm_watch(self, row):
        self.post(reverse("watch:confirm", args=[links.make(watches.CONFIRM, row)]))
        return row

    def telephone_call(self, clerk, shift):
        """Staff type what is said on the telephone."""
        answer = clerk.post(
            f"/verwaltung/volunteers/shift/{shift.pk}/anrufen/",
            {
                "name": self.word("phone: name"),
                "email": self.email("phone: email"),
                "phone": self.phone("phone: phone"),
                "seats": "1",
                "age": "on",
            },
        )
        assert answer.status_code == 302, answer.content.decode()[:2000]
        return Booking.objects.latest("pk")


def tables():
    """Everything in every table of the database, ours or not: {„table.column": text}."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for column in cursor.description:
                found.setdefault(f"{table}.{column[0]}", "")
            for row in cursor.fetchall():
                for column, value in zip(cursor.description, row, strict=True):
                    found[f"{table}.{column[0]}"] += f" {value}"
    return found


def files():
    """Every file that the portal writes: mails, journal, uploads, and the database itself where it is a file."""
    folders = [settings.EMAIL_FILE_PATH, settings.JOURNAL_DIR, settings.MEDIA_ROOT]
    found = {
        f"Datei {path.name}": path.read_bytes().decode(errors="replace")
        for folder in folders
        for path in Path(folder).rglob("*")
        if path.is_file()
    }
    name = str(connection.settings_dict["NAME"])
    if not POSTGRES and "mode=memory" not in name and Path(name).is_file():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found["Datei der Datenbank"] = Path(name).read_bytes().decode(errors="replace")
    return found


def cached():
    """Keys and values of the cache: limits per client, nothing else."""
    if POSTGRES:
        redis = cache._cache.get_client()
        return {"Redis": " ".join(f"{key} {redis.get(key)}" for key in redis.scan_iter())}
    return {"Zwischenspeicher": f"{cache._cache}"}


def traces(words, *more):
    """{place: inputs whose canary stands there}."""
    found = {}
    for place, text in {**tables(), **files(), **cached(), **dict(more)}.items():
        here = text.lower().replace(" ", "")
        if hits := [what for what, word in words.items() if word.lower().replace(" ", "") in here]:
            found[place] = hits
    return found


@pytest.fixture
def town():
    town = make.organisation()
    place = make.municipality(organisation=town)
    PostalCode.objects.create(code="35423", municipality=place, place="Lich", lat=50.52, lon=8.82)
    return town


@pytest.fixture
def logged(settings):
    """What the portal writes to its log meanwhile, as a server writes it."""
    settings.LOG_REQUESTS = True
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Json())
    handler.addFilter(logs.Anonymous())
    loggers = [logging.getLogger(), logging.getLogger("django")]
    for logger in loggers:
        logger.addHandler(handler)
    yield stream
    for logger in loggers:
        logger.removeHandler(handler)


def unpacked(archive):
    """The parts of a backup as they are; PostgreSQL's own dump is packed, its tables were read above."""
    with zipfile.ZipFile(archive) as file:
        return [
            (f"neue Sicherung: {name}", file.read(name).decode(errors="replace")) for name in file.namelist()
        ]


def test_erased_canary_is_nowhere(client, settings, town, logged, tmp_path, proof):
    settings.EMAIL_BACKEND = "portal.mailfiles.EmailBackend"
    settings.VAR_DIR = tmp_path
    now = timezone.now()
    action = make.opportunity(organisation=town)
    shift, later = (make.shift(opportunity=action, starts=now + days) for days in (30 * HOUR, 9 * DAY))
    session = make.session(starts=now + 30 * HOUR)
    clerk = proven(staff(town))
    person = Person(client)
    forms = [person.sign_up(shift), person.register(session), person.telephone_call(clerk, later)]
    rows = [person.watch(), person.watch_series(session.series)]
    delivery.deliver()
    clerk.get(f"/verwaltung/volunteers/shift/{shift.pk}/change/")
    clerk.get("/verwaltung/portal/mail/")
    clerk.get(f"/verwaltung/portal/mail/?q={person.words['manage: name']}")
    clerk.get(f"/verwaltung/portal/mail/{Mail.objects.filter(booking=forms[0]).latest('pk').pk}/change/")
    for form in forms:
        client.get(reverse("booking:export", args=[links.make(links.MANAGE, form)]))
    before = traces(person.words)

    for form in forms:
        person.manage(form, do="erase")
    for row in rows:
        person.post(reverse("watch:manage", args=[links.make(watches.MANAGE, row)]), do="end")
    left = Mail.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    tasks.queue_due(now=now + 8 * HOUR)
    reminders.queue_due(now=now + 3 * DAY)
    delivery.deliver(now=now + 3 * DAY)
    archive = backup.backup(tmp_path / "backups", now=now).path
    after = traces(
        person.words,
        ("Protokoll", logged.getvalue()),
        *unpacked(archive),
    )

    inputs = {what for hits in before.values() for what in hits}
    never_kept = set(person.words) - inputs  # refused, or overwritten by a correction
    proof(
        "privacy",
        "Löschung: Kanarienvogel in jeder Eingabe",
        tried=f"{len(person.words)} Eingaben in 5 Formularen; gesucht in {len(tables())} Spalten, Dateien, "
        "Journal, Zwischenspeicher, Protokoll, neuer Sicherung, späteren Mails",
        expected="vorher gefunden, nachher nirgends",
        seen=f"vorher an {len(before)} Stellen, nachher an {len(after)}: {', '.join(after) or 'keiner'}",
    )
    assert never_kept <= {
        "volunteers: name refused",
        "volunteers: email",
        "volunteers: name",
        "volunteers: phone",
        "seminars: name",
        "seminars: municipality",
    }
    assert '"path": "/seminare/bescheid/"' in logged.getvalue()  # it was listened to
    assert POSTGRES or "Datei der Datenbank" in before
    assert {"portal_booking.name", "portal_mail.text", "volunteers_watch.email"} <= set(before)
    assert after == {}
    told = Mail.objects.filter(pk__gt=left).exclude(kind="gave-back-late")
    assert [(mail.kind, mail.to) for mail in told if BIRD in mail.to] == []
    _what_remains(forms, rows, proof)


def _what_remains(forms, rows, proof):
    """Said honestly in docs/datenschutz/loeschkonzept.md: a keyed hash, numbers, times, counts."""
    bookings = list(Booking.objects.filter(pk__in=[form.pk for form in forms]))
    hashes = [row.erased_hash for row in bookings]
    hashes += [type(row).objects.get(pk=row.pk).erased_hash for row in rows]
    journal = [
        set(json.loads(line)) - {"at"}
        for path in Path(settings.JOURNAL_DIR).glob("*")
        for line in filter(None, path.read_text().splitlines())
    ]
    wishes = [keys for keys in journal if keys & {"erased", "forgotten"}]
    counted = ShiftSignup.objects.filter(booking__in=bookings).count()
    counted += SessionSignup.objects.filter(booking__in=bookings).count()
    entries = list(AccessLog.objects.values_list("action", "about"))
    named = [
        entry
        for entry in entries
        if not re.fullmatch(r"[a-z]+:\d+|Mails", entry[1]) or BIRD in entry[0].lower()
    ]
    proof(
        "privacy",
        "Was nach der Löschung bleibt",
        tried="dieselben Zeilen, Journal und Zugriffsprotokoll gelesen",
        expected="5 Prüfsummen, 5 Zeilen im Journal, 3 gezählte Anmeldungen, nur Nummern im Protokoll",
        seen=f"{len(list(filter(None, hashes)))} Prüfsummen, {len(wishes)} Zeilen im Journal, "
        f"{counted} gezählte Anmeldungen, {len(entries)} Einträge im Protokoll, {len(named)} mit mehr als Nummern",
    )
    assert (bool(entries), named) == (True, [])
    assert all(len(known_as) == 64 for known_as in hashes)
    assert sorted(map(sorted, wishes)) == [["erased"]] * 3 + [["forgotten", "key"]] * 2
    assert counted == 3


def exports(client, forms, rows):
    """Every file that these links give, as one text, and each as data."""
    answers = [client.get(reverse("booking:export", args=[links.make(links.MANAGE, f)])) for f in forms]
    answers += [client.get(reverse("watch:export", args=[links.make(watches.MANAGE, r)])) for r in rows]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json() for answer in answers]


def flat(value):
    """All values of nested JSON."""
    if isinstance(value, dict):
        return [one for inner in value.values() for one in flat(inner)]
    return [one for inner in value for one in flat(inner)] if isinstance(value, list) else [value]


def test_export_is_complete_and_nobody_else_s(client, town, proof):
    """Two people on the same dates, one of them twice with the same address; each file is one person's."""
    now = timezone.now()
    action = make.opportunity(organisation=town)
    shift, later = (make.shift(opportunity=action, starts=now + days) for days in (5 * DAY, 9 * DAY))
    session = make.session(starts=now + 6 * DAY)
    clerk = proven(staff(town))
    people = [Person(client), Person(client, bird="nachtigall", telephone="0151 7700")]
    files_of = []
    for person in people:
        forms = [person.sign_up(shift), person.register(session), person.telephone_call(clerk, later)]
        address = Booking.objects.get(pk=forms[0].pk).email
        again = person.sign_up(later, email=address)
        person.manage(again, do="details", name=person.word("again: name"), phone="")
        rows = [person.watch(), person.watch_series(session.series)]
        files_of.append((forms, again, rows))
    missing, foreign, checked = [], [], 0
    for other, (forms, again, rows) in zip(reversed(people), files_of, strict=True):
        told = exports(client, [*forms, again], rows)
        whole = json.dumps(told, ensure_ascii=False)
        for row, data in zip([*forms, again, *rows], told, strict=True):
            row.refresh_from_db()
            values = [str(value) for value in flat(data)]
            held = [row] + (
                [*row.shiftsignups.all(), *row.sessionsignups.all()] if isinstance(row, Booking) else []
            )
            held += list(row.mails.filter(secret=False)) if isinstance(row, Booking) else []
            for one in held:
                for column in type(one).privacy:
                    shown = getattr(one, f"get_{column}_display", None)
                    value = shown() if shown else getattr(one, column)
                    checked += 1
                    if str(value) not in values:
                        missing.append(f"{one._meta.label}.{column}")
        foreign += [what for what, word in other.words.items() if word in whole]
    proof(
        "privacy",
        "Auskunft (JSON)",
        tried=f"12 Dateien zweier Menschen an denselben Terminen; {checked} persönliche Spalten verglichen",
        expected="jede Spalte steht darin, nichts vom anderen",
        seen=f"{len(missing)} fehlen, {len(foreign)} fremde",
    )
    assert checked > 100
    assert (missing, foreign) == ([], [])


def test_two_people_with_one_address_see_only_their_own_form(client, town, proof):
    """A couple with one mailbox: each form's link shows that form's name, not the other's."""
    now = timezone.now()
    shift, later = make.shift(starts=now + 5 * DAY), make.shift(starts=now + 9 * DAY)
    forms = []
    for name, slot in (("Erika Kanarienvogel", shift), ("Max Nachtigall", later)):
        person = Person(client)
        fields = {"slots": [str(slot.pk)], "seats": "1", "age": "on", "phone": ""}
        person.post(slot.get_absolute_url(), **fields, name=name, email="paar@example.org")
        forms.append(Booking.objects.latest("pk"))
        person._confirm(forms[-1])
    hers, his = exports(client, forms, [])
    seen = [name for name, data in (("Nachtigall", hers), ("Kanarienvogel", his)) if name in json.dumps(data)]
    proof(
        "privacy",
        "Auskunft: zwei Menschen, eine Adresse",
        tried="zwei Formulare mit derselben Adresse und anderem Namen",
        expected="jede Datei nennt nur den eigenen Namen",
        seen=", ".join(seen) or "nur den eigenen",
    )
    assert seen == []
    privacy.erase(forms[0], now=now)
    assert Booking.objects.get(pk=forms[1].pk).name == "Max Nachtigall"
