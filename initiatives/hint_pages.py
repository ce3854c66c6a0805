"""„Hinweis geben" and „Seite entfernen lassen": public forms about one page, without account and cookies."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from initiatives import hints
from initiatives.models import Hint, Initiative
from portal import inputs, sent_forms, throttle, traps
from portal.origin import guarded, shared

LENGTH = 2000  # characters
Kind = Hint.Kind


class HintForm(forms.Form):
    """What is wrong with the page, and whom to answer; whoever wants it removed need not say why."""

    text = forms.CharField(
        label=gettext_lazy("Was stimmt nicht?"),
        help_text=gettext_lazy("Zum Beispiel: Die Gruppe gibt es nicht mehr, der Name hat sich geändert."),
        max_length=LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={
            "required": gettext_lazy("Bitte schreiben Sie, was nicht stimmt."),
            "max_length": gettext_lazy("Das ist zu lang. Bitte nehmen Sie höchstens 2000 Zeichen."),
        },
    )
    email = inputs.EmailField(required=False, help_text=gettext_lazy("Nur wenn wir Ihnen antworten sollen."))

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind == Kind.REMOVAL:
            self.fields["text"].required = False
            self.fields["text"].label = _("Möchten Sie etwas dazu sagen?")
            self.fields["text"].help_text = _("Einen Grund brauchen Sie nicht zu nennen.")


def find(slug: str) -> Initiative:
    """The public page of this address, with who answers for it; Http404 for any other."""
    rows = Initiative.objects.public().select_related("municipality", "organisation")
    found = rows.filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


@guarded
@throttle.limited("hint", limit=10, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def hint(request: HttpRequest, slug: str, kind: str = Kind.HINT) -> HttpResponse:
    """The form about a public page; a POST puts it before whoever answers for the page."""
    page, now = find(slug), timezone.now()
    if kind == Kind.REMOVAL and page.origin != Initiative.Origin.COLLECTED:
        raise Http404
    return _send(request, page, kind, now) if request.method == "POST" else _ask(request, page, kind, now)


@shared
def _ask(request: HttpRequest, page: Initiative, kind: str, now: datetime) -> HttpResponse:
    return _page(request, page, kind, HintForm(kind=kind), issued=traps.issue_by_the_hour(now))


@never_cache
def _send(request: HttpRequest, page: Initiative, kind: str, now: datetime) -> HttpResponse:
    form = HintForm(request.POST, kind=kind)

    def give() -> HttpResponse:
        hints.give(page, kind=kind, now=now, **form.cleaned_data)
        return HttpResponseRedirect(reverse("initiatives:hint_sent", args=[page.slug]), status=303)

    def again(status: int) -> HttpResponse:
        return _page(request, page, kind, form, issued=traps.issue(now), status=status)

    return sent_forms.send(request, form, give, again=again, button=_("Absenden"), now=now)


def _page(
    request: HttpRequest, page: Initiative, kind: str, form: HintForm, *, issued: str, status: int = 200
) -> HttpResponse:
    removal = kind == Kind.REMOVAL
    title = _("Seite entfernen lassen") if removal else _("Hinweis geben")
    context = {
        "initiative": page,
        "form": form,
        "issued": issued,
        "title": title,
        "is_removal": removal,
        "controller": page.organisation.controller,
        "crumbs": crumbs(page, title),
    }
    return render(request, "initiatives/hint.html", context, status=status)


def crumbs(page: Initiative, here: str) -> list[tuple[str, str]]:
    return [
        (_("Initiativen"), reverse("initiatives:list")),
        (page.title, page.get_absolute_url()),
        (here, ""),
    ]


@shared
@require_safe
def sent(request: HttpRequest, slug: str) -> HttpResponse:
    """What happens next; the same for everybody."""
    page = find(slug)
    context = {"initiative": page, "crumbs": crumbs(page, _("Danke"))}
    return render(request, "initiatives/hint_sent.html", context)
