"""„Das wünsche ich mir auch": a citizen's wish to their own town (rule 23), an address of class K4.

The town's staff see who wishes what; the association only how many (`statistics.py`), except in towns that
it looks after in trust. A town may show its numbers on its own page: per thing, from `SHOWN_FROM` on so that
nobody is guessed, and never beside another town's.
"""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Exists, OuterRef, QuerySet

from initiatives.models import NO_LONGER_HERE, Idea, Initiative, Wish
from portal import confirmations, watches
from portal.association import association
from portal.models import Municipality, email_key
from portal.seats import deciding

WORDING = "wunsch-2026-12"
SHOWN_FROM = 5  # wishes (class K9: smaller numbers could be told apart)


class Wished(NamedTuple):
    title: str
    url: str  # empty for what is not public
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
    public = Initiative.objects.public().filter(pk=OuterRef("initiative"))
    each_thing: Any = rows.order_by().annotate(is_public=Exists(public))
    each_thing = each_thing.values(
        "idea__slug", "idea__name", "initiative__slug", "initiative__title", "is_public"
    )
    return sorted(map(_wished, each_thing.annotate(n=Count("pk"))), key=lambda each: (-each.n, each.title))


def _wished(row: dict[str, Any]) -> Wished:
    if row["idea__slug"]:
        return Wished(row["idea__name"], Idea(slug=row["idea__slug"]).get_absolute_url(), row["n"])
    page = Initiative(slug=row["initiative__slug"]).get_absolute_url() if row["is_public"] else ""
    title = row["initiative__title"] if page else str(NO_LONGER_HERE)
    return Wished(title, page, row["n"])


def public_counts(town: Municipality) -> list[Wished]:
    """What the town shows of its wishes, by title; empty unless it switched that on (rule 23).

    What is not public is not named, and fewer than `SHOWN_FROM` are not shown.
    """
    if not (town.organisation and town.organisation.shows_wishes):
        return []
    found = counts(Wish.objects.confirmed().filter(municipality=town))
    shown = [each for each in found if each.url and each.n >= SHOWN_FROM]
    return sorted(shown, key=lambda each: each.title)


def warn_due(*, now: datetime) -> int:
    """Whoever's wish ends within a month is told once, with the way to go on (class K4); how many mails."""
    return watches.warn_due(Wish, now=now)
