"""„Wer war da?" by mail (rule 11): once per date to its contact, who answers on a signed page without a login.

Which dates are over and unanswered the database says, as with reminders (rule 14). The link says nothing of a
person, lives for a while (retention.py), and is dead when the date has another contact.
"""

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from portal import letters, links, notices, outbox
from portal.attendance import QUESTION
from portal.dates import at
from portal.reminding import BATCH
from portal.retention import WHO_CAME_LINK
from portal.seats import deciding
from portal.slots import Signup, Slot
from portal.standing import slot_model

ANSWER_BY = time(17)  # of the day after: until then thanks wait for the answer


def ask(model: type[Signup], now: datetime) -> int:
    """The contacts of dates that are over are asked who came; returns how many mails that were."""
    slots = slot_model(model)
    seated = model.objects.seated().filter(slot=OuterRef("pk"))  # type: ignore[attr-defined]
    found = (
        slots.objects.filter(
            Exists(seated),
            cancelled_at=None,
            attendance_asked_at=None,
            attendance_noted_at=None,
            ends__lte=now,
            ends__gt=now - WHO_CAME_LINK,
        )
        .exclude(**{slots.contact_column: ""})
        .select_related(*slots.row_relations)
    )
    return sum(_ask(slot, now=now) for slot in found.order_by("ends", "pk")[:BATCH])


@deciding
def _ask(slot: Slot, *, now: datetime) -> int:
    unasked = type(slot).objects.filter(pk=slot.pk, attendance_asked_at=None)  # type: ignore[attr-defined]
    if not unasked.update(attendance_asked_at=now):
        return 0
    more = {
        "seats": slot.counts_words(),
        "who_came_url": links.url("booking:who_came", links.WHO_CAME, slot),
    }
    return int(
        outbox.queue(
            key=f"{QUESTION}:{slot.label}:{slot.link_version}",
            kind=QUESTION,
            to=slot.contact_address,
            letter=letters.write(
                "signups/who-came", notices.slot_facts(slot) | more, organisation=slot.organisation
            ),
            now=now,
            organisation=slot.organisation,
            about=slot.label,
            useful_until=slot.ends + WHO_CAME_LINK,
        )
    )


def awaits_answer(model: type[Signup], now: datetime) -> Q:
    """Sign-ups on dates of yesterday (and today) of which the contact may still say who came."""
    today = timezone.localdate(now)
    if now >= at(today, ANSWER_BY):
        return Q(pk__in=[])
    return Q(
        slot__cancelled_at=None,
        slot__attendance_noted_at=None,
        slot__ends__gte=at(today - timedelta(days=1), time.min),
        slot__ends__lte=now,
    ) & ~Q(**{f"slot__{slot_model(model).contact_column}": ""})


@deciding
def new_contact(slots: QuerySet[Any], *, now: datetime) -> None:
    """These dates have another contact: links that the former one got are dead, and the new one is asked."""
    slots.update(link_version=F("link_version") + 1)
    slots.filter(attendance_noted_at=None).update(attendance_asked_at=None)
    outbox.withdraw(about=[slot.label for slot in slots.only("pk")], kinds=[QUESTION], now=now)
