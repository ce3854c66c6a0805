"""The page „Abwesenheit und Vertretung" of the Redaktion, each for oneself."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal import absence, accesslog, accounts
from portal.models import User
from portal.scoping import atomically


class AbsenceForm(forms.Form):
    """Until when, and who stands in."""

    until = forms.DateField(
        label=gettext_lazy("Abwesend bis einschließlich"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": gettext_lazy("Bitte nennen Sie den letzten Tag.")},
    )
    substitute = forms.ModelChoiceField(
        label=gettext_lazy("Vertretung durch"),
        queryset=User.objects.none(),
        empty_label=gettext_lazy("Bitte wählen"),
        error_messages={"required": gettext_lazy("Bitte wählen Sie, wer Sie vertritt.")},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["substitute"]
        field.queryset = absence.colleagues(user).order_by("name", "email")


@require_http_methods(["GET", "HEAD", "POST"])
def absence_page(request: HttpRequest) -> HttpResponse:
    """The form; „Ich bin wieder da" ends it."""
    user, now = accounts.person(request), timezone.now()
    if request.method == "POST" and request.POST.get("do") == "end":
        absence.end(user)
        _record(request, _("Abwesenheit beendet"))
        messages.success(request, _("Schön, dass Sie wieder da sind. Mails gehen nur noch an Sie."))
        return redirect("admin:index")
    initial = {"until": user.absent_until, "substitute": user.substitute_id}
    form = AbsenceForm(request.POST or None, user=user, initial=initial)
    if request.method == "POST" and form.is_valid():
        refused = atomically(lambda: absence.note(user, now=now, **form.cleaned_data))
        if not refused:
            _record(request, _("Abwesenheit eingetragen"))
            messages.success(request, _("Eingetragen. Mails an Sie gehen auch an Ihre Vertretung."))
            return redirect("admin:index")
        form.add_error(None, refused)
    is_away = bool(user.absent_until and user.absent_until >= timezone.localdate(now))
    page = {"title": _("Abwesenheit und Vertretung"), "form": form, "is_away": is_away}
    page["alone"] = not absence.colleagues(user).exists()
    status = 422 if form.errors else 200
    return TemplateResponse(
        request, "admin/absence.html", admin.site.each_context(request) | page, status=status
    )


def _record(request: HttpRequest, action: str) -> None:
    user = accounts.person(request)
    accesslog.record(user, action=action, about=f"user:{user.pk}", now=timezone.now())
