"""„Seite übernehmen" for those who are logged in; the public page links here and stays the same for everybody."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from initiatives import taking_over
from initiatives.models import Initiative
from portal import accounts, roles
from portal.models import Membership, Organisation, User
from portal.refused import Refused


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_over(request: HttpRequest, slug: str) -> HttpResponse:
    """Two buttons for an editor of the town; for everybody else the ways to become one, or to ask."""
    rows = Initiative.objects.public().filter(origin=Initiative.Origin.COLLECTED)
    page = get_object_or_404(rows.select_related("municipality__organisation"), slug=slug)
    organisation = _town_of(request.user, page)
    if organisation and (answer := accounts.stop(request)) is not None:
        return answer
    if request.method != "POST":
        context = {"initiative": page, "organisation": organisation}
        return render(request, "initiatives/take_over.html", context)
    if organisation is None:
        raise Http404
    return _act(request, page, organisation)


def _town_of(user: object, page: Initiative) -> Organisation | None:
    """The organisation of the page's town, if the person is one of its editors."""
    town_s = page.municipality.organisation
    if town_s is None or not isinstance(user, User):
        return None
    wanted = (town_s.pk, Membership.Role.EDITOR)
    mine = {(m.organisation_id, m.role) for m in user.roles if roles.holds(m)}
    return town_s if wanted in mine else None


def _act(request: HttpRequest, page: Initiative, organisation: Organisation) -> HttpResponse:
    by, now = accounts.person(request), timezone.now()
    try:
        if request.POST.get("do") == "remove":
            context = {"initiative": page, "organisation": organisation, "sure": True}
            return render(request, "initiatives/take_over.html", context)
        if request.POST.get("do") == "remove-now":
            taking_over.remove(page, organisation=organisation, by=by, now=now)
            messages.success(request, _("Die Seite ist entfernt. Sie ist nicht mehr öffentlich."))
            return redirect("admin:index")
        taking_over.take_over(page, organisation=organisation, by=by, now=now)
    except Refused as refused:
        context = {"initiative": page, "organisation": organisation, "refused": str(refused)}
        return render(request, "initiatives/take_over.html", context, status=422)
    messages.success(request, _("Die Seite gehört jetzt Ihnen. Bitte prüfen Sie Text und Ansprechstelle."))
    return redirect("admin:initiatives_initiative_change", page.pk)
