"""„Noch aktuell?": contacts are asked twice a year whether their pages are still true (rule 24).

One mail for all pages of a contact, with a signed page, no login. Asked are the towns' own pages with an e-mail
address; collected ones never claimed to be current, their page says so and asks everybody for a hint, so nobody gets
a list of them. One contact of two organisations has a mail of each, which names only that one's pages. Nothing is
hidden because of an answer, or of none: what has changed or ended becomes a task of the Redaktion.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from initiatives import hints
from initiatives.models import Hint, Initiative, StillCurrent
from portal import dates, letters, links, outbox
from portal.models import Organisation

ANSWER = "still-current"  # purpose of the link
EVERY = timedelta(days=183)
A_RUN = 50  # mails
TRUE, CHANGED, ENDED = "true", "changed", "ended"


class Said(NamedTuple):
    """What the contact says of one page: one of TRUE, CHANGED, ENDED, and the words to CHANGED."""

    page: Initiative
    what: str
    text: str = ""


def ask_due(*, now: datetime) -> int:
    """Contacts whose pages nobody confirmed for half a year have a mail, not at night; how many were written."""
    if dates.is_quiet(now):
        return 0
    due = Initiative.objects.public().filter(_not_asked(now), origin=Initiative.Origin.TOWN)
    due = (
        due.unsaid_since(now - EVERY).exclude(contact_email="").exclude(life_state=Initiative.LifeState.DONE)
    )
    found = (
        due.order_by("organisation", "contact_email").values_list("organisation", "contact_email").distinct()
    )
    whom = {(organisation, email.lower()): email for organisation, email in found[:A_RUN]}
    return sum(_ask(key[0], email, now=now) for key, email in whom.items())


def _not_asked(now: datetime) -> Q:
    return Q(asked_at=None) | Q(asked_at__lte=now - EVERY)


@transaction.atomic
def _ask(organisation_id: int, email: str, *, now: datetime) -> int:
    """All pages of the contact are asked about now; 0 when another worker was faster."""
    organisation = Organisation.objects.get(pk=organisation_id)
    row = StillCurrent(organisation=organisation, email=email, entered_at=now, confirmed_at=now)
    pages = list(row.pages())
    keys = [page.pk for page in pages]
    if not Initiative.objects.filter(_not_asked(now), pk__in=keys).update(asked_at=now):
        return 0
    Initiative.objects.filter(pk__in=keys).update(asked_at=now)
    row.save()
    facts = {
        "page_title": pages[0].title if len(pages) == 1 else "",
        "count": str(len(pages)),
        "pages": "\n".join(f"- {_line(page)}" for page in pages),
        "current_url": links.url("current:answer", ANSWER, row),
    }
    return outbox.queue(
        key=f"still-current:{organisation.pk}:{min(keys)}:{timezone.localdate(now)}",
        kind="still-current",
        to=email,
        letter=letters.write("towns/still-current", facts, organisation=organisation),
        now=now,
        organisation=organisation,
        about=row.label,
        useful_until=now + EVERY,
    )


def _line(page: Initiative) -> str:
    names = {"title": page.title, "town": page.municipality.name}
    if not page.last_said_on:
        return _("%(title)s, %(town)s") % names
    names["month"] = date_format(page.last_said_on, "F Y")
    return _("%(title)s, %(town)s (zuletzt bestätigt im %(month)s)") % names


@transaction.atomic
def answer(row: StillCurrent, said: Iterable[Said], *, now: datetime) -> None:
    """What is true is confirmed today and runs; what has changed or ended is a task of the Redaktion. Raises Refused.

    Saying the same again changes nothing.
    """
    for each in said:
        if each.what == TRUE:
            _confirm(each.page, now=now)
        elif each.what in (CHANGED, ENDED):
            kind = Hint.Kind.CHANGED if each.what == CHANGED else Hint.Kind.ENDED
            hints.give(each.page, kind=kind, text=each.text, email=row.email, now=now)
    StillCurrent.objects.filter(pk=row.pk, settled_at=None).update(settled_at=now)


def _confirm(page: Initiative, *, now: datetime) -> None:
    page.confirmed_on, page.life_state = timezone.localdate(now), Initiative.LifeState.RUNNING
    page.save(update_fields=["confirmed_on", "life_state"])


def lower(*, now: datetime) -> int:
    """What says „läuft“ and was not confirmed for a year ranks with the examples, until somebody does; how many."""
    top, lowered = (
        Initiative.RANK[Initiative.LifeState.RUNNING],
        Initiative.RANK[Initiative.LifeState.EXAMPLE],
    )
    return Initiative.objects.long_unsaid(now).filter(life_rank=top).update(life_rank=lowered)
