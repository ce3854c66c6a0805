"""„Sagen Sie mir Bescheid": whoever finds nothing near is told by mail when help is wanted there.

An address is told only after its click (double opt-in), at most once a day, not at night (rule 16), and
of each action once: `told_until` is the publication up to which it was told. Actions count as news ten
minutes after they were published: a slip can be taken back, and a transaction that was slow to commit is
not passed by. Rejected: a row per person and action that was told; it would keep who heard of what.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from portal import confirmations, dates, letters, links, outbox, places, privacy
from portal.association import association
from portal.models import email_key
from portal.places import PlaceSearch
from portal.seats import deciding
from volunteers.models import Shift, Watch, WatchQuerySet

WORDING = "2026-11"  # version of the sentences at the form; raise it with them
SENT, CONFIRM, MANAGE = "watch-sent", "watch-confirm", "watch"  # purposes of links
SETTLED = timedelta(minutes=10)  # after publication
NEWS_FOR = timedelta(days=30)  # after an outage, what is older is no news
LISTED = 10  # actions in one mail
WARN_BEFORE = timedelta(days=30)  # class K4: notice at 11 months
BATCH = 500  # people per run; the next minute takes the rest


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
    _ask(row, to=email, km=km, now=now)
    return row


def _ask(row: Watch, *, to: str, km: int, now: datetime) -> None:
    """Queue the mail with the link to confirm this radius, within the limit of the address."""
    number = confirmations.next_number(row.email_key or "", now=now)
    if not number:
        return
    outbox.queue(
        key=confirmations.mail_key(row.email_key or "", number),
        kind="watch-confirm",
        to=to,
        letter=letters.write(
            "watches/confirm",
            _facts(row)
            | {"km": str(km), "confirm_url": links.url("watch:confirm", CONFIRM, row) + f"?umkreis={km}"},
            organisation=row.organisation,
        ),
        now=now,
        organisation=row.organisation,
        about=row.label,
        useful_until=now + confirmations.UNCONFIRMED_FOR,
    )
    row.mailed_at = now
    row.save(update_fields=["mailed_at"])


def confirm(row: Watch, *, km: int, now: datetime) -> bool:
    """From now on the person is told of what is published within `km`; again is harmless.

    False if it has ended meanwhile: then nothing of the person is left to tell.
    """
    first = {"confirmed_at": now, "told_until": now} if not row.confirmed_at else {}
    return bool(_live(row).update(km=km, active_at=now, warned_at=None, **first))


def go_on(row: Watch, *, now: datetime) -> bool:
    """Another twelve months from now on, or False as in `confirm`."""
    return bool(_live(row).filter(confirmed_at__isnull=False).update(active_at=now, warned_at=None))


def end(row: Watch, *, now: datetime) -> None:
    """No mail leaves any more, and the address is gone; again is harmless."""
    privacy.forget(row, now=now)


def ends_at(row: Watch) -> datetime | None:
    """When it ends by itself (class K4); None before the click."""
    return row.active_at + privacy.K4_LAST if row.active_at else None


def _live(row: Watch) -> WatchQuerySet:
    return Watch.objects.live().filter(pk=row.pk)


def _facts(row: Watch) -> dict[str, str]:
    last_day = ends_at(row)
    return {
        "place": row.place,
        "km": str(row.km),
        "until": date_format(timezone.localtime(last_day), "j. F Y") if last_day else "",
        "end_url": links.url("watch:manage", MANAGE, row),
    }


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
    latest = max(shift.opportunity.published_at for shift in news)  # type: ignore[type-var]
    midnight = dates.at(timezone.localdate(now), time.min)
    people = (
        Watch.objects.confirmed()
        .filter(Q(told_at=None) | Q(told_at__lt=midnight), told_until__lt=latest)
        .select_related("organisation")
        .order_by("told_until", "pk")[:BATCH]
    )
    written, others = 0, []
    for row in people:
        if near := [shift for shift in news if _concerns(row, shift)]:
            with transaction.atomic():
                written += _tell(row, near, until=until, now=now)
        else:
            others.append(row.pk)
    if others:
        Watch.objects.filter(pk__in=others).update(told_until=until)
    return written


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
    mine = _live(row).filter(told_until=row.told_until)
    if not mine.update(told_until=until, told_at=now):
        return 0
    more = len(near) - LISTED
    facts = _facts(row) | {
        "title": near[0].title,
        "town": near[0].town,
        "when": dates.short(near[0].starts),
        "n_dates": "1",
        "count": str(len(near)),
        "more": str(more) if more > 0 else "",
        "next_dates": "\n".join(f"- {dates.short(s.starts)}: {s.title}, {s.town}" for s in near[:LISTED]),
        "page_url": settings.SITE_URL + _page(row, near),
    }
    return int(
        outbox.queue(
            key=f"watch-news:{row.label}:{timezone.localdate(now)}",
            kind="watch-news",
            to=row.email,
            letter=letters.write("watches/news", facts, organisation=row.organisation),
            now=now,
            organisation=row.organisation,
            about=row.label,
            useful_until=max(shift.starts for shift in near),
        )
    )


def _page(row: Watch, near: Sequence[Shift]) -> str:
    """The one action itself, or the list around the place."""
    if len(near) == 1:
        return near[0].get_absolute_url()
    return reverse("volunteers:list") + "?" + urlencode({"ort": row.place, "umkreis": row.km})


def warn_due(*, now: datetime) -> int:
    """Whoever has a month left is told once, with the way to go on (class K4); how many mails."""
    if dates.is_quiet(now):
        return 0
    soon = now - (privacy.K4_LAST - WARN_BEFORE)
    rows = Watch.objects.confirmed().filter(warned_at=None, active_at__lte=soon)
    written = 0
    for row in rows.select_related("organisation").order_by("active_at", "pk")[:BATCH]:
        with transaction.atomic():
            written += _warn(row, now=now)
    return written


def _warn(row: Watch, *, now: datetime) -> int:
    if not _live(row).filter(warned_at=None, active_at=row.active_at).update(warned_at=now):
        return 0
    facts = _facts(row)
    return int(
        outbox.queue(
            key=f"watch-ending:{row.label}:{timezone.localdate(row.active_at)}",
            kind="watch-ending",
            to=row.email,
            letter=letters.write(
                "watches/ending", facts | {"manage_url": facts["end_url"]}, organisation=row.organisation
            ),
            now=now,
            organisation=row.organisation,
            about=row.label,
            useful_until=ends_at(row),
        )
    )
