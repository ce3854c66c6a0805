"""„Das wünsche ich mir auch": the public form about an initiative or an idea; its links are those of `watch_pages`."""

from datetime import datetime

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from initiatives import hint_pages, wishes
from initiatives.models import Idea, Initiative
from portal import inputs, sent_forms, throttle, traps, watch_pages
from portal.association import known
from portal.origin import guarded, shared
from portal.town_field import TownField
from portal.watches import SENT

Thing = Initiative | Idea


class WishForm(forms.Form):
    """Where, and who."""

    ort = TownField(label=gettext_lazy("Für welche Stadt oder Gemeinde?"))
    email = inputs.EmailField(help_text=gettext_lazy("Dorthin schicken wir einen Link zum Bestätigen."))


@guarded
@throttle.limited("wish", limit=10, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def for_initiative(request: HttpRequest, slug: str) -> HttpResponse:
    """The form about a public initiative; a POST asks for the click in the mail."""
    return _answer(request, hint_pages.find(slug))


@guarded
@throttle.limited("wish", limit=10, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def for_idea(request: HttpRequest, slug: str) -> HttpResponse:
    """The same about an idea."""
    return _answer(request, get_object_or_404(Idea, slug=slug))


def _answer(request: HttpRequest, thing: Thing) -> HttpResponse:
    now = timezone.now()
    return _send(request, thing, now) if request.method == "POST" else _form(request, thing, now)


@shared
def _form(request: HttpRequest, thing: Thing, now: datetime) -> HttpResponse:
    return _page(request, thing, WishForm(), issued=traps.issue_by_the_hour(now))


@never_cache
def _send(request: HttpRequest, thing: Thing, now: datetime) -> HttpResponse:
    form = WishForm(request.POST)

    def verb() -> HttpResponse:
        said = {"email": form.cleaned_data["email"], "municipality": form.cleaned_data["ort"]}
        return watch_pages.to("sent", SENT, wishes.wish(thing=thing, now=now, **said))

    def again(status: int) -> HttpResponse:
        return _page(request, thing, form, issued=traps.issue(now), status=status)

    return sent_forms.send(request, form, verb, again=again, button=_("Wunsch absenden"), now=now)


def _page(
    request: HttpRequest, thing: Thing, form: WishForm, *, issued: str, status: int = 200
) -> HttpResponse:
    is_idea = isinstance(thing, Idea)
    above = (
        (_("Ideen"), reverse("ideas:list")) if is_idea else (_("Initiativen"), reverse("initiatives:list"))
    )
    context = {
        "thing": thing,
        "form": form,
        "issued": issued,
        "controller": known(),
        "crumbs": [above, (str(thing), thing.get_absolute_url()), (_("Das wünsche ich mir auch"), "")],
    }
    return render(request, "wish/form.html", context, status=status)
