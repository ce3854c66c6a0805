"""„Zweiten Faktor zurücksetzen" in the Redaktion: a page that asks for the call back first (rule 36)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accounts, factor_reset, inputs
from portal.models import User
from portal.scoping import ScopedAdmin
from portal.widgets import StaffField


class ResetForm(forms.Form):
    """Whom one called, and why; that one knew the voice is what keeps a stranger out."""

    bound_field_class = StaffField
    called = forms.CharField(
        label=_("Unter welcher Nummer haben Sie zurückgerufen?"),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=_(
            "Eine dienstliche Nummer aus Ihren Unterlagen oder von der Internetseite der Kommune, nicht die, die "
            "Ihnen am Telefon genannt wurde. Sie steht danach im Protokoll."
        ),
    )
    reason = forms.ChoiceField(
        label=_("Warum?"), choices=[("", _("Bitte wählen")), *factor_reset.Reason.choices]
    )
    sure = forms.BooleanField(
        label=_("Ich habe mit der Person selbst gesprochen und bin sicher, dass sie es ist")
    )

    def clean_called(self) -> str:
        try:
            return inputs.clean_phone(self.cleaned_data["called"])
        except forms.ValidationError as error:
            said = gettext("Bitte geben Sie die Nummer mit Vorwahl ein, zum Beispiel: 06404 8060.")
            raise forms.ValidationError(said) from error


class ResetsFactors(ScopedAdmin):
    """The page, for the admin of accounts."""

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.reset_view)
        return [
            path("<int:object_id>/zweiter-faktor/", page, name="portal_user_reset"),
            *super().get_urls(),
        ]

    def may_reset(self, request: HttpRequest, user: User) -> bool:
        """Examples have no factor; who is out of service does not come in anyway."""
        return user.is_active and not user.is_demo and self.has_change_permission(request, user)

    def reset_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        user = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.may_reset(request, user):
            raise Http404
        form = ResetForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            factor_reset.reset(
                user,
                by=accounts.person(request),
                called=form.cleaned_data["called"],
                reason=factor_reset.Reason(form.cleaned_data["reason"]),
                now=timezone.now(),
            )
            said = gettext(
                "Der zweite Faktor ist zurückgesetzt. Beim nächsten Anmelden wird er neu eingerichtet."
            )
            messages.success(request, said)
            return redirect("admin:portal_user_change", user.pk)
        title = gettext("Zweiten Faktor zurücksetzen")
        more = {"title": title, "form": form, "account": user, "opts": self.opts}
        return render(request, "admin/factor_reset.html", self.admin_site.each_context(request) | more)
