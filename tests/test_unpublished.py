"""What is not published is reachable and named nowhere for the public: generated from all public addresses.

An initiative in each hidden state, an action in each of its own, every text of theirs a canary; then every address
that a guest can know, also of these rows. A new address is tried as soon as tests/audience.py lists it.
"""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from initiatives.models import Blueprint, Idea, Initiative, Picture
from portal.models import OldSlug
from tests import audience, make
from volunteers.models import Opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CANARY, LURE = "Kanarienvogel", "Sumpfdotterblume"  # who searches for the lure would find the canary
HIDDEN = (*sorted(set(Initiative.State) - {Initiative.State.PUBLISHED}), "waiting")
GONE = (404, 410)
WITH_LOGIN = {audience.ACCOUNT, audience.STAFF, audience.TOKEN}
GUESTS = sorted({page.audience for page in audience.PAGES.values()} - WITH_LOGIN)
LOGINS = (reverse_lazy("account_login"), reverse_lazy("spot"))
# Parameters by which lists, feeds, maps and the API narrow what they show.
NARROWED = ("suche", "ort", "thema", "q", "umkreis", "page", "idee", "kreis", "stand", "format")


def telling(model, **fixed):
    """Every text column of a model filled with both words; addresses of the net and of mailboxes as such."""
    filled = {}
    for field in model._meta.local_fields:
        if field.choices or not isinstance(field, models.CharField | models.TextField) or field.unique:
            continue
        by_kind = {
            models.EmailField: f"{CANARY}@{LURE}.example".lower(),
            models.URLField: f"https://{LURE}.example/{CANARY}",
        }
        filled[field.name] = by_kind.get(type(field), f"{LURE} {CANARY}")[: field.max_length]
    return filled | fixed


def state_of(name):
    if name != "waiting":
        return {"state": name}
    return {"state": "published", "public_from": timezone.localdate() + timedelta(days=1)}


def hide_initiative(name, rows):
    slug = f"{CANARY}-{name}".lower().replace("_", "-")
    row = make.initiative(
        **telling(Initiative, slug=slug, life_state="running", year=2019, **state_of(name)),
        published_at=timezone.now() - timedelta(days=90), organisation=rows.organisation,
        municipality=make.municipality(
            f"Nirgendheim {name}", organisation=rows.organisation, slug=f"nirgendheim-{name}".replace("_", "-")
        ),
        idea=Idea.objects.first(),
    )  # fmt: skip
    row.topics.set([rows.topic])
    Blueprint.objects.create(initiative=row, **telling(Blueprint))
    picture = make.picture(row)
    Picture.objects.filter(pk=picture.pk).update(**telling(Picture))
    Initiative.objects.filter(pk=row.pk).update(card_alt=f"{LURE} {CANARY}")
    OldSlug.objects.create(kind=OldSlug.Kind.INITIATIVE, old=f"frueher-{name}", current=slug)
    make.shift(
        opportunity=make.opportunity(
            initiative=row, organisation=rows.organisation, municipality=rows.town, topic=rows.topic
        ),
        starts=timezone.now() + timedelta(days=10),
    )
    return row


def hide_action(name, rows):
    texts = telling(Opportunity, slug=f"{CANARY}-aktion-{name}".lower(), state=name)
    row = make.opportunity(**texts, organisation=rows.organisation, municipality=rows.town, topic=rows.topic)
    make.shift(opportunity=row, starts=timezone.now() + timedelta(days=10))
    return row


@pytest.fixture
def world():
    rows = audience.make_rows()
    initiatives = [hide_initiative(name, rows) for name in HIDDEN]
    actions = [hide_action(name, rows) for name in ("draft", "archived")]
    return rows, initiatives, actions


def everywhere(rows):
    """Label → address of all that a guest can know, each also narrowed in every way to where the hidden rows would be."""
    known = audience.addresses(rows, *GUESTS) | audience.public_addresses(rows)
    lure = dict.fromkeys(NARROWED, LURE) | {"ort": "Nirgendheim", "thema": rows.topic.slug, "page": "1"}
    found = dict(known)
    for label, address in known.items():
        if label in audience.PAGES:
            found |= {
                f"{label}, {name}": f"{address}?{urlencode({name: value})}" for name, value in lure.items()
            }
    return found


def own(rows, hidden):
    """Label → address of pages about a hidden row: all that would lead to it, were it public."""
    field = {Initiative: ("initiative", "collected"), Opportunity: ("opportunity", "past", "cancelled")}
    swapped = replace(rows, **dict.fromkeys(field[type(hidden)], hidden))
    if isinstance(hidden, Initiative):
        swapped = replace(swapped, picture=hidden.pictures.get())
    kinds = (*GUESTS, audience.ACCOUNT)
    before, after = (
        audience.addresses(each, *kinds) | {label: state(each) for label, state in audience.STATES.items()}
        for each in (rows, swapped)
    )
    return {label: address for label, address in after.items() if address != before[label]}


def said(answer):
    """All that an answer says, headers included."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = " ".join(f"{name}: {value}" for name, value in answer.items())
    return f"{headers} {body.decode(errors='replace')}".casefold()


def test_no_public_address_says_a_word_of_what_is_not_published(client, world, proof):
    rows, _initiatives, _actions = world
    tried, wrong = everywhere(rows), []
    for label, address in tried.items():
        answer = client.get(address)
        if answer.status_code >= 500 or CANARY.casefold() in said(answer):
            wrong.append((label, address, answer.status_code))
    proof(
        "privacy", "Nichts Unveröffentlichtes wird genannt",
        tried=f"{len(HIDDEN)} Zustände von Initiativen, 2 von Aktionen, jeder Text ein Kanarienvogel; {len(tried)} Adressen",
        expected="keine nennt einen", seen=f"{len(wrong)} nennen einen",
    )  # fmt: skip
    assert wrong == []


def knows_nothing(label, answer):
    """Whether it would be the same whatever stands in the address: the way to the login, a form without a title."""
    to_login = answer.status_code == 302 and answer["Location"].startswith(tuple(map(str, LOGINS)))
    return to_login or (label == "access for a collected page" and CANARY.casefold() not in said(answer))


def test_no_address_of_what_is_not_published_leads_anywhere(client, world, proof):
    rows, initiatives, actions = world
    tried, wrong = 0, []
    for hidden in (*initiatives, *actions):
        for label, address in own(rows, hidden).items():
            answer = client.get(address)
            tried += 1
            if answer.status_code not in GONE and not knows_nothing(label, answer):
                wrong.append((label, address, answer.status_code))
    for name in HIDDEN:
        answer = client.get(f"/initiativen/frueher-{name}/")
        if answer.status_code not in GONE or CANARY.casefold() in said(answer):
            wrong.append(("former address", name, answer.status_code))
    proof(
        "privacy", "Nichts Unveröffentlichtes ist erreichbar", tried=f"{tried} Adressen der versteckten Seiten",
        expected="404 oder 410", seen=f"{len(wrong)} antworten anders",
    )  # fmt: skip
    assert tried >= 6 * len(HIDDEN)
    assert wrong == []


def test_the_shortcut_of_the_redaktion_tells_a_guest_nothing(client, world):
    _rows, initiatives, actions = world
    answers = [
        client.get(reverse("admin:view_on_site", args=[ContentType.objects.get_for_model(row).pk, row.pk]))
        for row in (*initiatives, *actions)
    ]
    assert {answer.status_code for answer in answers} == {302}
    assert [said(answer) for answer in answers if CANARY.casefold() in said(answer)] == []


def test_the_canaries_sing_once_they_are_published(client, world):
    """The proof that the tests above could fail."""
    _rows, initiatives, _actions = world
    row = initiatives[0]
    row.state, row.public_from = "published", None
    row.save()
    assert CANARY.casefold() in said(client.get("/initiativen/", {"suche": LURE}))
    assert client.get(row.get_absolute_url()).status_code == 200
