"""What else to offer where few initiatives fit, or none: what was probably meant, what fits in part, what is near."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Case, IntegerField, Value, When

from initiatives import matching, spelling, wording
from initiatives.filters import Filters
from initiatives.models import Initiative, InitiativeQuerySet
from initiatives.wording import Term
from portal import places
from portal.places import PlaceSearch

SHOWN, NEARBY = 6, 3
CANDIDATES = 500  # the best of all rows, where very many fit a word


@dataclass
class Offers:
    """Rows for cards, empty where there is nothing to say."""

    meant: str = ""  # the words as they were probably spelled
    query: str = ""  # the address that asks for them
    terms: tuple[Term, ...] = ()  # what `related` fit
    related: list[Initiative] = field(default_factory=list)
    nearby: list[Initiative] = field(default_factory=list)
    others: list[Initiative] = field(default_factory=list)  # where there is nothing else


def beside(found: Iterable[Initiative], terms: tuple[Term, ...]) -> Offers:
    """Few fit all words: those that fit some. One statement, none for a single word."""
    if len(terms) < 2:
        return Offers()
    shown = {row.pk for row in found}
    rows = [row for row in _fitting_some(terms)[: SHOWN + len(shown)] if row.pk not in shown]
    return Offers(terms=terms, related=rows[:SHOWN])


def instead(filters: Filters) -> Offers:
    """Nothing fits: at most three statements. Other filters are let go of, the words are read kindly."""
    offers = Offers()
    if filters.terms:
        shown, sought = spelling.meant(filters.suche, spelling.words())
        offers.terms = wording.terms(sought)
        offers.related = list(_fitting_some(offers.terms)[:SHOWN])
        if shown and offers.related and offers.related[0].relevance < matching.MISSING:  # type: ignore[attr-defined]
            offers.meant, offers.query = shown, filters.but(suche=shown).query()
    if filters.place.point:
        offers.nearby = list(_near(filters.place, filters.place.point).for_cards()[:NEARBY])
    if not offers.related and not offers.nearby:
        offers.others = list(Initiative.objects.public().ranked().for_cards()[:NEARBY])
    return offers


def _fitting_some(terms: tuple[Term, ...]) -> InitiativeQuerySet:
    """Those with most of the words first."""
    some = Initiative.objects.public().filter(matching.fits_some(terms)).ranked()[:CANDIDATES]
    return matching.ranked(Initiative.objects.filter(pk__in=some.values("pk")), terms).for_cards()


def _near(place: PlaceSearch, point: tuple[float, float]) -> InitiativeQuerySet:
    """Around a place, the nearest ring first."""
    rings = [places.within(point, km, place.towns) | place.town_ids for km in places.RADII]
    ring = Case(
        When(municipality__in=place.town_ids, then=Value(0)),
        *(When(municipality__in=ids, then=Value(n)) for n, ids in enumerate(rings, 1)),
        output_field=IntegerField(),
    )
    rows = Initiative.objects.public().filter(municipality__in=rings[-1])
    return rows.annotate(ring=ring).order_by("ring", *rows.ranked().query.order_by)
