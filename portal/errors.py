"""German pages for what goes wrong; `portal/urls.py` names them as handlers.

A program that asks for open data gets the same as JSON (`portal/problems.py`).
"""

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from portal import logs, problems, uploads
from portal.problems import Problem


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 for input that nobody types."""
    if problems.is_asked_by_program(request):
        return problems.answer(
            Problem(400, _("Die Anfrage enthält Zeichen oder Längen, die nicht vorgesehen sind."))
        )
    logged_out = isinstance(exception, uploads.LoggedOut)
    return render(request, "400.html", {"logged_out": logged_out}, status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 with the sentence that the check gave, if it gave one."""
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    if problems.is_asked_by_program(request):
        return problems.answer(Problem(404, _("Diese Adresse gibt es nicht.")))
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """500 with the number under which the log says why; asks neither database nor context."""
    number = logs.request_id.get()
    if problems.is_asked_by_program(request):
        return problems.answer(Problem(500, _("Das Portal hat einen Fehler gemacht (Nummer %s).") % number))
    content = render_to_string("500.html", {"request_id": number})
    return HttpResponseServerError(content)


def unavailable(request: HttpRequest, *, retry_after: int, keeps_form: bool) -> HttpResponse:
    """503 while the database or Redis is away; asks neither. A form is kept, its button sends it again."""
    if problems.is_asked_by_program(request):
        sentence = _("Bitte fragen Sie in %s Sekunden noch einmal.") % retry_after
        response = problems.answer(Problem(503, sentence))
        response["Retry-After"] = str(retry_after)
        return response
    fields = (
        [(name, value) for name, values in request.POST.lists() for value in values] if keeps_form else []
    )
    facts = {"action": request.path, "fields": fields, "request_id": logs.request_id.get()}
    response = HttpResponse(render_to_string("503.html", facts), status=503)
    response["Retry-After"] = str(retry_after)
    response["Cache-Control"] = "no-store"  # it may show what somebody typed
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a page of staff that was open for too long."""
    sentence = _("Die Seite war zu lange offen oder Cookies sind gesperrt. Bitte laden Sie sie neu.")
    return render(request, "403.html", {"reason": sentence}, status=403)


def too_many(request: HttpRequest, *, retry_after: int = 300) -> HttpResponse:
    """429 with Retry-After in seconds; allauth, which counts logins, names none."""
    minutes = max(1, round(retry_after / 60))
    response = render(request, "429.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(retry_after)
    return response
