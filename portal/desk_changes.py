"""Changing a date that people count on, in two steps: „Ansehen" shows what would happen, a button that names the deed does it.

Move, seats, cancel and (from its app) the meeting point. What is shown comes from `rehearsal.py`: how many
people, which mails, how one of them reads, whom to call. Nothing changes before the second step, and when
something happened between the two, the page comes once more with the new numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal import accounts, dates, desk, mail_words, rehearsal, rescheduling
from portal.logs import mask
from portal.refused import Busy, Refused
from portal.rehearsal import Outcome
from portal.scoping import BUSY
from portal.slots import Signup, Slot
from portal.widgets import DateTimeInput, StaffForm

YEARS = range(2000, 2100)  # a slip of the finger is no date
CALLS_SHOWN = 200


class MoveForm(StaffForm):
    """Another time; the deadline goes along when it is said."""

    starts = forms.DateTimeField(label=_("Neuer Beginn"), widget=DateTimeInput)
    ends = forms.DateTimeField(label=_("Neues Ende"), widget=DateTimeInput)
    deadline = forms.DateTimeField(
        label=_("Anmeldeschluss (freiwillig)"),
        required=False,
        widget=DateTimeInput,
        help_text=_("Leer: Anmelden geht bis zum Beginn."),
    )

    def __init__(self, data: Any = None, *, slot: Slot) -> None:
        super().__init__(data, initial={"starts": slot.starts, "ends": slot.ends, "deadline": slot.deadline})

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for name, value in list(found.items()):
            if value and value.year not in YEARS:
                self.add_error(name, gettext("Bitte prüfen Sie das Jahr."))
        return found

    def words(self) -> list[tuple[str, str]]:
        starts, ends, deadline = (self.cleaned_data[name] for name in ("starts", "ends", "deadline"))
        until = [(gettext("Anmeldeschluss"), dates.short(deadline))] if deadline else []
        return [(gettext("Neue Zeit"), dates.long(starts, ends)), *until]


class SeatsForm(StaffForm):
    """More seats promote, fewer remove nobody (rule 7)."""

    capacity = forms.IntegerField(
        label=_("Wie viele Plätze?"),
        required=False,
        min_value=0,
        max_value=100_000,
        help_text=_("Leer: so viele, wie kommen. Weniger Plätze nehmen niemandem den Platz weg."),
    )

    def __init__(self, data: Any = None, *, slot: Slot) -> None:
        super().__init__(data, initial={"capacity": slot.capacity})

    def words(self) -> list[tuple[str, str]]:
        seats = self.cleaned_data["capacity"]
        return [(gettext("Plätze"), gettext("unbegrenzt") if seats is None else str(seats))]


class CancelForm(StaffForm):
    """Why it does not take place, for those who are told."""

    reason = forms.CharField(
        label=_("Warum fällt der Termin aus?"),
        max_length=300,
        help_text=_("Ein Satz. Er steht in der Mail an alle, die angemeldet sind oder warten."),
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 300}),
    )

    def __init__(self, data: Any = None, *, slot: Slot) -> None:
        super().__init__(data)

    def words(self) -> list[tuple[str, str]]:
        return [
            (gettext("Der Termin"), gettext("fällt aus")),
            (gettext("Grund"), self.cleaned_data["reason"]),
        ]


@dataclass(frozen=True)
class Change:
    """One kind of change: its words, its form, and the verb that does it to these dates."""

    name: str
    title: str | Promise
    intro: str | Promise
    form: Callable[..., Any]  # made of (data, slot=…), with `words()` for what was typed
    verb: Callable[[Sequence[Any], dict[str, Any], datetime], object]
    logged: str | Promise
    done: str | Promise
    deed: str | Promise  # of the button that does it
    warning: str | Promise = ""  # said beside that button
    everybody: bool = True  # whether it is about all, or about those whose state changes


def _move(slots: Sequence[Slot], data: dict[str, Any], now: datetime) -> None:
    rescheduling.move(slots[0], **data, now=now)


def _change_seats(slots: Sequence[Slot], data: dict[str, Any], now: datetime) -> None:
    rescheduling.change_capacity(slots[0], capacity=data["capacity"], now=now)


def _cancel(slots: Sequence[Slot], data: dict[str, Any], now: datetime) -> None:
    rescheduling.cancel(slots[0], reason=data["reason"], now=now)


MOVE = Change(
    "move",
    _("Zeit verschieben"),
    _("Alle, die angemeldet sind oder warten, erfahren die alte und die neue Zeit und behalten ihren Platz."),
    MoveForm,
    _move,
    logged=_("Zeiten geändert"),
    done=_("Der Termin hat die neue Zeit."),
    deed=_("Zeit jetzt verschieben"),
)
SEATS = Change(
    "seats",
    _("Plätze ändern"),
    _("Kommen Plätze dazu, rücken Wartende der Reihe nach auf."),
    SeatsForm,
    _change_seats,
    logged=_("Plätze geändert"),
    done=_("Die Zahl der Plätze ist geändert."),
    deed=_("Plätze jetzt ändern"),
    everybody=False,
)
CANCEL = Change(
    "cancel",
    _("Termin absagen"),
    _("Alle, die angemeldet sind oder warten, erfahren es. Eine Absage lässt sich nicht zurücknehmen."),
    CancelForm,
    _cancel,
    logged=_("Termin abgesagt"),
    done=_("Der Termin ist abgesagt."),
    deed=_("Termin jetzt absagen"),
    warning=_("Eine Absage lässt sich nicht zurücknehmen."),
)
PAGES = {"verschieben": MOVE, "plaetze": SEATS, "absagen": CANCEL}  # address → what is changed there


def page(
    request: HttpRequest,
    slot: Slot,
    change: Change,
    context: dict[str, Any],
    *,
    slots: Sequence[Slot] = (),
    back_url: str = "",
) -> HttpResponse:
    """Form, preview, deed; `slots` are the dates that it is about where there are more than `slot`, and `back_url` is
    where it began, if not at the list of people."""
    typing = request.method != "POST" or "back" in request.POST
    seen = request.POST.get("seen", "")
    form = change.form(request.POST if request.method == "POST" else None, slot=slot)
    outcome = None if typing else _play(change, form, slots or [slot], seen=seen)
    if outcome and outcome.done:
        for each in slots or [slot]:
            desk.log(accounts.person(request), str(change.logged), each)
        messages.success(request, f"{change.done} {_sent_words(outcome)}".strip())
        return redirect(back_url or slot.staff_path)
    if outcome:
        desk.log(accounts.person(request), gettext("Liste gelesen"), slot)
    more = {
        "title": change.title,
        "intro": change.intro,
        "deed": change.deed,
        "warning": change.warning,
        "back_url": back_url or slot.staff_path,
        "form": form,
        "n_dates": len(slots),
        "shown": outcome and _shown(outcome),
        "typed": form.words() if outcome else [],
        "anew": bool(outcome and seen),
    }
    return render(request, "admin/desk/change.html", desk.facts(slot) | context | more)


def _play(change: Change, form: Any, slots: Sequence[Slot], *, seen: str) -> Outcome | None:
    """The outcome; None when the form has to be typed again, and says why."""
    if not form.is_valid():
        return None
    now = timezone.now()
    try:
        outcome = rehearsal.play(
            lambda: change.verb(slots, form.cleaned_data, now),
            slots=slots,
            everybody=change.everybody,
            now=now,
            seen=seen,
        )
    except Refused as refused:
        form.add_error(None, str(refused))
    except Busy:
        form.add_error(None, BUSY)
    else:
        if not outcome.is_nothing:
            return outcome
        form.add_error(None, gettext("So ist es schon. Es ändert sich nichts, und keine Mail geht hinaus."))
    return None


def _shown(outcome: Outcome) -> dict[str, Any]:
    """What the preview says of it."""
    return {
        "digest": outcome.digest,
        "n_concerned": len(outcome.concerned),
        "n_people": sum(signup.seats for signup in outcome.concerned),
        "promoted": [_name(signup) for signup in outcome.promoted],
        "overbooked": outcome.overbooked,
        "taken_back": outcome.taken_back,
        "n_mails": len(outcome.mails),
        "samples": [
            {
                "kind": mail_words.kind(mail.kind),
                "n": n,
                "to": mail.to,
                "subject": mail.subject,
                "text": mask(mail.text),
            }
            for n, mail in outcome.samples()
        ],
        "call": [desk.call_line(signup) for signup in outcome.to_call[:CALLS_SHOWN]],
        "n_call": len(outcome.to_call),
    }


def _name(signup: Signup) -> str:
    return signup.booking.name or gettext("(gelöscht)")


def _sent_words(outcome: Outcome) -> str:
    """„12 Mails gehen hinaus. 2 Menschen rufen Sie bitte selbst an.": numbers, a message is kept in a cookie."""
    n, calls = len(outcome.mails), len(outcome.to_call)
    words = [ngettext("%(n)s Mail geht hinaus.", "%(n)s Mails gehen hinaus.", n) % {"n": n} if n else ""]
    if calls:
        words.append(
            ngettext(
                "Eine Person rufen Sie bitte selbst an; in der Liste steht es dabei.",
                "%(n)s Menschen rufen Sie bitte selbst an; in der Liste steht es dabei.",
                calls,
            )
            % {"n": calls}
        )
    return " ".join(filter(None, words))
