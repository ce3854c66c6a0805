"""An initiative as lists show it: a handful of strings, and their HTML made only once per process.

The HTML is a pure function of these strings, so a memory of it can never be out of date: a row that
changed has other strings. Rejected: fragments in the shared cache keyed by the change time, which
miss a renamed topic or town and make every list depend on Redis.
"""

from dataclasses import dataclass
from functools import lru_cache

from django.template.loader import get_template

from initiatives.models import Initiative
from initiatives.topics import drawing

REMEMBERED = 2048  # cards, about 1 kB each


@dataclass(frozen=True, slots=True)
class Card:
    """What templates/components/initiative_card.html reads."""

    title: str
    teaser: str
    get_absolute_url: str
    place_name: str
    drawing: str
    topic_name: str
    life_state: str
    life_state_label: str
    year_label: str


def card(initiative: Initiative) -> Card:
    """The row comes from `for_cards()`."""
    return Card(
        title=initiative.title,
        teaser=initiative.teaser,
        get_absolute_url=initiative.get_absolute_url(),
        place_name=initiative.place_name,
        drawing=drawing(initiative.title, initiative.topic_slug),  # type: ignore[attr-defined]
        topic_name=initiative.topic_name,  # type: ignore[attr-defined]
        life_state=initiative.life_state,
        life_state_label=initiative.get_life_state_display(),
        year_label=initiative.year_label,
    )


@lru_cache(maxsize=REMEMBERED)
def html(shown: Card) -> str:
    """The card's markup, from its component template."""
    return get_template("components/initiative_card.html").render({"initiative": shown})
