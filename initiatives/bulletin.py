"""What the town's paper and a poster say of an initiative."""

from django.urls import reverse
from django.utils.translation import gettext

from initiatives.models import Initiative
from initiatives.topics import drawing
from portal.bulletin import Fact, Notice, Sentence, ended, who_to_ask


def notice(initiative: Initiative) -> Notice:
    """An initiative; of one that was only collected the publisher is who can be asked (rule 20)."""
    path = reverse("short_initiative", args=[initiative.pk])
    contact = initiative.contact or initiative.organisation.name
    phone = initiative.contact_phone or initiative.organisation.contact_phone
    email = initiative.contact_email or initiative.organisation.contact_email
    names = {"town": initiative.municipality.name, "title": initiative.title}
    stood = f"{initiative.get_life_state_display()}, {initiative.year_label}".strip(", ")
    topic = initiative.topics.first()
    carrier = gettext("Wer macht das? %s") % initiative.carrier
    closing = [
        Sentence(ended(carrier), 4) if initiative.carrier else None,
        Sentence(ended(gettext("Stand: %s") % stood), 3),
        Sentence(gettext("Auskunft: %s.") % who_to_ask(contact, phone, email, path), 0),
    ]
    facts = [
        Fact(gettext("Wo?"), initiative.place_name, strong=True),
        Fact(gettext("Wer macht das?"), initiative.carrier),
        Fact(gettext("Stand"), stood),
    ]
    return Notice(
        kicker=gettext("Bürgerinnen und Bürger machen mit"),
        title=initiative.title,
        town=initiative.municipality.name,
        opening=(Sentence(ended(gettext("Initiative in %(town)s: %(title)s") % names), 0),),
        story=initiative.summary,
        closing=tuple(part for part in closing if part),
        facts=tuple(fact for fact in facts if fact.value),
        call=gettext("Neugierig? Fragen Sie nach:"),
        phone=gettext("Telefon %s") % phone if phone else "",
        contact=", ".join(part for part in (contact, email) if part),
        organiser=initiative.organisation.name,
        drawing=drawing(initiative.title, topic.slug) if topic else "soziales",
        path=path,
        is_public=initiative.is_public,
    )
