"""What a started portal is filled with for the browser, in one process that runs there (`portal.python`)."""

import json

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from initiatives.models import Initiative
from portal.association import association
from portal.models import Membership, Organisation
from seminars.models import Session
from tests import audience
from tests.browser.visits import CANNOT_BE_HAD, DONE, FILLED_IN, seen_by
from tests.markup import Page
from tests.staffroom import proven, staff
from volunteers.models import Opportunity


def print_all():
    """`addresses` of a row of everything, pages of the `first_day` and of `failures`, `sessions` of staff, `done`."""
    addresses = audience.every_address()
    first_day, sessions = _first_day(), _sessions()
    found = {"addresses": addresses, "first_day": first_day, "failures": _failures(), "sessions": sessions}
    print(json.dumps(found | {"done": _done(addresses, sessions)}))  # noqa: T201


def _first_day():
    """What the portal answers before anybody has published anything; nothing of it stays."""
    pages = {}
    with transaction.atomic():
        for model in (Session, Opportunity, Initiative):
            model.objects.update(state="draft")
        for name in ("start", "volunteers:list", "initiatives:list", "towns", "seminars:list", "for_towns"):
            answer = Client(headers={"host": "localhost"}).get(reverse(name))
            pages[name] = [reverse(name), dict(answer.headers), answer.content.decode()]
        transaction.set_rollback(True)
    return pages


def _failures():
    """Pages for what cannot be made to go wrong at will, with the names of the started portal's files."""
    request, facts = RequestFactory().get("/mitmachen/"), {"minutes": 10, "retry_after": 5}
    return {name: render_to_string(name, facts, request=request) for name in CANNOT_BE_HAD}


def _sessions():
    town = Organisation.objects.filter(name="Stadt Lich").order_by("pk").last()
    people = {
        "clerk": staff(town, email="barrierefrei@lich.example"),
        "network": staff(association(), Membership.Role.NETWORK, email="netzwerk@verband.example"),
        "seminars": staff(association(), Membership.Role.SEMINARS, email="seminare@verband.example"),
    }
    staff(town, email="neu@lich.example", enrolled=False)  # sets up a passkey in test_passkeys.py
    Authenticator.objects.filter(type="webauthn").update(user=people["clerk"])  # whose pages are looked at
    return {name: proven(user, fresh_for=3600).session.session_key for name, user in people.items()}


def _done(addresses, sessions):
    """Label → what is answered to the forms of FILLED_IN; nothing of it stays."""
    pages = {}
    for name, typed in FILLED_IN.items():
        client = Client(headers={"host": "localhost", "origin": "http://localhost"})
        if session := sessions.get(seen_by(name)) if name.startswith("admin:") else None:
            client.cookies["sessionid"] = session
        with transaction.atomic():
            page = Page(client.get(addresses[name]).content.decode(), addresses[name])
            data = {}
            for field, value in dict(page.posts())[addresses[name]]:
                data.setdefault(field, []).append(value)
            answer = client.post(addresses[name], data | typed, follow=True)
            way = answer.redirect_chain[-1][0] if answer.redirect_chain else addresses[name]
            assert "<title>Fehler: " not in answer.content.decode(), name
            pages[name + DONE] = [way, dict(answer.headers), answer.content.decode()]
            transaction.set_rollback(True)
    return pages
