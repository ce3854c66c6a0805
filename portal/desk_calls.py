"""The page of the desk with those whom staff have to call: number, what is new, and „angerufen" when it is done."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from portal import accounts, calls, desk, people
from portal.scoping import atomically
from portal.slots import Signup, Slot


def page(request: HttpRequest, slot: Slot, context: dict[str, Any]) -> HttpResponse:
    """Who is to be called, and who was; one button each."""
    user = accounts.person(request)
    if request.method == "POST":
        return _noted(request, slot)
    desk.log(user, gettext("Liste gelesen"), slot)
    rows = slot.signups.select_related("booking").order_by("call_since", "pk")
    more = {
        "title": gettext("Selbst anrufen"),
        "open": [_line(signup, slot) for signup in rows.to_call()],  # type: ignore[attr-defined]
        "done": [_line(signup, slot) for signup in rows.called()],  # type: ignore[attr-defined]
    }
    return desk.page(request, "calls", slot, context | more)


def _line(signup: Signup, slot: Slot) -> dict[str, Any]:
    shown = people.line(signup, nameless=people.is_old(slot))
    called = signup.called_at and timezone.localtime(signup.called_at)
    words = f"{date_format(called, 'D., j. F')}, {called.hour}.{called.minute:02}" if called else ""
    return shown | {"news": calls.news_key(signup), "called": words}


def _noted(request: HttpRequest, slot: Slot) -> HttpResponse:
    """„Angerufen", or „Doch nicht erreicht"."""
    pk = request.POST.get("signup", "")
    signup = get_object_or_404(slot.signups, pk=pk if pk.isdecimal() else 0)
    here = redirect(request.path)
    if "undo" in request.POST:
        calls.take_back(signup)
        desk.log(accounts.person(request), gettext("Doch nicht angerufen"), slot, signup)
        return here
    news = request.POST.get("news", "")
    refused = atomically(lambda: calls.note(signup, news=news, now=timezone.now()))
    if refused:
        messages.error(request, refused)
    else:
        desk.log(accounts.person(request), gettext("Angerufen"), slot, signup)
    return here
