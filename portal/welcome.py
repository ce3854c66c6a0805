"""Who is greeted on the start page of the Redaktion, where help is, and which public pages are theirs.

What is to be done there is said by each admin (`ScopedAdmin.todo_lines` and its neighbours in `scoping.py`).
"""

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from portal import association
from portal.models import Municipality, Organisation, User

MORNING_ENDS, DAY_ENDS = 11, 18  # o'clock, local
NAMED = 2  # so many organisations are named, more are counted
TOWNS = 5  # so many public pages are linked


def greeting(user: User, *, now: datetime) -> str:
    """„Guten Morgen, Frau Weber – Stadt Lich"; an account without a name is greeted without one."""
    who = ", ".join(filter(None, (_time_of_day(now), user.name)))
    return " – ".join(filter(None, (who, _whose_desk(user))))


def _time_of_day(now: datetime) -> str:
    hour = timezone.localtime(now).hour
    if hour < MORNING_ENDS:
        return gettext("Guten Morgen")
    return gettext("Guten Tag") if hour < DAY_ENDS else gettext("Guten Abend")


def _whose_desk(user: User) -> str:
    names = list(dict.fromkeys(membership.organisation.name for membership in user.roles))
    if len(names) > NAMED:
        return ngettext("%(n)s Herausgeber", "%(n)s Herausgeber", len(names)) % {"n": len(names)}
    return gettext(" und ").join(names)


def help_desk(user: User) -> Organisation | None:
    """Whom a town's staff call when they do not know what to do: the association, unless they are its own."""
    ours = any(m.organisation.kind == Organisation.Kind.ASSOCIATION for m in user.roles)
    return None if ours else association.known()


def towns(user: User) -> QuerySet[Municipality]:
    """The towns whose public pages the person's own organisations fill, the first few."""
    own = {
        membership.organisation_id
        for membership in user.roles
        if membership.organisation.kind != Organisation.Kind.ASSOCIATION
    }
    return Municipality.objects.current().filter(organisation__in=own).order_by("name")[:TOWNS]


def waiting_words(since: datetime, *, now: datetime) -> str:
    """„seit heute", „seit gestern", „seit 4 Tagen": how long something waits, in local days."""
    days = (timezone.localtime(now).date() - timezone.localtime(since).date()).days
    if days < 1:
        return gettext("seit heute")
    return gettext("seit gestern") if days == 1 else gettext("seit %s Tagen") % days
