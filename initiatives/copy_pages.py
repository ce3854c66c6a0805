"""„Nachmachen" and „Als Anregung merken" for those who are logged in (rule 22).

The public pages link here and stay the same for everybody. An editor with one town needs one click; who looks after
more chooses where; anybody else learns how to get access.
"""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from initiatives import copying
from initiatives.models import Bookmark, Idea, Initiative
from portal import accounts, roles
from portal.models import Municipality, Organisation, User
from portal.refused import Refused

Copy = Callable[[Municipality, Organisation], Initiative]


class WhereForm(forms.Form):
    """Which of one's towns the draft is for."""

    municipality = forms.ModelChoiceField(
        Municipality.objects.none(),
        label=gettext_lazy("Für welchen Ort?"),
        empty_label=None,
        error_messages={
            "required": gettext_lazy("Bitte wählen Sie einen Ort."),
            "invalid_choice": gettext_lazy("Bitte wählen Sie einen Ort aus der Liste."),
        },
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def copy_idea(request: HttpRequest, slug: str) -> HttpResponse:
    """One button that makes the draft from the idea's model Steckbrief."""
    idea = get_object_or_404(Idea, slug=slug)
    by, now = request.user, timezone.now()

    def copy(municipality: Municipality, organisation: Organisation) -> Initiative:
        return copying.copy_idea(idea, municipality=municipality, organisation=organisation, by=by, now=now)  # type: ignore[arg-type]

    return _copy(request, idea, copy)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def copy_initiative(request: HttpRequest, slug: str) -> HttpResponse:
    """One button that makes the draft from another town's initiative and its Steckbrief."""
    source = get_object_or_404(Initiative.objects.public().select_related("municipality", "idea"), slug=slug)
    by, now = request.user, timezone.now()

    def copy(municipality: Municipality, organisation: Organisation) -> Initiative:
        return copying.copy_initiative(
            source,
            municipality=municipality,
            organisation=organisation,
            by=by,  # type: ignore[arg-type]
            now=now,
        )

    return _copy(request, source, copy)


def _copy(request: HttpRequest, source: Idea | Initiative, copy: Copy) -> HttpResponse:
    mine = _organisations(request.user)
    if mine and (answer := accounts.stop(request)) is not None:
        return answer
    towns = _towns(mine)
    form = WhereForm(request.POST or None)
    form.fields["municipality"].queryset = towns  # type: ignore[attr-defined]
    page = {"source": source, "mine": mine, "form": form, "only": towns[0] if len(towns) == 1 else None}
    if request.method != "POST":
        return render(request, "ideas/copy.html", page | {"towns": towns})
    if not mine:
        raise Http404
    if not form.is_valid():
        return render(request, "ideas/copy.html", page | {"towns": towns}, status=422)
    town = form.cleaned_data["municipality"]
    try:
        draft = copy(town, town.organisation or mine[-1])  # in trust: the association's, which stands last
    except Refused as refused:
        return render(
            request, "ideas/copy.html", page | {"towns": towns, "refused": str(refused)}, status=422
        )
    messages.success(
        request,
        _(
            "Der Entwurf ist da. Schreiben Sie ihn für Ihren Ort um, nehmen Sie Namen von Menschen heraus, die noch darin "
            "stehen, und tragen Sie Ihre Ansprechstelle ein."
        ),
    )
    return redirect("admin:initiatives_initiative_change", draft.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bookmark(request: HttpRequest, slug: str) -> HttpResponse:
    """„Als Anregung merken", and later „Nicht mehr merken"."""
    initiative = get_object_or_404(Initiative.objects.public().select_related("municipality"), slug=slug)
    mine = _organisations(request.user)
    if mine and (answer := accounts.stop(request)) is not None:
        return answer
    if request.method == "POST":
        return _note(request, initiative, mine)
    noted = mine and Bookmark.objects.filter(initiative=initiative, organisation=mine[0]).exists()
    return render(request, "ideas/bookmark.html", {"source": initiative, "mine": mine, "noted": noted})


def _note(request: HttpRequest, initiative: Initiative, mine: list[Organisation]) -> HttpResponse:
    if not mine:
        raise Http404
    if request.POST.get("do") == "forget":
        copying.forget(initiative, organisation=mine[0])
        messages.success(request, _("Die Anregung steht nicht mehr auf Ihrer Startseite."))
    else:
        copying.note(initiative, organisation=mine[0], now=timezone.now())
        messages.success(request, _("Gemerkt. Die Anregung steht auf Ihrer Startseite unter „Zu tun“."))
    return redirect("admin:index")


def _organisations(user: object) -> list[Organisation]:
    """For whom the person writes initiatives; a town before the association."""
    if not isinstance(user, User):
        return []
    found = roles.organisations(user, "add", Initiative._meta.label_lower)
    return sorted(found, key=lambda each: each.kind == Organisation.Kind.ASSOCIATION)


def _towns(mine: list[Organisation]) -> QuerySet[Municipality]:
    """One's own towns; for the association those without a Redaktion, which it looks after in trust (rule 25)."""
    wanted = Q(organisation__in=[each.pk for each in mine])
    if any(each.kind == Organisation.Kind.ASSOCIATION for each in mine):
        wanted |= Q(organisation=None)
    return Municipality.objects.current().filter(wanted).select_related("organisation").order_by("name")
