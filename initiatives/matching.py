"""Which initiatives the words of a query fit, and how well: one expression, the same on both databases.

Each word must occur, or a word for the same thing (`wording.py`). German compounds need substrings: „Laden" is in
„Dorfladen". But a short word is only the beginning or the end of one („Rad" in „Fahrrad", not in „trade"), and one that
is an ending of German („Lich", „Heiten") only a word of its own. Rejected: PostgreSQL's full text search, which knows no
parts of words and which SQLite does not have.
"""

from functools import reduce
from operator import add, or_

from django.db.models import Case, IntegerField, Q, Value, When

from initiatives.models import InitiativeQuerySet
from initiatives.wording import Term

SHORT = 4  # letters
_ENDINGS = frozenset("lich isch haft heit keit ling bar sam los ung ig ei er en st".split())  # noqa: SIM905
# From best to worst; a missing word costs more than all others together can (MAX_WORDS).
TITLE, IN_TITLE, MEANT_IN_TITLE, WORD, PART, MEANT, MISSING = 0, 1, 2, 4, 5, 6, 40


def fits_all(terms: tuple[Term, ...]) -> Q:
    """Each word occurs; no words fit everything."""
    found = Q()
    for term in terms:
        found &= _occurs(term)
    return found


def fits_some(terms: tuple[Term, ...]) -> Q:
    return reduce(or_, map(_occurs, terms))


def ranked(rows: InitiativeQuerySet, terms: tuple[Term, ...]) -> InitiativeQuerySet:
    """Best first: words in the title before those in the text, whole words before parts, then as rule 21 says.

    With words each row has `relevance`: the lower the better; from MISSING on one of the words is nowhere. What was
    typed first counts most („Theater spielen").
    """
    if not terms:
        return rows.ranked()
    order = rows.ranked().query.order_by
    costs = [_cost(term, missing=MISSING + len(terms) - number) for number, term in enumerate(terms)]
    return rows.annotate(relevance=reduce(add, costs)).order_by("relevance", *order)


def _cost(term: Term, *, missing: int) -> Case:
    whole = f" {term.stem} "
    return Case(
        When(search_title__contains=whole, then=Value(TITLE)),
        When(_part("search_title", term.stem), then=Value(IN_TITLE)),
        *_meant("search_title", term, MEANT_IN_TITLE),
        When(search_text__contains=whole, then=Value(WORD)),
        When(_part("search_text", term.stem), then=Value(PART)),
        *_meant("search_text", term, MEANT),
        default=Value(missing),
        output_field=IntegerField(),
    )


def _occurs(term: Term) -> Q:
    same = [_synonym("search_text", stem) for stem in term.same]
    return reduce(or_, same, _part("search_text", term.stem))


def _meant(column: str, term: Term, cost: int) -> list[When]:
    if not term.same:
        return []
    return [When(reduce(or_, [_synonym(column, stem) for stem in term.same]), then=Value(cost))]


def is_in(column: str, term: Term) -> bool:
    """Whether the text of such a column has the word; as the database decides it."""
    parts = [*_forms(term.stem), *(_form(stem) for stem in term.same)]
    return any(part in column for part in parts)


def _part(column: str, stem: str) -> Q:
    """Where a word that was typed may stand."""
    return reduce(or_, [Q(**{f"{column}__contains": form}) for form in _forms(stem)])


def _synonym(column: str, stem: str) -> Q:
    """Where a word that was not typed may stand."""
    return Q(**{f"{column}__contains": _form(stem)})


def _forms(stem: str) -> tuple[str, ...]:
    """A short word begins or ends one; an ending is a word of its own; others stand anywhere."""
    if stem in _ENDINGS:
        return (f" {stem} ",)
    return (f" {stem}", f"{stem} ") if len(stem) <= SHORT else (stem,)


def _form(stem: str) -> str:
    return f" {stem} " if len(stem) <= SHORT else stem
