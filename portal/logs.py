"""Keep signed links out of the logs: whoever has one can act for the person it was mailed to."""

import logging
import re

MASK = "…"
_FORMATTER = logging.Formatter()
# What follows the verb in /anmeldung/<verb>/…, the keys in allauth's addresses, and anything that has
# the shape of our tokens (`links.py`) or of a value signed with a time, wherever it stands.
_SECRETS = re.compile(
    r"""(?P<path>/anmeldung/[\w-]+/|/konto/(?:[\w-]+/)*(?:key|confirm-email)/)[^/\s"'<>?]+"""
    r"""|\b\d+-\d+\.[\w-]{27,}|[\w-]+(?:%3A|:)[\w-]{5,}(?:%3A|:)[\w-]{27,}""",
    re.IGNORECASE,
)


def mask(text: str) -> str:
    """The text with the secret part of each link replaced."""
    return _SECRETS.sub(lambda match: (match["path"] or "") + MASK, text)


class MaskTokens(logging.Filter):
    """Masks the message and the traceback of each record that passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        return True
