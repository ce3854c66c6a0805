"""The public page of a thing with its sign-up form, and the same form for somebody who is logged in.

The public page is session-blind and may stand in any shared cache; its form is protected by its origin
(`origin.py`), traps and limits. The member's page uses the session (rule 4): it lives below /konto/, in
no cache, with Django's own CSRF protection, and only the proved address counts.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from portal import links, sent_forms, signups, traps
from portal.origin import shared
from portal.refused import Busy, Refused


@dataclass(frozen=True)
class SignupPage:
    """What an app says of its page; the flow is the same for all."""

    template: str
    button: str  # „Ich helfe mit"
    context: Callable[[], dict[str, Any]]  # what the template reads, the form aside
    form: Callable[..., forms.Form]  # (data=None, initial=None)
    said: Callable[[Any], dict[str, Any]]  # the clean answers as `signups.register` takes them


@shared
def show(request: HttpRequest, page: SignupPage, *, now: datetime) -> HttpResponse:
    """The page as everybody gets it."""
    issued = traps.issue(now)
    response = render(request, page.template, page.context() | {"form": page.form(), "issued": issued})
    # The moment of issue is no change of the page: without it the ETag stays, and caches stay warm.
    fixed = response.content.replace(issued.encode(), b"")
    response["ETag"] = f'"{hashlib.sha256(fixed).hexdigest()[:32]}"'
    return response


@never_cache
def enter(request: HttpRequest, page: SignupPage, *, now: datetime) -> HttpResponse:
    """A guest's form: on to „Noch nicht fest", or the form again with what is wrong."""
    form = page.form(request.POST)

    def register() -> HttpResponse:
        booking = signups.register(**page.said(form), now=now)
        address = links.path("booking:sent", links.SENT, booking)
        return HttpResponseRedirect(address, status=303)

    def again(status: int) -> HttpResponse:
        return _again(request, page, {"form": form, "issued": traps.issue(now)}, status)

    many = _(
        "Gerade melden sich sehr viele an. Bitte drücken Sie in ein paar Sekunden noch einmal auf „%(button)s“."
    )
    return sent_forms.send(request, form, register, again=again, button=page.button, busy=many, now=now)


def enter_as_member(request: HttpRequest, page: SignupPage, *, now: datetime) -> HttpResponse:
    """The form with name and address filled in; it joins the queue at once (rule 4)."""
    address = EmailAddress.objects.filter(user=request.user, verified=True).order_by("-primary").first()
    if address is None:
        return redirect("account_email")
    known = {"name": getattr(request.user, "name", ""), "email": address.email}
    form, status = page.form(request.POST if request.method == "POST" else None, initial=known), 200
    form.fields["email"].disabled = True  # only the proved address counts, whatever was posted
    if form.is_valid():
        try:
            booking = signups.register(**page.said(form), now=now, verified=True)
            manage = links.path("booking:manage", links.MANAGE, booking)
            return HttpResponseRedirect(f"{manage}?ok=bestaetigt", status=303)
        except Refused as refused:
            form.add_error(None, str(refused))
        except Busy:
            status = 503
            form.add_error(None, _("Gerade melden sich sehr viele an. Bitte drücken Sie gleich noch einmal."))
    if form.errors and status == 200:
        status = 422
    response = _again(request, page, {"form": form, "member": True, "action": request.path}, status)
    if status == 503:
        response["Retry-After"] = sent_forms.RETRY_AFTER
    return response


def _again(request: HttpRequest, page: SignupPage, more: dict[str, Any], status: int) -> HttpResponse:
    return render(request, page.template, page.context() | more, status=status)
