"""What somebody asks the collection for, as its address says it: words, place, and one value of each filter.

The list, the map, the data and the feeds read the same address: `Filters.from_query(request.GET)`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Self
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict

from initiatives import matching, wording
from initiatives.models import Initiative, InitiativeQuerySet
from initiatives.wording import Term
from portal import places, search
from portal.places import Near, PlaceSearch

YES = "1"
MAX_SLUG = 120  # characters; longer input is cut, not refused
STATES = {
    "laeuft": Initiative.LifeState.RUNNING,
    "beispiel": Initiative.LifeState.EXAMPLE,
    "abgeschlossen": Initiative.LifeState.DONE,
}


@dataclass(frozen=True)
class Filters:
    """The parts of the address, empty where nothing was asked for. Equal ones ask for the same."""

    suche: str = ""
    ort: str = ""
    umkreis: str = ""  # km, one of places.RADII
    thema: str = ""  # slug of a topic
    kreis: str = ""  # slug of a Landkreis
    gemeinde: str = ""  # slug of a municipality
    idee: str = ""  # slug of an idea
    stand: str = ""  # a key of STATES
    steckbrief: str = ""  # YES: with its know-how
    hilfe: str = ""  # YES: with an action that somebody can sign up for

    @classmethod
    def from_query(cls, query: QueryDict) -> Self:
        """Never raises; what makes no sense is empty, or a value that nothing has."""
        given = {name: query.get(name, "") for name in cls.__dataclass_fields__}
        words = given.pop("suche")[: search.MAX_QUERY]
        radius = places.radius(given.pop("umkreis"))
        return cls(
            suche=" ".join(words.split()) if search.words(words) else "",
            umkreis=str(radius) if radius else "",
            **{name: value[:MAX_SLUG].strip() for name, value in given.items()},
        )

    def query(self) -> str:
        """The query string that asks for the same, without „?"."""
        return urlencode(
            {name: value for name in self.__dataclass_fields__ if (value := getattr(self, name))}
        )

    def but(self, **changes: str) -> Self:
        return replace(self, **changes)

    def __bool__(self) -> bool:
        """Whether anything was asked for."""
        return self != type(self)()

    @property
    def terms(self) -> tuple[Term, ...]:
        """What the words ask for; empty without any."""
        return wording.terms(self.suche)

    @cached_property
    def place(self) -> PlaceSearch:
        """What became of `ort`: at most two statements, none without one."""
        return places.search_place(self.ort, places.radius(self.umkreis))

    def anywhere(self, *, now: datetime) -> InitiativeQuerySet:
        """The public initiatives that fit everything but the place."""
        rows = Initiative.objects.public().filter(matching.fits_all(self.terms))
        if self.thema:
            rows = rows.filter(topics__slug=self.thema)
        if self.kreis:
            rows = rows.filter(Q(municipality__slug=self.kreis) | Q(municipality__district__slug=self.kreis))
        if self.gemeinde:
            rows = rows.filter(municipality__slug=self.gemeinde)
        if self.idee:
            rows = rows.filter(idea__slug=self.idee)
        if self.steckbrief:
            rows = rows.filter(blueprint__isnull=False)
        if self.stand:
            rows = rows.filter(life_state=STATES.get(self.stand, ""))
        return rows.wanting_help(now) if self.hilfe else rows

    def near(self, *, now: datetime) -> Near[InitiativeQuerySet]:
        """Those near the place, widened until there are three (`places.near`): one statement where there is a place."""
        return places.near(self.place, self.anywhere(now=now))

    def rows(self, *, now: datetime) -> InitiativeQuerySet:
        """The public initiatives that fit, in no order."""
        return self.near(now=now).rows

    def ranked(self, rows: InitiativeQuerySet) -> InitiativeQuerySet:
        """Best first: by the words, then as rule 21 says."""
        return matching.ranked(rows, self.terms)
