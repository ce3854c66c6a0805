"""The start page, in the order of mission.md, with its designed launch state: no dates yet."""

from dataclasses import dataclass

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives import facets, highlights
from initiatives.models import Initiative
from initiatives.topics import drawing
from portal.origin import shared
from portal.remembering import Recent, address
from seminars import programme
from volunteers.cards import card
from volunteers.models import Shift

SOON, EXAMPLES, RANKED, SEMINARS = 4, 3, 12, 2
WORTH_TELLING = 10  # a smaller figure is no success (mission.md)
PLACES = 2  # an idea works when it does in more than one place
IDEAS = 6  # the most widespread; the others stand on the page of ideas

# Everything that is public, and then what of it shows an idea: one statement, which reads the many rows once.
SPREAD = """
WITH shown AS (
    SELECT idea_id, municipality_id, CAST(COUNT(*) AS INTEGER) AS n FROM initiatives_initiative
    WHERE state = 'published' AND (public_from IS NULL OR public_from <= %s)
    GROUP BY idea_id, municipality_id
)
SELECT '' AS slug, '' AS name, '' AS topic, -1 AS place, COALESCE(SUM(n), 0) AS n, COUNT(DISTINCT municipality_id) AS towns
FROM shown
UNION ALL
SELECT i.slug, i.name,
    (SELECT t.slug FROM initiatives_topic t JOIN initiatives_idea_topics m ON m.topic_id = t.id
     WHERE m.idea_id = i.id ORDER BY t."order", t.name LIMIT 1),
    i."order", SUM(s.n), COUNT(*)
FROM shown s JOIN initiatives_idea i ON i.id = s.idea_id
GROUP BY i.id, i.slug, i.name, i."order"
ORDER BY place
"""


@dataclass(frozen=True)
class Idea:
    name: str
    drawing: str
    towns: int
    url: str


@shared
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Help wanted soon, or what others do already; ideas that work; own ideas; for towns."""
    now = timezone.now()
    wanted = Shift.objects.public().open_for_signup(now)
    soon = [card(shift, now=now) for shift in wanted.for_cards()[:SOON]]
    (*_none, n, towns), *ideas = _spread()
    page = {
        "soon": soon,
        "all_dates": _all_dates(wanted.count() if len(soon) == SOON else len(soon)),
        "examples": [] if soon else _examples(),
        "highlights": highlights.shown(timezone.localdate(now)),
        "seminars": programme.soon(now, SEMINARS),
        "ideas": _ideas(ideas),
        "all_examples": _all_examples(n, towns),
    }
    return render(request, "portal/start.html", page)


Row = tuple[str, str, str, int, int, int]  # slug, name, topic, order, initiatives, towns
_large: Recent[list[Row]] = Recent(facets.SECONDS, 1)


def _spread() -> list[Row]:
    """How many public initiatives in how many towns: all in the first row, of each idea in the others.

    Very many are counted once in a while, as in the list (`facets.count`).
    """
    today = timezone.localdate()
    if known := _large.get(today):
        return known
    with connection.cursor() as cursor:
        cursor.execute(SPREAD, [today])
        rows = list(cursor.fetchall())
    n = rows[0][4]
    return _large.keep(today, rows) if n >= facets.MANY else rows


def _ideas(rows: list[Row]) -> list[Idea]:
    """What works in more than one place, the most widespread first."""
    ideas = [
        Idea(name, drawing(name, topic), towns, address("ideas:detail", slug))
        for slug, name, topic, _order, _n, towns in rows
        if towns >= PLACES
    ]
    return sorted(ideas, key=lambda idea: -idea.towns)[:IDEAS]


def _examples() -> list[Initiative]:
    """The best three, each of another topic."""
    chosen: dict[str, Initiative] = {}
    for row in Initiative.objects.public().ranked().for_cards()[:RANKED]:
        chosen.setdefault(row.topic_slug, row)  # type: ignore[attr-defined]
    return list(chosen.values())[:EXAMPLES]


def _all_dates(n: int) -> str:
    return _("alle %s Termine") % n if n >= WORTH_TELLING else _("alle Termine")


def _all_examples(n: int, towns: int) -> str:
    if n < WORTH_TELLING or towns < WORTH_TELLING:
        return _("Alle Beispiele ansehen")
    return _("%(n)s Beispiele aus %(towns)s Städten und Gemeinden") % {"n": n, "towns": towns}
