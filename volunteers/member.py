"""Signing up with a login: the address is proved, so the seat needs no mail to confirm it (rule 4).

The only page of help wanted that uses the session; it lives below /konto/, in no cache, with Django's
own CSRF protection. The public page links to it and stays the same for everybody.
"""

from allauth.account.models import EmailAddress
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal import links, signups, throttle
from portal.refused import Busy, Refused
from volunteers import action

RETRY_AFTER = "5"  # seconds


@never_cache
@login_required
@throttle.limited("member", limit=30, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def signup(request: HttpRequest, slug: str) -> HttpResponse:
    """The same form with name and address filled in; it joins the queue at once."""
    found, now = action.find(slug), timezone.now()
    if found is None:
        raise Http404
    address = EmailAddress.objects.filter(user=request.user, verified=True).order_by("-primary").first()
    if address is None:
        return redirect("account_email")
    opportunity, shifts = found
    known = {"name": getattr(request.user, "name", ""), "email": address.email}
    posted = request.POST if request.method == "POST" else None
    form, status = action.form(opportunity, shifts, now, posted, initial=known), 200
    # Only the proved address counts, whatever was posted.
    form.fields["email"].disabled = True
    if form.is_valid():
        try:
            booking = signups.register(**action.said(form), now=now, verified=True)
            token = links.make(links.MANAGE, booking)
            return HttpResponseRedirect(
                reverse("booking:manage", args=[token]) + "?ok=bestaetigt", status=303
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        except Busy:
            status = 503
            form.add_error(None, _("Gerade melden sich sehr viele an. Bitte drücken Sie gleich noch einmal."))
    page = action.page(opportunity, shifts, now) | {"form": form, "member": True, "action": request.path}
    response = render(
        request, "volunteers/detail.html", page, status=422 if form.errors and status == 200 else status
    )
    if status == 503:
        response["Retry-After"] = RETRY_AFTER
    return response
