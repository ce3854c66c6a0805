"""The pages of one date: give the seat back, take a free one, come back after all."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import booking_rows, dates, links, signups
from portal.models import Booking
from portal.refused import Refused
from portal.slots import Signup
from portal.token_pages import page, to, to_manage


def return_to(signup: Signup, *, now: datetime) -> Booking:
    """„Doch dabei": a seat again while there is one, else the end of the queue; the address is known."""
    if not booking_rows.can_return(signup, now=now):
        raise Refused(_("Für diesen Termin kann man sich hier nicht mehr anmelden."))
    booking = signup.booking
    if signups.claim_seat(signup, now=now):
        return booking
    return signups.register(
        slots=[signup.slot],
        seats=signup.seats,
        name=booking.name,
        email=booking.email,
        phone=booking.phone,
        age_confirmed=booking.age_confirmed,
        answers=signup.answered(),
        now=now,
        verified=True,
    )


@page
def give_back(request: HttpRequest, token: str) -> HttpResponse:
    """One date, one button (rule 9); afterwards one click back while sign-ups are taken."""
    signup, now = _of_today(links.read(links.GIVE_BACK, token, *signups.signup_models())), timezone.now()
    refused = ""
    if request.method == "POST":
        try:
            if request.POST.get("do") == "again":
                return to_manage(return_to(signup, now=now), "wieder")
            signups.give_back(signup, now=now)
            return to("give_back", token)
        except Refused as error:
            refused = str(error)
    context = {
        "row": booking_rows.row(signup, now=now),
        "refused": refused,
        "contact": signup.slot.contact_line,
        "given_back": signup.ended_reason == Signup.Reason.GIVEN_BACK,
        "only_waits": signup.status == Signup.Status.WAITING or _only_waited(signup),
    }
    return render(request, "booking/give_back.html", context, status=422 if refused else 200)


def _only_waited(signup: Signup) -> bool:
    """Who gave a place in the queue back and never had a seat."""
    given_back = signup.ended_reason == Signup.Reason.GIVEN_BACK
    return given_back and signup.place is not None and signup.seated_at is None


def _of_today(signup: Signup) -> Signup:
    """Who gave a seat back and came again: the old link speaks for what they have now."""
    if signup.is_live or not signup.email_key:
        return signup
    live = type(signup).objects.live()  # type: ignore[attr-defined]
    return live.filter(slot=signup.slot_id, email_key=signup.email_key).first() or signup  # type: ignore[misc]


@page
def claim(request: HttpRequest, token: str) -> HttpResponse:
    """Open phase: the first confirmed click gets the free seat; losing the race is a kind page (rule 6).

    The same for who gave a seat back and can come after all.
    """
    signup, now = _of_today(links.read(links.CLAIM, token, *signups.signup_models())), timezone.now()
    try:
        if request.POST.get("do") == "again" and booking_rows.can_return(signup, now=now):
            return to_manage(return_to(signup, now=now), "wieder")
        if request.method == "POST" and signups.claim_seat(signup, now=now):
            return to_manage(signup.booking, "platz")
    except Refused:
        signup.slot.refresh_from_db()  # it was closed meanwhile: the seat is lost, which the page says
    if signup.status == Signup.Status.CONFIRMED:
        return to_manage(signup.booking)
    context = {
        "row": booking_rows.row(signup, now=now),
        "is_free": booking_rows.claimable(signup, now=now),
        "gave_back": signup.ended_reason == Signup.Reason.GIVEN_BACK,
        "is_waiting": signup.status == Signup.Status.WAITING and now < signup.slot.starts,
        "lost": request.method == "POST",
        "others": [(s.get_absolute_url(), s.title, dates.short(s.starts)) for s in signup.slot.others(now)],
        "manage": links.path("booking:manage", links.MANAGE, signup.booking),
    }
    return render(request, "booking/claim.html", context)
