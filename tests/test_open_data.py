"""The open data at /api/v1/: what is public, under the published schema, and nothing else."""

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from initiatives.filters import Filters
from initiatives.models import Idea, Initiative
from portal.models import PostalCode
from portal.pages.api.resources import LISTS, resources
from seminars.models import Session
from tests import audience, make
from tests.bench.statements import statements
from tests.test_house import none
from tests.test_public_pages import CACHED, HOSTILE, parts
from volunteers.models import Opportunity

pytestmark = pytest.mark.django_db
CLIENT = Client(raise_request_exception=False)
V1 = "/api/v1/"


def read(address, **headers):
    return CLIENT.get(address.removeprefix(settings.SITE_URL), headers=headers)


def schema_of(document, name):
    """A validator for one of the published schemas, its references resolved within the document."""
    registry = Registry().with_resource("urn:api", Resource(document, DRAFT202012))
    wanted = {"$ref": f"urn:api#/components/schemas/{name}"}
    return Draft202012Validator(wanted, registry=registry, format_checker=FormatChecker())


def published():
    return read(f"{V1}openapi.json").json()


def every_list_is_full():
    rows = audience.make_rows()
    make.initiative(
        municipality=make.municipality("Lich", district=rows.district), website="https://bach.example/"
    )
    return rows


# --- the schema ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_answer_is_what_the_published_schema_says():
    rows, document = every_list_is_full(), published()
    kinds = resources(timezone.now())
    looked = {"Entry": read(V1), "InitiativeDetail": read(f"{V1}initiatives/{rows.collected.pk}/")}
    looked["IdeaDetail"] = read(f"{V1}ideas/{rows.idea.pk}/")
    looked |= {f"{kinds[name].schema_name}List": read(f"{V1}{name}/") for name in LISTS}
    looked["Problem"] = read(f"{V1}gibt-es-nicht/")
    for name, answer in looked.items():
        assert [error.message for error in schema_of(document, name).iter_errors(answer.json())] == [], name
        if name.endswith("List"):
            assert answer.json()["items"], name  # an empty list would prove nothing


def test_every_field_is_published_and_every_published_field_is_there():
    every_list_is_full()
    schemas = published()["components"]["schemas"]
    for kind in resources(timezone.now()).values():
        for item in read(f"{V1}{kind.name}/").json()["items"]:
            assert list(item) == list(schemas[kind.schema_name]["properties"])


def test_schema_is_a_json_schema_and_each_reference_leads_somewhere():
    document = published()
    assert document["openapi"] == "3.1.0"
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False
    for reference in set(re.findall(r'"#/([^"]+)"', json.dumps(document))):
        found = document
        for part in reference.split("/"):
            found = found[part]
        assert found


def test_every_address_is_in_the_document_and_the_entry():
    rows = audience.make_rows()
    keys = {"initiatives": rows.initiative.pk, "ideas": rows.idea.pk}
    paths = {path.replace("{id}", str(keys.get(path.split("/")[3]))) for path in published()["paths"]}
    addresses = audience.addresses(rows, audience.OPEN)
    ours = {
        address for name, address in addresses.items() if name.startswith("api:") and name != "api:unknown"
    }
    assert paths == ours
    entry = read(V1).json()
    assert entry["resources"] == {name: f"{settings.SITE_URL}{V1}{name}/" for name in LISTS}
    assert entry["licence"] == "Datenlizenz Deutschland – Namensnennung – Version 2.0"


# --- what it says ----------------------------------------------------------------------------------


def test_initiative_says_what_its_page_says():
    district = make.municipality("Landkreis Gießen", level="kreis")
    town = make.municipality("Lich", district=district)
    row = make.initiative(
        title="Bachpaten", municipality=town, organisation=make.organisation("Stadt Lich"), text="**Jeden** Monat",
        year=2015, origin="collected", source_name="Zeitung", source_url="https://zeitung.example/1",
    )  # fmt: skip
    said = read(f"{V1}initiatives/{row.pk}/").json()
    assert (said["title"], said["url"]) == ("Bachpaten", f"{settings.SITE_URL}/initiativen/{row.slug}/")
    assert said["municipality"]["district"]["name"] == "Landkreis Gießen"
    assert said["topics"] == [{"slug": "umwelt", "name": "Umwelt"}]
    assert said["source"] == {"name": "Zeitung", "url": "https://zeitung.example/1"}
    assert (said["text"], said["publisher"], said["year"]) == ("**Jeden** Monat", "Stadt Lich", 2015)


def test_idea_and_initiative_say_what_it_takes():
    idea = make.idea("Repair-Café", slug="repair-cafe", answers={"costs": "Fast nichts."})
    row = make.initiative(idea=idea)
    make.blueprint(initiative=row, effort="Zwei Abende.")
    one, other = (
        read(f"{V1}{kind}/{key}/").json() for kind, key in (("ideas", idea.pk), ("initiatives", row.pk))
    )
    assert (one["slug"], one["blueprint"]["costs"], one["is_released"]) == (
        "repair-cafe",
        "Fast nichts.",
        True,
    )
    assert (other["idea"], other["blueprint"]["effort"]) == ("repair-cafe", "Zwei Abende.")
    assert read(f"{V1}initiatives/{make.initiative().pk}/").json()["blueprint"] is None


def test_help_wanted_is_what_takes_people_the_soonest_first():
    now = timezone.now()
    late, soon = (make.shift(starts=now + timedelta(days=days)) for days in (9, 3))
    make.shift(starts=now - timedelta(days=1))
    make.shift(starts=now + timedelta(days=5), cancelled_at=now)
    make.shift(starts=now + timedelta(days=5), deadline=now - timedelta(hours=1))
    assert [item["id"] for item in read(f"{V1}shifts/").json()["items"]] == [soon.pk, late.pk]


CANARY = "Kanarienvogel"


def test_nothing_that_is_not_public_and_no_person_is_in_any_answer():
    hidden = {"title": f"{CANARY} geheim", "summary": CANARY}
    for state in set(Initiative.State) - {Initiative.State.PUBLISHED}:
        make.initiative(state=state, **hidden)
    for state in set(Opportunity.State) - {Opportunity.State.PUBLISHED}:
        opportunity = make.opportunity(state=state, **hidden)
        make.shift(opportunity=opportunity, starts=timezone.now() + timedelta(days=3))
    for state in set(Session.State) - {Session.State.PUBLISHED}:
        make.session(state=state, name=CANARY)
    person = {
        "contact": f"Frau {CANARY}",
        "contact_email": f"{CANARY}@example.org",
        "contact_phone": "0640412345",
    }
    make.initiative(**person)
    action = make.opportunity(organiser=f"{CANARY}, Waldweg 1", **person)
    make.signup(
        make.shift(opportunity=action, starts=timezone.now() + timedelta(days=3)),
        email=f"{CANARY}@example.org",
    )
    session = make.session(
        join_url=f"https://{CANARY}.example/raum", dial_in=CANARY, recording_url=f"https://{CANARY}.example/film",
        materials_url=f"https://{CANARY}.example/mappe", series=make.series(**person),
    )  # fmt: skip
    make.speaker(session, name=CANARY)
    make.participant(session, email=f"{CANARY}@example.org")

    bodies = {name: read(f"{V1}{name}/").content.decode() for name in LISTS}
    details = {
        f"initiative {row.pk}": read(f"{V1}initiatives/{row.pk}/")
        for row in Initiative.objects.order_by("pk")
    }
    public = Initiative.objects.public().count()
    assert [answer.status_code for answer in details.values()].count(200) == public == 1
    bodies |= {name: answer.content.decode() for name, answer in details.items()}
    none(
        [name for name, body in bodies.items() if CANARY.lower() in body.lower()],
        "These tell what is not public:",
    )
    none([name for name, body in bodies.items() if "0640412345" in body], "These tell how to reach a person:")
    assert json.loads(bodies["shifts"])["items"]
    assert json.loads(bodies["sessions"])["items"]


# --- pages -----------------------------------------------------------------------------------------


def walk(address, rel):
    """The numbers on each page from here on, until there is none further."""
    found = []
    while address:
        answer = read(address)
        body = answer.json()
        found.append([item["id"] for item in body["items"]])
        linked = {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="([^"]+)"', answer["Link"])}
        assert linked.get(rel) == body[rel]
        last, address = address, body[rel]
    return found, last


@pytest.mark.parametrize("name", ["initiatives", "shifts"])
def test_pages_lead_to_every_row_once_forth_and_back(name):
    """Also where several begin at the same time."""
    at, town = timezone.now() + timedelta(days=3), make.municipality()
    make_row = {
        "initiatives": lambda: make.initiative(municipality=town),
        "shifts": lambda: make.shift(starts=at, opportunity=opportunity),
    }[name]
    opportunity = make.opportunity()
    keys = [make_row().pk for _ in range(5)]
    forth, last = walk(f"{V1}{name}/?limit=2", "next")
    assert forth == [keys[:2], keys[2:4], keys[4:]]
    back, first = walk(last, "prev")
    assert back == [keys[4:], keys[2:4], keys[:2]]
    assert read(first).json()["prev"] is None


def test_row_published_between_two_pages_moves_no_other():
    keys = [make.initiative().pk for _ in range(4)]
    first = read(f"{V1}initiatives/?limit=2").json()
    Initiative.objects.filter(pk=keys[0]).update(state="draft")
    assert [item["id"] for item in read(first["next"]).json()["items"]] == keys[2:]


# --- how it answers --------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_address_may_be_read_by_scripts_of_every_site_and_sets_no_cookie():
    addresses = audience.addresses(audience.make_rows(), audience.OPEN)
    assert addresses.pop("picture")  # looked at, not read: tests/test_pictures.py
    for name, address in addresses.items():
        answer = read(address, origin="https://www.lich.example", cookie="sessionid=" + "s" * 32)
        asked = CLIENT.options(address, headers={"origin": "https://www.lich.example"})
        assert (name, answer["Access-Control-Allow-Origin"]) == (name, "*")
        assert (name, asked.status_code, asked["Access-Control-Allow-Origin"]) == (name, 204, "*")
        assert asked["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
        assert "Access-Control-Allow-Credentials" not in answer
        assert (answer.cookies, asked.cookies) == ({}, {})
        if answer.status_code == 200:
            assert parts(answer["Cache-Control"]) == CACHED
        if answer.status_code == 200 and not answer.streaming:
            again = read(address, if_none_match=answer["ETag"])
            assert (name, again.status_code, again.content) == (name, 304, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nobody_writes(method):
    answer = CLIENT.generic(method, f"{V1}initiatives/", "{}", content_type="application/json")
    assert answer.status_code == 405
    assert answer["Allow"] in ("GET, HEAD, OPTIONS", "GET, HEAD, POST, OPTIONS")


WRONG = {
    "limit=0": 400, "limit=101": 400, "limit=abc": 400, "limit=١": 400, "limit=" + "9" * 400: 400, "limit=-1": 400,
    "cursor=x": 400, "cursor=a": 400, "cursor=a" + "9" * 400: 400, "cursor=a1-2": 400, "cursor=a999999999999999999": 200,
    "limit=2&limit=3": 400, "seite=2": 400, "cursor=%00": 400,
}  # fmt: skip


@pytest.mark.parametrize("query", WRONG)
def test_wrong_question_is_answered_with_a_german_sentence(query):
    answer = read(f"{V1}initiatives/?{query}")
    assert answer.status_code == WRONG[query]
    if answer.status_code == 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert (answer.json()["status"], answer.json()["title"]) == (400, "Anfrage nicht verstanden")
        assert answer.json()["detail"].endswith(".")


@pytest.mark.slow
def test_hostile_input_never_breaks_it():
    for label, query in HOSTILE.items():
        answer = read(f"{V1}initiatives/?{query}")
        assert (label, answer.status_code in (200, 400)) == (label, True)
        assert (label, answer["Content-Type"].split("+")[-1]) in (
            (label, "application/json"),
            (label, "json"),
        )


@pytest.mark.parametrize(
    "path", ["initiatives/0/", "initiatives/" + "9" * 400 + "/", "initiatives/abc/", "x/y", "../v2/"]
)
def test_address_that_is_not_there_is_a_problem_too(path):
    answer = read(f"{V1}{path}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["status"] == 404


def test_address_without_its_last_stroke_leads_on():
    answer = read(f"{V1}initiatives?limit=2", origin="https://www.lich.example")
    assert (answer.status_code, answer["Location"]) == (301, f"{V1}initiatives/?limit=2")
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.logs_errors
def test_mistake_of_ours_is_a_problem_with_its_number(monkeypatch):
    from portal.pages.api import views

    monkeypatch.setattr(views, "resources", lambda now: {})
    answer = read(f"{V1}initiatives/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert answer["X-Request-ID"] in answer.json()["detail"]


COSTS = {"initiatives": 2, "ideas": 2, "shifts": 1, "sessions": 1, "municipalities": 1, "topics": 1}


def test_more_rows_cost_no_more_statements():
    def counts():
        return {name: len(statements(lambda name=name: read(f"{V1}{name}/"))) for name in LISTS}

    def fill(times):
        for _ in range(times):
            make.initiative(idea=make.idea(f"Idee {Idea.objects.count()}"))
            make.shift(starts=timezone.now() + timedelta(days=3))
            make.session(series=series)

    series = make.series()
    fill(1)
    few = counts()
    fill(3)
    assert (few, counts()) == (COSTS, COSTS)


# --- the page for people ---------------------------------------------------------------------------


def test_page_for_people_names_licence_attribution_and_every_field():
    body = read("/offene-daten/").content.decode()
    assert "Datenlizenz Deutschland – Namensnennung – Version 2.0" in body
    assert "Hessischer Städte- und Gemeindebund, Aktive Bürger – Starke Kommunen" in body
    assert f"{settings.SITE_URL}{V1}openapi.json" in body
    for kind in resources(timezone.now()).values():
        assert [field.name for field in kind.fields if f"<dt>{field.name}</dt>" not in body] == []


# --- filters ---------------------------------------------------------------------------------------


def ids(query, name="initiatives"):
    answer = read(f"{V1}{name}/?{query}")
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"]]


def test_filters_are_those_of_the_collection_and_all_are_published():
    known = {p["$ref"].split("/")[-1] for p in published()["paths"][f"{V1}initiatives/"]["get"]["parameters"]}
    assert known == {"cursor", "limit", *Filters.__dataclass_fields__}
    assert known <= set(published()["components"]["parameters"])


def test_filters_leave_what_fits():
    near, far = (
        make.municipality("Lich", slug="lich"),
        make.municipality("Kassel", slug="kassel", lat=51.3, lon=9.5),
    )
    PostalCode.objects.create(code="35423", municipality=near, place="Lich", lat=50.52, lon=8.82)
    stream = make.initiative(title="Bachpaten", municipality=near, life_state="running")
    choir = make.initiative(title="Chor", municipality=far, summary="Wir singen.")
    choir.topics.set([make.topic("kultur", "Kultur")])
    help_wanted = make.shift(
        starts=timezone.now() + timedelta(days=3),
        opportunity=make.opportunity(municipality=near, initiative=stream),
    )
    elsewhere = make.shift(
        starts=timezone.now() + timedelta(days=4), opportunity=make.opportunity(municipality=far)
    )
    assert (
        ids("suche=singen")
        == ids("thema=kultur")
        == ids("gemeinde=kassel")
        == ids("stand=beispiel")
        == [choir.pk]
    )
    assert ids("ort=35423&umkreis=15") == ids("hilfe=1") == ids("stand=laeuft") == [stream.pk]
    assert ids("ort=35423", "shifts") == [help_wanted.pk]
    assert ids("thema=umwelt", "shifts") == [help_wanted.pk, elsewhere.pk]
    assert ids("thema=gibt-es-nicht") == []
    beside = read(f"{V1}initiatives/?limit=1&umkreis=50&thema=umwelt").json()
    assert beside["next"] is None


@pytest.mark.parametrize(
    "query", ["umkreis=abc", "umkreis=16", "stand=irgendwie", "suche=%2B%2B", "ort=Xyzzingen"]
)
def test_filter_that_makes_no_sense_is_said_back(query):
    make.initiative()
    answer = read(f"{V1}initiatives/?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_filters_go_on_to_the_next_page():
    keys = [make.initiative(municipality=make.municipality()).pk for _ in range(3)]
    make.initiative(summary="Etwas anderes.")
    first = read(f"{V1}initiatives/?suche=Bach&limit=2").json()
    assert [item["id"] for item in first["items"]] == keys[:2]
    assert "suche=Bach" in first["next"]
    assert [item["id"] for item in read(first["next"]).json()["items"]] == keys[2:]
