"""What happens to a wish of „Sagen Sie mir Bescheid": asked, confirmed, told, prolonged, ended.

News count ten minutes after their publication: a slip can be taken back, and a transaction that was
slow to commit is not passed by. Rejected: a row per person and thing that was told; it would keep who
heard of what.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from portal import confirmations, dates, letters, links, outbox, privacy
from portal.retention import K0_UNCONFIRMED, K4_LAST, K4_NOTICE
from portal.watching import Watching, WatchQuerySet

SENT, CONFIRM, MANAGE = "watch-sent", "watch-confirm", "watch"  # purposes of links
SETTLED = timedelta(minutes=10)  # after publication: a slip can be taken back
NEWS_FOR = timedelta(days=30)  # after an outage, what is older is no news
BATCH = 500  # people per run; the next minute takes the rest


def watch_models() -> list[type[Watching]]:
    """The concrete wishes of all apps: found, not registered."""
    return [model for model in apps.get_models() if issubclass(model, Watching)]


def live(row: Watching) -> WatchQuerySet:
    """This row, unless it has ended."""
    return type(row).objects.live().filter(pk=row.pk)  # type: ignore[attr-defined,no-any-return]


def facts(row: Watching) -> dict[str, str]:
    """What every letter about this row says of it."""
    last_day = ends_at(row)
    return row.facts() | {
        "until": date_format(timezone.localtime(last_day), "j. F Y") if last_day else "",
        "end_url": links.url("watch:manage", MANAGE, row),
    }


def ask(
    row: Watching, *, to: str, query: str = "", more: dict[str, str] | None = None, now: datetime
) -> None:
    """Queue the mail that asks for the click, within the limit of the address, which is locked."""
    number = confirmations.next_number(row.email_key or "", now=now)
    if not number:
        return
    confirm_url = links.url("watch:confirm", CONFIRM, row) + query
    outbox.queue(
        key=confirmations.mail_key(row.email_key or "", number),
        kind="watch-confirm",
        to=to,
        letter=letters.write(
            f"{row.letters}/confirm",
            facts(row) | (more or {}) | {"confirm_url": confirm_url},
            organisation=row.organisation,
        ),
        now=now,
        organisation=row.organisation,
        about=row.label,
        useful_until=now + K0_UNCONFIRMED,
    )
    row.mailed_at = now
    row.save(update_fields=["mailed_at"])


def confirm(row: Watching, *, now: datetime, **wish: Any) -> bool:
    """From now on the person is told of what is published; again is harmless.

    False if it has ended meanwhile: then nothing of the person is left to tell.
    """
    first = {"confirmed_at": now, "told_until": now} if not row.confirmed_at else {}
    return bool(live(row).update(active_at=now, warned_at=None, **wish, **first))


def go_on(row: Watching, *, now: datetime) -> bool:
    """Another twelve months from now on, or False as in `confirm`."""
    return bool(live(row).filter(confirmed_at__isnull=False).update(active_at=now, warned_at=None))


def end(row: Watching, *, now: datetime) -> None:
    """No mail leaves any more, and the address is gone; again is harmless."""
    privacy.forget(row, now=now)


def ends_at(row: Watching) -> datetime | None:
    """When it ends by itself (class K4); None before the click."""
    return row.active_at + K4_LAST if row.active_at else None


def warn_due(model: type[Watching], *, now: datetime) -> int:
    """Whoever has a month left is told once, with the way to go on (class K4); how many mails."""
    if dates.is_quiet(now):
        return 0
    soon = now - K4_NOTICE
    rows = model.objects.confirmed().filter(warned_at=None, active_at__lte=soon)  # type: ignore[attr-defined]
    written = 0
    for row in rows.select_related("organisation").order_by("active_at", "pk")[:BATCH]:
        with transaction.atomic():
            written += _warn(row, now=now)
    return written


def _warn(row: Watching, *, now: datetime) -> int:
    if not live(row).filter(warned_at=None, active_at=row.active_at).update(warned_at=now):
        return 0
    said = facts(row)
    return int(
        outbox.queue(
            key=f"watch-ending:{row.label}:{timezone.localdate(row.active_at)}",
            kind="watch-ending",
            to=row.email,
            letter=letters.write(
                f"{row.letters}/ending", said | {"manage_url": said["end_url"]}, organisation=row.organisation
            ),
            now=now,
            organisation=row.organisation,
            about=row.label,
            useful_until=ends_at(row),
        )
    )


def news_due(model: type[Watching], *, latest: datetime, now: datetime) -> list[Any]:
    """Confirmed people who were not told of what was published at `latest`, nor of anything today."""
    midnight = dates.at(timezone.localdate(now), time.min)
    rows = model.objects.confirmed().filter(  # type: ignore[attr-defined]
        Q(told_at=None) | Q(told_at__lt=midnight), told_until__lt=latest
    )
    return list(rows.select_related("organisation").order_by("told_until", "pk")[:BATCH])


def tell_each(
    model: type[Watching],
    *,
    latest: datetime,
    until: datetime,
    concerning: Callable[[Any], Sequence[Any]],
    write: Callable[[Any, Sequence[Any]], int],
    now: datetime,
) -> int:
    """Whoever the news concern has their mail, each in a transaction; the others count as told, all at once.

    Statements: the people, those of each mail, one for all whom the news do not concern.
    """
    written, others = 0, []
    for row in news_due(model, latest=latest, now=now):
        if news := concerning(row):
            with transaction.atomic():
                written += write(row, news)
        else:
            others.append(row.pk)
    if others:
        model._default_manager.filter(pk__in=others).update(told_until=until)
    return written


def tell(
    row: Watching, *, kind: str, said: dict[str, str], until: datetime, useful_until: datetime, now: datetime
) -> int:
    """One mail of news, unless another worker was faster or the person ended it; how many that is."""
    if not live(row).filter(told_until=row.told_until).update(told_until=until, told_at=now):
        return 0
    return int(
        outbox.queue(
            key=f"watch-news:{row.label}:{timezone.localdate(now)}",
            kind="watch-news",
            to=row.email,
            letter=letters.write(f"{row.letters}/{kind}", facts(row) | said, organisation=row.organisation),
            now=now,
            organisation=row.organisation,
            about=row.label,
            useful_until=useful_until,
        )
    )
