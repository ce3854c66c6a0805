"""„Jahresblick": what a year was, in numbers, for one organisation or for all (mission.md).

Hours are those of people of whom somebody said that they came (rule 11); whoever nobody spoke of is counted as signed
up and nowhere else. Nobody is named.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext

from initiatives.models import Initiative, Wish
from portal.dates import at
from portal.models import Organisation
from portal.slots import Signup
from volunteers.models import Opportunity, Shift

SEATED = Q(signups__status__in=Signup.SEATED)
CAME = SEATED & Q(signups__attended=True)
UNKNOWN = SEATED & Q(signups__attended=None)


@dataclass
class Review:
    """A year; `hours` are whole ones. `unknown`: seats of which nobody said whether somebody came."""

    year: int
    dates: int = 0
    towns: int = 0  # organisations with a date
    helpers: int = 0
    came: int = 0
    unknown: int = 0
    hours: int = 0
    published: int = 0  # initiatives
    taken_over: list[tuple[str, int]] = field(default_factory=list)  # what, how often
    wishes: int = 0  # today

    @property
    def copies(self) -> int:
        return sum(n for _what, n in self.taken_over)


def span(year: int) -> tuple[datetime, datetime]:
    """The year's first moment and the one after its last, in local time."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    return at(first, time.min), at(after, time.min)


def years(*, now: datetime) -> list[int]:
    """Those that may be chosen, the latest first: since the first date or publication. Two statements."""
    this = timezone.localtime(now).year
    known = [
        Shift.objects.aggregate(first=Min("ends"))["first"],
        Initiative.objects.aggregate(first=Min("published_at"))["first"],
    ]
    first = min((timezone.localtime(moment).year for moment in known if moment), default=this)
    return list(range(this, min(first, this) - 1, -1))


def review(year: int, *, of: Organisation | None, now: datetime) -> Review:
    """The year of this organisation, or of all: dates that are over, initiatives, wishes. Four statements."""
    begins, ends = span(year)
    found = Review(year)
    mine: dict[str, Any] = {"organisation": of} if of else {}
    public_once = Q(opportunity__state=Opportunity.State.PUBLISHED) | Q(
        opportunity__published_at__isnull=False
    )
    dates = Shift.objects.filter(public_once, cancelled_at=None, ends__gte=begins, ends__lt=min(ends, now))
    _add_dates(found, dates.filter(**{f"opportunity__{name}": value for name, value in mine.items()}))
    initiatives = Initiative.objects.filter(**mine)
    this_year = {"published_at__gte": begins, "published_at__lt": ends}
    found.published = initiatives.public().filter(**this_year).count()
    copied = initiatives.filter(copied_at__gte=begins, copied_at__lt=ends)
    found.taken_over = _taken_over(copied, with_titles=of is not None)
    found.wishes = Wish.objects.confirmed().filter(**mine).count()
    return found


def _add_dates(found: Review, rows: Any) -> None:
    counted = rows.order_by().annotate(
        helpers=Sum("signups__seats", filter=SEATED, default=0),
        came=Sum("signups__seats", filter=CAME, default=0),
        unknown=Sum("signups__seats", filter=UNKNOWN, default=0),
    )
    columns = ("opportunity__organisation", "starts", "ends", "walk_ins", "helpers", "came", "unknown")
    towns, worked = set(), timedelta()
    for organisation, starts, ends, walk_ins, helpers, came, unknown in counted.values_list(*columns):
        towns.add(organisation)
        found.dates += 1
        found.helpers += helpers + (walk_ins or 0)
        found.came += came + (walk_ins or 0)
        found.unknown += unknown
        worked += (ends - starts) * (came + (walk_ins or 0))
    found.towns, found.hours = len(towns), round(worked / timedelta(hours=1))


def _taken_over(rows: Any, *, with_titles: bool) -> list[tuple[str, int]]:
    """By idea; where there is none by title for those whose drafts these are, and together for everybody else."""
    counted: Iterable[tuple[str | None, str, int]] = (
        rows.order_by().values_list("idea__name", "title").annotate(n=Count("pk"))
    )
    found: dict[str, int] = {}
    for idea, title, n in counted:
        name = idea or (title if with_titles else gettext("ohne Idee aus der Sammlung"))
        found[name] = found.get(name, 0) + n
    return sorted(found.items())
