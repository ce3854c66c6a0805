"""„Nach Erfahrungen fragen": the form about a public page, and the pages behind the link of its mail."""

from datetime import datetime

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from initiatives import hint_pages, inquiries
from initiatives.inquiries import CONFIRM, SENT
from initiatives.models import Initiative, Inquiry
from portal import inputs, links, local_mails, sent_forms, throttle, traps
from portal.origin import guarded, shared
from portal.token_pages import page as token_page


class InquiryForm(forms.Form):
    """Who asks, and what they want to know."""

    text = forms.CharField(
        label=gettext_lazy("Was möchten Sie wissen?"),
        help_text=gettext_lazy("Zum Beispiel: Wie haben Sie angefangen? Was hat es gekostet?"),
        max_length=hint_pages.LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": gettext_lazy("Bitte schreiben Sie Ihre Frage."),
            "max_length": gettext_lazy("Das ist zu lang. Bitte nehmen Sie höchstens 2000 Zeichen."),
        },
    )
    name = forms.CharField(
        label=gettext_lazy("Ihr Name"),
        max_length=320,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": gettext_lazy("Bitte geben Sie Ihren Namen ein.")},
    )
    email = inputs.EmailField(
        help_text=gettext_lazy("Dorthin geht die Antwort, und vorher ein Link zum Bestätigen.")
    )
    organisation = forms.CharField(
        label=gettext_lazy("Ihre Kommune oder Ihr Verein"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={
            "max_length": gettext_lazy("Das ist zu lang. Bitte nehmen Sie höchstens 120 Zeichen.")
        },
    )

    def clean_name(self) -> str:
        return inputs.clean_name(self.cleaned_data["name"])

    def clean_organisation(self) -> str:
        said = " ".join(inputs.nfc(self.cleaned_data["organisation"]).split())
        inputs.validate_line(said)
        return said


@guarded
@throttle.limited("inquiry", limit=10, seconds=600)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """The form about a public page; a POST asks for the click in the mail."""
    page, now = hint_pages.find(slug), timezone.now()
    return _send(request, page, now) if request.method == "POST" else _form(request, page, now)


@shared
def _form(request: HttpRequest, page: Initiative, now: datetime) -> HttpResponse:
    return _page(request, page, InquiryForm(), issued=traps.issue_by_the_hour(now))


@never_cache
def _send(request: HttpRequest, page: Initiative, now: datetime) -> HttpResponse:
    form = InquiryForm(request.POST)

    def verb() -> HttpResponse:
        row = inquiries.ask(page, now=now, **form.cleaned_data)
        return HttpResponseRedirect(links.path("inquiry:sent", SENT, row), status=303)

    def again(status: int) -> HttpResponse:
        return _page(request, page, form, issued=traps.issue(now), status=status)

    return sent_forms.send(request, form, verb, again=again, button=_("Frage absenden"), now=now)


def _page(
    request: HttpRequest, page: Initiative, form: InquiryForm, *, issued: str, status: int = 200
) -> HttpResponse:
    context = {
        "initiative": page,
        "form": form,
        "issued": issued,
        "controller": page.organisation.controller,
        "crumbs": hint_pages.crumbs(page, _("Nach Erfahrungen fragen")),
    }
    return render(request, "initiatives/inquiry.html", context, status=status)


@token_page
def sent(request: HttpRequest, token: str) -> HttpResponse:
    """„Noch ein Klick": the same for every address, whatever we know of it."""
    row = links.read(SENT, token, Inquiry)
    mails = local_mails.about(row.label, request)
    context = {"mails": mails, "mails_are_local": local_mails.shown(), "row": row}
    return render(request, "initiatives/inquiry_sent.html", context)


@token_page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """One button that confirms; afterwards the same page says how the question stands."""
    row, now = links.read(CONFIRM, token, Inquiry), timezone.now()
    if request.method == "POST" and inquiries.confirm(row, now=now):
        return HttpResponseRedirect(request.path, status=303)
    context = {"row": row, "expired": inquiries.has_expired(row, now=now)}
    return render(request, "initiatives/inquiry_confirm.html", context)
