"""What pages say to search engines and to whoever shares them: schema.org as JSON-LD, and Open Graph."""

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tests import make

pytestmark = pytest.mark.django_db
CLIENT = Client()
BREAKS_OUT = "</script><script>alert(1)</script><!-- & \u2028"


def page(row):
    body = CLIENT.get(row.get_absolute_url()).content.decode()
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', body, re.DOTALL)
    shared = dict(re.findall(r'<meta property="(og:[a-z:_]+)" content="([^"]*)">', body))
    return [json.loads(block) for block in blocks], shared, body


def test_initiative_is_an_article_about_a_place():
    row = make.initiative(
        title="Bachpaten", municipality=make.municipality("Lich"), organisation=make.organisation("Stadt Lich"),
        source_url="https://zeitung.example/1", contact="Frau Kanarienvogel",
    )  # fmt: skip
    (said,), shared, _body = page(row)
    url = f"{settings.SITE_URL}/initiativen/{row.slug}/"
    assert (said["@type"], said["headline"], said["url"], said["about"]) == (
        "Article",
        "Bachpaten",
        url,
        ["Umwelt"],
    )
    assert said["contentLocation"]["address"]["addressLocality"] == "Lich"
    assert said["publisher"] == {"@type": "Organization", "name": "Stadt Lich"}
    assert said["isBasedOn"] == "https://zeitung.example/1"
    assert "Kanarienvogel" not in json.dumps(said)
    assert shared == {
        "og:type": "article", "og:locale": "de_DE", "og:site_name": "Aktive Bürger – Starke Kommunen", "og:title": "Bachpaten",
        "og:description": "Wir halten den Bach sauber.", "og:url": url,
    }  # fmt: skip


def test_picture_is_named_where_there_is_one():
    row = make.initiative(contact="Umweltbüro", contact_email="umwelt@lich.example")
    make.picture(row, alt="Zwei Kinder am Bach")
    row.refresh_from_db()
    (said,), shared, body = page(row)
    src = re.search(r'<img class="focus-[^"]*" src="([^"]+)"', body)[1]
    assert said["image"] == [settings.SITE_URL + src]
    assert (shared["og:image"], shared["og:image:alt"]) == (settings.SITE_URL + src, "Zwei Kinder am Bach")
    assert CLIENT.get(src).status_code == 200


def test_action_is_an_event_for_each_date_to_come():
    now = timezone.now().replace(microsecond=0)
    action = make.opportunity(organiser="Frau Kanarienvogel, Waldweg 1", contact="Kanarienvogel")
    dates = [make.shift(opportunity=action, starts=now + timedelta(days=days)) for days in (-3, 2, 5)]
    dates[2].cancelled_at = now
    dates[2].save()
    said, _shared, _body = page(action)
    assert [(each["@type"], each["startDate"]) for each in said] == [
        ("Event", dates[1].starts.isoformat()), ("Event", dates[2].starts.isoformat()),
    ]  # fmt: skip
    states = [each["eventStatus"].rpartition("/")[2] for each in said]
    assert states == ["EventScheduled", "EventCancelled"]
    assert said[0]["location"]["name"] == "Brücke am Schloss, Schlossgasse 1"
    assert "Kanarienvogel" not in json.dumps(said)


def test_seminar_is_an_online_event_without_its_room_and_without_people():
    row = make.session(starts=timezone.now() + timedelta(days=3))
    make.speaker(row, name="Frau Kanarienvogel")
    (said,), shared, body = page(row)
    assert (said["@type"], said["name"]) == ("EducationEvent", "Anerkennung, die ankommt")
    assert said["location"] == {
        "@type": "VirtualLocation",
        "url": f"{settings.SITE_URL}/seminare/{row.slug}/",
    }
    assert "raum.example" not in body
    assert "Kanarienvogel" not in json.dumps(said)
    assert shared["og:title"] == "Anerkennung, die ankommt"


def test_what_is_uncertain_or_an_example_is_no_event():
    at = {"starts": timezone.now() + timedelta(days=3)}
    known = make.session(precision="day", registration="elsewhere", **at)
    example = make.session(series=make.series(is_example=True), **at)
    action = make.opportunity(is_example=True)
    make.shift(opportunity=action, **at)
    assert [page(row)[0] for row in (known, example, action)] == [[], [], []]


def test_nothing_that_somebody_typed_ends_the_block():
    initiative = make.initiative(title=BREAKS_OUT, summary=BREAKS_OUT)
    action = make.opportunity(title=BREAKS_OUT[:80], summary=BREAKS_OUT, meeting_point=BREAKS_OUT)
    make.shift(opportunity=action, starts=timezone.now() + timedelta(days=3))
    session = make.session(name=BREAKS_OUT, summary=BREAKS_OUT, starts=timezone.now() + timedelta(days=3))
    for row, name in ((initiative, "headline"), (action, "name"), (session, "name")):
        (said,), shared, body = page(row)
        assert said[name].startswith("</script><script>alert(1)")
        assert "<script>alert" not in body
        assert "&lt;/script&gt;" in shared["og:title"]
