"""„Das wünsche ich mir auch": a citizen's wish to their own town (rule 23), an address of class K4.

The town's staff see who wishes what; the association only how many (`portal/pages/statistics.py`), except in towns that
it looks after in trust. A town may show its numbers on its own page: per thing, from `SHOWN_FROM` on so that
nobody is guessed, and never beside another town's.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet

from initiatives.models import Idea, Initiative, Wish
from portal import confirmations, watches
from portal.association import association
from portal.models import Municipality, email_key
from portal.seats import deciding

WORDING = "wunsch-2026-12"
SHOWN_FROM = 3  # wishes


class Wished(NamedTuple):
    title: str
    url: str
    n: int


@deciding
def wish(*, email: str, municipality: Municipality, thing: Initiative | Idea, now: datetime) -> Wish:
    """The wish is stored and a mail asks for the click; before it nobody sees anything.

    The same address for the same thing and town is the same row, confirmed or not: who enters it cannot tell.
    Raises Busy.
    """
    key = email_key(email)
    confirmations.lock_address(key or "")
    about: dict[str, Any] = {"idea": None, "initiative": None}
    about["idea" if isinstance(thing, Idea) else "initiative"] = thing
    known = Wish.objects.live().filter(email_key=key, municipality=municipality, **about)
    row = known.select_related("organisation", "municipality", "initiative", "idea").first()
    if row is None:
        owner = municipality.organisation or association()
        row = Wish(organisation=owner, email_key=key, municipality=municipality, **about)
    if not row.confirmed_at:
        row.email, row.wording, row.entered_at = email, WORDING, now
        row.save()
    watches.ask(row, to=email, now=now)
    return row


def counts(rows: QuerySet[Wish]) -> list[Wished]:
    """How often each thing is wished for in these rows, the most wished first: one statement."""
    found = rows.order_by().values("idea__slug", "idea__name", "initiative__slug", "initiative__title")
    return sorted(map(_wished, found.annotate(n=Count("pk"))), key=lambda each: (-each.n, each.title))


def _wished(row: dict[str, Any]) -> Wished:
    if row["idea__slug"]:
        thing: Idea | Initiative = Idea(slug=row["idea__slug"], name=row["idea__name"])
    else:
        thing = Initiative(slug=row["initiative__slug"], title=row["initiative__title"])
    return Wished(str(thing), thing.get_absolute_url(), row["n"])


def public_counts(town: Municipality) -> list[Wished]:
    """What the town shows of its wishes, by title; empty unless it switched that on (rule 23)."""
    if not (town.organisation and town.organisation.shows_wishes):
        return []
    rows = Wish.objects.confirmed().filter(municipality=town).exclude(pk__in=_hidden())
    return sorted((each for each in counts(rows) if each.n >= SHOWN_FROM), key=lambda each: each.title)


def _hidden() -> Iterable[Any]:
    """Wishes for initiatives that are not public: nothing of them is named."""
    gone = Wish.objects.filter(initiative__isnull=False)
    return gone.exclude(initiative__in=Initiative.objects.public()).values("pk")


def warn_due(*, now: datetime) -> int:
    """Whoever's wish ends within a month is told once, with the way to go on (class K4); how many mails."""
    return watches.warn_due(Wish, now=now)
