"""Town separation (trust.md): generated from the URL resolver, for every address of the Redaktion.

A town's editor („owner") sees their rows; another town's editor, the association's network, who looks
after its seminars, somebody deactivated, somebody whose role was taken away and a passer-by must not
read, list, count, name, filter by, change, move or create them. Every text of the owner's town holds
MARK, every person in it is called PERSON, so that a leak is a word on a page. The other way round the
participants of the seminars (SEMINAR, PARTICIPANT) are nobody's but „seminars"'. An address without a
row in the tables here fails.
"""

import io
import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from types import SimpleNamespace
from urllib.parse import urljoin, urlsplit

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from initiatives.models import Hint, Initiative, Inquiry, PageLink, Proposal, Wish
from portal.models import AccessLog, AccessRequest, Mail, Membership, Municipality, Organisation, User
from seminars.models import Series, Session, SessionSignup
from tests import audience, make
from tests.staffroom import proven, staff, typed
from tests.test_get_safety import statements
from volunteers.models import Opportunity, Shift, ShiftSignup

pytestmark = pytest.mark.django_db
MARK, PERSON = "Zitronenfalter", "Kleopatra"
SEMINAR, PARTICIPANT = "Schachbrettfalter", "Nofretete"
OUTSIDE = ("anonymous", "deactivated", "dismissed")
INSIDE = ("owner", "reader", "other", "network", "seminars")
EVERYBODY = (*INSIDE, *OUTSIDE)

# Model → what a visitor sees: their row in full, only a list (of others' rows), or no page at all (absent).
ROW, LIST = "row", "list"
# „Nur lesen": the row without its buttons (TEXT), or only that it is there and how full (COUNTS).
TEXT, COUNTS = "text", "counts"
SEES = {
    "portal_organisation": {"owner": ROW, "reader": TEXT, "other": LIST, "network": ROW},
    "portal_municipality": {"network": ROW},
    "portal_user": {"network": ROW},
    "portal_accessrequest": {"network": ROW},
    "portal_mail": {"owner": ROW, "other": LIST, "network": LIST, "seminars": LIST},
    "portal_accesslog": {"owner": ROW, "other": LIST, "network": LIST, "seminars": LIST},
    "initiatives_topic": {"network": ROW},
    "initiatives_idea": {"network": ROW},
    "initiatives_highlight": {"network": ROW},
    "initiatives_initiative": {"owner": ROW, "reader": TEXT, "other": LIST, "network": LIST},
    "initiatives_pagelink": {"owner": ROW, "reader": TEXT, "other": LIST, "network": LIST},
    "initiatives_proposal": {"owner": ROW, "other": LIST, "network": LIST},
    "initiatives_hint": {"owner": ROW, "other": LIST, "network": LIST},
    "initiatives_inquiry": {"owner": ROW, "other": LIST, "network": LIST},
    "initiatives_wish": {"owner": ROW, "other": LIST, "network": LIST},
    "volunteers_opportunity": {"owner": ROW, "reader": TEXT, "other": LIST, "network": LIST},
    "volunteers_shift": {"owner": ROW, "reader": COUNTS, "other": LIST, "network": LIST},
    "seminars_series": {"seminars": ROW},
    "seminars_session": {"seminars": ROW},
}
ADDS = {
    "portal_organisation": ("network",),
    "portal_user": ("network",),
    "initiatives_topic": ("network",),
    "initiatives_idea": ("network",),
    "initiatives_highlight": ("network",),
    "initiatives_initiative": ("owner", "other", "network"),
    "volunteers_opportunity": ("owner", "other", "network"),
    "seminars_series": ("seminars",),
    "seminars_session": ("seminars",),
}
DELETES = (
    "initiatives_highlight",
    "initiatives_initiative",
    "volunteers_opportunity",
    "seminars_series",
    "seminars_session",
)
# Pages of one row beside Django's own: only who sees the row comes to them by GET.
ROW_PAGES = ("change", "history", "copy", "repeat", "phone", "cancel", "give_back", "people", "attendance")
ROW_PAGES += ("spot",)
ROW_PAGES += ("bulletin", "poster", "versions", "compare", "restore")
ROW_PAGES += ("rebook", "print")
ROW_PAGES += ("move", "seats", "place", "write")
ROW_PAGES += ("reset", "calls", "files")
ROW_PAGES += ("pictures", "picture")
# Of these what who may not change the row sees, too.
READ_PAGES = {
    TEXT: (
        "change",
        "history",
        "bulletin",
        "poster",
        "versions",
        "compare",
        "restore",
        "pictures",
        "picture",
    ),
    COUNTS: ("history",),
}
# Where nobody may GET: one button elsewhere posts there. Strangers do not even learn that of a row.
ROW_POSTS = {"export", "resend"}
# Pages of no model: the status for staff (or for some of them, and 404 for the others), and whether the
# owner's town is named to the owner.
SITE = {
    "admin:status": ({"network": 200}, False),
    "admin:index": (200, True),
    "admin:absence": (200, False),
    "admin:bulletins": (200, True),
    "admin:statistics": ({"network": 200}, False),
    "admin:year": ({"owner": 200, "reader": 200, "other": 200, "network": 200}, True),
    "admin:app_list": ({}, False),  # for the operator alone
    "admin:login": (302, False),
    "admin:logout": (302, False),
    "admin:password_change": (302, False),
    "admin:password_change_done": (302, False),
    "admin:jsi18n": (200, False),
    "admin:autocomplete": (404, False),
    "admin:unknown": (404, False),
}


@dataclass
class Town:
    organisation: Organisation
    municipality: Municipality
    initiative: Initiative
    opportunity: Opportunity
    draft: Opportunity
    shift: Shift
    seat: ShiftSignup
    mail: Mail
    log: AccessLog
    editor: User
    access: AccessRequest
    hint: Hint
    inquiry: Inquiry
    proposal: Proposal
    wish: Wish
    link: PageLink


def people_of(organisation, town, mark, person):
    """A published action with a date, somebody on it, the mail to them and the log about it."""
    now = timezone.now()
    opportunity = make.opportunity(
        organisation=organisation, municipality=town, title=f"{mark} Aktion", published_at=now,
        meeting_point=f"{mark}weg 1", contact=f"{mark} Amt", slug=f"aktion-{mark.lower()}-{town.pk}",
    )  # fmt: skip
    shift = make.shift(opportunity=opportunity, starts=now + timedelta(days=9), note=f"{mark} Schicht")
    booking = make.booking(
        f"{person.lower()}@{mark.lower()}.example", f"{person} {mark}", organisation=organisation
    )
    seat = make.signup(shift, booking=booking)
    mail = Mail.objects.create(
        key=f"mail-{opportunity.pk}", kind="confirmed", organisation=organisation, booking=booking, to=booking.email,
        subject=f"{mark} Platz sicher", text=f"Guten Tag {person}", queued_at=now, next_try_at=now, failed_at=now,
    )  # fmt: skip
    return opportunity, shift, seat, mail


def build_town(name, mark, person):
    organisation = make.organisation(f"Stadt {name}", imprint=f"{mark} Impressum")
    town = make.municipality(name, organisation=organisation, slug=name.lower())
    opportunity, shift, seat, mail = people_of(organisation, town, mark, person)
    common = {"organisation": organisation, "municipality": town, "state": "draft"}
    draft = make.opportunity(title=f"{mark} Entwurf", slug=f"entwurf-{mark.lower()}", **common)
    initiative = make.initiative(
        title=f"{mark} Plan", slug=f"plan-{mark.lower()}", life_state="running",
        idea=make.idea(f"Idee {name[-4:]}"), **common,
    )  # fmt: skip
    make.blueprint(initiative=initiative, effort=f"{mark} Aufwand")
    make.highlight(initiative, sentence=f"{mark} heute")
    make.picture(initiative, alt=f"{mark} im Bild", credit=f"{mark} Licht", size=(480, 480))
    log = AccessLog.objects.create(
        at=timezone.now(), organisation=organisation, action=f"{mark} gelesen", about="x"
    )
    editor = staff(organisation, email=f"{mark.lower()}@redaktion.example", name=f"{mark} Redaktion")
    for row in (initiative, opportunity, shift):
        LogEntry.objects.create(
            user=editor, content_type=ContentType.objects.get_for_model(row), object_id=str(row.pk),
            object_repr=f"{mark} Zeile", action_flag=CHANGE, change_message=f"{mark} geändert",
        )  # fmt: skip
    hint = make.hint(initiative, text=f"{mark} {person} schreibt", email=f"{person.lower()}@gast.example")
    public = make.initiative(organisation=organisation, municipality=town)
    proposal = make.proposal(town, title=f"{mark} Idee", name=f"{person} {mark}")
    access = make.access_request(town, f"amt@{mark.lower()}.example", name=f"{mark} Weber")
    return Town(
        organisation, town, initiative, opportunity, draft, shift, seat, mail, log, editor, access, hint,
        make.inquiry(initiative, f"fragt@{mark.lower()}.example", name=person, text=f"{mark}?"),
        proposal,
        make.wish(f"{person.lower()}@wunsch.example", municipality=town, initiative=initiative),
        make.broken_link(public, f"https://{mark.lower()}.example/{mark}"),
    )  # fmt: skip


def build_seminars(organisation):
    """A series with a session, somebody on it and the mail to them; a draft and a series without dates."""
    now = timezone.now()
    series = make.series(organisation=organisation, title=f"{SEMINAR} Reihe", contact=f"{SEMINAR} Büro")
    session = make.session(
        series=series, name=f"{SEMINAR} Abend", slug="abend", starts=now + timedelta(days=9), published_at=now,
        join_url=f"https://raum.example/{SEMINAR}",
    )  # fmt: skip
    draft = make.session(series=series, name=f"{SEMINAR} Entwurf", slug="entwurf", state="draft")
    booking = make.booking(
        f"{PARTICIPANT.lower()}@rathaus.example", f"{PARTICIPANT} {SEMINAR}", organisation=organisation,
        slot_kind="session",
    )  # fmt: skip
    seat = make.participant(session, booking=booking, municipality=f"{SEMINAR}heim")
    mail = Mail.objects.create(
        key="seminar", kind="confirmed", organisation=organisation, booking=booking, to=booking.email,
        subject=f"{SEMINAR} Platz sicher", text=f"Guten Tag {PARTICIPANT}", queued_at=now, next_try_at=now,
        failed_at=now,
    )  # fmt: skip
    Mail.objects.create(
        key="watch", kind="watch-news", organisation=organisation, about="serieswatch:1", to="wartet@example.org",
        subject=f"{SEMINAR} Neuer Termin", text=PARTICIPANT, queued_at=now, next_try_at=now,
    )  # fmt: skip
    empty = make.series(organisation=organisation, title=f"{SEMINAR} leere Reihe")
    return SimpleNamespace(series=series, session=session, draft=draft, seat=seat, mail=mail, empty=empty)


@pytest.fixture
def world():
    owner, other = build_town(f"{MARK}heim", MARK, PERSON), build_town("Anderswo", "Distel", "Bertram")
    association = make.organisation("Verband", kind=Organisation.Kind.ASSOCIATION)
    people = {
        "owner": owner.editor,
        "reader": staff(owner.organisation, Membership.Role.READER, email="liest@redaktion.example"),
        "other": other.editor,
        "network": staff(association, Membership.Role.NETWORK, email="netzwerk@verband.example"),
        "seminars": staff(association, Membership.Role.SEMINARS, email="seminare@verband.example"),
        "deactivated": staff(owner.organisation, email="weg@redaktion.example"),
        "dismissed": staff(owner.organisation, email="fort@redaktion.example"),
    }
    clients = {name: proven(user) for name, user in people.items()} | {"anonymous": Client()}
    User.objects.filter(pk=people["deactivated"].pk).update(is_active=False)
    people["dismissed"].memberships.all().delete()
    for client in clients.values():
        client.raise_request_exception = False
    return SimpleNamespace(
        owner=owner, other=other, association=association, people=people, clients=clients,
        seminars=build_seminars(association),
    )  # fmt: skip


def example(model, town, page):
    """The owner's row that an address of this model's admin is about; the association's of seminars."""
    if model in ("seminars_series", "seminars_session"):
        rows = Series if model == "seminars_series" else Session
        only_drafts = {"seminars_series": {"sessions": None}, "seminars_session": {"state": "draft"}}[model]
        found = (
            rows.objects.filter(**only_drafts) if page == "delete" else rows.objects.exclude(**only_drafts)
        )
        return found.distinct().get()
    if (model, page) == ("volunteers_opportunity", "delete"):
        return town.draft
    by_model = {
        "portal_organisation": town.organisation,
        "portal_municipality": town.municipality,
        "portal_user": town.editor,
        "portal_accessrequest": town.access,
        "portal_mail": town.mail,
        "portal_accesslog": town.log,
        "initiatives_topic": town.opportunity.topic,
        "initiatives_idea": town.initiative.idea,
        "initiatives_initiative": town.initiative,
        "initiatives_highlight": town.initiative.highlights.get(),
        "initiatives_hint": town.hint,
        "initiatives_inquiry": town.inquiry,
        "initiatives_proposal": town.proposal,
        "initiatives_wish": town.wish,
        "initiatives_pagelink": town.link,
        "volunteers_opportunity": town.opportunity,
        "volunteers_shift": town.shift,
    }
    return by_model[model]


def split(name):
    """„admin:volunteers_shift_give_back" → („volunteers_shift", „give_back"); None for pages of no model."""
    for model in SEES:
        if name.startswith(f"admin:{model}_"):
            return model, name.removeprefix(f"admin:{model}_")
    return None


def address(name, town):
    if name in SITE:
        arguments = {"admin:app_list": ["volunteers"]}.get(name, [])
        return (
            reverse("admin:index") + "gibt-es-nicht/"
            if name == "admin:unknown"
            else reverse(name, args=arguments)
        )
    if name == "admin:view_on_site":
        return reverse(name, args=[ContentType.objects.get_for_model(Opportunity).pk, town.opportunity.pk])
    model, page = split(name)
    if page in ("changelist", "add", "call", "choose", "refused"):
        return reverse(name)
    arguments = [example(model, town, page).pk]
    if page in ("give_back", "rebook"):
        arguments.append(SessionSignup.objects.get().pk if model == "seminars_session" else town.seat.pk)
    if page == "picture":
        arguments += [town.initiative.pictures.get().name, 480]
    if page == "restore":
        arguments.append(example(model, town, page).versions.latest().pk)
    return reverse(name, args=arguments)


def expected(name, visitor):
    """The status of a GET by somebody who came in."""
    if name in SITE:
        status = SITE[name][0]
        return status.get(visitor, 404) if isinstance(status, dict) else status
    if name == "admin:view_on_site":
        return 302 if visitor in ("owner", "reader") else 404
    model, page = split(name)
    sees = SEES[model].get(visitor)
    if page in ("changelist", "choose", "refused"):
        return 200 if sees and (page, sees) != ("choose", COUNTS) else 404
    if page in ("add", "call"):
        return 200 if visitor in ADDS.get(model, ()) else 404
    if page == "delete":
        return 200 if sees == ROW and model in DELETES else 404
    if page in ROW_POSTS:
        return 405 if sees == ROW else 404
    assert page in ROW_PAGES, f"{name}: say in ROW_PAGES who may come here"
    return 200 if sees == ROW or page in READ_PAGES.get(sees, ()) else 404


ADMIN_URLS = sorted(name for name in audience.url_names() if name.startswith("admin:"))
# Model → its addresses: one world for each is enough, because nothing in it may change.
ADDRESSES = {
    model: [name for name in ADMIN_URLS if (split(name) or ("site",))[0] == model]
    for model in ("site", *SEES)
}


def leaks(visitor):
    """Words that this visitor must never read: the network knows the towns, not their people and drafts."""
    of_seminars = [] if visitor == "seminars" else [SEMINAR, PARTICIPANT]
    of_towns = {
        "owner": [],
        "reader": [PERSON, f"{MARK} Platz sicher", "kleopatra@"],
        "network": [PERSON, f"{MARK} Plan", f"{MARK} Entwurf", f"{MARK} Platz sicher"],
    }
    return of_towns.get(visitor, [MARK, PERSON]) + of_seminars


# Sessions and logs, which any request may write.
LEFT_OUT = {"sessions.session", "portal.accesslog", "admin.logentry"}
_TABLES = "|".join(apps.get_model(label)._meta.db_table for label in LEFT_OUT)
LEFT_OUT_WRITES = re.compile(rf'(?:UPDATE|INSERT INTO|DELETE FROM) "(?:{_TABLES})"')


def contents():
    """All rows but sessions and logs."""
    found = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label_lower not in LEFT_OUT
    ]
    return {m._meta.label_lower: list(m._base_manager.order_by("pk").values()) for m in found}


def test_every_address_has_an_example(world):
    without = [
        name for name in ADMIN_URLS if name not in SITE and name != "admin:view_on_site" and not split(name)
    ]
    assert without == []
    assert {label.replace(".", "_") for label in (m._meta.label_lower for m in admin.site._registry)} == set(
        SEES
    )


@pytest.mark.parametrize(
    "model", [pytest.param(m, marks=[] if m == "portal_mail" else pytest.mark.slow) for m in ADDRESSES]
)
def test_get(world, model, proof):
    failed = _failures(check_get, world, model)
    proof(
        "attacks", "Trennung der Kommunen: lesen", tried="jede Adresse eines Bereichs der Redaktion × 7 Personen, GET",
        expected="404 oder Anmeldung, kein fremdes Wort", seen=f"{len(failed)} Abweichungen",
    )  # fmt: skip
    _raise_first(failed)


def _failures(check, world, model):
    """What went wrong at each address; noted for the table before it is raised."""
    failed = []
    for name in ADDRESSES[model]:
        try:
            check(world, name)
        except AssertionError as error:
            failed.append(error)
    return failed


def _raise_first(failed):
    if failed:
        raise failed[0]


def words_of(response):
    """What somebody reads there, also in a PDF."""
    if response["Content-Type"] == "image/webp":
        return ""  # one colour, which says nothing
    if response["Content-Type"] != "application/pdf":
        return response.content.decode()
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(response.content)).pages)


def check_get(world, name):
    url = address(name, world.owner)
    text = words_of(world.clients["owner"].get(url))
    if split(name) and SEES[split(name)[0]].get("owner") == ROW and expected(name, "owner") == 200:
        page = split(name)[1]
        assert page in ("add", "call", "picture") or MARK in text, f"the owner sees the row: {name}"
    if name in SITE and SITE[name][1]:
        assert MARK in text
    for visitor in EVERYBODY:
        response = world.clients[visitor].get(url)
        if visitor in OUTSIDE:
            assert_outside(response, visitor, name)
            continue
        assert (name, visitor, response.status_code) == (name, visitor, expected(name, visitor))
        words = words_of(response)
        assert (name, visitor, [w for w in leaks(visitor) if w in words]) == (name, visitor, [])
    model, page = split(name) or ("", "")
    if model.startswith("seminars_") and page not in ("add", *ROW_POSTS):
        assert SEMINAR in world.clients["seminars"].get(url).content.decode(), "who may see it, does"


def assert_outside(response, visitor, name):
    if visitor == "dismissed" and response.status_code == 403:
        assert MARK not in response.content.decode()
        return
    assert (name, visitor, response.status_code) == (name, visitor, 302)
    assert urlsplit(response["Location"]).path in (reverse("account_login"), reverse("admin:index"))


@pytest.mark.slow
@pytest.mark.parametrize("model", ADDRESSES)
def test_post(world, model, proof):
    """The owner's own form, posted by somebody else, and an empty one: 404 or the login, and nothing changed."""
    before = contents()

    def check(world, name):
        changes_nothing(lambda: check_post(world, name), before=before, name=name)

    failed = _failures(check, world, model)
    proof(
        "attacks", "Trennung der Kommunen: ändern", tried="jede Adresse eines Bereichs × 6 Personen, fremdes Formular, leer, Sammelaktion",
        expected="404 oder Anmeldung, keine Zeile geändert", seen=f"{len(failed)} Abweichungen",
    )  # fmt: skip
    _raise_first(failed)


def changes_nothing(deed, *, before, name):
    """All rows are as before; they are read again only where something was written."""
    with statements() as written:
        deed()
    if any(not LEFT_OUT_WRITES.match(sql) for sql in written):
        assert contents() == before, name


def check_post(world, name):
    url = address(name, world.owner)
    page = world.clients["seminars" if ":seminars_" in name else "owner"].get(url)
    own = typed(page) if page.status_code == 200 and page.context and "adminform" in page.context else {}
    visitors = ["owner", "reader", "other", "network"]
    if ":seminars_" not in name:
        visitors = ["reader", "other", "network", "seminars"]
    for visitor in (*visitors, *OUTSIDE):
        model, kind = split(name) or ("", "")
        if SEES.get(model, {}).get(visitor) == ROW or (
            kind in ("add", "call") and visitor in ADDS.get(model, ())
        ):
            continue  # their own business
        for data in (
            {},
            own
            | {"post": "yes", "reason": "x", "capacity": "1", "meeting_point": "x"}
            | {"where": "termin", "who": "seated", "headline": "x", "text": "x", "test": "1"},
            {"action": "delete_selected", "_selected_action": "1"},
        ):
            response = world.clients[visitor].post(url, data)
            if visitor in OUTSIDE:
                assert_outside(response, visitor, name)
            elif kind != "change" and kind in READ_PAGES.get(SEES.get(model, {}).get(visitor), ()):
                assert response.status_code in (200, 404, 405), (
                    name
                )  # it only shows; nothing changed, see above
            elif kind not in ("", "changelist", "choose", "refused"):  # lists of one's own
                assert (visitor, response.status_code) == (visitor, 404)


def test_the_owner_s_form_does_change_the_row(world):
    """What the strangers' posts are measured against; and that their measure sees it."""
    url = address("admin:initiatives_initiative_change", world.owner)
    client, before = world.clients["owner"], contents()
    own = typed(client.get(url)) | {"title": "Neuer Plan"}
    with pytest.raises(AssertionError, match="change"):
        changes_nothing(lambda: client.post(url, own), before=before, name="change")
    world.owner.initiative.refresh_from_db()
    assert world.owner.initiative.title == "Neuer Plan"


# --- foreign keys posted by hand --------------------------------------------------------------------


def opportunity_data(town, **fields):
    date = timezone.localtime() + timedelta(days=20)
    return {
        "title": "Untergeschoben", "summary": "x", "meeting_point": "x", "organiser": "x", "contact": "x",
        "age": "accompanied", "topic": str(town.opportunity.topic.pk), "municipality": str(town.municipality.pk),
        "shifts-TOTAL_FORMS": "1", "shifts-INITIAL_FORMS": "0", "shifts-0-starts": f"{date:%Y-%m-%dT09:00}",
        "shifts-0-ends": f"{date:%Y-%m-%dT12:00}", "shifts-0-max_party": "5",
    } | fields  # fmt: skip


@pytest.mark.slow
def test_nothing_is_created_in_another_town(world):
    add = reverse("admin:volunteers_opportunity_add")
    client, owner = world.clients["other"], world.owner
    data = opportunity_data(world.other, municipality=str(owner.municipality.pk))
    assert client.post(add, data).status_code == 200
    assert not Opportunity.objects.filter(title="Untergeschoben").exists()
    data = opportunity_data(world.other, initiative=str(owner.initiative.pk))
    assert client.post(add, data).status_code == 200
    assert not Opportunity.objects.filter(title="Untergeschoben").exists()


def test_the_server_says_who_answers_for_a_new_row(world):
    data = opportunity_data(world.other, organisation=str(world.owner.organisation.pk))
    response = world.clients["other"].post(reverse("admin:volunteers_opportunity_add"), data)
    row = Opportunity.objects.get(title="Untergeschoben")
    assert (response.status_code, row.organisation) == (302, world.other.organisation)


@pytest.mark.slow
@pytest.mark.parametrize("field", ["municipality", "initiative", "organisation"])
def test_nothing_moves_to_or_hangs_on_another_town(world, field):
    client, mine = world.clients["other"], world.other.opportunity
    url = reverse("admin:volunteers_opportunity_change", args=[mine.pk])
    data = typed(client.get(url)) | {field: str(getattr(world.owner, field).pk)}
    client.post(url, data)
    mine.refresh_from_db()
    assert (mine.organisation, mine.municipality) == (world.other.organisation, world.other.municipality)
    assert mine.initiative is None


@pytest.mark.slow
def test_a_foreign_date_cannot_be_pulled_into_one_s_own_action(world):
    client, mine, theirs = world.clients["other"], world.other.opportunity, world.owner.shift
    url = reverse("admin:volunteers_opportunity_change", args=[mine.pk])
    for foreign in (
        {"shifts-0-id": str(theirs.pk)},
        {"shifts-0-opportunity": str(world.owner.opportunity.pk)},
    ):
        before = list(Shift.objects.filter(pk=theirs.pk).values())
        client.post(
            url, typed(client.get(url)) | foreign | {"shifts-0-capacity": "1", "shifts-0-DELETE": "on"}
        )
        client.post(url, typed(client.get(url)) | foreign | {"shifts-0-capacity": "1"})
        assert list(Shift.objects.filter(pk=theirs.pk).values()) == before
        assert list(world.owner.opportunity.shifts.all()) == [theirs]


def test_a_foreign_seat_cannot_be_given_back_through_one_s_own_date(world):
    url = reverse("admin:volunteers_shift_give_back", args=[world.other.shift.pk, world.owner.seat.pk])
    assert [world.clients["other"].get(url).status_code, world.clients["other"].post(url).status_code] == [
        404,
        404,
    ]
    world.owner.seat.refresh_from_db()
    assert world.owner.seat.is_live


@pytest.mark.slow
def test_an_editor_of_two_towns_moves_nothing_between_them(world):
    Membership.objects.create(user=world.other.editor, organisation=world.owner.organisation)
    client, mine = world.clients["other"], world.other.initiative
    url = reverse("admin:initiatives_initiative_change", args=[mine.pk])
    client.post(url, typed(client.get(url)) | {"municipality": str(world.owner.municipality.pk)})
    mine.refresh_from_db()
    assert (mine.organisation, mine.municipality) == (world.other.organisation, world.other.municipality)
    assert client.get(address("admin:volunteers_opportunity_change", world.owner)).status_code == 200


# --- lists, filters, autocompletes --------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.logs_errors
@pytest.mark.parametrize("model", [model for model in sorted(SEES) if SEES[model].get("other") == LIST])
def test_search_and_filters_find_nothing_of_another_town(world, model):
    url = reverse(f"admin:{model}_changelist")
    towns = {"organisation": world.owner.organisation.pk, "municipality": world.owner.municipality.pk}
    by_hand = [f"{path}{key}__id__exact={pk}" for key, pk in towns.items() for path in ("", "opportunity__")]
    for query in ("zeit=alle", f"q={MARK}", f"q={PERSON}", *by_hand):
        response = world.clients["other"].get(f"{url}?{query}", follow=True)
        if response.status_code == 400:
            continue  # no filter of this list
        changelist = response.context["cl"]
        rows = [str(row.pk) for row in changelist.result_list]
        assert (query, str(example(model, world.owner, "").pk) in rows) == (query, False)
        choices = [
            choice["display"] for spec in changelist.filter_specs for choice in spec.choices(changelist)
        ]
        assert (query, [word for word in choices if MARK in str(word)]) == (query, [])


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    "lookup",
    [
        "opportunities__organisation__name__startswith",
        "municipality__opportunities__title__startswith",
        "shifts__signups__booking__name__startswith",
    ],
)
def test_filters_typed_by_hand_do_not_ask_about_others(world, lookup):
    url = reverse("admin:volunteers_opportunity_changelist")
    response = world.clients["other"].get(f"{url}?{lookup}=Z")
    assert response.status_code in (302, 400)


RELATIONS = sorted(
    (field.model._meta.app_label, field.model._meta.model_name, field.name)
    for model in apps.get_models()
    for field in model._meta.get_fields()
    if isinstance(field, models.ForeignKey | models.ManyToManyField)
)


@pytest.mark.slow
def test_autocomplete_names_nothing_of_another_town(world, proof):
    leaked, open_doors = [], []
    for app_label, model_name, field_name in RELATIONS:
        query = {"app_label": app_label, "model_name": model_name, "field_name": field_name, "term": ""}
        name = f"{app_label}.{model_name}.{field_name}"
        for visitor in INSIDE:
            words = world.clients[visitor].get(reverse("admin:autocomplete"), query).content.decode()
            leaked += [(name, visitor, word) for word in leaks(visitor) if word in words]
        for visitor in OUTSIDE[:2]:
            if world.clients[visitor].get(reverse("admin:autocomplete"), query).status_code != 302:
                open_doors.append((name, visitor))
    proof(
        "attacks", "Trennung der Kommunen: Vorschläge",
        tried=f"{len(RELATIONS)} Verknüpfungen aller Modelle × {len(INSIDE)} Rollen",
        expected="kein fremder Name", seen=f"{len(leaked)} fremde Namen",
    )  # fmt: skip
    assert (leaked, open_doors) == ([], [])


def test_autocomplete_does_name_the_owner_s(world):
    query = {
        "app_label": "volunteers", "model_name": "opportunity", "field_name": "initiative", "term": MARK[:5],
    }  # fmt: skip
    response = world.clients["owner"].get(reverse("admin:autocomplete"), query)
    assert [result["text"] for result in response.json()["results"]] == [f"{MARK} Plan"]


@pytest.mark.parametrize("visitor", ["owner", "other", "network", "anonymous"])
def test_view_on_site_names_no_address_of_a_draft(world, visitor):
    types = [
        (ContentType.objects.get_for_model(row).pk, row.pk)
        for row in (world.owner.draft, world.owner.initiative)
    ]
    for content_type, pk in types:
        response = world.clients[visitor].get(reverse("admin:view_on_site", args=[content_type, pk]))
        assert response.status_code == (302 if visitor == "anonymous" else 404)
        assert MARK.lower() not in response.headers.get("Location", "")


# --- the network and trust ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_network_looks_after_towns_without_staff_until_they_have_some(world):
    trust = make.municipality("Stillbach", slug="stillbach")
    opportunity, shift, seat, mail = people_of(world.association, trust, "Treuhand", "Theodora")
    client = world.clients["network"]
    pages = [
        reverse("admin:volunteers_opportunity_change", args=[opportunity.pk]),
        reverse("admin:volunteers_shift_change", args=[shift.pk]),
        reverse("admin:volunteers_shift_give_back", args=[shift.pk, seat.pk]),
        reverse("admin:portal_mail_change", args=[mail.pk]),
    ]
    assert [client.get(page).status_code for page in pages] == [200] * 4
    assert "Theodora" in client.get(pages[1]).content.decode()
    trust.organisation = world.other.organisation
    trust.save()
    assert [client.get(page).status_code for page in pages] == [404] * 4
    lists = [reverse(f"admin:{model}_changelist") for model in ("volunteers_shift", "portal_mail")]
    assert [b"Theodora" in client.get(page).content for page in lists] == [False, False]


def test_a_town_that_gets_staff_takes_over_what_was_done_for_it(world):
    trust = make.municipality("Stillbach", slug="stillbach")
    opportunity, shift, seat, mail = people_of(world.association, trust, "Treuhand", "Theodora")
    collected = make.initiative(organisation=world.association, municipality=trust, origin="collected")
    network, other = world.clients["network"], world.clients["other"]
    desk = reverse("admin:volunteers_shift_change", args=[shift.pk])
    assert other.get(desk).status_code == 404
    url = reverse("admin:portal_municipality_change", args=[trust.pk])
    network.post(url, typed(network.get(url)) | {"organisation": str(world.other.organisation.pk)})
    for row in (opportunity, seat.booking, mail, collected):
        row.refresh_from_db()
    now = [row.organisation for row in (opportunity, seat.booking, mail, collected)]
    assert now == [world.other.organisation] * 3 + [world.association]
    assert [client.get(desk).status_code for client in (other, network)] == [200, 404]


def test_the_network_adds_actions_only_in_towns_without_staff(world):
    add, client = reverse("admin:volunteers_opportunity_add"), world.clients["network"]
    assert client.post(add, opportunity_data(world.owner)).status_code == 200
    assert not Opportunity.objects.filter(title="Untergeschoben").exists()
    trust = make.municipality("Stillbach", slug="stillbach")
    client.post(add, opportunity_data(world.owner, municipality=str(trust.pk)))
    assert Opportunity.objects.get(title="Untergeschoben").organisation == world.association


def test_nobody_of_the_network_gives_a_role_to_themselves(world):
    client, me = world.clients["network"], world.people["network"]
    url = reverse("admin:portal_user_change", args=[me.pk])
    assert "memberships-0-role" not in client.get(url).content.decode()
    data = typed(client.get(url)) | {
        "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0",
        "memberships-0-organisation": str(world.owner.organisation.pk), "memberships-0-role": "editor",
        "is_superuser": "on",
    }  # fmt: skip
    client.post(url, data)
    me = User.objects.get(pk=me.pk)
    assert [(m.organisation, m.role) for m in me.memberships.all()] == [(world.association, "network")]
    assert (me.is_superuser, me.is_active) == (False, True)


def test_the_network_does_not_touch_the_operator(world):
    operator = User.objects.create_superuser("betrieb@example.org", "Ein-langes-Passwort-3")
    client = world.clients["network"]
    assert client.get(reverse("admin:portal_user_change", args=[operator.pk])).status_code == 404
    assert "betrieb@example.org" not in client.get(reverse("admin:portal_user_changelist")).content.decode()


def test_the_network_creates_an_account_and_the_person_is_invited(world):
    data = {
        "email": "Neu@Anderswo.example", "name": "Neu", "is_active": "on",
        "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0",
        "memberships-0-organisation": str(world.other.organisation.pk), "memberships-0-role": "editor",
    }  # fmt: skip
    world.clients["network"].post(reverse("admin:portal_user_add"), data)
    user = User.objects.get(email="neu@anderswo.example")
    assert not user.has_usable_password()
    assert [str(m) for m in user.memberships.all()] == ["Redaktion: Stadt Anderswo"]
    invitation = Mail.objects.get(to="neu@anderswo.example")
    assert (invitation.secret, "/konto/password/reset/key/" in invitation.text) == (True, True)
    noted = LogEntry.objects.get(content_type__model="user", object_id=str(user.pk))
    assert noted.object_repr == f"Zugang {user.pk}"


def test_the_network_role_is_given_only_in_the_association(world):
    user = world.other.editor
    url, client = reverse("admin:portal_user_change", args=[user.pk]), world.clients["network"]
    data = typed(client.get(url)) | {"memberships-0-role": "network"}
    assert client.post(url, data).status_code == 200
    assert user.memberships.get().role == "editor"


# --- „Nur lesen" ---------------------------------------------------------------------------------------


def linked(url, words):
    """The addresses of this site that a page links, without what follows „?“ or „#“."""
    hrefs = (unescape(href) for href in re.findall(r'href="([^"]+)"', words))
    found = {urljoin(url, href).partition("#")[0].partition("?")[0] for href in hrefs}
    return {link for link in found if link.startswith("/") and not link.startswith("/static/")}


def walk(client, start):
    """Each page of the Redaktion that one comes to by links: address → answer. Every link answers, also out of it."""
    answers, sources = {}, {start: ""}
    while todo := set(sources) - set(answers):
        url = min(todo)
        answer = answers[url] = client.get(url, follow=True)
        at = answer.redirect_chain[-1][0] if answer.redirect_chain else url
        assert (sources[url], url, answer.status_code) == (sources[url], url, 200)
        if at.startswith(reverse("admin:index")) and "text/html" in answer["Content-Type"]:
            sources = dict.fromkeys(linked(at, answer.content.decode()), url) | sources
    return answers


@pytest.mark.slow
def test_no_link_of_who_only_reads_leads_nowhere_and_no_button_does_anything(world):
    """From the start page through everything that is linked: 200, no person, no form but search and logout."""
    inside = reverse("admin:index")
    seen = walk(world.clients["reader"], inside)
    for url, answer in seen.items():
        if not url.startswith(inside) or "text/html" not in answer["Content-Type"] or answer.redirect_chain:
            continue
        words = answer.content.decode()
        assert (url, [word for word in leaks("reader") if word in words]) == (url, [])
        outside = re.sub(r"<form[^>]*(?:logout-form|changelist-search).*?</form>", "", words, flags=re.DOTALL)
        buttons = re.findall(r'<(?:input|button)[^>]*type="?submit[^>]*>', outside)
        assert (url, buttons) == (url, [])
    assert {reverse(f"admin:{m}_changelist") for m in ("volunteers_shift", "volunteers_opportunity")} <= set(
        seen
    )


@pytest.mark.slow
@pytest.mark.parametrize("visitor", ["owner", "network", "seminars", "mixed"])
def test_no_link_of_staff_leads_nowhere(world, visitor):
    """„mixed“ reads in one town and writes in another: the lists have rows of both."""
    people_of(world.association, make.municipality("Stillbach", slug="stillbach"), "Treuhand", "Theodora")
    if visitor == "mixed":
        user = world.people["reader"]
        Membership.objects.create(
            user=user, organisation=world.other.organisation, role=Membership.Role.EDITOR
        )
        client = proven(User.objects.get(pk=user.pk))
    else:
        client = world.clients[visitor]
    assert len(walk(client, reverse("admin:index"))) > 20


def test_who_only_reads_sees_how_many_come(world):
    page = world.clients["reader"].get(reverse("admin:volunteers_shift_changelist")).content.decode()
    assert "1 von 10 Plätzen vergeben" in page
    assert f"{MARK} Aktion" in page


def test_who_reads_in_one_town_and_writes_in_another_does_not_mix_them(world):
    """Rights are asked for the row: the role of one membership does not help in the other's town."""
    user = world.people["reader"]
    Membership.objects.create(user=user, organisation=world.other.organisation, role=Membership.Role.EDITOR)
    client = proven(User.objects.get(pk=user.pk))
    mine, foreign = world.other.shift, world.owner.shift
    pages = [reverse("admin:volunteers_shift_change", args=[shift.pk]) for shift in (mine, foreign)]
    assert [client.get(page).status_code for page in pages] == [200, 404]
    exports = [reverse("admin:volunteers_shift_export", args=[shift.pk]) for shift in (mine, foreign)]
    assert [client.post(page, {"format": "csv"}).status_code for page in exports] == [200, 404]
    url = reverse("admin:initiatives_initiative_change", args=[world.owner.initiative.pk])
    assert client.post(url, {"title": "Untergeschoben"}).status_code == 404


# --- seminars --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_mails_of_seminars_are_read_by_who_looks_after_seminars_and_by_nobody_else(world):
    changelist, change = (
        reverse("admin:portal_mail_changelist"),
        reverse("admin:portal_mail_change", args=[world.seminars.mail.pk]),
    )
    seen = {
        visitor: (
            world.clients[visitor].get(change).status_code,
            [row.subject for row in world.clients[visitor].get(changelist).context["cl"].result_list],
        )
        for visitor in INSIDE
        if visitor != "reader"  # to whom there are no mails, see SEES
    }
    assert seen == {
        "owner": (404, [f"{MARK} Platz sicher"]),
        "other": (404, ["Distel Platz sicher"]),
        "network": (404, []),
        "seminars": (200, [f"{SEMINAR} Neuer Termin", f"{SEMINAR} Platz sicher"]),
    }


def test_the_log_of_seminars_is_read_by_who_looks_after_them_and_by_nobody_else(world):
    for about in (world.seminars.session.label, world.seminars.seat.label, "shift:1"):
        AccessLog.objects.create(
            at=timezone.now(), organisation=world.association, action="gelesen", about=about
        )
    seen = {
        visitor: sorted(
            row.about
            for row in world.clients[visitor]
            .get(reverse("admin:portal_accesslog_changelist"))
            .context["cl"]
            .result_list
        )
        for visitor in ("network", "seminars")
    }
    assert seen == {
        "network": ["shift:1"],
        "seminars": sorted([world.seminars.session.label, world.seminars.seat.label]),
    }


def test_mails_of_volunteers_in_trust_are_not_for_who_looks_after_seminars(world):
    trust = make.municipality("Stillbach", slug="stillbach")
    _opportunity, _shift, _seat, mail = people_of(world.association, trust, "Treuhand", "Theodora")
    client = world.clients["seminars"]
    assert client.get(reverse("admin:portal_mail_change", args=[mail.pk])).status_code == 404
    assert "Theodora" not in client.get(reverse("admin:portal_mail_changelist")).content.decode()


def test_the_seminar_role_is_given_only_in_the_association(world):
    user = world.other.editor
    url, client = reverse("admin:portal_user_change", args=[user.pk]), world.clients["network"]
    data = typed(client.get(url)) | {"memberships-0-role": "seminars"}
    assert client.post(url, data).status_code == 200
    assert user.memberships.get().role == "editor"
    Membership.objects.filter(user=user).update(
        role="seminars"
    )  # by hand, past the form: it counts for nothing
    assert world.clients["other"].get(reverse("admin:index")).status_code == 403


@pytest.mark.slow
def test_a_session_cannot_be_put_into_a_series_of_somebody_else(world):
    foreign = make.series(organisation=world.owner.organisation, title=f"{MARK} Reihe")
    client, mine = world.clients["seminars"], world.seminars.session
    url = reverse("admin:seminars_session_change", args=[mine.pk])
    assert client.post(url, typed(client.get(url)) | {"series": str(foreign.pk)}).status_code == 200
    mine.refresh_from_db()
    assert mine.series == world.seminars.series
