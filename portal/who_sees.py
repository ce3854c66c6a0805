"""„Wer sieht was": `roles.RIGHTS` in German words, for the public page and the papers.

Nothing is said here that is not asked there on every request. A right, an action, a reach or a condition
without a German word raises LookupError, and so in the tests.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import purposes, roles
from portal.models import Booking, Membership
from portal.roles import ABOUT_SEMINARS, OF_SEMINARS, Reach, Right
from portal.slots import Signup

ROLES = {
    Membership.Role.EDITOR: _("Menschen, die für eine Stadt, eine Gemeinde oder einen Landkreis arbeiten."),
    Membership.Role.READER: _(
        "Menschen, die für eine Stadt, eine Gemeinde oder einen Landkreis mitlesen: Initiativen, Aktionen, Termine und wie "
        "viele sich angemeldet haben, aber nicht wer."
    ),
    Membership.Role.NETWORK: _(
        "Menschen, die beim Verband die Kommunen und die Orte ohne eigene Redaktion betreuen."
    ),
    Membership.Role.SEMINARS: _("Menschen, die beim Verband die Seminare betreuen."),
}
ACTIONS = {
    "view": _("ansehen"),
    "add": _("anlegen"),
    "change": _("ändern"),
    "delete": _("löschen"),
    "choose": _("auswählen, ohne mehr zu sehen"),
    "resend": _("erneut senden"),
}
REACH = {
    Reach.OWN: _("nur beim eigenen Herausgeber"),
    Reach.TRUST: _("nur in Orten ohne eigene Redaktion (treuhänderisch)"),
    Reach.ALL: _("überall"),
}
CONDITIONS = [
    (OF_SEMINARS, _("nur zu Seminaren")),
    (~OF_SEMINARS, _("ohne Seminare")),
    (ABOUT_SEMINARS, _("nur zu Seminaren")),
    (~ABOUT_SEMINARS, _("ohne Seminare")),
]
# Where the names of the columns would not say it.
IN_WORDS = {
    "portal.mail": _("Adresse, Betreff und Text; persönliche Links sind verdeckt"),
    "portal.accesslog": _("wer von der Redaktion wann welche Liste gelesen hat"),
    "portal.membership": _("wer welche Rolle hat"),
    "seminars.speaker": _("Name, Funktion (öffentlich im Programm)"),
}


@dataclass(frozen=True)
class Line:
    """What one role may do to one kind of row."""

    what: str
    people: str  # the personal data in it; empty: none
    reach: str
    actions: str


@dataclass(frozen=True)
class Seen:
    """One role with everything that it sees."""

    role: str
    who: str
    lines: list[Line]


def overview() -> list[Seen]:
    """Every role; what names people comes first."""
    return [
        Seen(
            role=str(role.label),
            who=str(ROLES[role]),
            lines=sorted((_line(label, right) for label, right in rights.items()), key=_order),
        )
        for role, rights in roles.RIGHTS.items()
    ]


def _order(line: Line) -> tuple[bool, str]:
    return not line.people, line.what


def _line(label: str, right: Right) -> Line:
    model = apps.get_model(label)
    return Line(
        what=str(model._meta.verbose_name_plural),
        people=_people(label, right),
        reach=", ".join([str(REACH[right.reach]), *_condition(right)]),
        actions=", ".join(str(words) for action, words in ACTIONS.items() if action in _shown(right)),
    )


def _shown(right: Right) -> frozenset[str]:
    """Its actions; to choose what one may read anyway is no more."""
    if unknown := right.actions - ACTIONS.keys():
        raise LookupError(f"no German word for {', '.join(sorted(unknown))}")
    return right.actions - {"choose"} if "view" in right.actions else right.actions


def _condition(right: Right) -> list[str]:
    if not right.only:
        return []
    for condition, words in CONDITIONS:
        if right.only == condition:
            return [str(words)]
    raise LookupError(f"no German word for {right.only}")


def _people(label: str, right: Right) -> str:
    """Names of the personal columns; nothing for who may only choose a row in a form."""
    if "view" not in right.actions:
        return ""
    if label in IN_WORDS:
        return str(IN_WORDS[label])
    model = apps.get_model(label)
    tables: list[Any] = [Booking, model] if issubclass(model, Signup) else [model]
    names = [name for each in tables for name, its in purposes.column_words(each) if its != "K5"]
    return ", ".join(name for name in dict.fromkeys(names) if name != gettext("E-Mail zum Vergleichen"))
