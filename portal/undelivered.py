"""Mails that did not arrive, as a clerk understands it: how many, and why, without a code of a server."""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal.restoring import HELD

RECENT = timedelta(days=14)  # later nobody can do anything about it
# What servers say (RFC 3463's codes, or the words of those that know none) → what it means for a clerk.
REASONS: tuple[tuple[re.Pattern[str], Any], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"\b[45]\.2\.2\b|full|quota|überfüllt|voll\b", _("Postfach voll")),
        (r"\b[45]\.1\.[12]\b|unbekannt|unknown|no such|not exist|unrouteable", _("Adresse gibt es nicht")),
        (
            r"\b[45]\.7\.\d+\b|spam|policy|blocked|denied|reject",
            _("der Empfänger nimmt unsere Mails nicht an"),
        ),
        (r"nicht erreichbar|timed? ?out|connection", _("der Mailserver war nicht erreichbar")),
    )
)


def reason(last_error: str) -> str:
    """Why a mail did not arrive, in a few words."""
    if last_error == HELD:
        return gettext("nach einer Wiederherstellung angehalten")
    found = (words for pattern, words in REASONS if pattern.search(last_error))
    return str(next(found, gettext("der Empfänger hat sie abgelehnt")))


def hidden(address: str) -> str:
    """„m…@web.de": enough to recognise an address by, too little to read it (rule 34)."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else ""


def todo_lines(failed: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """One line for each reason, from (address, last_error) of each mail that failed."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for address, error in failed:
        by_reason[reason(error)].append(address)
    url = reverse("admin:portal_mail_changelist") + "?stand=gescheitert"
    return [
        {"url": url, "text": _sentence(addresses, why), "note": "", "action": gettext("Ansehen")}
        for why, addresses in by_reason.items()
    ]


def _sentence(addresses: list[str], why: str) -> str:
    n, one = len(addresses), hidden(addresses[0])
    if n == 1 and one:
        return gettext("1 Mail kam nicht an: an %(who)s (%(why)s)") % {"who": one, "why": why}
    words = ngettext("%(n)s Mail kam nicht an (%(why)s)", "%(n)s Mails kamen nicht an (%(why)s)", n)
    return words % {"n": n, "why": why}
