"""Logs without tokens (trust.md): the token part of mail links is masked."""

import logging
import re

_TOKEN = re.compile(r"(/anmeldung/[a-z-]+/)[^/\s\"]+")


class MaskTokens(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _TOKEN.sub(r"\1***", record.getMessage()), ()
        return True
