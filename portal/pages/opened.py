"""What is open to every program: read only, for scripts of other sites too, and problems as JSON."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from portal import problems
from portal.origin import shared
from portal.problems import Problem

View = Callable[..., HttpResponseBase]
METHODS = "GET, HEAD, OPTIONS"
EVERYWHERE = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, Link"}
PREFLIGHT = EVERYWHERE | {
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "Accept, If-None-Match",
    "Access-Control-Max-Age": "86400",
}


def opened(view: View) -> View:
    """Decorator: every site's scripts may read it, nobody may write, and what goes wrong is a Problem as JSON."""

    @csrf_exempt
    @wraps(view)
    def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers=PREFLIGHT | {"Allow": METHODS})
        try:
            if request.method not in ("GET", "HEAD"):
                raise Problem(405, _("Offene Daten kann man nur lesen."))
            answer = shared(view)(request, *args, **kwargs)
        except Problem as problem:
            answer = problems.answer(problem)
        if answer.status_code == 405:
            answer.headers["Allow"] = METHODS
        for name, value in EVERYWHERE.items():
            answer.headers[name] = value
        return answer

    return inner
