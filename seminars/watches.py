"""„Wir schreiben Ihnen, sobald es ihn gibt": who waits for the next date of a series (rule 32).

What all such wishes share is in `portal/watches.py`; here is what counts as news of a series.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.conf import settings

from portal import confirmations, dates, watches
from portal.association import association
from portal.models import email_key
from portal.seats import deciding
from portal.watches import NEWS_FOR, SETTLED
from seminars.models import Series, SeriesWatch, Session

WORDING = "reihe-2026-12"  # as Session.wording


@deciding
def watch(*, email: str, series: Series, now: datetime) -> SeriesWatch:
    """The wish is stored and a mail asks for the click; nothing else is sent before it.

    The same address for the same series is the same row, confirmed or not: who enters it cannot tell.
    Raises Busy.
    """
    key = email_key(email)
    confirmations.lock_address(key or "")
    rows = SeriesWatch.objects.live().select_related("organisation", "series")
    row = rows.filter(email_key=key, series=series).first()
    row = row or SeriesWatch(organisation=association(), email_key=key, series=series)
    if not row.confirmed_at:
        row.email, row.wording, row.entered_at = email, WORDING, now
        row.save()
    watches.ask(row, to=email, now=now)
    return row


def tell_due(*, now: datetime) -> int:
    """Who waits for a series of which a new date was published has a mail; returns how many were written."""
    if dates.is_quiet(now):
        return 0
    until = now - SETTLED
    news = _news(now, until)
    if not news:
        return 0
    return watches.tell_each(
        SeriesWatch,
        latest=max(session.published_at or until for session in news),
        until=until,
        concerning=lambda row: [
            s for s in news if s.series_id == row.series_id and s.published_at > row.told_until
        ],
        write=partial(_tell, until=until, now=now),
        now=now,
    )


def _news(now: datetime, until: datetime) -> list[Session]:
    """Coming dates that were published not long ago, soonest first."""
    rows = Session.objects.public().open_for_signup(now).select_related("series")
    return list(rows.filter(published_at__gt=now - NEWS_FOR, published_at__lte=until))


def _tell(row: SeriesWatch, news: Sequence[Session], *, until: datetime, now: datetime) -> int:
    first = news[0]
    row.series = first.series  # read already
    said = {
        "title": first.title,
        "when": dates.short(first.starts),
        "n_dates": "1",
        "count": str(len(news)),
        "next_dates": "\n".join(f"- {dates.short(s.starts)}: {s.title}" for s in news),
        "page_url": settings.SITE_URL + first.get_absolute_url(),
    }
    last = max(session.starts for session in news)
    return watches.tell(row, kind="news", said=said, until=until, useful_until=last, now=now)
