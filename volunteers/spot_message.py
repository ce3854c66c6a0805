"""„Allen schreiben" for contacts on the spot: to everybody with a seat on one date, by the one mechanism (`broadcasts.py`).

They see the mail as it reads before it leaves, how many get it and whom to call, and nobody's address. On the
day itself, and as long as the date lasts, it leaves at once; before that it waits for the morning like every message that is not urgent.
"""

import secrets
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal import broadcasts, dates
from portal.broadcasts import HEADLINE, TEXT, Message, Who
from portal.logs import mask
from portal.models import User
from portal.widgets import StaffForm
from volunteers.models import Shift


class MessageForm(StaffForm):
    headline = forms.CharField(
        label=_("Worum geht es?"), max_length=HEADLINE, help_text=_("Steht im Betreff der Mail.")
    )
    text = forms.CharField(
        label=_("Ihre Nachricht"),
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": TEXT}),
        help_text=_("Anrede, Termin und Gruß setzt das Portal dazu."),
    )

    def message(self, shift: Shift, now: datetime) -> Message:
        """What was typed, to everybody with a seat on this date; only of a valid form."""
        return Message(
            [shift],
            Who.SEATED,
            dates.long(shift.starts, shift.ends),
            self.cleaned_data["headline"],
            self.cleaned_data["text"].strip(),
            urgent=shift.day == timezone.localdate(now) or shift.starts <= now < shift.ends,
        )


def send(request: HttpRequest, message: Message, *, by: User, now: datetime) -> bool:
    """What the preview showed leaves, once; False when it has to be seen (anew) first. Raises Refused, Busy."""
    key, seen = request.POST.get("key", "")[:64], request.POST.get("seen", "")
    return bool(key and broadcasts.send(message, key=key, by=by, seen=seen, now=now))


def preview(message: Message, *, key: str, now: datetime) -> dict[str, Any]:
    """How it reads, how many get it, and who has no e-mail. Raises Refused for what would come too late."""
    broadcasts.refuse_if_too_late(message, now=now)
    found = broadcasts.parties(message)
    reached = [party for party in found if party[0].booking.email]
    letter = broadcasts.write(message, reached[0], now=now) if reached else {"subject": "", "text": ""}
    return {
        "key": key[:64] or secrets.token_hex(16),
        "seen": broadcasts.digest(message, found),
        "n": len(reached),
        "subject": letter["subject"],
        "letter": mask(letter["text"]),
        "call": [party[0].booking for party in found if not party[0].booking.email],
        "waits": dates.is_quiet(now) and not message.urgent,
    }
