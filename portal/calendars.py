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

from portal.remembering import worded
from portal.slots import Signup

PUBLISH, REQUEST, CANCEL = "PUBLISH", "REQUEST", "CANCEL"
_BEGIN, _END = "BEGIN:VEVENT\r\n", "END:VEVENT\r\n"


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
    begin, end, rest = file.to_ical().decode().rpartition("END:VCALENDAR")
    events = [_event(signup, method=method, now=now) for signup in signups]
    return "".join([begin, *events, end, rest])


def uid(signup: Signup) -> str:
    """The same for the whole life of a sign-up, and nobody else's: „shiftsignup-12@portal.example.de"."""
    return f"{signup._meta.model_name}-{signup.pk}@{urlsplit(settings.SITE_URL).hostname}"


def _event(signup: Signup, *, method: str, now: datetime) -> str:
    """What is this person's own, and then what is true of the slot for everybody."""
    slot, organisation = signup.slot, signup.slot.organisation
    is_off = method == CANCEL or signup.status == Signup.Status.ENDED
    own = Event()
    own.add("uid", uid(signup))
    own.add("dtstamp", now.astimezone(UTC))
    if method != PUBLISH and signup.booking.email:
        own.add("attendee", _attendee(signup))
    shared = _of_slot(
        is_off,
        # A cancellation outranks every announced change, also one that only this person made.
        slot.sequence + is_off,
        slot.starts,
        slot.ends,
        slot.title,
        slot.where,
        settings.SITE_URL + slot.get_absolute_url(),
        organisation.name,
        organisation.answers_to or settings.DEFAULT_FROM_EMAIL,
    )
    return own.to_ical().decode().removesuffix(_END) + shared.removeprefix(_BEGIN)


@worded
def _of_slot(
    is_off: bool,
    sequence: int,
    starts: datetime,
    ends: datetime,
    title: str,
    where: str,
    page: str,
    organiser: str,
    answers_to: str,
) -> str:
    """Put together once for all who come: escaping and folding its lines was half of a file's time."""
    event = Event()
    event.add("dtstart", starts.astimezone(UTC))
    event.add("dtend", ends.astimezone(UTC))
    event.add("summary", title)
    if where:
        event.add("location", where)
    event.add("description", _("Alles zu diesem Termin: %(page)s") % {"page": page})
    event.add("url", page)
    event.add("sequence", sequence)
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("organizer", vCalAddress(f"mailto:{answers_to}", params={"cn": organiser}))
    return event.to_ical().decode()


def _attendee(signup: Signup) -> vCalAddress:
    address = vCalAddress(f"mailto:{signup.booking.email}")
    address.params["partstat"] = "ACCEPTED"
    address.params["rsvp"] = "FALSE"
    return address
