"""A packed mail is what Python's own email package would make of it (mime.py)."""

from email import message_from_bytes, policy

import pytest

from portal import mime

FIELDS = {
    "message_id": "<1@portal.example.org>",
    "name": "Stadt Lich",
    "to": "kim@example.org",
    "reply_to": "",
    "subject": "Platz sicher: Bachputz",
    "text": "Guten Tag Kim Müller,\n.Punkt\n",
    "html": "",
    "calendar": "",
    "calendar_method": "",
}
ICS = "BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nSUMMARY:Größe\r\nEND:VCALENDAR\r\n"


def read(**fields):
    packed = mime.pack(**(FIELDS | fields))
    assert b"\n" not in packed.content.replace(b"\r\n", b"")
    message = message_from_bytes(packed.content, policy=policy.default)
    assert [part.defects for part in message.walk()] == [[] for _ in message.walk()]
    return message


def test_letter_alone_is_plain_text():
    message = read()
    assert message.get_content_type() == "text/plain"
    assert message.get_content() == FIELDS["text"].replace("\n", "\r\n")
    assert (message["Subject"], message["Reply-To"]) == (FIELDS["subject"], None)


def test_parts_stand_in_the_order_that_mail_programs_want():
    message = read(html="<p>ä</p>", calendar=ICS, calendar_method="PUBLISH")
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics",
    ]  # fmt: skip
    _mixed, _alternative, _plain, html, calendar, file = message.walk()
    assert (html.get_content(), calendar.get_content(), file.get_content().decode()) == ("<p>ä</p>", ICS, ICS)
    assert (calendar.get_param("method"), file.get_filename()) == ("PUBLISH", "termin.ics")


@pytest.mark.parametrize(
    "subject",
    ["Größe", "Ü" * 120, "Warteliste, Platz 3: Sa., 28. Nov. – „Bachputz“ 🐟 " * 3, "=?utf-8?q?gemein?= ä"],
)
def test_subject_and_sender_arrive_as_they_were_written(subject):
    message = read(subject=subject.strip(), name="Universitätsstadt Gießen, „Amt“")
    assert message["Subject"] == subject.strip()
    assert message["From"].addresses[0].display_name == "Universitätsstadt Gießen, „Amt“"


def test_line_that_is_too_long_for_smtp_is_packed_otherwise():
    text = "ä" * 600 + "\nkurz\n"
    packed = mime.pack(**(FIELDS | {"text": text}))
    assert max(map(len, packed.content.split(b"\r\n"))) <= mime.MAX_LINE
    assert read(text=text).get_content().splitlines() == text.splitlines()


def test_domain_with_umlaut_is_written_in_ascii():
    packed = mime.pack(**(FIELDS | {"to": "kim@müller.example"}))
    assert packed.recipient == "kim@xn--mller-kva.example"


@pytest.mark.parametrize("field", ["subject", "to", "reply_to"])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_line_end_makes_no_second_header(field, end):
    with pytest.raises(ValueError, match="header"):
        mime.pack(**(FIELDS | {field: f"x@example.org{end}Bcc: y@example.org"}))
