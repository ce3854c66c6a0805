"""Answers are promised „in der Regel binnen zwei Wochen": when one is late, staff and who asked hear of it (rule 26).

Working days are Monday to Friday without the holidays of Hessen. Each of the two letters leaves once, by its key; what
is late by more than a week more, after an outage, is not written any more.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import holidays, letters, outbox, roles
from portal.association import association
from portal.dates import at
from portal.models import AccessRequest, Organisation

REMIND_AFTER, OWN_UP_AFTER = 10, 20  # working days
STILL_USEFUL = timedelta(days=7)
DAY = timedelta(days=1)


class Question(NamedTuple):
    """What waits, in the words of the letters: „Hinweis zu „Bachpaten“"; who answers, and who asked (or nobody).

    `owned_up_once` names what one letter to who asked is for, where nobody proved that address; empty: the question.
    """

    label: str
    title: str
    town: str
    staff_path: str
    organisation: Organisation
    asked_by: str
    owned_up_once: str = ""


def latest_day(n: int, *, today: date) -> date:
    """The last day since which `n` whole working days have passed; today is none yet."""
    day = today - DAY
    while n:
        n -= day.weekday() < 5 and not holidays.name(day)
        day -= DAY
    return day


def tell(rows: QuerySet[Any], question: Callable[[Any], Question], *, now: datetime) -> int:
    """After 10 working days each person of the Redaktion is reminded, after 20 who asked is told; how many mails.

    `rows` are `Asking`s; `question` says what the letters need of one.
    """
    label = rows.model._meta.label_lower
    n = sum(_remind(question(row), label, now=now) for row in _open_since(rows, REMIND_AFTER, now))
    return n + sum(_own_up(question(row), now=now) for row in _open_since(rows, OWN_UP_AFTER, now))


def _open_since(rows: QuerySet[Any], n: int, now: datetime) -> Iterable[Any]:
    until = at(latest_day(n, today=timezone.localdate(now)) + DAY, time(0))
    return rows.filter(settled_at=None, confirmed_at__lt=until, confirmed_at__gte=until - STILL_USEFUL)


@transaction.atomic
def _remind(asked: Question, label: str, *, now: datetime) -> int:
    facts = {"staff_url": settings.SITE_URL + asked.staff_path}
    return sum(
        _queue("overdue", asked, facts, to=user.email, key=f"{asked.label}:{user.pk}", now=now)
        for user in roles.people(asked.organisation, "change", label)
        if not outbox.is_full(user.email, kind="overdue", now=now)
    )


@transaction.atomic
def _own_up(asked: Question, *, now: datetime) -> int:
    facts = {"contact": asked.organisation.contact_line}
    return _queue(
        "still-open", asked, facts, to=asked.asked_by, key=asked.owned_up_once or asked.label, now=now
    )


def _queue(kind: str, asked: Question, facts: dict[str, str], *, to: str, key: str, now: datetime) -> int:
    facts = facts | {"title": asked.title, "town": asked.town}
    return outbox.queue(
        key=f"{kind}:{key}",
        kind=kind,
        to=to,
        letter=letters.write(f"towns/{kind}", facts, organisation=asked.organisation),
        now=now,
        organisation=asked.organisation,
        about=asked.label,
    )


def tell_about_access(*, now: datetime) -> int:
    """Requests for access that the association has not decided in time."""
    ours = association()

    def question(row: AccessRequest) -> Question:
        title = _("Anfrage nach einem Zugang")
        path = reverse("admin:portal_accessrequest_change", args=[row.pk])
        return Question(row.label, title, row.municipality.name, path, ours, row.email)

    return tell(AccessRequest.objects.select_related("municipality"), question, now=now)
