"""An initiative as lists show it: a handful of strings, and their HTML made only once per process.

The HTML is a pure function of the row's columns that a card shows (`remembering.py`).
"""

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from initiatives.marking import marked, passage
from initiatives.models import CARD_FIELDS, Initiative
from initiatives.pictures import Shown, of_card
from initiatives.topics import drawing
from initiatives.wording import Term
from portal.remembering import Memory

_drawn = Memory(2048)  # cards, about 1 kB each
_found = Memory(512)  # with words marked
_COLUMNS = [name for name in CARD_FIELDS if name != "municipality"] + ["topic_slug", "topic_name"]


@dataclass(frozen=True, slots=True)
class Card:
    """What templates/components/initiative_card.html reads."""

    title: str
    teaser: str
    get_absolute_url: str
    place_name: str
    drawing: str
    picture: Shown | None  # instead of the drawing
    topic_name: str
    life_state: str
    life_state_label: str
    year_label: str


def card(initiative: Initiative, terms: tuple[Term, ...] = ()) -> Card:
    """The row comes from `for_cards()`; `terms` are marked in it."""
    return Card(
        title=marked(initiative.title, terms) if terms else initiative.title,
        teaser=marked(passage(initiative.summary, terms), terms) if terms else initiative.teaser,
        get_absolute_url=initiative.get_absolute_url(),
        place_name=initiative.place_name,
        drawing=drawing(initiative.title, initiative.topic_slug),  # type: ignore[attr-defined]
        picture=of_card(initiative),
        topic_name=initiative.topic_name,  # type: ignore[attr-defined]
        life_state=initiative.life_state,
        life_state_label=initiative.get_life_state_display(),
        year_label=initiative.year_label,
    )


def html(row: Initiative, terms: tuple[Term, ...] = ()) -> SafeString:
    """The card's markup, from its component template; the row comes from `for_cards()`."""
    made_of = (row.municipality.name, *(row.__dict__[column] for column in _COLUMNS))
    memory = _found if terms else _drawn
    return memory.get(
        (*made_of, terms),
        lambda: render_to_string("components/initiative_card.html", {"initiative": card(row, terms)}),
    )
