"""„Barriere melden": the form of the declaration of accessibility, without account and without cookies."""

from datetime import datetime

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal import barriers, inputs, sent_forms, throttle, traps
from portal.association import known
from portal.origin import guarded, shared

LENGTH = 2000  # characters


class BarrierForm(forms.Form):
    """What hinders, on which page, and whom to answer."""

    what = forms.CharField(
        label=gettext_lazy("Was wollten Sie tun, und was ging nicht?"),
        help_text=gettext_lazy("Gern auch, womit Sie arbeiten: zum Beispiel Bildschirmleser oder Tastatur."),
        max_length=LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": gettext_lazy("Bitte schreiben Sie, was nicht ging."),
            "max_length": gettext_lazy("Das ist zu lang. Bitte nehmen Sie höchstens 2000 Zeichen."),
        },
    )
    where = forms.CharField(
        label=gettext_lazy("Auf welcher Seite?"),
        help_text=gettext_lazy("Die Überschrift der Seite oder ihre Adresse."),
        required=False,
        max_length=300,
        error_messages={"max_length": gettext_lazy("Das ist zu lang. Die Überschrift der Seite reicht.")},
    )
    email = inputs.EmailField(required=False, help_text=gettext_lazy("Nur wenn wir Ihnen antworten sollen."))


@guarded
@throttle.limited("barrier", limit=10, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def barrier(request: HttpRequest) -> HttpResponse:
    """The form; a POST sends the report to the association."""
    now = timezone.now()
    return _send(request, now) if request.method == "POST" else _ask(request, now)


@shared
def _ask(request: HttpRequest, now: datetime) -> HttpResponse:
    return _page(request, BarrierForm(), issued=traps.issue_by_the_hour(now))


@never_cache
def _send(request: HttpRequest, now: datetime) -> HttpResponse:
    form = BarrierForm(request.POST)

    def report() -> HttpResponse:
        said = form.cleaned_data | {"now": now}
        if not barriers.known(**said) and throttle.over(
            request, "barriers-of-a-day", limit=barriers.A_DAY_FROM_ONE, seconds=24 * 3600
        ):
            raise barriers.full()
        barriers.report(**said)
        return HttpResponseRedirect(reverse("barrier_sent"), status=303)

    def again(status: int) -> HttpResponse:
        return _page(request, form, issued=traps.issue(now), status=status)

    return sent_forms.send(request, form, report, again=again, button=_("Absenden"), now=now)


def _page(request: HttpRequest, form: BarrierForm, *, issued: str, status: int = 200) -> HttpResponse:
    page = {"form": form, "issued": issued, "crumbs": _crumbs(_("Barriere melden"))}
    page["controller"] = known()
    return render(request, "portal/barrier.html", page, status=status)


def _crumbs(here: str) -> list[tuple[str, str]]:
    return [(_("Barrierefreiheit"), reverse("accessibility")), (here, "")]


@shared
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """What happens next; the same for everybody."""
    return render(request, "portal/barrier_sent.html", {"crumbs": _crumbs(_("Gemeldet"))})
