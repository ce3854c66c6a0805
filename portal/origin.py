"""POST protection without cookies (architecture.md „Public pages are session-blind").

A guest has no ambient authority that a forged request could use, so a public POST needs no
secret, only proof that the browser sent it from our own page: its `Origin`. Pages behind
mail links use the same check: their authority is the token in the path, not a cookie.
"""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponseBase]


def own_origins(request: HttpRequest) -> set[str]:
    """The configured site address, and the (validated) host that the page was asked from."""
    site = urlsplit(settings.SITE_URL)
    return {f"{site.scheme}://{site.netloc}", f"{request.scheme}://{request.get_host()}"}


def check(request: HttpRequest) -> None:
    """Raise PermissionDenied (403 in German) unless a POST comes from one of our own pages."""
    if request.headers.get("Origin", "") not in own_origins(request):
        raise PermissionDenied(
            _("Diese Anfrage kam nicht von unserer Seite. Bitte öffnen Sie das Formular noch einmal hier.")
        )


def guarded(view: View) -> View:
    """For a view that takes POSTs from guests: origin instead of cookie and CSRF token."""

    @csrf_exempt
    @wraps(view)
    def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method == "POST":
            check(request)
        return view(request, *args, **kwargs)

    return inner


# What any shared cache may keep for half a minute; the browser asks each time (ETag).
shared = cache_control(public=True, max_age=0, s_maxage=30, stale_while_revalidate=30)
