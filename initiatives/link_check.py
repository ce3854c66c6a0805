"""Once a week each link on a public page is looked at; one that fails twice, a week apart, is called broken.

Work is found in the database: `read_pages` notes which links stand where, `check` looks at a few that are due. It is
bounded (so many a run, seconds in all) and polite (one of each host a run, HEAD first). No request runs inside a
transaction. A run in which nobody at all could be reached says something about our own net, so it is not counted.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from urllib.parse import urldefrag, urlsplit

from django.db import transaction
from django.db.models import F, Min, Q

from initiatives.models import Initiative, PageLink
from portal import markdown, outside

EVERY = timedelta(days=7)
AGAIN = timedelta(hours=1)  # after a run without any answer
PAGES, LINKS, SECONDS = 200, 5, 20.0  # a run
TELLING = 3  # so many hosts without an answer are our own fault
OUR_FAULT = frozenset({"silent", "unknown"})
LONGEST = 500  # characters of an address

Look = Callable[[str], outside.Answer]


def read_pages(*, now: datetime) -> int:
    """Pages that are new or were changed have their links noted, each due at once; how many pages that was."""
    stale = Q(links_read_at=None) | Q(links_read_at__lt=F("changed_at"))
    pages = list(Initiative.objects.public().filter(stale).order_by("pk")[:PAGES])
    for page in pages:
        _read(page, now=now)
    return len(pages)


@transaction.atomic
def _read(page: Initiative, *, now: datetime) -> None:
    wanted = addresses(page)
    page.links.exclude(url__in=wanted).delete()  # type: ignore[attr-defined]
    rows = [PageLink(initiative=page, url=url, host=_host(url), next_at=now) for url in wanted]
    PageLink.objects.bulk_create(rows, ignore_conflicts=True)
    Initiative.objects.filter(pk=page.pk).update(links_read_at=max(now, page.changed_at))


def addresses(page: Initiative) -> list[str]:
    """Where the page links to, without what stands behind „#“; each once."""
    found = [page.website, page.source_url, *markdown.links(page.text)]
    bare = (urldefrag(url).url for url in found if url)
    return list(dict.fromkeys(url for url in bare if len(url) <= LONGEST))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "")[:255]
    except ValueError:
        return ""


def check(*, now: datetime, look: Look = outside.look) -> int:
    """A few links that are due are looked at, of each host one; how many."""
    began, found = time.monotonic(), {}
    for url in _due(now):
        if time.monotonic() - began > SECONDS:
            break
        # Pushed ahead first: a second worker does not ask as well, and a run that dies asks again next week.
        if PageLink.objects.filter(url=url, next_at__lte=now).update(next_at=now + EVERY):
            found[url] = look(url)
    if len(found) >= TELLING and all(answer.reason in OUR_FAULT for answer in found.values()):
        PageLink.objects.filter(url__in=found).update(next_at=now + AGAIN)
        return 0
    for url, answer in found.items():
        _note(url, answer, now=now)
    return len(found)


def _due(now: datetime) -> Iterable[str]:
    """The longest waiting link of each of the longest waiting hosts."""
    due = PageLink.objects.on_public_pages().filter(next_at__lte=now)
    hosts = due.order_by().values("host").annotate(first=Min("next_at")).order_by("first", "host")
    for host in list(hosts.values_list("host", flat=True)[:LINKS]):
        yield from due.filter(host=host).order_by("next_at", "pk").values_list("url", flat=True)[:1]


@transaction.atomic
def _note(url: str, answer: outside.Answer, *, now: datetime) -> None:
    rows = PageLink.objects.filter(url=url)
    rows.update(checked_at=now, reason=answer.reason, status=answer.status)
    if not answer.reason:
        rows.update(failing_since=None, is_broken=False)
        return
    rows.filter(failing_since__lte=now - EVERY).update(is_broken=True)
    rows.filter(failing_since=None).update(failing_since=now)
