"""Signed links (trust.md): changed, swapped between purposes and kinds, old, replayed at once, guessed."""

import random
import secrets
from collections import Counter

import pytest
from django.apps import apps
from django.core import signing
from django.db import connection
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives import inquiries, proposals, still_current
from initiatives.models import Inquiry, Proposal, StillCurrent
from portal import access_requests, links, watches
from portal.models import AccessRequest, Booking
from portal.signups import signup_models
from portal.standing import slot_model
from tests import audience
from tests.test_get_safety import changed, checksums
from tests.test_house import none

pytestmark = pytest.mark.django_db
PURPOSES = [
    links.CONFIRM,
    links.MANAGE,
    links.SENT,
    links.GIVE_BACK,
    links.CLAIM,
    links.WHO_CAME,
    access_requests.SENT,
    access_requests.CONFIRM,
    watches.SENT,
    watches.CONFIRM,
    watches.MANAGE,
    inquiries.SENT,
    inquiries.CONFIRM,
    proposals.SENT,
    proposals.CONFIRM,
    proposals.MANAGE,
    still_current.ANSWER,
]
OF_BOOKINGS, OF_SIGNUPS, OF_WATCHES = [Booking], signup_models(), watches.watch_models()
OF_DATES, OF_TOWNS = [slot_model(model) for model in OF_SIGNUPS], [AccessRequest]
OF_QUESTIONS, OF_PROPOSALS, OF_CONTACTS = [Inquiry], [Proposal], [StillCurrent]
# Address → the one purpose and the kinds of rows that open it.
OPENS = {
    "booking:sent": (links.SENT, OF_BOOKINGS),
    "booking:confirm": (links.CONFIRM, OF_BOOKINGS),
    "booking:manage": (links.MANAGE, OF_BOOKINGS),
    "booking:export": (links.MANAGE, OF_BOOKINGS),
    "booking:calendar": (links.MANAGE, OF_BOOKINGS),
    "booking:give_back": (links.GIVE_BACK, OF_SIGNUPS),
    "booking:claim": (links.CLAIM, OF_SIGNUPS),
    "booking:who_came": (links.WHO_CAME, OF_DATES),
    "access:sent": (access_requests.SENT, OF_TOWNS),
    "access:confirm": (access_requests.CONFIRM, OF_TOWNS),
    "watch:sent": (watches.SENT, OF_WATCHES),
    "watch:confirm": (watches.CONFIRM, OF_WATCHES),
    "watch:manage": (watches.MANAGE, OF_WATCHES),
    "watch:export": (watches.MANAGE, OF_WATCHES),
    "inquiry:sent": (inquiries.SENT, OF_QUESTIONS),
    "inquiry:confirm": (inquiries.CONFIRM, OF_QUESTIONS),
    "proposal:sent": (proposals.SENT, OF_PROPOSALS),
    "proposal:confirm": (proposals.CONFIRM, OF_PROPOSALS),
    "proposal:manage": (proposals.MANAGE, OF_PROPOSALS),
    "current:answer": (still_current.ANSWER, OF_CONTACTS),
}
BODY = {"do": "erase", "name": "x", "email": "dieb@example.org", "signups": "x"}


def addresses(rows):
    """Address name → what stands before and after its token."""
    found = {}
    for name, address in audience.addresses(rows, audience.TOKEN).items():
        token = audience.PAGES[name].arguments(rows)[0]
        found[name] = tuple(address.split(token))
    return found


def kinds(rows):
    """A row of every model that links can be made for."""
    every = [
        model for model in apps.get_models() if any(f.name == "link_version" for f in model._meta.fields)
    ]
    found = {model: next(row for row in vars(rows).values() if type(row) is model) for model in every}
    assert set(found) == {model for _purpose, models in OPENS.values() for model in models}
    return found


def test_every_address_with_a_token_is_in_the_matrix(rows):
    assert set(OPENS) == set(audience.addresses(rows, audience.TOKEN))
    named = {
        value
        for module in (links, watches, access_requests, inquiries, proposals, still_current)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    }
    of_a_form = {still_current.TRUE, still_current.CHANGED, still_current.ENDED}
    assert named - of_a_form == set(PURPOSES)


@pytest.mark.slow
def test_a_token_of_one_purpose_and_kind_is_404_at_every_other(rows, proof):
    """The whole matrix: every purpose × every kind of row × every address × GET and POST."""
    client, wrong, tried = Client(), [], 0
    opened = {n: client.get(url).status_code for n, url in audience.addresses(rows, audience.TOKEN).items()}
    before = checksums()  # the right ones wrote the access log (rule 34)
    for purpose in PURPOSES:
        for model, row in kinds(rows).items():
            token = links.make(purpose, row)
            for name, (head, tail) in addresses(rows).items():
                if OPENS[name][0] == purpose and model in OPENS[name][1]:
                    continue
                url = f"{head}{token}{tail}"
                tried += 1
                client.defaults["REMOTE_ADDR"] = f"10.0.{tried // 250}.{tried % 250}"  # or the limits answer
                answer = client.get(url).status_code
                if answer == 404 and model in OPENS[name][1]:  # what a POST could change is of this kind
                    tried += 1
                    answer = client.post(url, BODY, headers={"origin": "http://testserver"}).status_code
                if answer not in (404, 405):
                    wrong.append(f"{purpose} of {model.__name__} at {name}: {answer}")
    changes = changed(before, checksums())
    proof(
        "attacks", "Link für anderes benutzen", tried=f"{len(PURPOSES)} Zwecke × {len(kinds(rows))} Arten × {len(OPENS)} Adressen, {tried} falsche Anfragen",
        expected="404, keine Zeile geändert", seen=f"{len(wrong)} anderes, {len(changes)} Tabellen geändert",
    )  # fmt: skip
    none(wrong, "A token of one purpose is 404 at every other:")
    assert (changes, set(opened.values())) == ([], {200}), opened


def mutations(token):
    """Tokens that nobody signed: each character flipped, parts cut, swapped, doubled, otherwise spelled."""
    head, _dot, signature = token.rpartition(".")
    pk, version = head.split("-")
    for place, char in enumerate(token):
        yield token[:place] + ("A" if char != "A" else "B") + token[place + 1 :]
    yield from (token[:end] for end in range(len(token)))
    yield from (token + more for more in ("A", "=", "==", "\n", " ", ".", "%00", "/", "\u200b"))
    yield from (
        f"{int(pk) + 1}-{version}.{signature}", f"0{pk}-{version}.{signature}", f"{pk}-{int(version) + 1}.{signature}",
        f"-{pk}-{version}.{signature}", f"{head}:{signature}", f"{head}.{signature.swapcase()}", f"{head}.", head, f".{signature}",
        f" {token}", token.upper(), "null", "None", "0", "*", "..", "%2e%2e", "[]", "{}", "' OR 1=1 --", "9" * 400 + f"-0.{signature}",
        f"{pk}-{version}.{signing.Signer(salt='').sign('').rpartition(':')[2]}", "a" * 5000,
    )  # fmt: skip


@pytest.mark.slow
def test_a_changed_token_is_nothing_and_asks_the_database_nothing(rows, proof):
    """Guessing costs no statement, so it tells by no time whether a row exists."""
    taken, tried = [], 0
    with CaptureQueriesContext(connection) as asked:
        for name, (purpose, models) in OPENS.items():
            token = links.make(purpose, next(row for model, row in kinds_of(rows, models)))
            for changed_token in mutations(token):
                tried += 1
                try:
                    links.read(purpose, changed_token, *models)
                    taken.append((name, changed_token))
                except Http404:
                    pass
    client, statuses = Client(raise_request_exception=False), Counter()
    for _name, (head, tail) in addresses(rows).items():
        for changed_token in (
            "0-0." + "A" * 43,
            "x" * 4000,
            "%00",
            "%ED%A0%80",
            "..%2f..",
            "1-0.%0d%0aX-Evil: 1",
        ):
            statuses[client.get(f"{head}{changed_token}{tail}").status_code] += 1
    proof(
        "attacks", "Link verändern", tried=f"{tried} veränderte Links, {statuses.total()} Adressen mit Unsinn",
        expected="keiner gilt, keine Abfrage der Datenbank; 404 oder 400", seen=f"{len(taken)} gelten, {len(asked)} Abfragen, Antworten {sorted(statuses)}",
    )  # fmt: skip
    assert (taken, len(asked)) == ([], 0)
    assert set(statuses) <= {400, 404}


def kinds_of(rows, models):
    return [(model, row) for model, row in kinds(rows).items() if model in models]


def test_guessing_a_thousand_tokens_finds_nothing(rows, proof):
    """256 bits of HMAC; and no token is shorter than that."""
    guess, hits = random.Random(1), 0
    for number in range(1000):
        token = f"{number % 20 + 1}-0.{secrets.token_urlsafe(32)}"
        purpose, models = OPENS[guess.choice(list(OPENS))]
        try:
            links.read(purpose, token, *models)
            hits += 1
        except Http404:
            pass
    bits = (
        min(len(links.make(p, row).rpartition(".")[2]) for p in PURPOSES for row in kinds(rows).values()) * 6
    )
    proof(
        "attacks", "Links raten", tried="1.000 geratene Links", expected="0 Treffer, Signatur mindestens 256 Bit",
        seen=f"{hits} Treffer, {bits} Bit",
    )  # fmt: skip
    assert (hits, bits >= 256) == (0, True)


def test_links_of_an_address_that_was_corrected_and_of_a_lost_key_are_dead(rows, settings, proof):
    outcome = {}
    for name, (purpose, models) in OPENS.items():
        row = kinds_of(rows, models)[0][1]
        token = links.make(purpose, row)
        with_old_key = {}
        for fallbacks in ([settings.SECRET_KEY], []):
            old, settings.SECRET_KEY = settings.SECRET_KEY, "neuer-" + "x" * 50
            settings.SECRET_KEY_FALLBACKS = fallbacks
            with_old_key[bool(fallbacks)] = _opens(purpose, token, models)
            settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = old, []
        type(row).objects.filter(pk=row.pk).update(link_version=row.link_version + 1)
        outcome[name] = (with_old_key[True], with_old_key[False], _opens(purpose, token, models))
        type(row).objects.filter(pk=row.pk).update(link_version=row.link_version)
    proof(
        "attacks", "Alter Link", tried=f"{len(outcome)} Adressen: nach Korrektur der Adresse, nach Wechsel des Schlüssels",
        expected="gilt nur mit SECRET_KEY_FALLBACKS", seen=f"gilt mit altem Schlüssel {sum(o[0] for o in outcome.values())}, ohne {sum(o[1] for o in outcome.values())}, nach Korrektur {sum(o[2] for o in outcome.values())}",
    )  # fmt: skip
    assert set(outcome.values()) == {(True, False, False)}


def _opens(purpose, token, models):
    try:
        return bool(links.read(purpose, token, *models))
    except Http404:
        return False
