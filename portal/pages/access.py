"""„Zugang anfordern": the form for towns, and the pages behind the link of its mail."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from initiatives.models import Initiative
from portal import access_requests, links, local_mails, sent_forms, throttle, traps
from portal.access_form import AccessForm
from portal.access_requests import CONFIRM, SENT
from portal.association import known
from portal.models import AccessRequest, Municipality
from portal.origin import guarded, shared
from portal.token_pages import page


@guarded
@throttle.limited("access", limit=10, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def request_access(request: HttpRequest) -> HttpResponse:
    """The form, with the page that somebody wants to take over („?seite=“) or their town („?ort=“) filled in.

    A POST asks for the click.
    """
    now = timezone.now()
    return _send(request, now) if request.method == "POST" else _ask(request, now)


@shared
def _ask(request: HttpRequest, now: datetime) -> HttpResponse:
    wanted = _collected(request.GET.get("seite", ""))
    initial = (
        {"municipality": wanted.municipality.name, "page": wanted.slug}
        if wanted
        else _town(request.GET.get("ort", ""))
    )
    form = AccessForm(initial=initial)
    return _page(request, form, wanted=wanted, issued=traps.issue_by_the_hour(now))


@never_cache
def _send(request: HttpRequest, now: datetime) -> HttpResponse:
    form = AccessForm(request.POST)

    def ask() -> HttpResponse:
        row = access_requests.ask(now=now, **form.cleaned_data)
        return HttpResponseRedirect(links.path("access:sent", SENT, row), status=303)

    def again(status: int) -> HttpResponse:
        wanted = _collected(request.POST.get("page", ""))
        return _page(request, form, wanted=wanted, issued=traps.issue(now), status=status)

    return sent_forms.send(request, form, ask, again=again, button=_("Zugang anfordern"), now=now)


def _town(slug: str) -> dict[str, str]:
    names = Municipality.objects.current().filter(slug=slug[:80]).values_list("name", flat=True)
    name = names.first() if slug else None
    return {"municipality": name} if name else {}


def _collected(slug: str) -> Initiative | None:
    rows = Initiative.objects.public().filter(origin=Initiative.Origin.COLLECTED)
    return rows.select_related("municipality").filter(slug=slug[:120]).first()


def _page(
    request: HttpRequest, form: AccessForm, *, wanted: Initiative | None, issued: str, status: int = 200
) -> HttpResponse:
    crumbs = [(_("Für Kommunen"), reverse("for_towns")), (_("Zugang anfordern"), "")]
    context = {"form": form, "issued": issued, "wanted": wanted, "controller": known(), "crumbs": crumbs}
    return render(request, "portal/access.html", context, status=status)


@page
def sent(request: HttpRequest, token: str) -> HttpResponse:
    """„Noch ein Klick": the same for every address, whatever we know of it."""
    row = links.read(SENT, token, AccessRequest)
    mails = local_mails.about(row.label, request)
    return render(
        request, "portal/access_sent.html", {"mails": mails, "mails_are_local": local_mails.shown()}
    )


@page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """One button that confirms; afterwards the same page says how the request stands."""
    row, now = links.read(CONFIRM, token, AccessRequest), timezone.now()
    if request.method == "POST" and access_requests.confirm(row, now=now):
        return HttpResponseRedirect(request.path, status=303)
    expired = access_requests.has_expired(row, now=now)
    return render(request, "portal/access_confirm.html", {"row": row, "expired": expired})
