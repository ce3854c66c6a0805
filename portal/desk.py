"""The desk: one date and its people, as staff see them (rules 1–9), for every kind of slot.

Who has a seat, who waits, who has not confirmed yet, whom to call oneself; take a call, give a seat
back for somebody. Changing the date itself is in `desk_changes.py`. Reading the list and changing it is logged (rule 34). `desk_admin.py`
gives a slot's admin these pages.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal import (
    accesslog,
    accounts,
    answers,
    attendance,
    broadcasts,
    dates,
    inputs,
    people,
    rescheduling,
    roles,
    signups,
)
from portal.models import Booking, User
from portal.scoping import atomically
from portal.search import MAX_QUERY
from portal.slots import Signup, Slot
from portal.standing import signup_model

MOST = 50  # rule 8: staff may allow more than a party of five


def may(user: User, action: str, slot: Slot) -> bool:
    """Whether the person's role reads (view), takes (add) or changes sign-ups of this kind at all."""
    return roles.may(user, action, signup_model(slot)._meta.label_lower)


def change_slot(user: User, slot: Slot, changed: set[str]) -> None:
    """What a form changed of times and seats is changed by the verbs that tell people, and logged.

    Raises Refused, Busy.
    """
    now, current = timezone.now(), type(slot)._default_manager.get(pk=slot.pk)
    times = {
        name: getattr(slot if name in changed else current, name) for name in ("starts", "ends", "deadline")
    }
    if changed & times.keys():
        rescheduling.move(slot, **times, now=now)
        log(user, gettext("Zeiten geändert"), slot)
    if "capacity" in changed:
        rescheduling.change_capacity(slot, capacity=slot.capacity, now=now)
        log(user, gettext("Plätze geändert"), slot)


def seats_words(slot: Any) -> str:
    """„8 von 12 Plätzen vergeben, 2 auf der Warteliste" from a row with `with_seats()`."""
    if slot.cancelled_at:
        return gettext("abgesagt")
    if slot.capacity is None:
        words = ngettext("%(n)s Platz vergeben", "%(n)s Plätze vergeben", slot.n_taken) % {"n": slot.n_taken}
    else:
        words = gettext("%(taken)s von %(all)s Plätzen vergeben") % {
            "taken": slot.n_taken,
            "all": slot.capacity,
        }
        if slot.n_taken > slot.capacity:
            words = gettext("%s (überbucht)") % words
    if slot.n_waiting:
        words += gettext(", %s auf der Warteliste") % slot.n_waiting
    return words


def call_line(signup: Signup) -> dict[str, str]:
    """Whom to call oneself: name, telephone and, where there is an address, why it does not help."""
    booking = signup.booking
    why = gettext("Die E-Mail-Adresse nimmt keine Mails an.") if booking.email else ""
    return {"name": booking.name or gettext("(gelöscht)"), "phone": booking.phone, "why": why}


def facts(slot: Slot) -> dict[str, Any]:
    """What every page about a date shows of it, and where its other pages are."""
    return {
        "slot": slot,
        "opts": slot._meta,
        "when": dates.long(slot.starts, slot.ends),
        "seats": seats_words(slot),
        "list_url": reverse(f"admin:{admin_name(slot)}_changelist"),
        "phone_url": reverse(f"admin:{admin_name(slot)}_phone", args=[slot.pk]),
        "print_url": reverse(f"admin:{admin_name(slot)}_print", args=[slot.pk]),
        "export_url": reverse(f"admin:{admin_name(slot)}_export", args=[slot.pk]),
        "write_url": reverse(f"admin:{admin_name(slot)}_write", args=[slot.pk]),
        "calls_url": reverse(f"admin:{admin_name(slot)}_calls", args=[slot.pk]),
        "attendance_url": reverse(f"admin:{admin_name(slot)}_attendance", args=[slot.pk]),
    }


def page(request: HttpRequest, template: str, slot: Slot, context: dict[str, Any]) -> HttpResponse:
    """A page of the desk, with what all of them say about their date."""
    return render(request, f"admin/desk/{template}.html", facts(slot) | context)


def admin_name(slot: Slot) -> str:
    """How the addresses of its admin begin: „volunteers_shift"."""
    return f"{slot._meta.app_label}_{slot._meta.model_name}"


def log(user: User, action: str, slot: Slot, signup: Signup | None = None) -> None:
    """One entry of the access log about a date, or about one sign-up of it (rule 34)."""
    accesslog.record(
        user,
        action=action,
        about=(signup or slot).label,
        organisation=slot.organisation,
        now=timezone.now(),
    )


def people_of(request: HttpRequest, slot: Slot, context: dict[str, Any]) -> HttpResponse:
    """The list of a date's people, all of them or those whom the clerk looks for."""
    user, now = accounts.person(request), timezone.now()
    log(user, gettext("Liste gelesen"), slot)
    may_change = may(user, "change", slot)
    search, state = request.GET.get("q", "").strip()[:MAX_QUERY], request.GET.get("stand", "")
    groups = people.groups(slot, search=search, state=state)
    mails = reverse("admin:portal_mail_changelist")
    for line in (line for group in groups for line in group["lines"]):
        line["url"] = reverse(f"admin:{admin_name(slot)}_give_back", args=[slot.pk, line["pk"]])
        line["mails_url"] = f"{mails}?anmeldung={line['booking']}"
        line["rebook_url"] = reverse(f"admin:{admin_name(slot)}_rebook", args=[slot.pk, line["pk"]])
    more: dict[str, Any] = {
        "title": gettext("Wer kommt?"),
        "groups": groups,
        "search": search,
        "states": [(value, words, value == state) for value, words in people.STATES.items()],
        "is_part": bool(search or state in people.STATES),
        "may_add": may(user, "add", slot) and slot.cancelled_at is None and now < slot.starts,
        "may_change": may_change and now < slot.starts,
        "may_note": may_change and attendance.is_open(slot, now),
        "changes": _changes(slot, now) if may_change else [],
        "may_write": may_change,
        "n_calls": slot.signups.all().to_call().count() if may_change else 0,
        "mails_url": f"{mails}?termin={slot.label}" if roles.may(user, "view", "portal.mail") else "",
        "sent": broadcasts.sent(slot),
    }
    return page(request, "people", slot, context | more)


def _changes(slot: Slot, now: datetime) -> list[dict[str, Any]]:
    """The pages that change this date for its people."""
    if slot.cancelled_at or now >= slot.ends:
        return []
    offered = [
        ("move", gettext("Zeit verschieben")),
        ("seats", gettext("Plätze ändern")),
        ("cancel", gettext("Termin absagen")),
    ]
    found = [
        {
            "url": reverse(f"admin:{admin_name(slot)}_{name}", args=[slot.pk]),
            "label": label,
            "is_final": name == "cancel",
        }
        for name, label in offered
    ]
    place = {"url": slot.place_path, "label": gettext("Treffpunkt ändern")}
    return [*found, *([place] if slot.place_path and now < slot.starts else [])]


class PhoneForm(forms.Form):
    """Somebody phones: name, and as they like e-mail and telephone."""

    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.CharField(
        label=_("E-Mail (freiwillig)"),
        required=False,
        widget=forms.EmailInput,
        help_text=_("Dann kommt die Bestätigung per Mail. Ohne E-Mail rufen Sie bei Änderungen selbst an."),
    )
    phone = forms.CharField(
        label=_("Telefon (freiwillig)"), required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    seats = forms.IntegerField(label=_("Wie viele kommen?"), min_value=1, max_value=MOST, initial=1)
    age = forms.BooleanField(label=_("Am Telefon geklärt:"), required=True)

    def __init__(self, data: Any = None, *, slot: Slot) -> None:
        super().__init__(data)
        self.fields["age"].label = gettext("Am Telefon geklärt: %s") % slot.age_words
        self.fields["age"].error_messages["required"] = gettext(
            "Bitte klären Sie am Telefon, für wen die Aktion ist."
        )
        if not slot.asks_age:
            del self.fields["age"]
        if slot.single:
            del self.fields["seats"]
        self.answers = answers.fields(signup_model(slot))
        self.fields |= self.answers

    def clean_name(self) -> str:
        return inputs.clean_name(self.cleaned_data["name"])

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        return inputs.clean_email(email) if email else ""

    def clean_phone(self) -> str:
        return inputs.clean_phone(self.cleaned_data["phone"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and not (data["email"] or data["phone"]):
            raise forms.ValidationError(
                gettext("Bitte tragen Sie eine E-Mail-Adresse oder eine Telefonnummer ein.")
            )
        return data


def phone(request: HttpRequest, slot: Slot, context: dict[str, Any]) -> HttpResponse:
    """Sign up somebody who phones (rule 4): no mail to confirm, source and person are recorded."""
    form = PhoneForm(request.POST or None, slot=slot)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        refused = atomically(
            lambda: signups.register(
                slots=[slot],
                seats=data.get("seats", 1),
                name=data["name"],
                email=data["email"],
                phone=data["phone"],
                age_confirmed=slot.asks_age,
                answers={name: data[name] for name in form.answers},
                now=timezone.now(),
                source=Booking.Source.PHONE,
                entered_by=accounts.person(request),
            )
        )
        if not refused:
            log(accounts.person(request), gettext("Am Telefon angemeldet"), slot)
            messages.success(request, gettext("%s ist eingetragen.") % data["name"])
            return redirect(slot.staff_path)
        form.add_error(None, refused)
    return page(request, "phone", slot, context | {"title": gettext("Jemand ruft an"), "form": form})


def give_back(request: HttpRequest, slot: Slot, signup_id: int, context: dict[str, Any]) -> HttpResponse:
    """Give a seat back for somebody (rule 9); the next on the waiting list gets it."""
    signup = get_object_or_404(slot.signups.select_related("booking"), pk=signup_id)
    given = people.given_back(signup)
    if request.method == "POST" and "seat" in request.POST:
        return _seat_by_hand(request, slot, signup)
    if request.method == "POST":
        user = accounts.person(request)
        refused = atomically(lambda: signups.give_back(signup, now=timezone.now(), by=user))
        if refused:
            messages.error(request, refused)
        else:
            log(user, gettext("Platz freigegeben"), slot, signup)
            messages.success(request, given.done % {"n": signup.seats})
        return redirect(slot.staff_path)
    log(accounts.person(request), gettext("Anmeldung gelesen"), slot, signup)
    more = {
        "title": given.deed,
        "deed": given.deed,
        "happens": given.happens,
        "signup": people.line(signup, nameless=people.is_old(slot)),
    }
    return page(request, "give_back", slot, context | more)


def _seat_by_hand(request: HttpRequest, slot: Slot, signup: Signup) -> HttpResponse:
    """Staff seat a party that was passed over twice (rule 8)."""
    refused = atomically(lambda: rescheduling.seat_by_hand(signup, now=timezone.now()))
    if refused:
        messages.error(request, refused)
    else:
        log(accounts.person(request), gettext("Von Hand eingeteilt"), slot, signup)
        messages.success(request, gettext("Die Gruppe hat ihre Plätze und bekommt Bescheid."))
    return redirect(slot.staff_path)
