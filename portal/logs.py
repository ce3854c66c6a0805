"""The logs: who reads them learns what happened, and nothing about a person.

Signed links are masked (whoever has one can act for the person it was mailed to), and so are e-mail
addresses and what PostgreSQL says of a row that it refuses. On a server each record is one line of JSON
(LOG_FORMAT), with the number of the request or the task in which it was written.
"""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from celery import current_task

MASK = "…"
_FORMATTER = logging.Formatter()
# What stands before a key in our addresses: /anmeldung/<verb>/…, and allauth's.
_BEFORE_KEY = r"(?P<path>/anmeldung/[\w-]+/|/konto/(?:[\w-]+/)*(?:key|confirm-email)/)"
# That key, and anything that has the shape of our tokens (`links.py`) or of a value signed with a time.
_SECRETS = re.compile(
    _BEFORE_KEY + r"""[^/\s"'<>?]+|\b\d+-\d+\.[\w-]{27,}|[\w-]+(?:%3A|:)[\w-]{5,}(?:%3A|:)[\w-]{27,}""",
    re.IGNORECASE,
)
_KEY_OF_PATH = re.compile(_BEFORE_KEY + "[^/]+", re.IGNORECASE)
_ADDRESSES = re.compile(r"[\w.+%&'*?^{|}~!#$-]{1,64}(?:@|%40)[\w-]+(?:\.[\w-]+)*")
# „DETAIL:  Failing row contains (5, Kim Muster, …)." and „Key (email_key)=(kim@…) already exists."
_DETAILS = re.compile(
    r"(?P<head>DETAIL:\s+)(?:Failing row contains \(.*?\)\.(?=\s*(?:\n|$))|[^\n]*)", re.DOTALL
)

# Line ends and other control or bidirectional characters: whoever sends them would write lines of their own.
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

request_id: ContextVar[str] = ContextVar("request_id", default="")


def mask(text: str) -> str:
    """The text with the secret part of each link replaced."""
    return _SECRETS.sub(lambda match: (match["path"] or "") + MASK, text)


def mask_path(path: str) -> str:
    """The path of a request without its key, which may be any words here; around it there is no text."""
    return _KEY_OF_PATH.sub(rf"\g<path>{MASK}", path)


def anonymous(text: str) -> str:
    """The text without secrets of links, e-mail addresses, and values of rows."""
    return _ADDRESSES.sub(MASK, _DETAILS.sub(rf"\g<head>{MASK}", mask(text)))


def one_line(text: str) -> str:
    """The text with what would end the line, or hide a part of it, as „\\u000a": also valid inside JSON."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class Anonymous(logging.Filter):
    """Masks the message and the traceback of each record that passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        message, path = record.getMessage(), getattr(getattr(record, "request", None), "path", "")
        if path:  # „Not Found: …": Django escapes it
            path = path.encode("unicode_escape").decode()
            message = message.replace(path, mask_path(path))
        record.msg, record.args = anonymous(message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = anonymous(record.exc_text)
        return True


class Line(logging.Formatter):
    """A line of text, and below it the traceback if there is one."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return one_line(super().formatMessage(record))


class Json(logging.Formatter):
    """One JSON object per line: time (UTC), level, logger, message, what the record is part of, exception."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        said |= part_of() | getattr(record, "facts", {})
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            said["exception"] = record.exc_text
        return one_line(json.dumps(said, ensure_ascii=False))


def part_of() -> dict[str, str]:
    """The request that is being answered, or the task that runs and the request that nudged it."""
    found = {"request_id": request_id.get()}
    if current_task:
        task = current_task.request
        found |= {"task": current_task.name, "task_id": task.id or ""}
        found["request_id"] = task.get("nudged_by") or found["request_id"]
    return {name: value for name, value in found.items() if value}
