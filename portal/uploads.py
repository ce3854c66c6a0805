"""Files that staff hand in: where, how big, and of what kind by their content, never by name (trust.md „Uploads").

What a file is called, and what the browser says of it, is not looked at; how it is called here is our choice.
"""

import re
import secrets
from typing import IO

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from portal.refused import Refused

FILE = 15 * 1024 * 1024  # bytes; what a telephone takes today
# Of the whole request, so that a file that is a little too big is answered by a sentence; nginx says the same.
BODY = 24 * 1024 * 1024
# The only addresses that take more than DATA_UPLOAD_MAX_MEMORY_SIZE; nginx (locations.conf) has the same.
ADDRESS = re.compile(r"/verwaltung/initiatives/(?:initiative|idea)/[0-9]+/(?:bilder|dateien)/")
# What each kind begins with; RIFF has its length in between.
_BEGINNINGS = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "PDF": re.compile(rb"%PDF-\d"),
}
SANDBOX = "default-src 'none'; sandbox"  # the policy that handed-in files are served with
PICTURES = ("JPEG", "PNG", "WEBP")


class LoggedOut(BadRequest):
    """Somebody hands in a file who is not, or no longer, logged in."""


def limit(path: str, *, default: int) -> int:
    """How many bytes a request to this address may have."""
    return BODY if ADDRESS.fullmatch(path) else default


def kind(file: IO[bytes], *, size: int, allowed: tuple[str, ...]) -> str:
    """„JPEG", „PNG", „WEBP" or „PDF": what the file begins as. Raises Refused when it is none of `allowed`, empty or too big."""
    if not size:
        raise Refused(_("Die Datei ist leer. Bitte wählen Sie sie noch einmal aus."))
    if size > FILE:
        raise Refused(_("Die Datei ist zu groß. Erlaubt sind %s MB.") % (FILE // 1024 // 1024))
    file.seek(0)
    head = file.read(16)
    file.seek(0)
    found = next((name for name, beginning in _BEGINNINGS.items() if beginning.match(head)), "")
    if found not in allowed:
        raise Refused(_("Diese Art von Datei nehmen wir nicht. Erlaubt sind: %s.") % ", ".join(allowed))
    return found


def new_name() -> str:
    """32 characters that nobody guesses."""
    return secrets.token_hex(16)
