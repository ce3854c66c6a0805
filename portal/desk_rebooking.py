"""The page of the desk that moves a party to another date of the same action or series (`rebooking.py`)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accounts, dates, desk, people, rebooking, slot_lists
from portal.scoping import atomically
from portal.slots import Signup, Slot


class _Dates(forms.ModelChoiceField):
    """„Samstag, 28. November 2026, 9–12 Uhr, noch 3 Plätze"."""

    def label_from_instance(self, obj: Any) -> str:
        words = [dates.long(obj.starts, obj.ends), slot_lists.seats_text(obj, now=timezone.now())]
        return ", ".join([*([f"„{obj.title}“"] if obj.is_online else []), *words])


class RebookForm(forms.Form):
    """Where to: the coming dates of the same action or series, and whether the waiting list would do."""

    to = _Dates(
        queryset=None,
        label=_("Auf welchen Termin?"),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={"required": _("Bitte wählen Sie einen Termin.")},
    )
    may_wait = forms.BooleanField(
        label=_("Wenn dort kein Platz mehr frei ist: auf die Warteliste setzen"),
        required=False,
        help_text=_("Der bisherige Platz ist dann trotzdem vergeben. Bitte sprechen Sie das vorher ab."),
    )

    def __init__(self, data: Any = None, *, slot: Slot) -> None:
        super().__init__(data)
        field: Any = self.fields["to"]
        field.queryset = slot.siblings().upcoming(timezone.now()).with_seats()


def rebook(request: HttpRequest, slot: Slot, signup_id: int, context: dict[str, Any]) -> HttpResponse:
    """One party, the other dates, one button; who has no e-mail is named, so that somebody calls."""
    signup = get_object_or_404(slot.signups.select_related("booking"), pk=signup_id)
    form, user = RebookForm(request.POST or None, slot=slot), accounts.person(request)
    if request.method == "POST" and form.is_valid():
        to, may_wait = form.cleaned_data["to"], form.cleaned_data["may_wait"]
        refused = atomically(lambda: rebooking.rebook(signup, to=to, may_wait=may_wait, now=timezone.now()))
        if not refused:
            desk.log(user, gettext("Umgebucht"), slot, signup)
            _say(request, signup, to)
            return redirect(slot.staff_path)
        form.add_error(None, refused)
    desk.log(user, gettext("Anmeldung gelesen"), slot, signup)
    more = {
        "title": gettext("Auf einen anderen Termin umbuchen"),
        "form": form,
        "signup": people.line(signup, nameless=people.is_old(slot)),
        "has_dates": form.fields["to"].queryset.exists(),  # type: ignore[attr-defined]
    }
    return desk.page(request, "rebook", slot, context | more)


def _say(request: HttpRequest, signup: Signup, to: Slot) -> None:
    booking, when = signup.booking, dates.long(to.starts, to.ends)
    words = {"name": booking.name, "when": when}
    messages.success(request, gettext("%(name)s ist umgebucht: %(when)s.") % words)
    if not booking.email:
        words = {"name": booking.name, "phone": booking.phone or gettext("keine Nummer")}
        messages.warning(
            request,
            gettext("%(name)s hat keine E-Mail-Adresse. Bitte rufen Sie selbst an: %(phone)s.") % words,
        )
