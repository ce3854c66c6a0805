"""„Wer war da?" (rule 11): the page at the desk of a date, and the contact's page behind the link of a mail.

Both save with one button, and „Alle übrigen waren da" answers for whoever is left. What is read and changed
is logged (rule 34), of the contact without an account: the log says so in its action.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import accesslog, accounts, attendance, dates, desk, links
from portal.attendance_form import AttendanceForm, short_names
from portal.retention import WHO_CAME_LINK
from portal.scoping import atomically
from portal.slots import Slot
from portal.standing import signup_models, slot_model
from portal.token_pages import just_done, page, to


def desk_page(request: HttpRequest, slot: Slot, context: dict[str, Any]) -> HttpResponse:
    """Staff say who came; each answer is theirs, with the time."""
    user, now = accounts.person(request), timezone.now()
    signups = attendance.people(slot) if attendance.is_open(slot, now) else []
    names = {signup.pk: signup.booking.name for signup in signups}
    form = AttendanceForm(request.POST or None, slot=slot, names=names, signups=signups)
    refused = ""
    if request.method == "POST" and form.is_valid():
        refused = save(slot, form, rest="rest" in request.POST, by=str(user))
        if not refused:
            desk.log(user, _("Anwesenheit notiert"), slot)
            messages.success(request, _("Gespeichert."))
            return redirect(desk.facts(slot)["attendance_url"])
        form.add_error(None, refused)
    desk.log(user, _("Liste gelesen"), slot)
    more = {
        "title": _("Wer war da?"),
        "form": form,
        "said": attendance.words(signups, slot.walk_ins),
        "unknown": any(signup.attended is None for signup in signups),
        "closed": atomically(lambda: attendance.refuse_unless_open(slot, now)),
    }
    return render(request, "admin/desk/attendance.html", desk.facts(slot) | context | more)


def save(slot: Slot, form: AttendanceForm, *, rest: bool, by: str) -> str:
    """What a valid form says is noted, with `rest` for all others „war da"; the sentence of a refusal, or empty."""
    now = timezone.now()

    def both() -> None:
        attendance.note(slot, came=form.changes(), walk_ins=form.walk_ins(), by=by[:120], now=now)
        if rest:
            attendance.all_came(slot, by=by[:120], now=now)

    return atomically(both)


@page
def contact_page(request: HttpRequest, token: str) -> HttpResponse:
    """The contact says who came: one button for all, or a list with first names; no login (rule 11).

    The organiser who stands at the form receives the names, so they are the contact's to see; to tick them
    off, first name and initial are enough (rule 17, data minimisation).
    """
    slot, now = links.read(links.WHO_CAME, token, *map(slot_model, signup_models())), timezone.now()
    is_open = attendance.is_open(slot, now) and now < slot.ends + WHO_CAME_LINK and slot.contact_address
    signups = attendance.people(slot) if is_open else []
    form = AttendanceForm(request.POST or None, slot=slot, names=short_names(signups), signups=signups)
    refused = ""
    if request.method == "POST" and is_open and (request.POST.get("do") in ACTIONS or form.is_valid()):
        refused = _answer(slot, form, request.POST.get("do", ""))
        if not refused:
            _log_contact(slot, _("Per Mail-Link: Anwesenheit notiert"))
            return to("who_came", token, "anwesenheit")
        form.add_error(None, refused)
    if is_open:
        _log_contact(slot, _("Per Mail-Link: Liste gelesen"))
    shown = _shown(slot, form, bool(is_open)) | {"done": just_done(request)}
    return render(request, "attendance/contact.html", shown, status=422 if form.errors else 200)


ACTIONS = ("all", "back")  # beside saving the list


def _answer(slot: Slot, form: AttendanceForm, do: str) -> str:
    """One of the ACTIONS, or what the list says; the sentence of a refusal, or empty."""
    by, now = _("%s (Kontakt)") % slot.contact_name[:100], timezone.now()
    if do == "all":
        return atomically(lambda: attendance.all_came(slot, by=by, now=now))
    if do == "back":
        return atomically(lambda: attendance.take_back(slot, now=now))
    return save(slot, form, rest=do == "rest", by=by)


def _shown(slot: Slot, form: AttendanceForm, is_open: bool) -> dict[str, Any]:
    signups = form.signups
    return {
        "slot": slot,
        "when": dates.long(slot.starts, slot.ends),
        "form": form,
        "is_open": is_open,
        "n": sum(signup.seats for signup in signups),
        "unknown": sum(signup.seats for signup in signups if signup.attended is None),
        "answered": slot.attendance_noted_at,
        "said": attendance.words(signups, slot.walk_ins),
    }


def _log_contact(slot: Slot, action: str) -> None:
    accesslog.record(
        None, action=action, about=slot.label, organisation=slot.organisation, now=timezone.now()
    )
