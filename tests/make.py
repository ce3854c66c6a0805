"""Rows for tests: each builder fills in what the test does not care about. Pass what it asserts on."""

from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max
from django.utils import timezone
from PIL import Image

from initiatives import idea_files, pictures
from initiatives.models import (
    Blueprint,
    Highlight,
    Hint,
    Idea,
    Initiative,
    Inquiry,
    PageLink,
    Proposal,
    StillCurrent,
    Topic,
    Wish,
)
from portal.association import association
from portal.models import AccessRequest, Booking, Municipality, Organisation, email_key
from portal.slots import Signup
from seminars.models import Series, SeriesWatch, Session, SessionSignup, Speaker
from volunteers.models import Opportunity, Shift, Watch

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 10, 12, 0, tzinfo=BERLIN)  # a Wednesday at noon
_n = count(1)


def organisation(name="Stadt Lich", **fields):
    defaults = {
        "address": "Unterstadt 1, 35423 Lich",
        "contact_email": "ehrenamt@lich.example",
        "contact_phone": "06404 8060",
        "imprint": f"{name}, Unterstadt 1, 35423 Lich",
    }
    return Organisation.objects.create(name=name, **(defaults | fields))


def filled_association():
    """The association, after the operator filled in its imprint."""
    row = association()
    if row.imprint_is_open:
        row.imprint = f"{row.name}, Musterstraße 1, 12345 Musterstadt"
        row.save(update_fields=["imprint"])
    return row


def municipality(name="Lich", **fields):
    number = next(_n)
    defaults = {
        "ags": f"06{number:06d}",
        "level": Municipality.Level.TOWN,
        "official_name": f"{name}, Stadt",
        "kind": "Stadt",
        "slug": f"{name.lower()}-{number}",
        "gov_region": "Gießen",
        "postal_code": "35423",
        "lat": 50.52,
        "lon": 8.82,
    }
    return Municipality.objects.create(name=name, **(defaults | fields))


def topic(slug="umwelt", name="Umwelt"):
    return Topic.objects.get_or_create(slug=slug, defaults={"name": name})[0]


def initiative(**fields):
    number = next(_n)
    town = fields.pop("municipality", None) or municipality()
    defaults = {
        "title": f"Initiative {number}",
        "slug": f"initiative-{number}",
        "organisation": fields.get("organisation") or organisation(),
        "municipality": town,
        "state": Initiative.State.PUBLISHED,
        "summary": "Wir halten den Bach sauber.",
    }
    row = Initiative.objects.create(**(defaults | fields))
    row.topics.add(topic())
    return row


def idea(name="Repair-Café", *, answers=None, **fields):
    """Released, with a Steckbrief of these answers."""
    defaults = {"slug": f"idee-{next(_n)}", "summary": "Wir reparieren zusammen.", "released_on": NOW.date()}
    row = Idea.objects.create(name=name, **(defaults | fields))
    row.topics.add(topic())
    blueprint(idea=row, **({"first_steps": "- Einen Raum suchen."} if answers is None else answers))
    return row


def highlight(initiative, **fields):
    """On the start page from today on, for a month."""
    today = timezone.localdate()
    defaults = {"starts_on": today, "ends_on": today + timedelta(days=30)}
    return Highlight.objects.create(initiative=initiative, **(defaults | fields))


PDF = b"%PDF-1.7\n%%EOF\n"


def idea_file(idea, title="Laufzettel", content=PDF):
    """A file to download on its page."""
    return idea_files.add(idea, title=title, file=BytesIO(content), size=len(content), now=NOW)


def blueprint(**fields):
    """The Steckbrief of this `idea` or `initiative`."""
    return Blueprint.objects.create(**fields)


def picture_file(kind="JPEG", size=(800, 500), colour="#6a9a5b", **options):
    """The bytes of a picture of one colour."""
    written = BytesIO()
    Image.new("RGB", size, colour).save(written, kind, **options)
    return written.getvalue()


def picture(initiative, *, alt="Zwei Kinder am Bach", is_decorative=False, credit="", **file):
    """Of an initiative, with its files."""
    content = picture_file(**file)
    said = {"alt": alt, "is_decorative": is_decorative, "credit": credit}
    return pictures.add(initiative, file=BytesIO(content), size=len(content), **said)


def opportunity(**fields):
    number = next(_n)
    defaults = {
        "title": "Bachputz an der Wetter",
        "slug": f"bachputz-{number}",
        "state": Opportunity.State.PUBLISHED,
        "summary": "Wir sammeln Müll am Ufer der Wetter.",
        "meeting_point": "Brücke am Schloss, Schlossgasse 1",
        "bring": "Gummistiefel, Handschuhe",
        "organiser": "Stadt Lich, Unterstadt 1, 35423 Lich",
        "contact": "Frau Beispiel",
        "contact_email": "bachputz@lich.example",
        "contact_phone": "06404 806123",
    }
    for name, build in [("organisation", organisation), ("municipality", municipality), ("topic", topic)]:
        if name not in fields:
            defaults[name] = build()
    return Opportunity.objects.create(**(defaults | fields))


def shift(*, starts=NOW + timedelta(days=10), hours=3, capacity=10, **fields):
    """Of its own opportunity unless one is given; `hours` long."""
    if "opportunity" not in fields:
        fields["opportunity"] = opportunity()
    fields.setdefault("ends", starts + timedelta(hours=hours))
    return Shift.objects.create(starts=starts, capacity=capacity, **fields)


def booking(email="kim@example.org", name="Kim Muster", **fields):
    """Confirmed by default; `confirmed_at=None` for one that still waits for the click."""
    defaults = {"entered_at": NOW, "confirmed_at": NOW, "age_confirmed": True}
    if "organisation" not in fields:
        defaults["organisation"] = organisation()
    return Booking.objects.create(email=email, name=name, email_key=email_key(email), **(defaults | fields))


def access_request(town, email="weber@stadt.example", **fields):
    """Of somebody in this town; confirmed by default, `confirmed_at=None` for one that waits for the click."""
    defaults = {"name": "Erika Weber", "function": "Ehrenamtsbüro", "entered_at": NOW, "confirmed_at": NOW}
    row = AccessRequest(municipality=town, email=email, **(defaults | fields))
    if row.confirmed_at and "state" not in fields:
        row.state = AccessRequest.State.CONFIRMED
    row.save()
    return row


def hint(initiative, **fields):
    """Somebody tells that something is wrong with the page."""
    defaults = {"text": "Die Gruppe gibt es nicht mehr.", "entered_at": NOW, "confirmed_at": NOW}
    return Hint.objects.create(initiative=initiative, **(defaults | fields))


def inquiry(initiative, email="weber@hungen.example", **fields):
    """Somebody of another town asks how it went; `confirmed_at=None` for one that waits for the click."""
    defaults = {
        "name": "Erika Weber",
        "organisation": "Stadt Hungen",
        "text": "Wie haben Sie angefangen?",
        "entered_at": NOW,
        "confirmed_at": NOW,
    }
    return Inquiry.objects.create(initiative=initiative, email=email, **(defaults | fields))


def proposal(town, **fields):
    """What a citizen proposes to this town; confirmed by default, `confirmed_at=None` for one that waits for the click."""
    defaults = {
        "title": "Bücherschrank am Markt",
        "text": "Ein Schrank, aus dem alle Bücher nehmen und in den alle welche stellen.",
        "name": "Kim Muster",
        "email": "kim@example.org",
        "entered_at": NOW,
        "confirmed_at": NOW,
        "organisation": town.organisation or association(),
    }
    row = Proposal(municipality=town, **(defaults | fields))
    if row.confirmed_at and not row.settled_at:
        row.initiative = initiative(
            title=row.title, summary=row.text, municipality=town, organisation=row.organisation, state="proposed"
        )  # fmt: skip
    row.save()
    return row


def wish(email="kim@example.org", **fields):
    """For an initiative in a town of its own; `confirmed_at=None` for one that waits for the click."""
    at = fields.get("confirmed_at", NOW)
    defaults = {"wording": "wunsch-2026-12", "entered_at": NOW, "confirmed_at": at, "active_at": at}
    town = fields.pop("municipality", None) or municipality()
    if "idea" not in fields and "initiative" not in fields:
        defaults["initiative"] = initiative()
    if "organisation" not in fields:
        defaults["organisation"] = town.organisation or association()
    return Wish.objects.create(
        email=email, email_key=email_key(email), municipality=town, **(defaults | fields)
    )


def still_current(page, **fields):
    """The contact of this page was asked whether it is still true."""
    defaults = {"email": page.contact_email, "entered_at": NOW, "confirmed_at": NOW}
    return StillCurrent.objects.create(organisation=page.organisation, **(defaults | fields))


def broken_link(initiative, url="https://verein.example/weg", **fields):
    """A link of this page that failed twice, a week apart."""
    defaults = {
        "host": "verein.example",
        "next_at": NOW,
        "checked_at": NOW,
        "failing_since": NOW - timedelta(days=7),
        "is_broken": True,
        "reason": PageLink.Reason.GONE,
        "status": 404,
    }
    return PageLink.objects.create(initiative=initiative, url=url, **(defaults | fields))


def signup(slot=None, *, email=None, status=Signup.Status.CONFIRMED, seats=1, **fields):
    """One party on the slot; joins the queue by the next place where its status needs one."""
    slot = slot or shift()
    model = type(slot).signups.rel.related_model
    if "booking" not in fields:
        email = email or f"gast{next(_n)}@example.org"
        confirmed = None if status == Signup.Status.UNCONFIRMED else NOW
        fields["booking"] = booking(
            email, confirmed_at=confirmed, organisation=slot.organisation, slot_kind=slot.kind
        )
    if status in (*Signup.SEATED, Signup.Status.WAITING) and "place" not in fields:
        fields["place"] = (slot.signups.aggregate(last=Max("place"))["last"] or 0) + 1
    fields.setdefault("email_key", fields["booking"].email_key)
    return model.objects.create(slot=slot, status=status, seats=seats, **fields)


def series(**fields):
    """Of the association unless told otherwise."""
    defaults = {
        "title": "Ehrenamt im Rathaus",
        "summary": "Anderthalb Stunden, eine Frage aus der Praxis.",
        "audience": "Mitarbeitende der Verwaltung",
        "run_by": "Hessischer Städte- und Gemeindebund",
        "contact": "Frau Adler",
        "contact_email": "seminare@verband.example",
    }
    if "organisation" not in fields:
        defaults["organisation"] = filled_association()
    return Series.objects.create(**(defaults | fields))


HALF_PAST_ONE = datetime(2026, 6, 20, 13, 30, tzinfo=BERLIN)  # ten days after NOW


def session(*, starts=HALF_PAST_ONE, minutes=90, **fields):
    """Published, registration here; of its own series unless one is given."""
    number = next(_n)
    defaults = {
        "name": "Anerkennung, die ankommt",
        "slug": f"anerkennung-{number}",
        "state": Session.State.PUBLISHED,
        "summary": "Was Engagierte freut.",
        "capacity": 10,
        "ends": starts + timedelta(minutes=minutes),
        "join_url": "https://raum.example/geheim",
        "dial_in": "069 123, Kennwort 4711",
    }
    if "series" not in fields:
        defaults["series"] = series()
    return Session.objects.create(starts=starts, **(defaults | fields))


def speaker(session, name="Frau Sommer", **fields):
    return Speaker.objects.create(session=session, name=name, **fields)


def participant(slot=None, **fields):
    """One person on a session, with function and municipality."""
    defaults = {"function": SessionSignup.Function.STAFF, "municipality": "Stadt Lich"}
    return signup(slot or session(), **(defaults | fields))


def series_watch(email="kim@example.org", **fields):
    """Confirmed by default; `confirmed_at=None` for one that still waits for the click."""
    at = fields.get("confirmed_at", NOW)
    defaults = {
        "wording": "seminar-2026-11",
        "entered_at": NOW,
        "confirmed_at": at,
        "active_at": at,
        "told_until": at,
    }
    if "series" not in fields:
        defaults["series"] = series()
    if "organisation" not in fields:
        defaults["organisation"] = association()
    return SeriesWatch.objects.create(email=email, email_key=email_key(email), **(defaults | fields))


def watch(email="kim@example.org", **fields):
    """Confirmed by default, 15 km around Lich; `confirmed_at=None` for one that still waits for the click."""
    at = fields.get("confirmed_at", NOW)
    defaults = {
        "place": "35423 Lich",
        "lat": 50.52,
        "lon": 8.82,
        "km": 15,
        "wording": "2026-11",
        "entered_at": NOW,
        "confirmed_at": at,
        "active_at": at,
        "told_until": at,
    }
    if "organisation" not in fields:
        defaults["organisation"] = association()
    return Watch.objects.create(email=email, email_key=email_key(email), **(defaults | fields))


def known_to_the_planner():
    """As a database knows its rows that did not get all of them a second ago: else PostgreSQL plans for one row."""
    with connection.cursor() as cursor:
        # One by one: all at once would also be the tables that all databases share, which other tests lock.
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table)}")
