"""Who is known here, many mails, many sign-ups, machines: no oracle, no cannon, no captcha (trust.md „Security“)."""

import re
import statistics
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.hashers import ScryptPasswordHasher, make_password
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal import privacy, throttle, traps
from portal.models import Booking, Mail, User, email_key
from portal.slots import Signup
from seminars.models import SeriesWatch
from tests import audience, effort, make
from tests.attacks.test_second_factor import TRUST_COOKIE, trusting
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff
from tests.test_house import none
from volunteers.models import ShiftSignup

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_counters")]
OURS = {"origin": "http://testserver"}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def forms():
    """Name of each form that takes an address → (its address, what a person types besides)."""
    slot, session = make.shift(), make.session(starts=NOW + timedelta(days=9))
    make.municipality("Hungen")
    seen = {"issued": traps.issue(NOW - timedelta(minutes=1)), "betreff": "", "name": "Kim Muster"}
    return {
        "Anmeldung zum Helfen": (slot.get_absolute_url(), seen | {"slots": slot.pk, "seats": "1", "age": "on"}),
        "Anmeldung zum Seminar": (
            session.get_absolute_url(), seen | {"slots": session.pk, "function": "staff", "municipality": "Stadt Lich"},
        ),
        "Bescheid: Aktionen": ("/mitmachen/bescheid/", seen | {"ort": "Hungen", "umkreis": "15"}),
        "Bescheid: Seminare": ("/seminare/bescheid/", seen | {"reihe": session.series.pk}),
        "Passwort zurücksetzen": (reverse("account_reset_password"), {}),
        "Anmelden": (reverse("account_login"), {"password": "falsch-falsch-falsch"}),
    }  # fmt: skip


def send(form, email, *, number=0, device="", **typed):
    address, said = form
    client = Client(REMOTE_ADDR=f"10.2.{number // 250}.{number % 250}")
    if device:
        client.cookies[TRUST_COOKIE] = device
    return client.post(address, said | {"email": email, "login": email} | typed, headers=OURS, follow=True)


# --- no oracle ------------------------------------------------------------------------------------------


class Counting(ScryptPasswordHasher):
    """The hasher of production, which says how often it worked."""

    runs = 0

    def encode(self, password, salt, n=None, r=None, p=None):
        Counting.runs += 1
        return super().encode(password, salt, n, r, p)


def shape(response, email):
    """The page without what is this person's own: address, signed values, numbers of rows."""
    text = response.content.decode().replace(email, "ADRESSE")
    text = re.sub(r"\d+-\d+\.[\w-]{20,}|\d+:[\w-]{20,}|value=\"[\w-]{40,}\"", "SIGNIERT", text)
    path = re.sub(r"\d+-\d+\.[\w-]{20,}", "SIGNIERT", response.request["PATH_INFO"])
    return response.status_code, tuple(status for _url, status in response.redirect_chain), path, text


@pytest.mark.slow
def test_known_and_unknown_addresses_get_the_same_page_in_the_same_time(forms, settings, proof):
    """At every form that takes an address; time as statements, runs of the password hasher and calls, not by a clock."""
    settings.DEMO = False  # there the page would show the mail
    slot = ShiftSignup._meta.get_field("slot").related_model.objects.get()
    series = SeriesWatch._meta.get_field("series").related_model.objects.get()
    organisation, rounds = slot.organisation, 4
    for number in range(rounds):
        email = f"kim{number}@example.org"
        make.signup(slot, email=email)
        make.participant(make.session(series=series, starts=NOW + timedelta(days=9)), email=email)
        make.watch(email)
        make.series_watch(email, series=series)
        staff(organisation, email=email, enrolled=bool(number % 2))
    devices = {
        "Anmelden, Gerät eines anderen Kontos": trusting(staff(organisation, email="anderes@example.org"))
    }
    forms |= dict.fromkeys(devices, forms["Anmelden"])
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    User.objects.update(password=make_password("Bachputz-an-der-Wetter-7"))
    gaps = {}
    for name, form in forms.items():
        found = {"known": [], "unknown": []}
        for number in range(rounds):
            for kind, email in (
                ("known", f"kim{number}@example.org"),
                ("unknown", f"neu{number}@example.org"),
            ):
                Counting.runs, who = 0, number * 2 + (kind == "known")
                with CaptureQueriesContext(connection) as asked:
                    response, work = effort.calls(
                        lambda: send(form, email, number=who, device=devices.get(name, ""))  # noqa: B023
                    )
                found[kind].append((shape(response, email), len(asked), Counting.runs, work))
        pages = {kind: {each[0] for each in runs} for kind, runs in found.items()}
        statements = {kind: statistics.median(each[1] for each in runs) for kind, runs in found.items()}
        hashes = {kind: statistics.median(each[2] for each in runs) for kind, runs in found.items()}
        calls = {kind: statistics.median(each[3] for each in runs) for kind, runs in found.items()}
        gaps[name] = statements["known"] - statements["unknown"]
        ratio = max(calls.values()) / min(calls.values())
        proof(
            "attacks", f"Bekannt oder unbekannt: {name}", tried=f"je {rounds} bekannte und unbekannte Adressen",
            expected="dieselbe Seite; Abfragen auf 2, Aufrufe auf 15 % gleich",
            seen=f"{'gleich' if pages['known'] == pages['unknown'] else 'verschieden'}; Abfragen {statements['known']:.0f}/{statements['unknown']:.0f}, "
            f"Passwort-Rechnungen {hashes['known']:.0f}/{hashes['unknown']:.0f}, Aufrufe {calls['known']:.0f}/{calls['unknown']:.0f}",
        )  # fmt: skip
        assert pages["known"] == pages["unknown"], name
        (page,) = pages["known"]
        assert bool(page[1]) != name.startswith("Anmelden"), f"{name}: the form was not taken"
        assert hashes["known"] == hashes["unknown"], (name, hashes)
        assert abs(statements["known"] - statements["unknown"]) <= 2, (name, statements)
        assert ratio < 1.15, (name, calls)
    assert {gaps[name] for name in devices} == {0}, gaps


# --- no cannon ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_address_gets_three_mails_a_day_whatever_is_pressed_by_whomever(forms, clock, proof):
    """All forms, many clients, many spellings: three unconfirmed mails in any 24 hours, and three more the day after."""
    spelled = [
        "opfer@example.org",
        "OPFER@example.org",
        "opfer+1@example.org",
        "opfer+zwei@ＥＸＡＭＰＬＥ.org",
    ]
    sent = []
    for _day in range(2):
        for number in range(12):
            for name, form in forms.items():
                if name != "Anmelden":
                    send(form, spelled[number % 4], number=number * 6)
            clock.shift(timedelta(minutes=5))
            Mail.objects.filter(sent_at=None).update(sent_at=NOW)
        sent.append(Mail.objects.count())
        clock.shift(timedelta(hours=24))
        for name, (address, said) in forms.items():  # the page is loaded again
            forms[name] = (address, said | ({"issued": traps.issue(NOW)} if "issued" in said else {}))
    proof(
        "attacks", "Mailbombe an eine Adresse", tried="2 Tage × 60 Formulare (alle fünf), 60 Geräte, 4 Schreibweisen",
        expected="höchstens 3 Mails am Tag", seen=f"erster Tag {sent[0]}, zweiter Tag {sent[1] - sent[0]}",
    )  # fmt: skip
    assert sent == [3, 6]


@pytest.mark.slow
def test_every_public_form_has_a_limit_with_a_german_page(rows, proof):
    """Every address that takes a POST from anybody: 429, in German, with Retry-After, for this client alone."""
    wrong, limits = [], {}
    pages = audience.addresses(rows, audience.PUBLIC, audience.TOKEN)
    pages |= {name: reverse(name) for name in ("account_login", "account_reset_password")}
    typed = {"do": "unbekannt", "email": "niemand@example.org"}
    for name, address in sorted(pages.items()):
        who = f"203.0.113.{len(limits) + 1}"
        client = Client(REMOTE_ADDR=who)
        if client.post(address, typed, headers=OURS).status_code == 405:
            continue  # takes none
        limits[name] = 1
        if name in audience.addresses(
            rows, audience.TOKEN
        ):  # 300 in all behind mail links: most are counted here
            request = RequestFactory().post("/", REMOTE_ADDR=who)
            limits[name] += len(
                [throttle.over(request, "booking", limit=10**6, seconds=600) for _n in range(290)]
            )
        for _post in range(32):
            answer = client.post(address, typed, headers=OURS)
            if answer.status_code == 429:
                break
            limits[name] += 1
        if answer.status_code != 429 or not answer.get("Retry-After", "").isdigit():
            wrong.append(f"{name}: {answer.status_code} {answer.get('Retry-After')}")
        elif "Von Ihrem Anschluss kamen gerade sehr viele Anfragen" not in answer.content.decode():
            wrong.append(f"{name}: no page of ours")
        elif Client(REMOTE_ADDR="192.0.2.1").get(address).status_code not in (200, 302, 303):
            wrong.append(f"{name}: closed for everybody")
    proof(
        "attacks", "Grenze je Gerät an jedem öffentlichen Formular", tried=f"{len(limits)} Adressen, POST bis zur Grenze",
        expected="429 auf Deutsch mit Retry-After, andere unberührt", seen=f"Grenzen von {min(limits.values())} bis {max(limits.values())}, {len(wrong)} ohne",
    )  # fmt: skip
    none(wrong, "No limit (trust.md „No mail cannon“):")
    assert len(limits) >= 10


@pytest.mark.slow
def test_ten_thousand_invented_people_of_many_clients_hold_no_seat_and_go_after_72_hours(
    settings, clock, proof
):
    """What limits many clients is not a number: the unconfirmed hold nothing, cost nobody else anything, and vanish."""
    slot = make.shift(capacity=10, starts=NOW + timedelta(days=20))
    said = {
        "issued": traps.issue(NOW - timedelta(minutes=1)),
        "betreff": "",
        "name": "Kim Muster",
        "slots": slot.pk,
        "seats": "1",
        "age": "on",
    }
    real = Counter(
        send((slot.get_absolute_url(), said), f"echt{n}@example.org", number=n).status_code for n in range(60)
    )

    def invent(many):
        start = Booking.objects.count()
        fakes = Booking.objects.bulk_create(
            Booking(organisation=slot.organisation, name="Kim Muster", email=f"f{n}@example.org", email_key=email_key(f"f{n}@example.org"),
                    slot_kind=slot.kind, entered_at=NOW, mailed_at=NOW, age_confirmed=True)
            for n in range(start, start + many)
        )  # fmt: skip
        ShiftSignup.objects.bulk_create(
            ShiftSignup(booking=each, slot=slot, email_key=each.email_key) for each in fakes
        )
        make.known_to_the_planner()

    person, guest = staff(slot.organisation), Client()
    clerk = proven(person)

    def cost(client, address):
        with CaptureQueriesContext(connection) as asked:
            answer, calls = effort.calls(lambda: client.get(address))
        return answer.status_code, len(asked), calls

    def costs():
        """Page, the Redaktion's list; the first of two requests fills what is remembered of the page."""
        desk = reverse("admin:volunteers_shift_change", args=[slot.pk])
        return {
            name: (cost(client, address), cost(client, address))[1]
            for name, client, address in (("Seite", guest, slot.get_absolute_url()), ("Liste", clerk, desk))
        }

    invent(200)
    few = costs()
    invent(10_000 - 260)
    many = costs()
    before = Booking.objects.count()
    clock.shift(timedelta(hours=73))
    with CaptureQueriesContext(connection) as night:
        privacy.enforce(NOW + timedelta(hours=73))
    left = Booking.objects.exclude(name="", email="").count()
    clerk = proven(person)
    after = costs()
    proof(
        "attacks", "10.000 falsche Anmeldungen, viele Geräte", tried="60 über das Formular, 9.940 gleiche Zeilen dazu, alle unbestätigt",
        expected="kein Platz belegt; Seite und Liste der Redaktion kosten so viel wie bei 260; nach 72 Stunden ohne Namen und Adresse",
        seen=f"{before} Zeilen; " + ", ".join(
            f"{name} {few[name][1]} → {many[name][1]} Abfragen und {few[name][2]} → {many[name][2]} Aufrufe" for name in few
        ) + f"; nachts {len(night)} Abfragen, danach {left} mit Namen",
    )  # fmt: skip
    assert real == {200: 60}
    assert before == 10_000
    assert slot.signups.filter(status__in=Signup.SEATED).count() == 0
    assert {each[0] for each in (*few.values(), *many.values(), *after.values())} == {200}
    for name in few:
        assert many[name][1] == few[name][1], name
        assert many[name][2] < 1.1 * few[name][2], name
        assert after[name][2] < 1.1 * few[name][2], name
    assert left == 0
    assert len(night) < before / 20, "the night erases in batches"


# --- the trap harms nobody ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_trap_is_out_of_a_person_s_way_and_harms_who_falls_into_it(rows, proof):
    """Every form that has it: not read out, not reached by Tab, not filled by the browser; and it says what it is."""
    client, wrong, traps_seen = Client(), [], 0
    for label, address in audience.public_addresses(rows).items():
        page = Page(client.get(address).content.decode())
        for field in page.all("input", name=traps.TRAP):
            traps_seen += 1
            words = [each.text for each in page.all("label") if each.get("for") == field.get("id")]
            kind = (field.get("tabindex"), field.get("autocomplete"), bool(field.get("required")), words)
            hidden = any(up.get("aria-hidden") == "true" for up in _above(field))
            if kind != ("-1", "off", False, ["Dieses Feld bitte frei lassen"]) or not hidden:
                wrong.append(f"{label}: {kind}, hidden: {hidden}")
    slot = make.shift(starts=NOW + timedelta(days=9))
    said = {
        "issued": traps.issue(NOW - timedelta(minutes=1)),
        "name": "Kim Muster",
        "slots": slot.pk,
        "seats": "1",
        "age": "on",
    }
    caught = send((slot.get_absolute_url(), said), "kim@example.org", betreff="vom Passwortspeicher")
    page = Page(caught.content.decode())
    again = dict(page.form("Ich helfe mit")[2]) | {"age": "on"}
    with time_machine.travel(NOW + timedelta(seconds=5), tick=False):
        done = send((slot.get_absolute_url(), again), "kim@example.org")
    proof(
        "attacks", "Falle für Programme (Honeypot)", tried=f"{traps_seen} Formulare angesehen; eine ausgefüllte Falle abgeschickt, dann noch einmal gedrückt",
        expected="unsichtbar für Vorlesen, Tab und Ausfüllhilfe; wer hineinfällt, drückt nur noch einmal",
        seen=f"{len(wrong)} im Weg; erst {caught.status_code} mit „{again['name']}“, dann {done.status_code}",
    )  # fmt: skip
    none(wrong, "A person falls into it:")
    assert (caught.status_code, again["name"], again[traps.TRAP]) == (422, "Kim Muster", "")
    assert (done.status_code, Booking.objects.filter(email="kim@example.org").count()) == (200, 1)
    assert traps_seen >= 4


def _above(element):
    while element := element.parent:
        yield element
