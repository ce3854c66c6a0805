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
CALL = _("Rufen Sie an, wenn es eilt. Sonst senden Sie die Mail in ein paar Tagen noch einmal.")
ASK = _(
    "Rufen Sie an, und fragen Sie nach der richtigen Adresse. Tragen Sie die Person mit ihr neu ein, und geben Sie den "
    "alten Platz frei: Dann kommen auch die nächsten Mails an."
)
TELL = _("Sagen Sie dem Betrieb Bescheid, wenn das öfter vorkommt, und rufen Sie die Person an.")
REASONS: tuple[tuple[re.Pattern[str], Any, Any], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), words, advice)
    for pattern, words, advice in (
        (
            r"nicht bekannt",
            _("ungewiss, ob sie ankam"),
            _("Fragen Sie nach, oder senden Sie sie noch einmal."),
        ),
        (r"\b[45]\.2\.2\b|full|quota|überfüllt|voll\b", _("Postfach voll"), CALL),
        (
            r"\b[45]\.1\.[12]\b|unbekannt|unknown|no such|not exist|unrouteable",
            _("Adresse gibt es nicht"),
            ASK,
        ),
        (
            r"\b[45]\.7\.\d+\b|spam|policy|blocked|denied|reject",
            _("der Empfänger nimmt unsere Mails nicht an"),
            TELL,
        ),
        (r"nicht erreichbar|timed? ?out|connection", _("der Mailserver war nicht erreichbar"), TELL),
    )
)


def reason(last_error: str) -> str:
    """Why a mail did not arrive, in a few words."""
    if last_error == HELD:
        return gettext("nach einer Wiederherstellung angehalten")
    return str(_known(last_error)[0])


def advice(last_error: str) -> str:
    """What a clerk can do about it."""
    if last_error == HELD:
        return gettext("Fragen Sie den Betrieb, bevor Sie sie noch einmal senden.")
    return str(_known(last_error)[1])


def _known(last_error: str) -> tuple[Any, Any]:
    found = ((words, todo) for pattern, words, todo in REASONS if pattern.search(last_error))
    return next(found, (_("der Empfänger hat sie abgelehnt"), CALL))


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
