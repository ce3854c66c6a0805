"""The handbook for clerks, open to everybody: also who has no access yet may see how the work is done."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import handbook
from portal.origin import shared


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The table of contents."""
    page = {"chapters": handbook.chapters(), "crumbs": [(_("Handbuch"), "")]}
    return render(request, "handbook/index.html", page)


@shared
@require_safe
def chapter(request: HttpRequest, slug: str) -> HttpResponse:
    """One task, with the way to the next."""
    found = handbook.chapters()
    at = next((n for n, each in enumerate(found) if each.slug == slug), None)
    if at is None:
        raise Http404
    page = {
        "chapter": found[at],
        "following": found[at + 1] if at + 1 < len(found) else None,
        # The shape of the pictures, and what they measure without CSS; with it they are as wide as the text.
        "width": handbook.WIDTH * 12 // 25,
        "height": handbook.HEIGHT * 12 // 25,
        "crumbs": [(_("Handbuch"), reverse("handbook")), (found[at].title, "")],
    }
    return render(request, "handbook/chapter.html", page)
