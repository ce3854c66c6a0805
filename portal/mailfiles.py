"""Mail as files: one .eml per message, sorted by time. Nothing leaves the machine."""

import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

NAME = f"{__name__}.EmailBackend"


class EmailBackend(BaseEmailBackend):
    """Writes into EMAIL_FILE_PATH. A file is there whole or not at all, so that a reader may poll."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            _write(folder, message.message().as_bytes())
        return len(email_messages)


def _write(folder: Path, content: bytes) -> None:
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(4)}"
    unfinished = folder / f".{name}.part"
    unfinished.write_bytes(content)
    os.replace(unfinished, folder / f"{name}.eml")


def forget(*, to: str = "", before: datetime | None = None, dry_run: bool = False) -> int:
    """Mails to this address, or written before this moment, are no longer there; returns how many."""
    if settings.EMAIL_BACKEND != NAME:
        return 0
    found = [
        file
        for file in sorted(Path(settings.EMAIL_FILE_PATH).glob("*.eml"))
        if (to and _is_to(file, to)) or (before and _written(file) <= before)
    ]
    for file in [] if dry_run else found:
        file.unlink(missing_ok=True)
    return len(found)


def _is_to(file: Path, address: str) -> bool:
    with file.open("rb") as content:
        headers = BytesHeaderParser(policy=policy.default).parse(content)
    return address.lower() in str(headers["To"]).lower()


def _written(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, tz=UTC)
