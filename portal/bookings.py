"""The pages of one form: „Noch nicht fest", confirm, and see, change, export and erase.

What a verb refuses is said on the page itself. The pages of one date are in `booking_seats.py`.
"""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from portal import answers, booking_rows, calendars, links, local_mails, privacy, signups, throttle
from portal.booking_forms import AddressForm, ConfirmForm, DetailsForm
from portal.booking_rows import Row
from portal.booking_seats import return_to
from portal.models import Booking
from portal.refused import Refused
from portal.slots import Signup
from portal.standing import form_of
from portal.token_pages import just_done, page, to, to_manage

# --- after the form -----------------------------------------------------------------------------


@page
@throttle.limited("resend", limit=20, seconds=600)
def sent(request: HttpRequest, token: str) -> HttpResponse:
    """„Noch nicht fest": the same page for every address, whatever we know of it (trust.md „No oracle")."""
    booking, found = form_of(links.SENT, token)
    form, refused = AddressForm(), ""
    if request.method == "POST":
        form = AddressForm(request.POST) if request.POST.get("do") == "correct" else form
        try:
            if done := _again(booking, form, now=timezone.now()):
                return to("sent", links.make(links.SENT, booking), done)
        except Refused as error:
            refused = str(error)
    if booking.erased_at or not found:
        return _expired(request, found)
    # Not what a form of the same address says since: whoever typed the address has proved nothing.
    typed = [signup for signup in found if signup.booking_id == booking.pk]
    context = {
        "booking": booking,
        "rows": booking_rows.rows(typed, now=timezone.now()),
        "slot": found[0].slot,
        "answers": answers.sentence(typed[0]) if typed and not booking.confirmed_at else "",
        "form": form,
        "done": just_done(request),
        "refused": refused,
        "mails": local_mails.of(booking, request),
        "mails_are_local": local_mails.shown(),
    }
    return render(request, "booking/sent.html", context, status=422 if refused or form.errors else 200)


def _again(booking: Booking, form: AddressForm, *, now: datetime) -> str:
    """Send to the corrected address, or once more; the word for what was done, or nothing."""
    if not form.is_bound:
        signups.resend(booking, now=now)
        return "gesendet"
    if not form.is_valid():
        return ""
    signups.correct_address(booking, email=form.cleaned_data["email"], now=now)
    booking.refresh_from_db()
    return "adresse"


# --- confirm ------------------------------------------------------------------------------------


@page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The dates of this form, ticked, others of the same address below, and one button (rule 3)."""
    (booking, found), now = form_of(links.CONFIRM, token), timezone.now()
    if booking.confirmed_at and not booking.erased_at:
        return to_manage(booking)
    mine = [row for row in booking_rows.rows(found, now=now) if row.can_confirm]
    if not mine:
        return _expired(request, found)
    others = _others(request, booking, mine, now=now)
    form = ConfirmForm(request.POST if request.method == "POST" else None, mine=mine, others=others)
    if form.is_valid():
        joined = signups.confirm(booking, signups=form.cleaned_data["signups"], now=now)
        return to_manage(booking, "bestaetigt" if joined else "")
    ticks, more = form.options()
    context = {
        "booking": booking,
        "form": form,
        "ticks": ticks,
        "more": more,
        "answers": answers.sentence(mine[0].signup),
        "manage": links.path("booking:manage", links.MANAGE, booking),
    }
    return render(request, "booking/confirm.html", context, status=422 if form.errors else 200)


def _others(request: HttpRequest, booking: Booking, mine: list[Row], *, now: datetime) -> list[Row]:
    """Open dates of the same address from other forms; not asked for when none of them was ticked."""
    ticked = set(request.POST.getlist("signups"))
    if ticked and ticked <= {row.key for row in mine}:
        return []
    return [row for row in booking_rows.rows(signups.other_open(booking), now=now) if row.can_confirm]


def _expired(request: HttpRequest, found: list[Signup]) -> HttpResponse:
    """A link that came too late is answered kindly, with the way back to the form (rule 3)."""
    now = timezone.now()
    slot = found[0].slot if found else None
    return render(
        request, "booking/expired.html", {"slot": slot, "is_open": bool(slot and slot.takes_people(now))}
    )


# --- see, change, give back, export, erase --------------------------------------------------------


@page
def manage(request: HttpRequest, token: str) -> HttpResponse:
    """Everything about one form on one page."""
    (booking, found), now = form_of(links.MANAGE, token), timezone.now()
    if booking.erased_at:
        return render(request, "booking/erased.html", {"for_seminars": booking.slot_kind == "session"})
    form, refused = DetailsForm(booking=booking, signups=found), ""
    if request.method == "POST":
        if request.POST.get("do") == "details":
            form = DetailsForm(request.POST, booking=booking, signups=found)
        try:
            if done := _change(request, booking, form, now=now):
                return to("manage", token, done)
        except Refused as error:
            refused = str(error)
    rows = booking_rows.rows(found, now=now)
    headline, state = booking_rows.headline(rows)
    context = {
        "booking": booking,
        "token": token,
        "answers": form.answers_words,
        "rows": rows,
        "headline": headline,
        "state": state,
        "contact": found[0].slot.contact_line if found else "",
        "contact_phone": found[0].slot.contact_phone if found else "",
        "is_mixed": {"sure", "waiting"} <= {row.state for row in rows},
        "can_confirm": any(row.can_confirm for row in rows),
        "has_calendar": any(row.state == "sure" for row in rows),
        "form": form,
        "done": just_done(request),
        "refused": refused,
        "mails": local_mails.of(booking, request),
        "mails_are_local": local_mails.shown(),
    }
    return render(request, "booking/manage.html", context, status=422 if refused or form.errors else 200)


def _change(request: HttpRequest, booking: Booking, form: DetailsForm, *, now: datetime) -> str:
    """Do what the pressed button says; the word for it, or nothing when the form has errors."""
    do = request.POST.get("do", "")
    if do == "erase":
        privacy.erase(booking, now=now)
        return "geloescht"
    if do == "details":
        if not form.is_valid():
            return ""
        signups.correct(booking, signups=form.signups, answers=form.answered(), now=now, **form.details())
        return "daten"
    signup = _mine(booking, request.POST.get("signup", ""))
    if do == "give_back":
        signups.give_back(signup, now=now)
        return "frei"
    if do == "confirm":
        if not signups.confirm(booking, signups=[signup], now=now):
            signup.refresh_from_db(fields=["status"])
        if not signup.is_live:
            raise Refused(gettext("Für diesen Termin kann man sich nicht mehr anmelden."))
        return "bestaetigt"
    if do == "again":
        return_to(signup, now=now)
        return "wieder"
    if do == "party":
        signups.change_party(signup, seats=_number(request.POST.get("seats", "")), now=now)
        return "anzahl"
    raise Http404


def _mine(booking: Booking, key: str) -> Signup:
    """The sign-up of this form with this key; 404 for anybody else's."""
    for signup in signups.signups_of(booking):
        if signup.label == key:
            return signup
    raise Http404


def _number(text: str) -> int:
    """A party's size as typed; 0, which the verb refuses in words, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


@require_safe
def export(request: HttpRequest, token: str) -> HttpResponse:
    """All that is held about this form, as a JSON file."""
    booking = links.read(links.MANAGE, token, Booking)
    response = JsonResponse(privacy.export(booking), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = 'attachment; filename="meine-daten.json"'
    return response


@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The dates with a seat, for the person's own calendar."""
    _booking, found = form_of(links.MANAGE, token)
    seated = [s for s in found if s.status in Signup.SEATED and not s.slot.cancelled_at]
    if not seated:
        raise Http404
    text = calendars.calendar(seated, method=calendars.PUBLISH, now=timezone.now())
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="termine.ics"'
    return response
