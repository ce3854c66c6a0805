"""What the town's paper and a poster say of an action."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from initiatives.topics import drawing
from portal import dates
from portal.bulletin import Fact, Notice, Sentence, ended, who_to_ask
from volunteers.models import Opportunity

DATES = 3  # more are counted


def notice(opportunity: Opportunity, *, now: datetime) -> Notice:
    """An action with its next dates; what has none says so."""
    path = reverse("short_action", args=[opportunity.pk])
    town, bring = opportunity.municipality.name, opportunity.bring
    phone = opportunity.contact_phone or opportunity.organisation.contact_phone
    when = _when(opportunity, now)
    where = f"{opportunity.meeting_point}, {town}"
    ask = who_to_ask(opportunity.contact, phone, opportunity.contact_email, path)
    closing = [
        Sentence(_when_sentence(when), 0),
        Sentence(ended(gettext("Treffpunkt: %s") % where), 1),
        Sentence(ended(gettext("Bitte mitbringen: %s") % bring), 1) if bring else None,
        Sentence(ended(opportunity.get_age_display()), 3),
        Sentence(ended(gettext("Veranstalter: %s") % opportunity.organiser), 4),
        Sentence(gettext("Anmeldung und Fragen: %s.") % ask, 0),
    ]
    facts = [
        Fact(ngettext("Wann?", "Wann? Die nächsten Termine", len(when)), "\n".join(when), strong=True),
        Fact(gettext("Wo ist der Treffpunkt?"), where, strong=True),
        Fact(gettext("Was mitbringen?"), bring) if bring else None,
        Fact(gettext("Für wen?"), opportunity.get_age_display()),
    ]
    return Notice(
        kicker=gettext("Hilfe gesucht"),
        title=opportunity.display_title,
        town=town,
        opening=(Sentence(_opening(opportunity, town), 0),),
        story=opportunity.summary,
        closing=tuple(part for part in closing if part),
        facts=tuple(fact for fact in facts if fact and fact.value),
        call=gettext("Helfen Sie mit? Einfach anmelden:"),
        phone=gettext("Telefon %s") % phone if phone else "",
        contact=", ".join(part for part in (opportunity.contact, opportunity.contact_email) if part),
        organiser=opportunity.organiser,
        drawing=drawing(opportunity.title, opportunity.topic.slug),
        path=path,
        is_public=opportunity.is_public,
    )


def _opening(opportunity: Opportunity, town: str) -> str:
    names = {"town": town, "title": opportunity.display_title}
    return ended(gettext("Hilfe gesucht in %(town)s: %(title)s") % names)


def _when(opportunity: Opportunity, now: datetime) -> list[str]:
    """The next dates in words, and how many more there are."""
    coming = list(opportunity.shifts.filter(cancelled_at=None, starts__gt=now).order_by("starts"))
    words = list(dict.fromkeys(dates.long(shift.starts, shift.ends) for shift in coming))
    more = len(words) - DATES
    if more > 0:
        return [*words[:DATES], ngettext("und %s weiterer", "und %s weitere", more) % more]
    return words


def _when_sentence(when: list[str]) -> str:
    if not when:
        return gettext("Der nächste Termin steht noch nicht fest.")
    return ngettext("Termin: %s.", "Termine: %s.", len(when)) % "; ".join(when)
