"""„Noch aktuell?" behind the link of its mail: one question for each page of the contact, one button."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from initiatives import still_current
from initiatives.models import Initiative, StillCurrent
from initiatives.still_current import ANSWER, CHANGED, ENDED, TRUE, Said
from portal import links
from portal.refused import Refused
from portal.token_pages import page

LENGTH = 2000  # characters
ANSWERS = [
    (TRUE, gettext_lazy("Stimmt noch")),
    (CHANGED, gettext_lazy("Hat sich geändert")),
    (ENDED, gettext_lazy("Gibt es nicht mehr")),
]


class CurrentForm(forms.Form):
    """For each page „was_<key>" and „text_<key>"; `said()` leaves out what nobody answered."""

    def __init__(self, *args: Any, pages: list[Initiative], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pages = pages
        for each in pages:
            self.fields[f"was_{each.pk}"] = forms.ChoiceField(
                label=_("Stimmt „%s“ noch?") % each.title,
                choices=ANSWERS,
                widget=forms.RadioSelect,
                required=False,
            )
            self.fields[f"text_{each.pk}"] = forms.CharField(
                label=_("Was hat sich bei „%s“ geändert?") % each.title,
                help_text=_("Nur wenn sich etwas geändert hat. Geht an die Redaktion."),
                max_length=LENGTH,
                required=False,
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    def rows(self) -> list[tuple[Initiative, Any, Any]]:
        return [(each, self[f"was_{each.pk}"], self[f"text_{each.pk}"]) for each in self.pages]

    def clean(self) -> dict[str, Any]:
        """Something is answered, and a change says what it is."""
        data: dict[str, Any] = super().clean() or {}
        for each in self.pages:
            if data.get(f"was_{each.pk}") == CHANGED and not data.get(f"text_{each.pk}"):
                self.add_error(f"text_{each.pk}", _("Bitte schreiben Sie, was sich geändert hat."))
        if not self.errors and not any(data.get(f"was_{each.pk}") for each in self.pages):
            raise forms.ValidationError(_("Bitte wählen Sie mindestens bei einer Seite eine Antwort."))
        return data

    def said(self) -> list[Said]:
        data = self.cleaned_data
        return [Said(each, data[f"was_{each.pk}"], data[f"text_{each.pk}"]) for each in self.pages]


@page
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """All pages of the contact, as they are now; answering twice does no harm."""
    row = links.read(ANSWER, token, StillCurrent)
    form = CurrentForm(request.POST or None, pages=list(row.pages()))
    status = 200
    if request.method == "POST":
        if form.is_valid() and (done := _answered(request, row, form)):
            return done
        status = 422
    context = {"row": row, "form": form, "thanks": request.GET.get("ok") == "danke"}
    return render(request, "initiatives/still_current.html", context, status=status)


def _answered(request: HttpRequest, row: StillCurrent, form: CurrentForm) -> HttpResponse | None:
    try:
        still_current.answer(row, form.said(), now=timezone.now())
    except Refused as refused:
        form.add_error(None, str(refused))
        return None
    return HttpResponseRedirect(f"{request.path}?ok=danke", status=303)
