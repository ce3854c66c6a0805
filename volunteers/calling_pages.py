"""„Hilfe suchen", copy and repeat in the Redaktion: pages of the actions' admin, which says what is mine."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext

from portal import accounts
from portal.models import Municipality
from portal.scoping import atomically
from volunteers import calling
from volunteers.calling_forms import CallForm, CopyForm, DaysForm, UntilForm
from volunteers.models import Opportunity


def _page(admin: Any, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    facts = admin.admin_site.each_context(request) | {"opts": admin.opts}
    return render(request, f"admin/calling/{template}.html", facts | context)


def _mine(admin: Any, request: HttpRequest, object_id: int) -> Opportunity:
    """An action that I may change, where I may add another; else 404."""
    action: Opportunity = get_object_or_404(admin.get_queryset(request), pk=object_id)
    if not (admin.has_change_permission(request, action) and admin.has_add_permission(request)):
        raise Http404
    return action


def call(admin: Any, request: HttpRequest) -> HttpResponse:
    """The seven questions for one town; saved as a draft or public at once."""
    if not admin.has_add_permission(request):
        raise Http404
    towns = admin.towns(request, None).order_by("name")
    town = _town(towns, request.GET.get("ort", ""))
    title = gettext("Hilfe suchen: neuer Termin")
    if town is None:
        return _page(admin, request, "town", {"title": title, "towns": towns})
    action = Opportunity(municipality=town)
    action.organisation = admin.organisation_for(request, action)
    is_draft = "_draft" in request.POST
    form = admin.get_form(request, None, form=CallForm, fields=CallForm.OF_ACTION)(
        request.POST or None,
        instance=action,
        is_draft=is_draft,
        initial=calling.defaults(town, organisation=action.organisation, user=accounts.person(request)),
    )
    if form.is_valid():
        if not (refused := atomically(lambda: _begin(admin, request, form, is_public=not is_draft))):
            return _begun(request, form.instance)
        form.instance.pk = None
        form.add_error(None, refused)
    return _page(admin, request, "call", {"title": title, "form": form, "town": town})


def _town(towns: Any, wanted: str) -> Municipality | None:
    """The one town there is, or the one that was chosen; 404 for one that is not mine."""
    if wanted:
        town: Municipality = get_object_or_404(towns, pk=wanted if wanted.isdecimal() else None)
        return town
    few = list(towns[:2])
    return few[0] if len(few) == 1 else None


def _begin(admin: Any, request: HttpRequest, form: CallForm, *, is_public: bool) -> None:
    action = form.save(commit=False)
    calling.call(action, shift=form.shift(), is_public=is_public, now=timezone.now())
    if not admin.allows(request, "add", action):
        raise PermissionDenied
    admin.log_addition(request, action, gettext("Veröffentlicht.") if is_public else gettext("Entwurf."))


def _begun(request: HttpRequest, action: Opportunity) -> HttpResponse:
    """A public one: back to the start page, where its date stands now. A draft: to what is still missing."""
    if action.is_public:
        words = gettext("Veröffentlicht: „{}“. {}")
        look = format_html(
            '<a href="{}">{}</a>', action.get_absolute_url(), gettext("So sehen es die Bürger")
        )
        messages.success(request, format_html(words, action.title, look))
        return redirect("admin:index")
    messages.success(
        request, gettext("Der Entwurf ist gespeichert. Veröffentlichen können Sie ihn ganz unten.")
    )
    return redirect("admin:volunteers_opportunity_change", action.pk)


def copy(admin: Any, request: HttpRequest, object_id: int) -> HttpResponse:
    """A draft like this action, with its dates on other days or without."""
    action = _mine(admin, request, object_id)
    form = CopyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made: list[Opportunity] = []
        day = form.cleaned_data["first_day"]
        refused = atomically(lambda: made.append(calling.copy(action, first_day=day, now=timezone.now())))
        if not refused:
            admin.log_addition(request, made[0], gettext("Kopie von „%s“.") % action.title)
            messages.success(request, gettext("Die Kopie ist ein Entwurf; angemeldet ist dort niemand."))
            return redirect("admin:volunteers_opportunity_change", made[0].pk)
        form.add_error(None, refused)
    context = {"title": gettext("Aktion kopieren"), "form": form, "original": action}
    return _page(admin, request, "copy", context)


def repeat(admin: Any, request: HttpRequest, object_id: int) -> HttpResponse:
    """Which date, until when; then the days with ticks; then they stand there."""
    action, now = _mine(admin, request, object_id), timezone.now()
    asked = UntilForm(request.GET or None, opportunity=action)
    days = None
    if asked.is_valid():
        shift, until = asked.cleaned_data["termin"], asked.cleaned_data["bis"]
        days = DaysForm(request.POST or None, shift=shift, until=until, now=now)
        if request.method == "POST" and days.is_valid():
            chosen = days.cleaned_data["tage"]
            refused = atomically(lambda: calling.repeat(shift, days=chosen, now=now))
            if not refused:
                _repeated(admin, request, action, len(chosen))
                return redirect("admin:volunteers_opportunity_change", action.pk)
            days.add_error(None, refused)
    context = {
        "title": gettext("Jede Woche wiederholen"), "form": days or asked, "asked": asked, "days": days,
        "original": action,
    }  # fmt: skip
    return _page(admin, request, "repeat", context)


def _repeated(admin: Any, request: HttpRequest, action: Opportunity, n: int) -> None:
    words = ngettext("%s Termin ist dazugekommen.", "%s Termine sind dazugekommen.", n) % n
    admin.log_change(request, action, words)
    messages.success(request, words)


def tools(action: Opportunity) -> list[dict[str, str]]:
    """The ways to these pages beside an action's form."""
    return [
        {
            "url": reverse("admin:volunteers_opportunity_repeat", args=[action.pk]),
            "label": gettext("Jede Woche wiederholen"),
        },
        {"url": reverse("admin:volunteers_opportunity_copy", args=[action.pk]), "label": gettext("Kopieren")},
    ]
