"""The pages of contacts on the spot, below /konto/vor-ort/: the way in, and one page for the phone.

Each request asks anew whether this account is still a contact of this action; everything else does not exist
for it (404). What is read and changed is logged (rule 34).
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal import accesslog, at_the_door, attendance, dates, inputs, throttle
from portal.refused import Busy, Refused
from portal.scoping import BUSY, atomically
from volunteers import coordination, spot_login, spot_message
from volunteers.models import Coordination, Shift, ShiftSignup
from volunteers.spot_forms import AddressForm, CodeForm, DoorForm
from volunteers.spot_message import MessageForm

ANSWERS = {"ja": True, "nein": False, "offen": None}
View = Callable[..., HttpResponseBase]


def _page(view: View) -> View:
    limited = throttle.limited("spot", limit=300, seconds=600)(
        require_http_methods(["GET", "HEAD", "POST"])(view)
    )
    return never_cache(limited)  # type: ignore[return-value]


@_page
@throttle.limited("spot-login", limit=20, seconds=600)
def enter(request: HttpRequest) -> HttpResponse:
    """Who is in sees their actions; everybody else types an address and gets a code by mail."""
    now = timezone.now()
    if request.method == "POST" and "leave" in request.POST:
        spot_login.leave(request.session)
        return redirect("spot")
    mine = list(_mine(request, now).select_related("opportunity__municipality"))
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        spot_login.ask(request.session, email=form.cleaned_data["email"], now=now)
        return redirect("spot_code")
    return render(
        request, "spot/enter.html", {"mine": mine, "form": form}, status=422 if form.errors else 200
    )


@_page
@throttle.limited("spot-code", limit=20, seconds=600)
def code(request: HttpRequest) -> HttpResponse:
    """The six digits of the mail, in the browser that asked for them."""
    if not spot_login.is_asked(request.session):
        return redirect("spot")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if spot_login.enter(request.session, code=form.cleaned_data["code"], now=timezone.now()):
            return redirect("spot")
        form.add_error(
            "code", _("Die Zahl stimmt nicht oder gilt nicht mehr. Bitte fordern Sie eine neue an.")
        )
    return render(request, "spot/code.html", {"form": form}, status=422 if form.errors else 200)


def _mine(request: HttpRequest, now: datetime) -> Any:
    session = request.session
    return Coordination.objects.live(now).of_login(spot_login.who(session), spot_login.since(session))


def _coordination(view: View) -> View:
    """The view gets the coordination of this request's account and action; 404 for everybody else's.

    Who is not in goes to the login, who has not promised confidentiality to that page first.
    """

    @_page
    @wraps(view)
    def inner(request: HttpRequest, pk: int) -> HttpResponseBase:
        if not spot_login.who(request.session):
            return redirect("spot")
        rows = _mine(request, timezone.now()).select_related("opportunity__organisation", "user")
        found = get_object_or_404(
            rows, opportunity__pk=pk
        )  # as a key: a number too long for the column is none
        return view(request, found) if found.pledged_at else _pledge(request, found)

    return inner


def _pledge(request: HttpRequest, found: Coordination) -> HttpResponse:
    if request.method == "POST" and "accept" in request.POST:
        coordination.accept(found, now=timezone.now())
        return redirect("spot_page", found.opportunity_id)  # type: ignore[attr-defined]
    return render(request, "spot/pledge.html", {"found": found})


@_coordination
def page(request: HttpRequest, found: Coordination) -> HttpResponse:
    """Who comes, today's date first: tick, call, and the ways to write and to enter somebody."""
    shifts, now = _shifts(found), timezone.now()
    shift = _chosen(request, shifts, now)
    refused = ""
    if request.method == "POST" and shift:
        answer, _dash, number = request.POST.get("came", "").partition("-")
        if answer not in ANSWERS:
            raise Http404
        signup = get_object_or_404(ShiftSignup.objects.seated(), pk=inputs.key(number), slot=shift)  # type: ignore[arg-type,misc]
        came, by = {signup.pk: ANSWERS[answer]}, _by(found)
        refused = atomically(lambda: attendance.note(shift, came=came, by=by, now=now))
        if not refused:
            _log(found, shift, _("Vor Ort: Anwesenheit notiert"))
            return HttpResponseRedirect(f"{_address(found, shift)}#p{signup.pk}", status=303)
    if shift:
        _log(found, shift, _("Vor Ort: Liste gelesen"))
    done = _("Ihre Nachricht ist unterwegs.") if request.GET.get("ok") == "gesendet" else ""
    shown = _list(shift, now) | {
        "found": found,
        "refused": refused,
        "done": done,
        "shifts": _tabs(found, shifts, shift),
    }
    return render(request, "spot/page.html", shown, status=422 if refused else 200)


@_coordination
def door(request: HttpRequest, found: Coordination) -> HttpResponse:
    """Somebody helps who had not signed up: name, and noted as there."""
    shift, now = _chosen(request, _shifts(found), timezone.now()), timezone.now()
    if shift is None:
        raise Http404
    form = DoorForm(request.POST or None, opportunity=found.opportunity)
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("name", "phone", "seats")}
        refused = atomically(lambda: at_the_door.enter(shift, **said, by=found.user, now=now))
        if not refused:
            _log(found, shift, _("Vor Ort: eingetragen"))
            return redirect(_address(found, shift))
        form.add_error(None, refused)
    context = {"found": found, "form": form, "shift": shift, "when": dates.long(shift.starts, shift.ends),
               "back": _address(found, shift)}  # fmt: skip
    return render(request, "spot/door.html", context, status=422 if form.errors else 200)


@_coordination
def write(request: HttpRequest, found: Coordination) -> HttpResponse:
    """A message to everybody with a seat on a date: written, seen as it reads, sent once."""
    shift, now = _chosen(request, _shifts(found), timezone.now()), timezone.now()
    if shift is None or not attendance.has_names(shift, now):
        raise Http404
    posted = request.method == "POST"
    form, shown = MessageForm(request.POST if posted else None), None
    if posted and "back" not in request.POST and form.is_valid():
        message = form.message(shift, now)
        try:
            if "send" in request.POST and spot_message.send(request, message, by=found.user, now=now):
                _log(found, shift, _("Vor Ort: Nachricht gesendet"))
                return redirect(f"{_address(found, shift)}&ok=gesendet")
            shown = spot_message.preview(message, key=request.POST.get("key", ""), now=now)
        except (Refused, Busy) as refused:
            form.add_error(None, str(refused) or BUSY)
    context = {"found": found, "form": form, "shown": shown, "shift": shift,
               "when": dates.long(shift.starts, shift.ends), "back": _address(found, shift)}  # fmt: skip
    return render(request, "spot/write.html", context, status=422 if form.errors else 200)


def _shifts(found: Coordination) -> list[Shift]:
    rows = Shift.objects.filter(opportunity=found.opportunity, cancelled_at=None).with_seats()
    return list(rows.select_related(*Shift.row_relations).order_by("starts", "pk"))


def _chosen(request: HttpRequest, shifts: list[Shift], now: datetime) -> Shift | None:
    """The date that the address names, else today's, else the next, else the last."""
    wanted = request.GET.get("termin", "")
    if wanted:
        return next((shift for shift in shifts if str(shift.pk) == wanted), None) or _unknown()
    today = [shift for shift in shifts if shift.day == timezone.localdate(now)]
    running = [shift for shift in today if shift.ends > now]
    coming = [shift for shift in shifts if shift.ends > now]
    return next(iter([*running, *today[-1:], *coming, *shifts[-1:]]), None)


def _unknown() -> Shift:
    raise Http404


def _address(found: Coordination, shift: Shift) -> str:
    return f"{reverse('spot_page', args=[found.opportunity_id])}?termin={shift.pk}"  # type: ignore[attr-defined]


def _tabs(found: Coordination, shifts: list[Shift], chosen: Shift | None) -> list[dict[str, Any]]:
    return [
        {"url": _address(found, shift), "words": dates.short(shift.starts), "current": shift == chosen}
        for shift in shifts
    ]


def _list(shift: Shift | None, now: datetime) -> dict[str, Any]:
    """The date and its people as the page shows them; nobody once their names are deleted."""
    if shift is None:
        return {"shift": None}
    signups = attendance.people(shift) if attendance.has_names(shift, now) else []
    return {
        "shift": shift,
        "when": dates.long(shift.starts, shift.ends),
        "signups": signups,
        "n": sum(signup.seats for signup in signups),
        "there": sum(signup.seats for signup in signups if signup.attended),
        "may_note": attendance.is_open(shift, now),
        "write_url": f"{reverse('spot_write', args=[shift.opportunity_id])}?termin={shift.pk}",  # type: ignore[attr-defined]
        "door_url": f"{reverse('spot_door', args=[shift.opportunity_id])}?termin={shift.pk}",  # type: ignore[attr-defined]
    }


def _by(found: Coordination) -> str:
    return (_("%s (vor Ort)") % found.user)[:120]


def _log(found: Coordination, shift: Shift, action: str) -> None:
    accesslog.record(
        found.user, action=action, about=shift.label, organisation=shift.organisation, now=timezone.now()
    )
