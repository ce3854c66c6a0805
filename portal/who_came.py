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

from portal import accounts, attendance, desk
from portal.attendance_form import AttendanceForm
from portal.scoping import atomically
from portal.slots import Slot


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
