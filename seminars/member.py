"""Registering with a login: the address is proved, so the seat needs no mail to confirm it (rule 4)."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal import signup_pages, throttle
from seminars import programme


@never_cache
@login_required
@throttle.limited("member", limit=30, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def signup(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of a session for somebody who is logged in."""
    session, now = programme.find(slug), timezone.now()
    if session is None:
        raise Http404
    return signup_pages.enter_as_member(request, programme.signup_page(session, now), now=now)
