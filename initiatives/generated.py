"""Very many initiatives, made up of the 94 real ones: to try out and to measure, never for a portal that is in use.

Each takes title, text, organisation and topic from a real one and stands in another town; the seed makes the same
rows every time. Real words in real numbers matter: a search that finds everything, or nothing, measures nothing.
"""

import random
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from initiatives.models import Initiative
from portal.association import association
from portal.models import Municipality
from portal.refused import Refused

SEED, AT_ONCE = 6, 2000
MARK = "erzeugt-"  # begins the slug of each
RUNNING, DONE, RICH, PLACED = 0.1, 0.05, 0.4, 0.4  # shares of all rows
YEARS = (2010, 2026)
QUARTERS = "Nord Süd Ost West Mitte Oberdorf Unterdorf Neustadt Altstadt".split()  # noqa: SIM905
STATES = Initiative.LifeState


def initiatives(wanted: int, *, beside: bool = False, now: datetime) -> int:
    """So many generated initiatives are there; how many were new. Those of an earlier run count.

    Needs the towns and the real examples. Raises Refused where somebody else's rows are public already, unless
    `beside` says that they may stand beside them.
    """
    there = Initiative.objects.filter(slug__startswith=MARK).count()
    real = Initiative.objects.exclude(slug__startswith=MARK)
    if not beside and real.public().filter(origin=Initiative.Origin.TOWN).exists():
        raise Refused(
            _("Hier sind Seiten von Kommunen öffentlich. Erzeugtes gehört in eine leere Datenbank.")
        )
    examples = list(
        real.filter(origin=Initiative.Origin.COLLECTED)
        .select_related("municipality", "idea")
        .prefetch_related("topics")
        .order_by("slug")
    )
    towns = list(
        Municipality.objects.current()
        .filter(level=Municipality.Level.TOWN)
        .select_related("district")
        .order_by("ags")
    )
    if not examples or not towns:
        raise Refused(_("Zuerst die Orte und die Beispiele einlesen: ./run manage first_data"))
    for first in range(there, wanted, AT_ONCE):
        _add(range(first, min(first + AT_ONCE, wanted)), examples, towns, now=now)
    return max(wanted - there, 0)


@transaction.atomic
def _add(numbers: range, examples: list[Initiative], towns: list[Municipality], *, now: datetime) -> None:
    """One batch with its topics: the same for the same numbers, whatever was made before."""
    owner, topics = association(), Initiative.topics.through
    made = [_drawn(number, examples, towns) for number in numbers]
    for row, _example in made:
        row.organisation, row.published_at = owner, now
    rows = Initiative.objects.bulk_create([row for row, _example in made])
    topics.objects.bulk_create(
        topics(initiative_id=row.pk, topic_id=topic.pk)
        for row, (_row, example) in zip(rows, made, strict=True)
        for topic in example.topics.all()
    )


def _drawn(
    number: int, examples: list[Initiative], towns: list[Municipality]
) -> tuple[Initiative, Initiative]:
    """A row that is not saved yet, and the example whose topics it has."""
    dice = random.Random(f"{SEED}-{number}")  # noqa: S311  # the same every time is what is wanted
    example, other, town = dice.choice(examples), dice.choice(examples), dice.choice(towns)
    share = dice.random()
    state = STATES.RUNNING if share < RUNNING else STATES.DONE if share > 1 - DONE else STATES.EXAMPLE
    there, here = example.municipality.name, town.name
    row = Initiative(
        title=example.title.replace(there, here)[:120],
        slug=f"{MARK}{number}",
        municipality=town,
        place=dice.choice(QUARTERS) if dice.random() < PLACED else "",
        idea=example.idea,
        state=Initiative.State.PUBLISHED,
        origin=Initiative.Origin.COLLECTED,
        life_state=state,
        carrier=example.carrier.replace(there, here)[:200],
        summary=f"{example.summary.replace(there, here)} {other.summary.rpartition('. ')[2]}",
        year=dice.randint(*YEARS),
        source_name=_("Erzeugt zum Messen"),
        source_url="https://beispiel.example/",
        is_rich=dice.random() < RICH,
    )
    row.precompute([topic.name for topic in example.topics.all()])
    return row, example
