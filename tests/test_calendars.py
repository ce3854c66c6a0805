"""The calendar file: read back by a parser, and by its lines where programs are picky."""

from datetime import UTC, datetime, timedelta

import pytest
import vobject
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


# --- read by another library than the one that wrote it, over both changes of the clock ---------------


@pytest.mark.parametrize(
    ("starts", "utc"),
    [
        (datetime(2027, 3, 27, 13, 30, tzinfo=BERLIN), "20270327T123000Z"),  # the day before summer time
        (
            datetime(2027, 3, 28, 1, 30, tzinfo=BERLIN),
            "20270328T003000Z",
        ),  # half an hour before the clock changes
        (datetime(2027, 3, 28, 13, 30, tzinfo=BERLIN), "20270328T113000Z"),  # the day itself
        (datetime(2026, 10, 24, 13, 30, tzinfo=BERLIN), "20261024T113000Z"),
        (
            datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN),
            "20261025T003000Z",
        ),  # the hour comes twice: the first one
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), "20261025T013000Z"),  # and the second
        (datetime(2026, 10, 25, 13, 30, tzinfo=BERLIN), "20261025T123000Z"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["shift", "session"])
def test_second_library_reads_the_same_times_over_both_clock_changes(kind, starts, utc):
    slot = {"shift": make.shift, "session": make.session}[kind](
        starts=starts, ends=starts.astimezone(UTC) + timedelta(minutes=90)
    )
    text = calendars.calendar([make.signup(slot)], method="PUBLISH", now=NOW)
    (event,) = vobject.readOne(text).vevent_list
    assert event.dtstart.value == starts.astimezone(UTC)
    assert event.dtend.value - event.dtstart.value == timedelta(minutes=90)
    assert f"DTSTART:{utc}\r\n" in text
    assert event.dtstart.value.astimezone(BERLIN).strftime("%H:%M") == starts.strftime("%H:%M")


def test_second_library_reads_six_dates_change_and_cancellation():
    series = make.series()
    starts = datetime(2026, 9, 30, 13, 30, tzinfo=BERLIN)
    sessions = [
        make.session(
            series=series, name=f"Abend {n}, mit Komma; und mehr", starts=starts + timedelta(days=7 * n)
        )
        for n in range(6)
    ]
    booking = make.booking("kim@rathaus.example", organisation=series.organisation, slot_kind="session")
    signups = [make.participant(session, booking=booking) for session in sessions]
    file = vobject.readOne(calendars.calendar(signups, method="PUBLISH", now=NOW))
    read = [
        (event.summary.value, event.dtstart.value, int(event.sequence.value)) for event in file.vevent_list
    ]
    assert read == [(session.title, session.starts, 0) for session in sessions]
    assert {event.dtstart.value.astimezone(BERLIN).hour for event in file.vevent_list} == {
        13
    }  # October included
    assert len({event.uid.value for event in file.vevent_list}) == 6
    assert not any(hasattr(event, "location") for event in file.vevent_list)

    sessions[2].sequence = 2
    signups[2].slot = sessions[2]
    cancelled = vobject.readOne(calendars.calendar([signups[2]], method="CANCEL", now=NOW))
    (event,) = cancelled.vevent_list
    assert (cancelled.method.value, event.status.value, int(event.sequence.value)) == (
        "CANCEL",
        "CANCELLED",
        3,
    )
    assert event.uid.value == file.vevent_list[2].uid.value
    assert event.attendee.value == "mailto:kim@rathaus.example"
