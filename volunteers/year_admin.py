"""/verwaltung/jahresblick/: a printable page of the year, for one's own organisation or for the association."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from portal import accounts, inputs, roles
from portal.models import Organisation
from volunteers import year_review
from volunteers.models import Opportunity

ALL = "alle"


def own(request: HttpRequest) -> list[Organisation]:
    """Whose year the person may see: their organisations', without the association's (it sees that of all)."""
    found = roles.organisations(accounts.person(request), "view", Opportunity._meta.label_lower)
    towns = [each for each in found if each.kind != Organisation.Kind.ASSOCIATION]
    return sorted(towns, key=lambda each: each.name)


def sees_all(request: HttpRequest) -> bool:
    return roles.looks_after_all_towns(accounts.person(request))


def sees(request: HttpRequest) -> bool:
    return sees_all(request) or bool(own(request))


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """„?jahr=2026“ and, where there are several, „?fuer=“ one of them; 404 for whatever is not one's own."""
    now = timezone.now()
    whose = _whose(request)
    known = year_review.years(now=now)
    year = inputs.key(request.GET.get("jahr", str(known[0])))
    if year not in known:
        raise Http404
    page = {
        "title": gettext("Jahresblick %s") % year,
        "whose": whose,
        "review": year_review.review(year, of=whose, now=now),
        "years": known,
        "is_running": year == timezone.localtime(now).year,
        "others": [each for each in own(request) if each != whose],
        "shows_all": sees_all(request) and whose is not None,
        "now": now,
    }
    return TemplateResponse(request, "admin/year.html", admin.site.each_context(request) | page)


def _whose(request: HttpRequest) -> Organisation | None:
    """None is everybody's; without „?fuer=“ it is that for the association, else the first of one's own."""
    mine, asked = own(request), request.GET.get("fuer", "")
    if sees_all(request) and asked in ("", ALL):
        return None
    found = mine[:1] if not asked else [each for each in mine if str(each.pk) == asked]
    if not found:
        raise Http404
    return found[0]
