"""A town gets staff: what the association did for it in trust becomes the town's (rule 25), all of it and nothing else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal import attendance_mail, broadcasts, links, trust
from portal.association import association
from portal.broadcasts import Message, Who
from portal.models import Broadcast, Mail
from tests import make
from tests.make import NOW
from tests.staffroom import staff
from volunteers import coordination
from volunteers.models import Shift, ShiftSignup

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def in_trust(name, starts=10 * DAY):
    """A town without staff, and a date with somebody on it that the association runs there."""
    town = make.municipality(name)
    action = make.opportunity(organisation=association(), municipality=town)
    shift = make.shift(opportunity=action, starts=timezone.now() + starts)
    booking = make.booking(f"kim@{name.lower()}.example", organisation=association())
    make.signup(shift, booking=booking)
    return town, Shift.objects.select_related(*Shift.row_relations).get(pk=shift.pk)


def write_to_all(by, *slots):
    message = Message(slots, Who.SEATED, "Samstag", "Stiefel mitbringen", "Der Bach steht hoch.")
    seen = broadcasts.digest(message, broadcasts.parties(message))
    return broadcasts.send(
        message, key=f"k{[slot.pk for slot in slots]}", by=by, seen=seen, now=timezone.now()
    )


def test_messages_to_people_go_over_with_their_copies_and_not_those_to_another_town_too():
    clerk = staff(association(), "network", email="netz@verband.example")
    (lich, here), (_hungen, there) = in_trust("Lich"), in_trust("Hungen")
    own, other, both = (write_to_all(clerk, *slots) for slots in ([here], [there], [here, there]))
    town_s = make.organisation()

    trust.hand_over(lich, organisation=town_s)

    found = {row.pk: row.organisation for row in Broadcast.objects.all()}
    assert found == {own.pk: town_s, other.pk: association(), both.pk: association()}
    mails = Mail.objects.filter(kind="message").order_by("pk").values_list("to", "organisation")
    assert list(mails) == [
        ("kim@lich.example", town_s.pk), ("kim@hungen.example", association().pk),
        ("kim@lich.example", town_s.pk), ("kim@hungen.example", association().pk),
    ]  # fmt: skip
    copies = Mail.objects.filter(kind="message-copy").values_list("about", "organisation")
    assert set(copies) == {(here.label, town_s.pk), (there.label, association().pk)}


def test_contacts_on_the_spot_and_their_links_stay_good(client):
    clerk = staff(association(), "network", email="netz@verband.example")
    lich, shift = in_trust("Lich", starts=-DAY / 4)
    now = timezone.now()
    contact = coordination.name(
        shift.opportunity, email="vorort@example.org", person="Tom Test", by=clerk, now=now
    )
    assert attendance_mail.ask(ShiftSignup, now) == 1
    link = links.url("booking:who_came", links.WHO_CAME, shift)
    town_s = make.organisation()

    trust.hand_over(lich, organisation=town_s)

    contact.refresh_from_db()
    assert (contact.opportunity.organisation, contact.ended_at) == (town_s, None)
    kinds = Mail.objects.order_by("kind").values_list("kind", "organisation")
    assert list(kinds) == [("spot-invitation", town_s.pk), ("who-came", town_s.pk)]
    assert client.get(link).status_code == 200


def test_what_was_made_for_a_town_becomes_the_town_s_with_the_mails_about_it():
    town = make.municipality("Lich")
    page = make.initiative(organisation=association(), municipality=town, state="draft")
    hint = make.hint(page)
    mail = Mail.objects.create(
        key="x", kind="hint", about=hint.label, organisation=association(), to="verband@example.org",
        subject="x", text="x", queued_at=NOW, next_try_at=NOW,
    )  # fmt: skip
    town_s = make.organisation()
    trust.hand_over(town, organisation=town_s)
    page.refresh_from_db()
    mail.refresh_from_db()
    assert (page.organisation, mail.organisation) == (town_s, town_s)


def test_hints_about_collected_pages_stay_with_the_association_as_the_pages_do():
    town = make.municipality("Lich")
    page = make.initiative(organisation=association(), municipality=town, origin="collected")
    hint = make.hint(page)
    trust.hand_over(town, organisation=make.organisation())
    hint.refresh_from_db()
    assert hint.initiative.organisation == association()
