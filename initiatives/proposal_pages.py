"""„Eine Idee vorschlagen" without an account: the form, the look before sending, and the pages behind the mail.

The look is a step of the form, not an error, and needs no script: it says who will read the proposal (rule 25) and
what resembles it. Nothing is stored before the second button.
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from initiatives import proposals
from initiatives.models import Proposal
from initiatives.proposal_form import ProposalForm
from initiatives.proposals import CONFIRM, MANAGE, SENT
from initiatives.resembling import resembling
from portal import links, local_mails, places, sent_forms, throttle, traps
from portal.association import known
from portal.origin import guarded, shared
from portal.token_pages import page

LOOK, SEND, BACK = "look", "send", "back"  # what the buttons say


@guarded
@throttle.limited("proposal", limit=20, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest) -> HttpResponse:
    """The form, with the town of the page that one came from („?ort=“) filled in; a POST looks first, then sends."""
    now = timezone.now()
    return _post(request, now) if request.method == "POST" else _ask(request, now)


@shared
def _ask(request: HttpRequest, now: datetime) -> HttpResponse:
    form = ProposalForm(initial={"municipality": request.GET.get("ort", "")[: places.MAX_TEXT]})
    return _page(request, form, issued=traps.issue_by_the_hour(now))


@never_cache
def _post(request: HttpRequest, now: datetime) -> HttpResponse:
    do = request.POST.get("do")
    if do == BACK:
        return _page(request, ProposalForm(initial=request.POST.dict()), issued=traps.issue(now))
    form = ProposalForm(request.POST)

    def look() -> HttpResponse:
        return _look(request, form, now)

    def send() -> HttpResponse:
        row = proposals.send(now=now, **form.cleaned_data)
        return HttpResponseRedirect(links.path("proposal:sent", SENT, row), status=303)

    def again(status: int) -> HttpResponse:
        return _page(request, form, issued=traps.issue(now), status=status)

    sends = do == SEND
    button = _("Vorschlag absenden") if sends else _("Weiter zum Prüfen")
    return sent_forms.send(request, form, send if sends else look, again=again, button=button, now=now)


def _crumbs(here: str) -> list[tuple[str, str]]:
    return [(_("Initiativen"), reverse("initiatives:list")), (here, "")]


def _page(request: HttpRequest, form: ProposalForm, *, issued: str, status: int = 200) -> HttpResponse:
    context = {"form": form, "issued": issued, "controller": known(), "crumbs": _crumbs(_("Vorschlagen"))}
    return render(request, "initiatives/propose.html", context, status=status)


def _look(request: HttpRequest, form: ProposalForm, now: datetime) -> HttpResponse:
    said = form.cleaned_data
    town = said["municipality"]
    context = {
        "form": form,
        "said": said,
        "town": town,
        "organisation": town.organisation,
        "similar": resembling(said["title"], town),
        "issued": traps.issue(now),
        "controller": town.organisation.controller if town.organisation else known(),
        "crumbs": _crumbs(_("Vorschlag prüfen")),
    }
    return render(request, "initiatives/propose_look.html", context)


@page
def sent(request: HttpRequest, token: str) -> HttpResponse:
    """„Noch ein Klick": the same for every address, whatever we know of it."""
    row = links.read(SENT, token, Proposal)
    context = {"mails": local_mails.about(row.label, request), "mails_are_local": local_mails.shown()}
    return render(request, "initiatives/proposal_sent.html", context)


@page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """One button that confirms; afterwards the proposer's own page says how it stands."""
    row, now = links.read(CONFIRM, token, Proposal), timezone.now()
    if request.method == "POST":
        proposals.confirm(row, now=now)
    expired = proposals.has_expired(row, now=now)
    if not expired and (row.confirmed_at or request.method == "POST"):
        return HttpResponseRedirect(links.path("proposal:manage", MANAGE, row), status=303)
    return render(request, "initiatives/proposal_confirm.html", {"row": row, "expired": expired})


@page
def manage(request: HttpRequest, token: str) -> HttpResponse:
    """What was proposed, how it stands and what staff wrote; one button takes it back, with everything said."""
    row = links.read(MANAGE, token, Proposal)
    if request.method == "POST" and request.POST.get("do") == "withdraw":
        proposals.withdraw(row, now=timezone.now())
        return HttpResponseRedirect(reverse("initiatives:proposal_withdrawn"), status=303)
    return render(request, "initiatives/proposal.html", {"row": row, "page": row.initiative})


@shared
@require_safe
def withdrawn(request: HttpRequest) -> HttpResponse:
    """What has happened; the same for everybody."""
    return render(request, "initiatives/proposal_withdrawn.html", {"crumbs": _crumbs(_("Zurückgezogen"))})
