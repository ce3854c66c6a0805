"""„Wirklich?": what cannot be taken back, or is seen by everybody, is asked once more, without a script."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _


def ask(site: Any, request: HttpRequest, *, question: str, deed: str) -> HttpResponse | None:
    """The page with the question; None once its button, which says the deed, was pressed.

    It sends again what was typed (not files), so the caller answers the same POST twice; „Nein" leads back to the page
    as it is stored.
    """
    if "sure" in request.POST:
        return None
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]
    page = {"title": _("Wirklich?"), "question": question, "deed": deed, "kept": kept}
    return TemplateResponse(request, "admin/sure.html", site.each_context(request) | page)
