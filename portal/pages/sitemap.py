"""sitemap.xml: an index, and below it files of at most `MOST` addresses for each kind of page (sitemaps.org).

Files are short, so that the one with what changed is read anew and the others are not.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.http import require_safe

from initiatives.models import Idea, Initiative
from portal.models import Municipality
from portal.origin import shared
from seminars.models import Session
from volunteers.models import Opportunity

MOST = 10_000  # addresses in a file; the protocol allows 50,000
PAGES = (
    "start", "volunteers:list", "initiatives:list", "initiatives:map", "ideas:list", "initiatives:propose", "towns", "seminars:list", "for_towns", "open_data", "handbook",
    "plain_language", "accessibility", "privacy", "imprint", "report_weakness",
)  # fmt: skip
SCHEMA = "http://www.sitemaps.org/schemas/sitemap/0.9"
Entry = tuple[str, datetime | None]


def _actions() -> QuerySet:
    return Opportunity.objects.public().filter(is_example=False)


def _sessions() -> QuerySet:
    return Session.objects.public().filter(series__is_example=False)


def _towns() -> QuerySet:
    """Only those with something of their own: others are for people, not for search engines."""
    shown, wanted = Initiative.objects.public().order_by(), _actions().order_by()
    busy = Q(pk__in=shown.values("municipality")) | Q(pk__in=wanted.values("municipality"))
    return Municipality.objects.current().filter(busy)


# Word in the address of the file → its rows; those with `changed_at` say when.
KINDS: dict[str, Callable[[], QuerySet]] = {
    "initiativen": lambda: Initiative.objects.public(),
    "ideen": Idea.objects.all,
    "aktionen": _actions,
    "seminare": _sessions,
    "orte": _towns,
}


@shared
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The files that there are, and when something in each kind changed last: one statement a kind."""
    files: list[Entry] = [(reverse("sitemap_pages"), None)]
    for kind, rows in KINDS.items():
        n, changed = _extent(rows())
        files += [
            (reverse("sitemap_part", args=[kind, part]), changed) for part in range(1, -(-n // MOST) + 1)
        ]
    return _xml("sitemapindex", "sitemap", files)


def _extent(rows: QuerySet) -> tuple[int, datetime | None]:
    wanted: dict[str, Any] = {"n": Count("pk")}
    if _has_time(rows):
        wanted["changed"] = Max("changed_at")
    found = rows.order_by().aggregate(**wanted)
    return found["n"], found.get("changed")


def _has_time(rows: QuerySet) -> bool:
    return any(field.name == "changed_at" for field in rows.model._meta.fields)


@shared
@require_safe
def pages(request: HttpRequest) -> HttpResponse:
    """The pages that are always there."""
    return _xml("urlset", "url", [(reverse(name), None) for name in PAGES])


@shared
@require_safe
def part(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """One file of a kind."""
    if kind not in KINDS or not 1 <= number <= 10_000:
        raise Http404
    rows = KINDS[kind]().order_by("pk")
    columns = ["slug", "changed_at"] if _has_time(rows) else ["slug"]
    found = rows.only(*columns)[(number - 1) * MOST : number * MOST]
    entries = [(row.get_absolute_url(), getattr(row, "changed_at", None)) for row in found]
    if not entries:
        raise Http404
    return _xml("urlset", "url", entries)


def _xml(root: str, name: str, entries: Iterable[Entry]) -> HttpResponse:
    content = "".join(_lines(root, name, entries))
    return HttpResponse(content, content_type="application/xml")


def _lines(root: str, name: str, entries: Iterable[Entry]) -> Iterator[str]:
    """Put together by hand: a template takes seconds for ten thousand."""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{SCHEMA}">\n'
    for path, changed in entries:
        last = f"<lastmod>{changed:%Y-%m-%dT%H:%M:%SZ}</lastmod>" if changed else ""
        yield f"<{name}><loc>{escape(settings.SITE_URL + path)}</loc>{last}</{name}>\n"
    yield f"</{root}>\n"
