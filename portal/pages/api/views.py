"""The addresses of the open data: read only, the same for everybody, also for scripts of other sites."""

from typing import Any
from urllib.parse import quote

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.pages.api import asked, paging
from portal.pages.api.document import LICENCE_URL, document, entry_fields
from portal.pages.api.fields import absolute, values
from portal.pages.api.parts import Resource
from portal.pages.api.resources import LISTS, resources
from portal.pages.opened import opened
from portal.problems import Problem

PAGING = ("cursor", "limit")


@opened
def index(request: HttpRequest) -> HttpResponse:
    """Where everything is."""
    _refuse_other(request, ())
    return _json(values(entry_fields(resources(timezone.now()).values()), None))


@opened
def openapi(request: HttpRequest) -> HttpResponse:
    """The published schema."""
    _refuse_other(request, ())
    return _json(document(resources(timezone.now()).values()))


@opened
def rows(request: HttpRequest, name: str) -> HttpResponse:
    """One page of a list."""
    now = timezone.now()
    kind = resources(now)[name]
    _refuse_other(request, (*PAGING, *asked.names(kind)))
    page = paging.page(
        asked.of(kind, request.GET, now=now),
        by=kind.by,
        cursor=request.GET.get("cursor", ""),
        limit=paging.limit(request.GET.get("limit", "")),
    )
    given = [(key, quote(str(value))) for key, value in request.GET.items() if key != "cursor"]
    beside = paging.rels(page, absolute(request.path), given)
    body = {
        "items": [values(kind.fields, row) for row in page.rows],
        "next": beside.get("next"),
        "prev": beside.get("prev"),
    }
    return _json(body, links=beside)


@opened
def row(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """One row with all that is said of it."""
    _refuse_other(request, ())
    now = timezone.now()
    kind = resources(now)[name]
    found = _find(kind, number, now)
    return _json(values((*kind.fields, *kind.more), found))


def _find(kind: Resource, number: int, now: Any) -> Any:
    found = next(iter(kind.rows(now).filter(pk=number).order_by()[:1]), None) if number < 2**63 else None
    if found is None:
        raise Problem(404, _("Diesen Eintrag gibt es nicht, oder er ist nicht öffentlich."))
    return found


@opened
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Every other address below /api/; one that lacks its last stroke leads on."""
    if f"{request.path}/" in {reverse("api:index"), *(reverse(f"api:{name}") for name in LISTS)}:
        query = f"?{request.META['QUERY_STRING']}" if request.META["QUERY_STRING"] else ""
        return HttpResponsePermanentRedirect(f"{request.path}/{query}")
    raise Problem(
        404, _("Diese Adresse gibt es nicht. Was es gibt, sagt %s.") % absolute(reverse("api:index"))
    )


def _refuse_other(request: HttpRequest, known: tuple[str, ...]) -> None:
    """A parameter that nobody knows is a slip: better said than ignored. Raises Problem 400."""
    for name in request.GET:
        if name not in known:
            words = ", ".join(known) or _("keine")
            raise Problem(400, _("Unbekannter Parameter. Möglich sind hier: %s.") % words)
        if len(request.GET.getlist(name)) > 1:
            raise Problem(400, _("„%s“ steht mehr als einmal in der Adresse.") % name)


def _json(body: Any, *, links: dict[str, str] | None = None) -> HttpResponse:
    answer = JsonResponse(body, encoder=DjangoJSONEncoder, json_dumps_params={"ensure_ascii": False})
    found = (links or {}) | {"license": LICENCE_URL, "service-desc": absolute(reverse("api:openapi"))}
    answer.headers["Link"] = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in found.items())
    return answer
