"""What goes wrong for a program that asks (RFC 9457): a German sentence with status and title, as JSON.

Addresses below `API` answer so whatever went wrong, also before any view was reached; `portal/errors.py` asks here.
"""

import json

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

API = "/api/"
CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """Ends the request with this status; the sentence says what to do differently."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def titles() -> dict[int, str]:
    """The short words for each status that the interface answers with."""
    return {
        400: _("Anfrage nicht verstanden"),
        403: _("Nicht erlaubt"),
        404: _("Nicht gefunden"),
        405: _("Methode nicht vorgesehen"),
        429: _("Zu viele Anfragen"),
        500: _("Unerwarteter Fehler"),
        503: _("Vorübergehend nicht erreichbar"),
    }


def is_asked_by_program(request: HttpRequest) -> bool:
    """Whether the answer is read by a program, so that a page would be of no use."""
    return request.path.startswith(API)


def answer(problem: Problem) -> HttpResponse:
    """The problem as JSON that scripts of other sites may read, too; no cache keeps it."""
    body = {
        "type": "about:blank",
        "title": titles()[problem.status],
        "status": problem.status,
        "detail": problem.detail,
    }
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
    content = json.dumps(body, ensure_ascii=False)
    return HttpResponse(content, status=problem.status, content_type=CONTENT_TYPE, headers=headers)
