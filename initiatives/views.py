"""The public collection of initiatives; one in detail is composed in `portal/pages/initiative.py`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives import finding
from portal import places
from portal.origin import shared


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All published initiatives by word, place and filters."""
    filters = finding.Filters.from_query(request.GET)
    found = finding.find(filters, page=request.GET.get("page", ""), now=timezone.now())
    return render(
        request,
        "initiatives/index.html",
        {
            "found": found,
            "filters": filters,
            "search": found.search,
            "radii": places.RADII if found.search.point else None,
            "noindex": bool(filters),
            "crumbs": [(_("Initiativen"), "")],
        },
    )
