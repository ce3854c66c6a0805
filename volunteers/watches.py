"""„Sagen Sie mir Bescheid": whoever finds nothing near is told by mail when help is wanted there.

What all such wishes share is in `portal/watches.py`; here is what counts as news near a place.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from portal import confirmations, dates, places, watches
from portal.association import association
from portal.models import email_key
from portal.places import PlaceSearch
from portal.seats import deciding
from portal.watches import NEWS_FOR, SETTLED
from volunteers.models import Shift, Watch

WORDING = "bescheid-2026-12"  # as Shift.wording
LISTED = 10  # actions in one mail


@deciding
def watch(*, email: str, search: PlaceSearch, km: int, now: datetime) -> Watch:
    """The wish is stored and a mail asks for the click; nothing else is sent before it.

    `search` has a point. The same address at the same place is the same row, confirmed or not: who enters
    it cannot tell, and a new radius holds from the click on. No mail leaves once the address had its
    unconfirmed mails of the day (confirmations.py). Raises Busy.
    """
    assert search.point is not None  # noqa: S101
    key, place = email_key(email), search.label[: Watch._meta.get_field("place").max_length]
    confirmations.lock_address(key or "")
    row = Watch.objects.live().filter(email_key=key, place=place).select_related("organisation").first()
    row = row or Watch(organisation=association(), email_key=key, place=place)
    if not row.confirmed_at:
        row.email, (row.lat, row.lon) = email, search.point
        row.km, row.wording, row.entered_at = km, WORDING, now
        row.save()
    watches.ask(row, to=email, query=f"?umkreis={km}", more={"km": str(km)}, now=now)
    return row


# --- by the clock -----------------------------------------------------------------------------------
def tell_due(*, now: datetime) -> int:
    """Who watches where something new was published has a mail; returns how many were written.

    Statements: the news, the people, three for each mail, one for all whom the news do not concern.
    """
    if dates.is_quiet(now):
        return 0
    until = now - SETTLED
    news = _news(now, until)
    if not news:
        return 0
    return watches.tell_each(
        Watch,
        latest=max(shift.opportunity.published_at or until for shift in news),
        until=until,
        concerning=lambda row: [shift for shift in news if _concerns(row, shift)],
        write=partial(_tell, until=until, now=now),
        now=now,
    )


def _news(now: datetime, until: datetime) -> list[Shift]:
    """The first open date of each action that was published not long ago, soonest first."""
    rows = (
        Shift.objects.public()
        .open_for_signup(now)
        .filter(opportunity__published_at__gt=now - NEWS_FOR, opportunity__published_at__lte=until)
        .select_related("opportunity__municipality")
    )
    first: dict[int, Shift] = {}
    for shift in rows:
        first.setdefault(shift.opportunity_id, shift)
    return list(first.values())


def _concerns(row: Watch, shift: Shift) -> bool:
    """Published after what the person was told of, and near enough."""
    town = shift.opportunity.municipality
    is_new = shift.opportunity.published_at > row.told_until  # type: ignore[operator]
    return is_new and places.distance(row.point, (town.lat, town.lon)) <= row.km


def _tell(row: Watch, near: Sequence[Shift], *, until: datetime, now: datetime) -> int:
    """One mail of these actions, unless another worker was faster or the person ended it."""
    more = len(near) - LISTED
    said = {
        "title": near[0].title,
        "town": near[0].town,
        "when": dates.short(near[0].starts),
        "n_dates": "1",
        "count": str(len(near)),
        "more": str(more) if more > 0 else "",
        "next_dates": "\n".join(f"- {dates.short(s.starts)}: {s.title}, {s.town}" for s in near[:LISTED]),
        "page_url": settings.SITE_URL + _page(row, near),
    }
    until_start = max(shift.starts for shift in near)
    return watches.tell(row, kind="news", said=said, until=until, useful_until=until_start, now=now)


def _page(row: Watch, near: Sequence[Shift]) -> str:
    """The one action itself, or the list around the place."""
    if len(near) == 1:
        return near[0].get_absolute_url()
    return reverse("volunteers:list") + "?" + urlencode({"ort": row.place, "umkreis": row.km})
