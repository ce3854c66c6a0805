"""The start page, in the order of mission.md, with its designed launch state: no dates yet."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives import highlights
from initiatives.models import Initiative
from portal import search
from portal.origin import shared
from seminars import programme
from volunteers.cards import card
from volunteers.models import Shift

SOON, EXAMPLES, RANKED, SEMINARS = 4, 3, 12, 2
WORTH_TELLING = 10  # a smaller figure is no success (mission.md)
PLACES = 2  # an idea works when it does in more than one place
# Types of initiative: name, the word that finds them (what is shown is what the list then shows), drawing.
IDEAS = [
    ("Bürgerbus", "Bürgerbus", "buergerbus"),
    ("Repair-Café", "Repair-Café", "senioren"),
    ("Dorfladen", "Dorfladen", "dorfentwicklung"),
    ("Lotsinnen und Lotsen", "Lotsen", "integration"),
    ("Ideen der Feuerwehr", "Feuerwehr", "feuerwehr"),
    ("Ehrenamts\u00adagentur", "Ehrenamtsagentur", "soziales"),
]


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
    counts = _counts()
    page = {
        "soon": soon,
        "all_dates": _all_dates(wanted.count() if len(soon) == SOON else len(soon)),
        "examples": [] if soon else _examples(),
        "highlights": highlights.shown(timezone.localdate(now)),
        "seminars": programme.soon(now, SEMINARS),
        "ideas": _ideas(counts),
        "all_examples": _all_examples(counts["n"], counts["towns"]),
    }
    return render(request, "portal/start.html", page)


def _counts() -> dict[str, int]:
    """How many published initiatives in how many towns, all and for each idea: one statement.

    Written out: Django took a third of the page's time to put eight aggregates with their filters together.
    """
    stems = [search.words(word) for _name, word, _drawing in IDEAS]
    finds = [" AND ".join(["search_text LIKE %s"] * len(found)) for found in stems]
    counts = {
        "n": "COUNT(*)",
        "towns": "COUNT(DISTINCT municipality_id)",
        **{
            f"idea_{number}": f"COUNT(DISTINCT CASE WHEN {found} THEN municipality_id END)"
            for number, found in enumerate(finds)
        },
    }
    shown = "state = %s AND (public_from IS NULL OR public_from <= %s)"
    sql = f'SELECT {", ".join(counts.values())} FROM "{Initiative._meta.db_table}" WHERE {shown}'  # noqa: S608  # our own words
    sought = [f"%{stem}%" for found in stems for stem in found]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*sought, Initiative.State.PUBLISHED.value, timezone.localdate()])
        return dict(zip(counts, cursor.fetchone(), strict=True))


def _ideas(counts: dict[str, int]) -> list[Idea]:
    url = reverse("initiatives:list")
    return [
        Idea(_(name), drawing, counts[f"idea_{number}"], f"{url}?{urlencode({'suche': word})}")
        for number, (name, word, drawing) in enumerate(IDEAS)
        if counts[f"idea_{number}"] >= PLACES
    ]


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
