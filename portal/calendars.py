"""Calendar files (RFC 5545, RFC 5546) for what a person signed up for.

A date keeps its UID for as long as the sign-up lives and takes SEQUENCE from the slot, so that
an announced change replaces the entry in the person's calendar (rule 16). Times are written in
UTC: every program shows them in its own zone, and no VTIMEZONE can be out of date. The link
in the file is the public page, never a signed one: people share their calendars.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress

from portal.slots import Signup

PUBLISH, REQUEST, CANCEL = "PUBLISH", "REQUEST", "CANCEL"


def calendar(signups: Iterable[Signup], *, method: str, now: datetime) -> str:
    """One file with one event per sign-up, CRLF lines; `method` is PUBLISH, REQUEST or CANCEL.

    One that ended is published as cancelled, so that one file takes a date out and puts another in (RFC 5546, 3.2.1).
    Expects `slot` (and what its title, place and organisation read) selected, and `booking` with
    an address for REQUEST and CANCEL, which name the person as RFC 5546 wants it.
    """
    file = Calendar()
    file.add("version", "2.0")
    file.add("prodid", f"-//{settings.ASSOCIATION}//{settings.SITE_NAME}//DE")
    file.add("calscale", "GREGORIAN")
    file.add("method", method)
    for signup in signups:
        file.add_component(_event(signup, method=method, now=now))
    return file.to_ical().decode()


def uid(signup: Signup) -> str:
    """The same for the whole life of a sign-up, and nobody else's: „shiftsignup-12@portal.example.de"."""
    return f"{signup._meta.model_name}-{signup.pk}@{urlsplit(settings.SITE_URL).hostname}"


def _event(signup: Signup, *, method: str, now: datetime) -> Event:
    slot, is_off = signup.slot, method == CANCEL or signup.status == Signup.Status.ENDED
    page = settings.SITE_URL + slot.get_absolute_url()
    event = Event()
    event.add("uid", uid(signup))
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", slot.starts.astimezone(UTC))
    event.add("dtend", slot.ends.astimezone(UTC))
    event.add("summary", slot.title)
    if slot.where:
        event.add("location", slot.where)
    event.add("description", _("Alles zu diesem Termin: %(page)s") % {"page": page})
    event.add("url", page)
    # A cancellation outranks every announced change, also one that only this person made.
    event.add("sequence", slot.sequence + is_off)
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("organizer", _organizer(signup))
    if method != PUBLISH and signup.booking.email:
        event.add("attendee", _attendee(signup))
    return event


def _organizer(signup: Signup) -> vCalAddress:
    organisation = signup.slot.organisation
    address = vCalAddress(f"mailto:{organisation.answers_to or settings.DEFAULT_FROM_EMAIL}")
    address.params["cn"] = organisation.name
    return address


def _attendee(signup: Signup) -> vCalAddress:
    address = vCalAddress(f"mailto:{signup.booking.email}")
    address.params["partstat"] = "ACCEPTED"
    address.params["rsvp"] = "FALSE"
    return address
