"""„Allen schreiben" at the desk of a date: write, see it as a real person will, test, send (`broadcasts.py`)."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal import accounts, broadcasts, dates, desk
from portal.broadcasts import HEADLINE, TEXT, Message, Party, Who
from portal.calls import is_unreachable
from portal.logs import mask
from portal.models import User
from portal.refused import Busy, Refused
from portal.scoping import BUSY
from portal.slots import Slot
from portal.widgets import StaffForm

CALLS_SHOWN = 200
Scopes = dict[str, tuple[str, list[Slot]]]  # in the address → these dates in words, and the dates


def scopes(slot: Slot, rows: QuerySet[Any]) -> Scopes:
    """Whose people one may write to from here: of the date, of its day, of all that is to come of the same thing.

    `rows` are the dates that one may reach. What would be the same dates again is left out.
    """
    found: Scopes = {"termin": (dates.long(slot.starts, slot.ends), [slot])}
    standing = rows.filter(cancelled_at=None).select_related(*slot.row_relations).order_by("starts", "pk")
    family = {slot.family: getattr(slot, f"{slot.family}_id")}
    same = list(standing.filter(ends__gt=timezone.now(), **family))
    midnight = timezone.localtime(slot.starts).replace(hour=0, minute=0, second=0, microsecond=0)
    around = standing.filter(starts__gte=midnight, starts__lt=midnight + timedelta(hours=36))
    day = [each for each in around if each.day == slot.day]
    if len(day) > 1:
        words = gettext("%(day)s, alle %(n)s Termine")
        found["tag"] = (words % {"day": dates.day(slot.starts), "n": len(day)}, day)
    if len(same) > 1:
        words = gettext("„%(title)s“, alle %(n)s kommenden Termine")
        found["alle"] = (words % {"title": slot.umbrella, "n": len(same)}, same)
    return found


class MessageForm(StaffForm):
    """What to write, and to whom."""

    where = forms.ChoiceField(label=_("An wen? Termine"), widget=forms.RadioSelect)
    who = forms.ChoiceField(
        label=_("An wen? Menschen"), choices=Who.choices, initial=Who.SEATED, widget=forms.RadioSelect
    )
    headline = forms.CharField(
        label=_("Worum geht es?"),
        max_length=HEADLINE,
        help_text=_("Steht im Betreff, nach „Nachricht:“. Zum Beispiel: Bitte Gummistiefel mitbringen"),
    )
    text = forms.CharField(
        label=_("Ihre Nachricht"),
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 10, "maxlength": TEXT}),
        help_text=_(
            "Höchstens 4000 Zeichen. Anrede, Termin, „Platz freigeben“, Gruß und Impressum setzt das Portal dazu."
        ),
    )
    urgent = forms.BooleanField(
        label=_("Sofort senden, auch nachts: es ist dringend"),
        required=False,
        help_text=_("Sonst warten Mails zwischen 21 und 7 Uhr bis zum Morgen."),
    )

    def __init__(self, data: Any = None, *, scopes: Scopes) -> None:
        super().__init__(data, initial={"where": "termin"})
        self.scopes = scopes
        self.fields["where"].choices = [(key, words) for key, (words, _slots) in scopes.items()]  # type: ignore[attr-defined]

    def message(self) -> Message:
        """What was typed; only of a valid form."""
        data = self.cleaned_data
        words, slots = self.scopes[data["where"]]
        return Message(
            slots, Who(data["who"]), words, data["headline"], data["text"].strip(), urgent=data["urgent"]
        )


def page(request: HttpRequest, slot: Slot, rows: QuerySet[Any], context: dict[str, Any]) -> HttpResponse:
    """Form, preview (with „Test an mich"), and off it goes."""
    posted = request.method == "POST"
    form = MessageForm(request.POST if posted else None, scopes=scopes(slot, rows))
    shown = None
    if posted and "back" not in request.POST and form.is_valid():
        user, message = accounts.person(request), form.message()
        try:
            if "send" in request.POST and (n := _sent(request, message, by=user)) is not None:
                messages.success(request, _sent_words(n))
                return redirect(slot.staff_path)
            if "test" in request.POST:
                broadcasts.send_test(message, by=user, now=timezone.now())
                messages.success(request, gettext("Der Test geht an %s.") % user.email)
            shown = _shown(request, message)
            desk.log(user, gettext("Liste gelesen"), slot)
        except Refused as refused:
            form.add_error(None, str(refused))
        except Busy:
            form.add_error(None, BUSY)
    more = {"title": gettext("Allen schreiben"), "form": form, "shown": shown}
    return render(request, "admin/desk/write.html", desk.facts(slot) | context | more)


def _sent(request: HttpRequest, message: Message, *, by: User) -> int | None:
    """How many mails leave; None when it has to be seen anew first."""
    key, seen = request.POST.get("key", "")[:64], request.POST.get("seen", "")
    if not key:
        return None
    broadcast = broadcasts.send(message, key=key, by=by, seen=seen, now=timezone.now())
    if not broadcast:
        return None
    for slot in message.slots:
        desk.log(by, gettext("Nachricht gesendet"), slot)
    return broadcast.n_mails


def _sent_words(n: int) -> str:
    words = ngettext("Ihre Nachricht geht an %(n)s Adresse.", "Ihre Nachricht geht an %(n)s Adressen.", n)
    return f"{words % {'n': n}} {gettext('Eine Kopie geht an Sie.')}"


def _shown(request: HttpRequest, message: Message) -> dict[str, Any]:
    """The preview: a real letter, how many, whom to call, when it leaves. Raises Refused where nobody is there."""
    now = timezone.now()
    broadcasts.refuse_if_too_late(message, now=now)
    found = broadcasts.parties(message)
    reached = [party for party in found if party[0].booking.email]
    if not found:
        raise Refused(gettext("Da ist noch niemand, dem Sie schreiben könnten."))
    return {
        "key": request.POST.get("key", "")[:64] or secrets.token_hex(16),
        "seen": broadcasts.digest(message, found),
        "anew": "send" in request.POST,
        "audience": message.audience,
        "n": len(reached),
        "waits": dates.is_quiet(now) and not message.urgent,
        "letter": _letter(message, reached),
        "call": _to_call(found)[:CALLS_SHOWN],
        "n_call": len(_to_call(found)),
    }


def _letter(message: Message, reached: Sequence[Party]) -> dict[str, str]:
    if not reached:
        return {}
    letter = broadcasts.write(message, reached[0], now=timezone.now())
    return {
        "to": reached[0][0].booking.email,
        "subject": letter["subject"],
        "text": mask(letter["text"]),
    }


def _to_call(found: Sequence[Party]) -> list[dict[str, str]]:
    return [desk.call_line(party[0]) for party in found if is_unreachable(party[0].booking)]
