"""The access log: who reads or changes people's data leaves an entry, and a clerk can read it (rule 34)."""

import ast
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import records, sheets
from portal.association import association
from portal.models import AccessLog, Booking, Membership
from seminars.models import SessionSignup
from tests import audience, make, source
from tests.make import BERLIN
from tests.staffroom import proven, staff
from volunteers.models import ShiftSignup

pytestmark = pytest.mark.django_db


@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def shift(town):
    action = make.opportunity(organisation=town.organisation, municipality=town, title="Bachputz")
    return make.shift(opportunity=action, starts=datetime(2026, 11, 28, 9, tzinfo=BERLIN))


def entry(organisation, action, about, **fields):
    fields.setdefault("at", timezone.now())
    return AccessLog.objects.create(organisation=organisation, action=action, about=about, **fields)


def listed(client, **query):
    response = client.get(reverse("admin:portal_accesslog_changelist"), query)
    return [row.sentence for row in response.context["cl"].result_list]


def test_a_clerk_reads_the_log_in_sentences_with_day_and_minute(town, shift):
    weber = staff(town.organisation, name="Frau Weber")
    seat = make.signup(shift)
    at = datetime(2026, 11, 26, 21, 5, 33, tzinfo=BERLIN)
    for action, about in [
        ("Liste gelesen", shift.label),
        ("Umgebucht", seat.label),
        ("Liste exportiert (XLSX)", shift.label),
        ("Mail gelesen", "mail:7"),
        ("Etwas Neues", shift.label),
    ]:
        entry(town.organisation, action, about, user=weber, at=at)
        at += timedelta(minutes=1)
    entry(town.organisation, "Liste gelesen", "Mails", at=at)
    second = proven(staff(town.organisation, email="vertretung@lich.example", name="Herr Vertretung"))
    date = "„Bachputz“, Sa., 28. Nov."
    assert listed(second) == [
        "Ein gelöschter Zugang hat die Liste von Mails gelesen.",
        f"Frau Weber: Etwas Neues ({date}).",
        "Frau Weber hat Mail 7 gelesen.",
        f"Frau Weber hat die Liste von {date} als Excel-Datei heruntergeladen.",
        f"Frau Weber hat Anmeldung {seat.pk} ({date}) auf einen anderen Termin umgebucht.",
        f"Frau Weber hat die Liste von {date} gelesen.",
    ]
    page = second.get(reverse("admin:portal_accesslog_changelist")).content.decode()
    assert "Do., 26. Nov. 2026, 21.05 Uhr" in page
    assert "21:05:33" not in page


WRITERS = {
    "accesslog.record",
    "log",
    "_log",
    "_record",
    "_note",
    "_log_contact",
}  # what an action is passed to
TRANSLATED = {"_", "gettext", "gettext_lazy"}


def spoken(node):
    """The German strings in an expression, in order."""
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call) and each.args]
    said = [call.args[0] for call in calls if ast.unparse(call.func) in TRANSLATED]
    return [words.value for words in said if isinstance(words, ast.Constant)]


def actions_of(node):
    """The actions that a statement logs: first spoken argument, `action=…`, `logged=…`, `action = …`,
    and what admins say of a row that was read: `row_read = …`."""
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("action", "row_read"):
        return spoken(node.value) if "Field(" not in ast.unparse(node.value) else []
    if not isinstance(node, ast.Call):
        return []
    named = [word for key in node.keywords if key.arg in ("action", "logged") for word in spoken(key.value)]
    name = ast.unparse(node.func)
    writes = bool({name, name.rpartition(".")[2]} & WRITERS)
    return named + [word for each in node.args for word in spoken(each)][:1] * writes


@pytest.mark.slow
def test_every_action_that_the_code_logs_has_a_sentence_and_every_sentence_an_action():
    logged = {
        action
        for _path, tree in source.product().values()
        for node in ast.walk(tree)
        for action in actions_of(node)
    }
    files = "Liste exportiert (%s)"
    assert files in logged
    logged |= {files % kind.upper() for kind in sheets.TYPES}
    assert sorted((logged - {files}) ^ set(records.SENTENCES)) == []


def test_of_guests_the_log_says_a_number(town, shift):
    seat = make.signup(
        shift, booking=make.booking("kim@example.org", "Kim Muster", organisation=town.organisation)
    )
    entry(town.organisation, "Anmeldung gelesen", seat.label)
    client = proven(staff(town.organisation, name="Frau Weber"))
    page = client.get(reverse("admin:portal_accesslog_changelist")).content.decode()
    assert f"Anmeldung {seat.pk} (" in page
    assert [word for word in ("Kim", "Muster", "kim@") if word in page] == []


def test_what_is_gone_keeps_its_number(town):
    assert records.names(["shiftsignup:4711", "sessionsignup:5", "shift:99", "mail:x", "Mails"]) == {
        "shiftsignup:4711": "Anmeldung 4711",
        "sessionsignup:5": "Anmeldung 5",
    }


@pytest.mark.slow
def test_the_log_is_narrowed_to_what_and_when(town, shift):
    for number, (action, days) in enumerate(
        [("Liste gelesen", 0), ("Umgebucht", 3), ("Liste exportiert (CSV)", 10), ("Druckliste geöffnet", 60)]
    ):
        entry(town.organisation, action, f"x{number}", at=timezone.now() - timedelta(days=days))
    client = proven(staff(town.organisation, name="Frau Weber"))

    def found(**query):
        response = client.get(reverse("admin:portal_accesslog_changelist"), query)
        return sorted(row.about for row in response.context["cl"].result_list)

    assert found() == ["x0", "x1", "x2", "x3"]
    assert found(was="gelesen") == ["x0"]
    assert found(was="mitgenommen") == ["x2", "x3"]
    assert found(was="geaendert") == ["x1"]
    assert found(wann="1") == ["x0"]
    assert found(wann="7") == ["x0", "x1"]
    assert found(wann="31", was="mitgenommen") == ["x2"]
    assert found(was="erfunden", wann="erfunden") == ["x0", "x1", "x2", "x3"]


@pytest.mark.slow
def test_fifty_entries_about_dates_cost_the_same_as_two(town, shift):
    client = proven(staff(town.organisation, name="Frau Weber"))
    asked = []
    for n in (2, 40):
        for _ in range(n):
            seat = make.signup(make.shift(opportunity=shift.opportunity))
            entry(town.organisation, "Liste gelesen", seat.slot.label)
            entry(town.organisation, "Umgebucht", seat.label)
        with CaptureQueriesContext(connection) as captured:
            listed(client)
        asked.append(len(captured))
    assert asked[0] == asked[1]


@pytest.mark.slow
def test_another_town_and_the_association_read_nothing_of_it(town, shift):
    entry(town.organisation, "Liste gelesen", shift.label)
    other = staff(make.organisation("Stadt Anderswo"), email="anderswo@example.org")
    network = staff(association(), Membership.Role.NETWORK, email="netz@verband.example")
    operator = staff(None, email="betrieb@example.org", is_superuser=True, name="Betrieb")
    assert [listed(proven(user)) for user in (other, network)] == [[], []]
    assert len(listed(proven(operator))) == 1


# --- every address of the Redaktion ----------------------------------------------------------------------

GUEST = "Kleopatra"  # no page but those about people names her
# What is posted to a page of a date, so that it does what it is for; pages that only show are posted nothing.
POSTS = {
    "phone": {
        "name": "Neu Angerufen",
        "phone": "06404 123456",
        "seats": "1",
        "age": "on",
        "function": "staff",
        "municipality": "Lich",
    },
    "give_back": {},
    "export": {"format": "csv"},
    "rebook": {"to": "OTHER"},
}
# Pages that change people in more than one step: their own tests look at the log.
TESTED_ELSEWHERE = {"move", "seats", "cancel", "place", "attendance", "write", "calls"}
# Pages of a row that are about its text, with nobody on them.
ABOUT_TEXTS = {"changelist", "add", "delete", "bulletin", "poster", "versions", "compare", "restore"}
ONLY_SHOW = {"print", "people", "change", "history", "choose"}


@pytest.fixture
def rows():
    found = audience.make_rows()
    Booking.objects.exclude(name="").update(name=f"{GUEST} Muster")
    return found


@pytest.fixture
def clients(rows):
    operator = staff(None, email="betrieb@example.org", is_superuser=True, name="Betrieb")
    people = [
        staff(rows.organisation, email="amt@lich.example"),
        staff(association(), Membership.Role.SEMINARS, email="s@verband.example"),
        operator,
    ]
    return [proven(user) for user in people]


@pytest.mark.slow
def test_every_page_of_the_redaktion_that_names_a_guest_writes_the_log(rows, clients):
    silent, naming = [], set()
    for client in clients:
        for name, url in audience.addresses(rows, audience.STAFF).items():
            if name == "admin:logout":
                continue
            before = AccessLog.objects.count()
            response = client.get(url)
            if GUEST in response.content.decode(errors="replace"):
                naming.add(name)
                if AccessLog.objects.count() == before:
                    silent.append((name, url))
    assert silent == []
    assert naming >= {
        f"admin:{model}_{page}"
        for model, page in [
            ("volunteers_shift", "change"), ("volunteers_shift", "print"), ("volunteers_shift", "give_back"),
            ("volunteers_shift", "rebook"), ("seminars_session", "people"), ("seminars_session", "print"),
        ]
    }  # fmt: skip


def desk_pages():
    """Pages of one date, from the addresses."""
    for name in audience.url_names():
        for model in ("volunteers_shift", "seminars_session"):
            page = name.removeprefix(f"admin:{model}_")
            if page != name and page not in ABOUT_TEXTS:
                yield model, page


def test_every_page_of_a_date_is_in_one_of_the_tables():
    unknown = {page for _model, page in desk_pages()} - set(POSTS) - TESTED_ELSEWHERE - ONLY_SHOW
    assert unknown == set(), "say in POSTS what is posted there, so that its entry in the log is tested"


def people_rows():
    models = (Booking, ShiftSignup, SessionSignup)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["volunteers_shift", "seminars_session"])
@pytest.mark.parametrize("page", POSTS)
def test_every_post_that_changes_or_hands_out_people_writes_the_log(rows, clients, model, page):
    signup, client = (
        (rows.seat, clients[0]) if model == "volunteers_shift" else (rows.participant, clients[1])
    )
    other = make.shift(opportunity=rows.opportunity) if model == "volunteers_shift" else rows.packed
    type(other).objects.filter(pk=other.pk).update(
        capacity=None, starts=signup.slot.starts, ends=signup.slot.ends
    )
    arguments = [signup.slot_id, *([signup.pk] if page in ("give_back", "rebook") else [])]
    data = {key: other.pk if value == "OTHER" else value for key, value in POSTS[page].items()}
    before = people_rows()
    AccessLog.objects.all().delete()
    response = client.post(reverse(f"admin:{model}_{page}", args=arguments), data)
    handed_out = GUEST in response.content.decode(errors="replace")
    assert handed_out or people_rows() != before, "the post did nothing: fill in POSTS"
    written = AccessLog.objects.get()
    assert (written.user.email, written.organisation) == (
        "amt@lich.example" if model == "volunteers_shift" else "s@verband.example",
        signup.slot.organisation,
    )
    assert written.about in (signup.slot.label, signup.label)
