"""The calendar file: read back by a parser, and by its lines where programs are picky."""

from datetime import datetime, timedelta

import pytest
from icalendar import Calendar

from portal import calendars
from tests import make
from tests.make import BERLIN, NOW

pytestmark = pytest.mark.django_db


def read(text):
    file = Calendar.from_ical(text)
    return file, list(file.walk("VEVENT"))


def lich(**fields):
    return make.shift(starts=datetime(2026, 10, 24, 9, tzinfo=BERLIN), opportunity=make.opportunity(**fields))


def test_file_says_what_when_where_and_who_organises(settings):
    settings.SITE_URL = "https://portal.example.de"
    slot = lich(slug="bachputz-2026")
    signup = make.signup(slot)

    file, (event,) = read(calendars.calendar([signup], method="PUBLISH", now=NOW))

    assert {key: str(file[key]) for key in ("VERSION", "METHOD", "CALSCALE")} == {
        "VERSION": "2.0",
        "METHOD": "PUBLISH",
        "CALSCALE": "GREGORIAN",
    }
    assert event.decoded("dtstart") == slot.starts
    assert event.decoded("dtend") == slot.ends
    assert event.decoded("dtstamp") == NOW
    assert {
        key: str(event[key])
        for key in ("UID", "SUMMARY", "LOCATION", "URL", "STATUS", "SEQUENCE", "ORGANIZER")
    } == {
        "UID": f"shiftsignup-{signup.pk}@portal.example.de",
        "SUMMARY": "Bachputz an der Wetter",
        "LOCATION": "Brücke am Schloss, Schlossgasse 1, Lich",
        "URL": "https://portal.example.de/mitmachen/bachputz-2026/",
        "STATUS": "CONFIRMED",
        "SEQUENCE": "0",
        "ORGANIZER": "mailto:ehrenamt@lich.example",
    }
    assert event["ORGANIZER"].params["CN"] == "Stadt Lich"
    assert "ATTENDEE" not in event


def test_change_keeps_uid_and_raises_sequence_and_cancellation_outranks_it():
    slot = lich()
    signup = make.signup(slot, email="kim@example.org")
    _file, (before,) = read(calendars.calendar([signup], method="REQUEST", now=NOW))
    slot.starts += timedelta(days=1)
    slot.sequence = 3
    _file, (moved,) = read(calendars.calendar([signup], method="REQUEST", now=NOW))
    file, (gone,) = read(calendars.calendar([signup], method="CANCEL", now=NOW))

    assert str(before["UID"]) == str(moved["UID"]) == str(gone["UID"])
    assert [int(event["SEQUENCE"]) for event in (before, moved, gone)] == [0, 3, 4]
    assert str(gone["STATUS"]) == "CANCELLED"
    assert str(file["METHOD"]) == "CANCEL"
    assert str(moved["ATTENDEE"]) == "mailto:kim@example.org"


def test_text_of_staff_cannot_add_lines():
    slot = lich(title="Putzen\r\nATTENDEE:mailto:x@example.org; mit, Komma " + "lang " * 5)
    text = calendars.calendar([make.signup(slot)], method="PUBLISH", now=NOW)

    assert not [line for line in text.split("\r\n") if line.startswith("ATTENDEE")]
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert "\n" not in text.replace("\r\n", "")


def test_several_dates_stand_in_one_file():
    action = make.opportunity()
    one, two = make.shift(opportunity=action), make.shift(opportunity=action, starts=NOW + timedelta(days=20))
    booking = make.booking()
    signups = [make.signup(one, booking=booking), make.signup(two, booking=booking)]
    _file, events = read(calendars.calendar(signups, method="PUBLISH", now=NOW))
    assert [event.decoded("dtstart") for event in events] == [one.starts, two.starts]
