"""/ideen/: what works elsewhere, what it takes, and where it can be seen. Public and session-blind."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives import idea_sheet
from initiatives.models import Idea, IdeaFile, Initiative
from initiatives.spread import Spread, spreads
from initiatives.topics import drawing
from portal import places, slugs, uploads
from portal.origin import shared
from portal.places import PlaceSearch

SHOWN = 12  # initiatives on the page of an idea


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All ideas, each with how many places show it and, with „?ort=“, how far the next one is."""
    search = places.search_place(request.GET.get("ort", ""))
    found = spreads(search)
    ideas = list(Idea.objects.prefetch_related("topics"))
    for idea in ideas:
        idea.drawing = drawing_of(idea)  # type: ignore[attr-defined]
        idea.spread = found.get(idea.pk, Spread())  # type: ignore[attr-defined]
    page = {
        "ideas": ideas,
        "search": search,
        "noindex": bool(search.text),
        "crumbs": [(_("Initiativen"), reverse("initiatives:list")), (_("Ideen"), "")],
    }
    return render(request, "ideas/index.html", page)


@shared
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """What it is, what it takes, who shows it (nearest first where a place is given), and the first steps."""
    idea = _idea(slug)
    search = places.search_place(request.GET.get("ort", ""))
    page = {
        "idea": idea,
        "drawing": drawing_of(idea),
        "blueprint": getattr(idea, "blueprint", None),
        "search": search,
        "spread": spreads(search, idea=idea).get(idea.pk, Spread()),
        "initiatives": _shown(idea, search),
        "files": list(idea.files.all()),
        "noindex": bool(search.text),
        "crumbs": [
            (_("Initiativen"), reverse("initiatives:list")),
            (_("Ideen"), reverse("ideas:list")),
            (idea.name, ""),
        ],
    }
    return render(request, "ideas/detail.html", page)


@shared
@require_safe
def sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """The Steckbrief as a PDF."""
    idea = _idea(slug)
    answer = HttpResponse(idea_sheet.of_idea(idea), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="idee-{idea.slug}.pdf"'
    return answer


@shared
@require_safe
def file(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One of its files, to be kept and not to be shown here."""
    row = get_object_or_404(IdeaFile.objects.select_related("idea"), pk=pk, idea__slug=slug)
    try:
        content = row.file.open("rb").read()
    except FileNotFoundError:
        raise Http404 from None
    name = f"{slugs.slugify_german(row.title) or 'datei'}.pdf"
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Content-Security-Policy"] = uploads.SANDBOX
    return answer


def drawing_of(idea: Idea) -> str:
    """Its drawing in static/topics/; the topics are prefetched in lists."""
    topics = list(idea.topics.all())
    return drawing(idea.name, topics[0].slug) if topics else ""


def _idea(slug: str) -> Idea:
    found = slugs.find(Idea.objects.select_related("blueprint"), slug)
    if found is None:
        raise Http404
    return found


def _shown(idea: Idea, search: PlaceSearch) -> list[Initiative]:
    rows = Initiative.objects.public().filter(idea=idea)
    rows = rows.nearest_first(search.point) if search.point is not None else rows.ranked()
    return list(rows.for_cards()[:SHOWN])
