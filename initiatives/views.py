"""The public collection of initiatives; one in detail is composed in `portal/pages/initiative.py`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives import finding
from portal import places
from portal.origin import shared


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All published initiatives by word, place and topic."""
    found = finding.find(
        suche=request.GET.get("suche", ""),
        ort=request.GET.get("ort", ""),
        umkreis=request.GET.get("umkreis", ""),
        thema=request.GET.get("thema", ""),
        page=request.GET.get("page", ""),
    )
    return render(
        request,
        "initiatives/index.html",
        {
            "found": found,
            "search": found.search,
            "radii": places.RADII if found.search.point else None,
            "noindex": found.is_filtered,
            "crumbs": [(_("Initiativen"), "")],
        },
    )
