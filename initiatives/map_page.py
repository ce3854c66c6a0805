"""/initiativen/karte/: the collection on a map, with the filters of the list."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives.filters import Filters
from initiatives.map_drawing import draw
from initiatives.mapping import chart
from portal import places
from portal.origin import shared


@shared
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Hessen, or one Landkreis („?kreis=“), which answers 404 where there is none of that name."""
    filters = Filters.from_query(request.GET)
    found = chart(filters, now=timezone.now())
    if found is None:
        raise Http404
    whole = filters.but(kreis="", gemeinde="").query()
    above = reverse("initiatives:map") + (f"?{whole}" if whole else "")
    crumbs = [(_("Initiativen"), reverse("initiatives:list")), (_("Karte"), above if found.kreis else "")]
    page = {
        "chart": found,
        "map": draw(found),
        "found": found.found,
        "search": filters.place,
        "radii": places.RADII if filters.place.point else None,
        "above": above,
        "filters": filters,
        "query": filters.query(),
        "asked": bool(filters.but(kreis="")),
        "noindex": bool(filters.but(kreis="")),
        "crumbs": [*crumbs, (found.kreis.name, "")] if found.kreis else crumbs,
    }
    return render(request, "initiatives/map.html", page)
