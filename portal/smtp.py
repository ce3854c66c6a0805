"""One mail handed to a mail server, in the steps of RFC 5321, because it matters in which one it ends.

`smtplib.sendmail` says neither whether the body was handed over before the connection broke, nor
whether it was the recipient that was refused.
"""

import logging
import re
import smtplib
from typing import NamedTuple

from django.conf import settings

log = logging.getLogger(__name__)
PATIENCE = 2  # × EMAIL_TIMEOUT for the answer to the body: servers look for viruses before it
_ENHANCED = re.compile(r"\b5\.(\d{1,3})\.(\d{1,3})\b")


class Outcome(NamedTuple):
    """What one attempt came to: „sent“, „later“, „failed“ or „unknown“."""

    state: str
    why: str = ""
    bounced: bool = False  # the address does not exist
    hung_up: bool = False  # the connection is of no more use


def speak(smtp: smtplib.SMTP, sender: str, recipient: str, content: bytes) -> Outcome:
    """Offer this mail on an open connection; both addresses bare, the content with CRLF lines."""
    handed_over = False
    try:
        smtp.ehlo_or_helo_if_needed()
        code, reply = smtp.mail(sender, ["BODY=8BITMIME"] if smtp.has_extn("8bitmime") else [])
        if code != 250:
            return _not_our_day(code, reply)
        code, reply = smtp.rcpt(recipient)
        if code not in (250, 251):
            return _refused(smtp, code, reply, about_recipient=True)
        code, reply = smtp.docmd("DATA")
        if code != 354:
            return _refused(smtp, code, reply)
        handed_over = True
        smtp.send(re.sub(rb"(?m)^\.", b"..", content).removesuffix(b"\r\n") + b"\r\n.\r\n")
        code, reply = _answer_to_body(smtp)
    except OSError as error:  # smtplib's own errors too
        return Outcome("unknown" if handed_over else "later", answer(error), hung_up=True)
    return Outcome("sent") if code == 250 else _refused(smtp, code, reply)


def _answer_to_body(smtp: smtplib.SMTP) -> tuple[int, bytes]:
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected
    smtp.sock.settimeout(PATIENCE * settings.EMAIL_TIMEOUT)
    code, reply = smtp.getreply()
    smtp.sock.settimeout(settings.EMAIL_TIMEOUT)
    return code, reply


def _not_our_day(code: int, reply: bytes) -> Outcome:
    """The server does not take our sender: our settings or its mood, and the same for every mail."""
    if code >= 500:
        log.warning("mail server refuses our sender (%s)", code)
    return Outcome("later", answer(code, reply), hung_up=True)


def _refused(smtp: smtplib.SMTP, code: int, reply: bytes, *, about_recipient: bool = False) -> Outcome:
    why = answer(code, reply)
    if code == 421 or code < 400:  # it closes the connection, or does not speak SMTP
        return Outcome("later", why, hung_up=True)
    try:
        smtp.rset()
        hung_up = False
    except OSError:
        hung_up = True
    if code < 500:
        return Outcome("later", why, hung_up=hung_up)
    return Outcome("failed", why, bounced=_is_bounce(code, why, about_recipient), hung_up=hung_up)


def _is_bounce(code: int, why: str, about_recipient: bool) -> bool:
    """The mailbox does not exist (RFC 3463: 5.1.x about the recipient, 5.2.1), rather than „we think it is spam“."""
    if found := _ENHANCED.search(why):
        subject, detail = int(found[1]), int(found[2])
        return (subject == 1 and detail not in (7, 8)) or (subject, detail) == (2, 1)
    return about_recipient and code in (550, 551, 553)


def answer(said: int | OSError, reply: bytes = b"") -> str:
    """What the server said, or what became of the connection, in one line for staff."""
    if isinstance(said, OSError):
        return f"{type(said).__name__}: {said}"
    return f"{said} {reply.decode(errors='replace')}"
