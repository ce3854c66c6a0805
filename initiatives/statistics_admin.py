"""/verwaltung/statistik/: the numbers of the network as table, map and file, for the association alone."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext

from initiatives import statistics
from initiatives.statistics import COLUMNS
from portal import accesslog, accounts, roles, sheets
from portal.association import association


def sees(request: HttpRequest) -> bool:
    return roles.looks_after_all_towns(accounts.person(request))


def show(request: HttpRequest) -> HttpResponse:
    """The table by a column („?nach=“), with „?alle=1“ also towns without anything; a POST fetches it as CSV."""
    if not sees(request):
        raise Http404
    found, areas = statistics.collect()
    if request.method == "POST":
        return _file(request, found)
    by, every = request.GET.get("nach", "ort"), request.GET.get("alle") == "1"
    lines = found.sorted(by, every=every)
    page = {
        "title": gettext("Statistik"),
        "shares": found.shares(),
        "columns": list(COLUMNS.items()),
        "lines": lines,
        "table": [list(zip(COLUMNS.values(), line.cells(), strict=True)) for line in lines],
        "n_towns": len(found.lines),
        "by": by if by in COLUMNS else "ort",
        "every": every,
        "map": found.map(areas),
    }
    return TemplateResponse(request, "admin/statistics.html", admin.site.each_context(request) | page)


def _file(request: HttpRequest, found: statistics.Statistics) -> HttpResponse:
    now = timezone.now()
    accesslog.record(
        accounts.person(request),
        action=gettext("Statistik heruntergeladen"),
        about=gettext("Statistik der Orte"),
        organisation=association(),
        now=now,
    )
    rows = [line.cells() for line in found.sorted("ort", every=True)]
    head = [str(name) for name in COLUMNS.values()]
    return sheets.download(sheets.CSV, name=gettext("Statistik der Orte"), day=now, head=head, rows=rows)
