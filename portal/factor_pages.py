"""The guided way to a second factor (rule 36): choose, set up (allauth's pages), print codes, done."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal import accounts, factors


@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """The three ways, the passkey first; where whoever has no factor yet is led."""
    return render(request, "mfa/choose.html", {"enrolled": _enrolled(request)})


@login_required
def done(request: HttpRequest) -> HttpResponse:
    """What a login looks like from now on, and the way to the Redaktion."""
    enrolled = _enrolled(request)
    if not enrolled:
        return redirect("factor_choose")
    trust_days = settings.MFA_TRUST_COOKIE_AGE // (24 * 3600)
    return render(request, "mfa/done.html", {"enrolled": enrolled, "trust_days": trust_days})


@require_POST
@login_required
def forget(request: HttpRequest) -> HttpResponse:
    """„Alle vertrauten Geräte vergessen“, this one too."""
    if (elsewhere := accounts.stop(request)) is not None:
        return elsewhere
    factors.forget_trusted_devices(accounts.person(request))
    messages.success(
        request, _("Kein Gerät ist mehr vertraut; überall wird wieder nach dem zweiten Faktor gefragt.")
    )
    return redirect("mfa_index")


def _enrolled(request: HttpRequest) -> set[str]:
    return set(Authenticator.objects.filter(user=accounts.person(request)).values_list("type", flat=True))
