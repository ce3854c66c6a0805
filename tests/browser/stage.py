"""What a started portal is filled with for the browser, in one process that runs there (`portal.python`)."""

import json

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from initiatives.models import Initiative
from portal import attendance
from portal.association import association
from portal.models import Mail, Membership, Municipality
from seminars.models import Session
from tests import audience, make
from tests.browser.visits import CANNOT_BE_HAD, DONE, FILLED_IN, seen_by
from tests.markup import Page
from tests.staffroom import proven, staff
from volunteers import coordination, spot_login
from volunteers.models import Opportunity

# In addresses of tests/audience.py and the tasks of test_tasks.py.
ASKED_FOR = Q(name__in=["Lich", "Hungen"]) | Q(name__startswith="Homberg")


def print_all():
    """`addresses` of a row of everything, pages of the `first_day` and of `failures`, `sessions` of staff, `done`."""
    _few_towns()
    rows = audience.make_rows()
    _happen(rows)
    first_day, sessions = _first_day(), _sessions(rows)
    addresses = audience.every_address(rows)
    found = {"addresses": addresses, "first_day": first_day, "failures": _failures(), "sessions": sessions}
    print(json.dumps(found | {"done": _done(addresses, sessions)}))  # noqa: T201


def _few_towns():
    """Those in which something is, and what the searches ask for: one by one, all 421 would take a tenth of the time."""
    bare = Municipality.objects.filter(level="gemeinde", initiatives=None, opportunities=None)
    bare.exclude(ASKED_FOR).delete()


def _happen(rows):
    """What staff find on a usual day: a mail came back, somebody was there, somebody has no e-mail."""
    now = timezone.now()
    Municipality.objects.filter(pk=rows.town.pk).update(organisation=rows.organisation)
    Mail.objects.create(
        key="example:refused",
        kind="confirmed",
        organisation=rows.organisation,
        booking=rows.confirmed,
        about=rows.seat.label,
        to="confirmed.lich@example.org",
        subject="Platz sicher: Bachputz",
        text="Guten Tag,\n\nIhr Platz ist sicher.",
        queued_at=now,
        next_try_at=now,
        attempts=1,
        last_error="550 5.2.2 mailbox full",
        failed_at=now,
    )
    for slot in (rows.shift, rows.over):
        make.signup(
            slot,
            booking=make.booking("", "Ohne E-Mail", phone="06404 806124", organisation=rows.organisation),
        )
    came = make.signup(rows.over, email="war-da@example.org")
    attendance.note(rows.over, came={came.pk: True}, by="Frau Amt", now=now)
    rows.initiative.summary = "Wir räumen den Bach auf."
    rows.initiative.save()  # a second version


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


def _sessions(rows):
    town = rows.organisation
    people = {
        "clerk": staff(town, email="barrierefrei@lich.example", name="Erika Weber"),
        "reader": staff(town, Membership.Role.READER, email="liest@lich.example"),
        "beginner": staff(make.organisation("Gemeinde Neuanfang"), email="neuanfang@gemeinde.example"),
        "network": staff(association(), Membership.Role.NETWORK, email="netzwerk@verband.example"),
        "seminars": staff(association(), Membership.Role.SEMINARS, email="seminare@verband.example"),
    }
    staff(town, email="neu@lich.example", enrolled=False)  # sets up a passkey in test_passkeys.py
    Authenticator.objects.filter(type="webauthn").update(user=people["clerk"])  # whose pages are looked at
    proved = {name: proven(user, fresh_for=3600).session.session_key for name, user in people.items()}
    return proved | _newcomer() | _contacts(rows, people["clerk"])


def _newcomer():
    """Somebody who logged in with the password just now and has no second factor yet."""
    user = staff(make.organisation("Gemeinde Erstmals"), email="erstmals@gemeinde.example", enrolled=False)
    return {"newcomer": proven(user, fresh_for=3600, method="password").session.session_key}


def _contacts(rows, clerk):
    """Sessions of a contact on the spot of three actions, who has promised for two; and of one who waits for the code."""
    now, session, asked = timezone.now(), Client().session, Client().session
    for action in (rows.opportunity, rows.past, rows.crowded):
        found = coordination.name(action, email="lea@lich.example", person="Lea Löscher", by=clerk, now=now)
        if action != rows.crowded:
            coordination.accept(found, now=now)
    session["spot_user"], session["spot_since"] = found.user_id, timezone.now().timestamp()
    session.save()
    spot_login.ask(asked, email="lea@lich.example", now=now)
    asked.save()
    return {"contact": session.session_key, "asked": asked.session_key}


def _done(addresses, sessions):
    """Label → what is answered to the forms of FILLED_IN; nothing of it stays."""
    pages = {}
    for name, typed in FILLED_IN.items():
        client = Client(headers={"host": "localhost", "origin": "http://localhost"})
        if session := sessions.get(seen_by(name)):
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
