"""Proof of consent (Art. 7 Abs. 1 DSGVO): which version of the text, and when it was entered, mailed and confirmed.

No IP address: it proves nothing that the click in the mail does not. What each version said is kept in
docs/datenschutz/fassungen/.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import privacy
from portal.models import Booking, email_key


def words(row: Any) -> str:
    """Of a form, a call or a wish to be told of news."""
    parts = [_("Fassung %s") % row.wording] if row.wording else []
    if getattr(row, "source", "") == Booking.Source.PHONE:
        return ", ".join([*parts, _("am Telefon, eingetragen %s") % _moment(row.entered_at)])
    if getattr(row, "source", "") == Booking.Source.DOOR:
        return ", ".join([*parts, _("vor Ort, eingetragen %s") % _moment(row.entered_at)])
    parts.append(_("eingetragen %s") % _moment(row.entered_at))
    if row.mailed_at:
        parts.append(_("Mail %s") % _moment(row.mailed_at))
    parts.append(
        _("bestätigt %s") % _moment(row.confirmed_at) if row.confirmed_at else _("noch nicht bestätigt")
    )
    return ", ".join(parts)


def of(address: str) -> Iterator[str]:
    """A line for everything that this address agreed to, and for what was erased at its wish (class K5)."""
    key = email_key(address) or ""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    hashes = [privacy.proof(key, secret=secret) for secret in secrets]
    tables: list[Any] = [Booking, *privacy.lasting()]
    for model in tables:
        rows = model._default_manager.select_related("organisation")
        for row in rows.filter(email_key=key):
            yield f"{row}, {row.organisation}: {words(row)}"
        for row in rows.filter(erased_hash__in=hashes):
            ended = getattr(row, "erased_at", None) or getattr(row, "ended_at", None)
            yield _("%(row)s, %(who)s: %(words)s; auf Wunsch gelöscht %(at)s") % {
                "row": row,
                "who": row.organisation,
                "words": words(row),
                "at": _moment(ended) if ended else "",
            }


def _moment(at: datetime) -> str:
    return _("%s Uhr") % f"{timezone.localtime(at):%d.%m.%Y %H:%M}"
