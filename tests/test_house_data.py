"""House rules about the tables: personal columns are declared, constraints inherited, names stay out of logs."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils.text import camel_case_to_spaces

from portal import purposes
from portal.models import Booking, Mail
from portal.slots import Signup, Slot
from seminars.models import SeriesWatch, SessionSignup
from tests import make
from tests.source import APPS
from tests.test_house import none
from volunteers.models import ShiftSignup

OURS = [model for model in apps.get_models() if model._meta.app_label in APPS]
CLASSES = {"K0", "K1", "K2", "K3", "K4", "K5", "K7", "K8"}
TEXT = (
    models.CharField, models.TextField, models.JSONField, models.FileField, models.GenericIPAddressField,
    models.FloatField, models.BinaryField,
)  # fmt: skip

GEOGRAPHY = "official data about a town"
PUBLISHED = "written by staff for the public page, no person's data"
OFFICE = "an office's address for the public, not a person's"
ROOM = "the way into a room, nobody's data; shown only to people with a seat"
PROGRAMME = "who speaks in public, named in the programme until staff take it off"
MACHINE = "written by the program, from no person's data"
CHOICE = "one of our own words about a form; stays as a count"
LIBRARY = "a library's own name"
# Text columns that hold nobody's data. A column with choices needs a reason only where its row is about a person.
NOT_PERSONAL = {
    "admin.LogEntry.object_id": "number of a row",
    "admin.LogEntry.object_repr": "`__str__` of a row: a number for people's rows, also for accounts",
    "admin.LogEntry.change_message": "names of columns and `__str__` of rows, as object_repr",
    "auth.Permission.name": LIBRARY,
    "auth.Permission.codename": LIBRARY,
    "auth.Group.name": LIBRARY,
    "contenttypes.ContentType.app_label": LIBRARY,
    "contenttypes.ContentType.model": LIBRARY,
    "mfa.Authenticator.type": CHOICE,
    "initiatives.Hint.kind": CHOICE,
    "initiatives.PageLink.url": PUBLISHED,
    "initiatives.PageLink.host": PUBLISHED,
    "initiatives.Proposal.decision": CHOICE,
    "initiatives.Initiative.state": CHOICE,
    "initiatives.Initiative.origin": CHOICE,
    "initiatives.Initiative.life_state": CHOICE,
    "volunteers.Opportunity.state": CHOICE,
    "volunteers.Opportunity.age": CHOICE,
    "volunteers.Opportunity.insurance": CHOICE,
    "portal.Booking.source": CHOICE,
    "volunteers.ShiftSignup.status": CHOICE,
    "volunteers.ShiftSignup.ended_reason": CHOICE,
    "seminars.SessionSignup.status": CHOICE,
    "seminars.SessionSignup.ended_reason": CHOICE,
    "portal.Municipality.lat": GEOGRAPHY,
    "portal.Municipality.lon": GEOGRAPHY,
    "portal.PostalCode.lat": GEOGRAPHY,
    "portal.PostalCode.lon": GEOGRAPHY,
    "portal.User.password": "a hash; goes with the account",
    "portal.Organisation.name": OFFICE,
    "portal.Organisation.address": OFFICE,
    "portal.Organisation.contact_email": OFFICE,
    "portal.Organisation.contact_phone": OFFICE,
    "portal.Organisation.imprint": OFFICE,
    "portal.Organisation.privacy_text": PUBLISHED,
    "portal.Organisation.reply_to": OFFICE,
    "portal.Municipality.ags": GEOGRAPHY,
    "portal.Municipality.ags_former": GEOGRAPHY,
    "portal.Municipality.name": GEOGRAPHY,
    "portal.Municipality.official_name": GEOGRAPHY,
    "portal.Municipality.kind": GEOGRAPHY,
    "portal.Municipality.special_status": GEOGRAPHY,
    "portal.Municipality.slug": GEOGRAPHY,
    "portal.Municipality.gov_region": GEOGRAPHY,
    "portal.Municipality.postal_code": GEOGRAPHY,
    "portal.Municipality.seat": GEOGRAPHY,
    "portal.Municipality.help_desk": OFFICE,
    "portal.Municipality.search_text": GEOGRAPHY,
    "portal.PostalCode.code": GEOGRAPHY,
    "portal.PostalCode.place": GEOGRAPHY,
    "portal.OldSlug.old": PUBLISHED,
    "portal.OldSlug.current": PUBLISHED,
    "portal.Booking.wording": "the version of our own sentence",
    "portal.Booking.slot_kind": MACHINE,
    "portal.Mail.key": "of a confirmation: a keyed hash of the mailbox; the row goes with its booking or watch",
    "portal.Mail.kind": MACHINE,
    "portal.Mail.about": "number of a row",
    "portal.Mail.calendar_method": MACHINE,
    "portal.AccessRequest.page": "address of a public page",
    "portal.AccessRequest.state": CHOICE,
    "portal.Broadcast.key": "a random number",
    "portal.Broadcast.audience": "a date in our own words",
    "portal.BroadcastDate.label": "number of a row",
    "portal.AccessLog.action": MACHINE,
    "portal.AccessLog.about": "number of a row",
    "initiatives.Topic.slug": PUBLISHED,
    "initiatives.Topic.name": PUBLISHED,
    "initiatives.Highlight.sentence": PUBLISHED,
    "initiatives.Idea.name": PUBLISHED,
    "initiatives.Idea.slug": PUBLISHED,
    "initiatives.Idea.summary": PUBLISHED,
    "initiatives.Idea.text": PUBLISHED,
    "initiatives.Idea.source_digest": MACHINE,
    "initiatives.IdeaFile.title": PUBLISHED,
    "initiatives.IdeaFile.file": PUBLISHED,
    "initiatives.Blueprint.effort": PUBLISHED,
    "initiatives.Blueprint.people": PUBLISHED,
    "initiatives.Blueprint.costs": PUBLISHED,
    "initiatives.Blueprint.rooms": PUBLISHED,
    "initiatives.Blueprint.material": PUBLISHED,
    "initiatives.Blueprint.permits": PUBLISHED,
    "initiatives.Blueprint.insurance": PUBLISHED,
    "initiatives.Blueprint.timetable": PUBLISHED,
    "initiatives.Blueprint.lessons": PUBLISHED,
    "initiatives.Blueprint.first_steps": PUBLISHED,
    "initiatives.Blueprint.sources": PUBLISHED,
    "initiatives.Initiative.card_picture": MACHINE,
    "initiatives.Initiative.card_alt": PUBLISHED,
    "initiatives.Initiative.card_focus": MACHINE,
    "initiatives.Picture.name": MACHINE,
    "initiatives.Picture.alt": PUBLISHED,
    "initiatives.Picture.credit": "who made it, named as the law on copyright asks, until staff take it off",
    "initiatives.Remark.text": "staff to staff about a page; it goes with the page, who said it is class K8",
    "initiatives.Initiative.title": PUBLISHED,
    "initiatives.Initiative.slug": PUBLISHED,
    "initiatives.Initiative.place": PUBLISHED,
    "initiatives.Initiative.carrier": PUBLISHED,
    "initiatives.Initiative.summary": PUBLISHED,
    "initiatives.Initiative.text": PUBLISHED,
    "initiatives.Initiative.website": PUBLISHED,
    "initiatives.Initiative.source_name": PUBLISHED,
    "initiatives.Initiative.source_url": PUBLISHED,
    "initiatives.Initiative.source_key": MACHINE,
    "initiatives.Initiative.source_digest": MACHINE,
    "initiatives.Initiative.search_text": PUBLISHED,
    "initiatives.Initiative.search_title": PUBLISHED,
    "volunteers.Opportunity.title": PUBLISHED,
    "volunteers.Opportunity.slug": PUBLISHED,
    "volunteers.Opportunity.summary": PUBLISHED,
    "volunteers.Opportunity.meeting_point": PUBLISHED,
    "volunteers.Opportunity.bring": PUBLISHED,
    "volunteers.Opportunity.organiser": OFFICE,
    "volunteers.Opportunity.search_text": PUBLISHED,
    "seminars.Series.title": PUBLISHED,
    "seminars.Series.summary": PUBLISHED,
    "seminars.Series.audience": PUBLISHED,
    "seminars.Series.run_by": OFFICE,
    "seminars.Series.controller_elsewhere": OFFICE,
    "seminars.Series.passes_to": OFFICE,
    "seminars.Series.website": PUBLISHED,
    "seminars.Series.source_key": MACHINE,
    "seminars.Session.name": PUBLISHED,
    "seminars.Session.slug": PUBLISHED,
    "seminars.Session.summary": PUBLISHED,
    "seminars.Session.link": PUBLISHED,
    "seminars.Session.join_url": ROOM,
    "seminars.Session.dial_in": ROOM,
    "seminars.Session.recording_url": ROOM,
    "seminars.Session.materials_url": ROOM,
    "seminars.Session.source_key": MACHINE,
    "seminars.Session.cancel_reason": PUBLISHED,
    "seminars.Speaker.name": PROGRAMME,
    "seminars.Speaker.function": PROGRAMME,
    "seminars.SeriesWatch.wording": "the version of our own sentence",
    "volunteers.Coordination.pledge": "the version of our own sentence",
    "volunteers.Shift.cancel_reason": PUBLISHED,
    "volunteers.Shift.note": PUBLISHED,
    "portal.HistoricalOrganisation.imprint": OFFICE,
    "portal.HistoricalOrganisation.privacy_text": PUBLISHED,
    "initiatives.HistoricalInitiative.title": PUBLISHED,
    "initiatives.HistoricalInitiative.place": PUBLISHED,
    "initiatives.HistoricalInitiative.carrier": PUBLISHED,
    "initiatives.HistoricalInitiative.summary": PUBLISHED,
    "initiatives.HistoricalInitiative.text": PUBLISHED,
    "initiatives.HistoricalInitiative.website": PUBLISHED,
    "initiatives.HistoricalInitiative.source_name": PUBLISHED,
    "initiatives.HistoricalInitiative.source_url": PUBLISHED,
    "volunteers.HistoricalOpportunity.title": PUBLISHED,
    "volunteers.HistoricalOpportunity.summary": PUBLISHED,
    "volunteers.HistoricalOpportunity.meeting_point": PUBLISHED,
    "volunteers.HistoricalOpportunity.bring": PUBLISHED,
    "volunteers.HistoricalOpportunity.organiser": OFFICE,
    "seminars.HistoricalSeries.title": PUBLISHED,
    "seminars.HistoricalSeries.summary": PUBLISHED,
    "seminars.HistoricalSeries.audience": PUBLISHED,
    "seminars.HistoricalSeries.website": PUBLISHED,
    "seminars.HistoricalSeries.run_by": OFFICE,
    "seminars.HistoricalSeries.controller_elsewhere": OFFICE,
    "seminars.HistoricalSeries.passes_to": OFFICE,
    "seminars.HistoricalSession.name": PUBLISHED,
    "seminars.HistoricalSession.summary": PUBLISHED,
    "seminars.HistoricalSession.link": PUBLISHED,
    "portal.HistoricalOrganisation.history_change_reason": MACHINE,
    "initiatives.HistoricalInitiative.history_change_reason": MACHINE,
    "volunteers.HistoricalOpportunity.history_change_reason": MACHINE,
    "seminars.HistoricalSeries.history_change_reason": MACHINE,
    "seminars.HistoricalSession.history_change_reason": MACHINE,
    "volunteers.Watch.wording": "the version of our own sentence",
    "initiatives.Wish.wording": "the version of our own sentence",
}
CANARY = ("Karoline Kanarienvogel", "kanarienvogel@example.org", "0171 555123")


def own_columns(model):
    return {field.name: field for field in model._meta.local_fields}


def _answered(model, field):
    """Whether nobody has to ask: our own choices in a row that is about nobody."""
    return field.name in purposes.personal(model) or (field.choices and not purposes.personal(model))


def test_every_column_of_every_table_is_personal_or_says_why_not(proof):
    """Of all apps, libraries included: a new column fails until somebody has said whose data it holds."""
    tables = apps.get_models(include_auto_created=True)
    texts = [
        (f"{model._meta.label}.{name}", _answered(model, field))
        for model in tables
        for name, field in own_columns(model).items()
        if isinstance(field, TEXT)
    ]
    columns = {name for name, answered in texts if not answered}
    proof(
        "privacy",
        "Jede Spalte ist eingestuft",
        tried=f"{len(texts)} Spalten mit Text, Zahl oder Datei in {len(tables)} Tabellen aller Apps",
        expected="jede hat eine Löschklasse oder einen Grund, warum keine",
        seen=f"{len(columns - set(NOT_PERSONAL))} ohne Antwort",
    )
    none(
        columns - set(NOT_PERSONAL),
        "Whose data is this? Declare it in `privacy`, or in NOT_PERSONAL why not:",
    )
    none(set(NOT_PERSONAL) - columns, "NOT_PERSONAL lists what is no such column (any more):")


def test_every_personal_column_belongs_to_a_purpose_of_the_record_of_processing():
    named = {label for purpose in purposes.PURPOSES for label in purpose.labels}
    found = {model._meta.label for model in apps.get_models() if purposes.personal(model)}
    none(found ^ named, "portal/purposes.py names a model without personal columns, or leaves one out:")


def test_privacy_names_columns_and_classes_that_exist():
    wrong = [
        f"{model._meta.label}.{name}: {cls}"
        for model in apps.get_models()
        for name, cls in purposes.personal(model).items()
        if name not in own_columns(model) or cls not in CLASSES
    ]
    none(wrong, "`privacy` maps a column to a deletion class of trust.md:")


def test_every_model_has_german_names_and_words_for_its_rows():
    wrong = []
    for model in OURS:
        meta = model._meta
        if meta.verbose_name == camel_case_to_spaces(meta.object_name):
            wrong.append(f"{meta.label} is called „{meta.verbose_name}“ on screen.")
        if model.__str__ is models.Model.__str__:
            wrong.append(f"{meta.label} has no __str__.")
    none(wrong, "Every model has `__str__` and a German `verbose_name` (style.md 18):")


def test_every_concrete_signup_and_slot_inherits_its_constraints():
    wrong = []
    for base in (Signup, Slot):
        for model in OURS:
            if issubclass(model, base):
                names = {
                    constraint.name % {"class": model._meta.model_name}
                    for constraint in base._meta.constraints
                }
                missing = names - {constraint.name for constraint in model._meta.constraints}
                wrong += [f"{model._meta.label} lost {name}" for name in missing]
    none(wrong, "A concrete Meta inherits: `class Meta(Signup.Meta)` (architecture.md „Seats“):")


# For each concrete sign-up: a function that makes a slot, and the builder of a sign-up on it.
SIGNUPS = {
    ShiftSignup: (make.shift, make.signup),
    SessionSignup: (make.session, make.participant),
}


def test_every_concrete_signup_has_a_builder_for_its_duplicate():
    none(
        {model for model in OURS if issubclass(model, Signup)} ^ set(SIGNUPS),
        "SIGNUPS lacks or has too much:",
    )


@pytest.mark.django_db
@pytest.mark.parametrize("status", Signup.LIVE)
@pytest.mark.parametrize("model", SIGNUPS)
def test_one_address_is_live_only_once_per_slot(model, status):
    make_slot, make_signup = SIGNUPS[model]
    slot = make_slot()
    times = {"held_until": make.NOW + timedelta(hours=1)} if status == Signup.Status.HELD else {}
    make_signup(slot, email="kim@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_signup(slot, email="kim@example.org", status=status, **times)
    make_signup(slot, email="kim@example.org", status=Signup.Status.UNCONFIRMED)
    assert sorted(slot.signups.values_list("status", flat=True)) == ["confirmed", "unconfirmed"]


@pytest.mark.django_db
@pytest.mark.parametrize("model", SIGNUPS)
def test_place_is_never_given_twice(model):
    make_slot, make_signup = SIGNUPS[model]
    slot = make_slot()
    make_signup(slot, place=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_signup(slot, place=1)


@pytest.mark.django_db
def test_names_and_addresses_stay_out_of_what_django_logs():
    """`__str__` and `repr` are copied into Django's own log and into every traceback (trust.md)."""
    name, address, phone = CANARY
    booking = make.booking(address, name=name, phone=phone)
    rows = [
        booking,
        Mail(pk=1, key="k", kind="confirmed", to=address, subject=f"Guten Tag {name}", text=phone),
    ]
    rows += [make_signup(booking=booking) for _slot, make_signup in SIGNUPS.values()]
    rows += [make.series_watch(address)]
    said = " ".join(f"{row} {row!r}" for row in rows)
    assert [word for word in [*CANARY, *name.split()] if word in said] == []
    assert {type(row) for row in rows} == {Booking, Mail, SeriesWatch, *SIGNUPS}


def test_no_birth_date_and_no_address_of_the_net_is_kept():
    wrong = [
        f"{model._meta.label}.{name}"
        for model in OURS
        for name, field in own_columns(model).items()
        if isinstance(field, models.GenericIPAddressField) or "birth" in name or name in ("ip", "ip_address")
    ]
    none(wrong, "No birth date, no IP address in the database (trust.md „Data protection“):")
