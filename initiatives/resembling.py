"""What resembles a proposal: „Ähnliches gibt es schon in …", of the town itself and its neighbours.

The words are treated as in the search (`portal/search.py`). Words of the proposal's title count; a compound is
compared without its hyphen („Repair-Café", „Repaircafé"). At most three statements.
"""

from django.db.models import Case, IntegerField, Q, Value, When

from initiatives.models import Initiative
from portal import places, search
from portal.models import Municipality

SHOWN = 3
LOOKED_AT = 200  # rows that share the beginning of a word
BEGINNING = 6  # letters
SHORT = 4  # letters; shorter words say nothing
COMMON = frozenset(
    search.words(
        "unser unsere neue neuer ein eine einen fuer fur mit und der die das dem den von vom zum zur bei alle "
        "gemeinsam initiative projekt verein gruppe buerger buergerinnen ehrenamt idee gruendung aufbau "
        "ort ortsteil stadtteil dorf stadt gemeinde buergerhaus rathaus marktplatz markt park"
    )
)


def resembling(title: str, town: Municipality) -> list[Initiative]:
    """Public initiatives of the town and around it that share the telling words of the title, its own first."""
    wanted = _telling(title)
    if not wanted:
        return []
    around = places.around(town, km=places.RADII[0])
    near = (
        places.within(around.point or (town.lat, town.lon), places.RADII[0], around.towns) | around.town_ids
    )
    begins = Q()
    for word in wanted:
        begins |= Q(search_text__contains=word[:BEGINNING])
    own = When(municipality__in=around.town_ids, then=Value(0))
    rows = Initiative.objects.public().filter(begins, municipality__in=near).for_cards()
    rows = rows.annotate(elsewhere=Case(own, default=Value(1), output_field=IntegerField()))
    found = [
        row
        for row in rows.order_by("elsewhere", "life_rank", "pk")[:LOOKED_AT]
        if _is_alike(wanted, row.title)
    ]
    return found[:SHOWN]


def _telling(title: str) -> list[str]:
    words = [word for word in search.words(title) if len(word) >= SHORT and word not in COMMON]
    return list(dict.fromkeys(words))


def _is_alike(wanted: list[str], title: str) -> bool:
    """Half of what was typed, by letters, stands in the title, or its own telling words stand in what was typed."""
    theirs, typed = "".join(search.words(title)), "".join(wanted)
    hits = sum(len(word) for word in wanted if word in theirs)
    own = _telling(title)
    return 2 * hits >= len(typed) or (bool(own) and all(word in typed for word in own))
