"""What is new, as Atom feeds (RFC 4287): of all, of a town or Landkreis, of a topic.

An entry's id is a `tag:` URI of the row's number: it stays when title, address or town change. There is an ETag and
no Last-Modified: what is taken down makes a feed older, and a reader that asks by date would keep it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from initiatives.models import Initiative, Topic
from portal import sheets, slugs
from portal.models import Municipality, OldSlug
from portal.pages.api.document import attribution
from portal.pages.opened import opened
from portal.problems import Problem
from volunteers.models import Opportunity

NEWEST = 30  # entries of a feed
SINCE = 2026  # the year in which these names were first given (RFC 4151)
_NEVER = datetime(SINCE, 1, 1, tzinfo=UTC)


class Feed(Atom1Feed):
    """Without entries it is as old as its names, not as new as the request."""

    def latest_post_date(self) -> datetime:
        return super().latest_post_date() if self.items else _NEVER


@opened
def everything(request: HttpRequest) -> HttpResponse:
    """What is new anywhere."""
    return _answer(request, title=settings.SITE_NAME, page=reverse("initiatives:list"))


@opened
def of_town(request: HttpRequest, slug: str) -> HttpResponse:
    """What is new in a town, or in a Landkreis and its towns; an address that it had once leads here."""
    town = slugs.find(Municipality.objects.select_related("successor"), slug)
    if town is None or town.successor:
        now = town.successor.slug if town and town.successor else slugs.moved(OldSlug.Kind.MUNICIPALITY, slug)
        if now is None:
            raise Problem(404, _("Diesen Ort kennen wir nicht."))
        return HttpResponsePermanentRedirect(reverse("feeds:town", args=[now]))
    here = town.within("municipality")
    return _answer(request, title=town.name, page=town.get_absolute_url(), initiatives=here, actions=here)


@opened
def of_topic(request: HttpRequest, slug: str) -> HttpResponse:
    """What is new about a topic."""
    topic = slugs.find(Topic.objects.all(), slug)
    if topic is None:
        raise Problem(404, _("Dieses Thema kennen wir nicht."))
    page = f"{reverse('initiatives:list')}?thema={topic.slug}"
    wanted = {"initiatives": Q(topics=topic), "actions": Q(topic=topic)}
    return _answer(request, title=topic.name, page=page, **wanted)


def _answer(
    request: HttpRequest, *, title: str, page: str, initiatives: Q | None = None, actions: Q | None = None
) -> HttpResponse:
    """The newest initiatives and calls for help, whatever came last on top: two statements and one for topics."""
    feed = Feed(
        title=_("Neues: %s") % title,
        link=settings.SITE_URL + page,
        description=_("Initiativen und Aktionen zum Mithelfen. Quelle: %s") % attribution(),
        language="de",
        author_name=settings.SITE_NAME,
        feed_url=settings.SITE_URL + request.path,
        feed_guid=_tag(request.path.strip("/")),
    )
    rows = [*_newest(_initiatives(), initiatives), *_newest(_actions(), actions)]
    for row in sorted(rows, key=lambda row: (row.published_at, row.pk), reverse=True)[:NEWEST]:
        _add(feed, row)
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


def _initiatives() -> QuerySet:
    rows = Initiative.objects.public().select_related("municipality", "organisation")
    return rows.prefetch_related("topics")


def _actions() -> QuerySet:
    rows = Opportunity.objects.public().filter(is_example=False)
    return rows.select_related("municipality", "organisation", "topic")


def _newest(rows: QuerySet, wanted: Q | None) -> Iterable[Initiative | Opportunity]:
    rows = rows.filter(wanted) if wanted else rows
    return rows.exclude(published_at=None).order_by("-published_at", "-pk")[:NEWEST]


def _add(feed: Feed, row: Initiative | Opportunity) -> None:
    """An entry, its texts without the characters that XML does not know."""
    topics = row.topics.all() if isinstance(row, Initiative) else [row.topic]
    feed.add_item(
        title=sheets.plain(f"{row.title}, {row.municipality.name}"),
        link=settings.SITE_URL + row.get_absolute_url(),
        description=sheets.plain(row.summary),
        unique_id=_tag(f"{row._meta.model_name}-{row.pk}"),
        pubdate=row.published_at,
        updateddate=row.changed_at,
        author_name=sheets.plain(row.organisation.name),
        categories=[topic.name for topic in topics],
    )


def _tag(what: str) -> str:
    return f"tag:{urlsplit(settings.SITE_URL).hostname},{SINCE}:{what}"
