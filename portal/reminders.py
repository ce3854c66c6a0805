"""What time makes due, found by asking the database (rule 14): reminders, nudges, thanks, digests.

`queue_due` runs every minute and is harmless when run twice: each mail has a key that makes it
once, and each row remembers what it was told. Times are columns, never countdowns in a broker.
The reminders themselves are in `reminding.py`.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from portal import attendance_mail, confirmations, letters, notices, outbox
from portal.dates import at, is_quiet
from portal.models import Booking
from portal.refused import Busy
from portal.reminding import BATCH, remind, remind_soon, take_back_missed, whole_forms
from portal.seats import announce_free_seat, deciding, lock
from portal.slots import Signup, Slot
from portal.standing import signup_models, signups_of, slot_model

NUDGE_AFTER, NUDGE_AFTER_SOON, SOON = timedelta(hours=20), timedelta(hours=3), timedelta(hours=48)
EVENING = time(17)  # when a day's new sign-ups go to the contact
LAST_DAY = timedelta(hours=24)  # in which the contact hears at most hourly
THANKS_FOR = timedelta(days=7)  # after an outage, thanks older than this are no longer useful


def queue_due(*, now: datetime) -> dict[str, int]:
    """Everything that is due now is in the outbox; returns how many mails per kind were written."""
    with suppress(Busy):
        take_back_missed(now)
    written = {"nudge": _unless_busy(_nudges, now), "seat-free": _unless_busy(_open_seats, now)}
    finds = {"reminder": remind, "who-came": attendance_mail.ask, "thanks": _thanks, "new-signups": _digests}
    if is_quiet(now):  # rule 16: these do not leave between 21 and 7 o'clock, but „in einer Stunde" does
        finds = {"reminder": remind_soon}
    for kind, find in finds.items():
        written[kind] = sum(_unless_busy(find, model, now) for model in signup_models())
    return written


def _unless_busy(find: Callable[..., int], *args: object) -> int:
    """A lock not had now is had in the next minute; what was written stays written."""
    try:
        return find(*args)
    except Busy:
        return 0


# --- nudges -----------------------------------------------------------------------------------------
def _nudges(now: datetime) -> int:
    """One reminder to confirm: after 20 hours, or after 3 when the start is within 48 (rule 2)."""
    due = Q(entered_at__lte=now - NUDGE_AFTER)
    for model in signup_models():
        soon = model.objects.filter(booking=OuterRef("pk"), status=Signup.Status.UNCONFIRMED)  # type: ignore[attr-defined]
        due |= Exists(soon.filter(slot__starts__lte=now + SOON)) & Q(entered_at__lte=now - NUDGE_AFTER_SOON)
    waiting = Booking.objects.filter(due, confirmed_at=None, erased_at=None, nudged_at=None)
    written = 0
    for booking in waiting.exclude(mailed_at=None).select_related("organisation").order_by("pk")[:BATCH]:
        written += _nudge(booking, now)
    return written


@deciding
def _nudge(booking: Booking, now: datetime) -> int:
    if not Booking.objects.filter(pk=booking.pk, nudged_at=None, confirmed_at=None).update(nudged_at=now):
        return 0
    open_signups = [
        signup
        for signup in signups_of(booking)
        if signup.status == Signup.Status.UNCONFIRMED and signup.slot.takes_people(now)
    ]
    if not open_signups or _signed_up_meanwhile(open_signups):
        return 0
    return int(confirmations.ask(booking, open_signups, now=now, nudge=True))


def _signed_up_meanwhile(signups: list[Signup]) -> bool:
    """The same form was sent twice and confirmed once: no nudge for its twin."""
    rows = type(signups[0]).objects.live()  # type: ignore[attr-defined]
    slots = {signup.slot_id for signup in signups}
    found = rows.filter(email_key=signups[0].email_key, slot__in=slots).values("slot").distinct().count()
    return bool(found == len(slots))


# --- free seats in the open phase -------------------------------------------------------------------
def _open_seats(now: datetime) -> int:
    """Slots in the open phase with a free seat that somebody waiting has not heard of yet.

    Not yet heard: never told, or told more than 6 hours ago and a seat was given back since.
    """
    told = 0
    for model in signup_models():
        slots = slot_model(model)
        returned = model.objects.filter(slot=OuterRef("slot"), ended_at__gt=OuterRef("told_free_at"))  # type: ignore[attr-defined,misc]
        unheard = Q(told_free_at=None) | (
            Q(told_free_at__lte=now - notices.FREE_SEAT_PAUSE) & Exists(returned.exclude(seated_at=None))
        )
        found = (
            model.objects.filter(  # type: ignore[attr-defined,misc]
                unheard,
                status=Signup.Status.WAITING,
                slot__cancelled_at=None,
                slot__starts__gt=now,
                slot__starts__lte=now + slots.open_phase,
            )
            .order_by("slot")
            .values_list("slot", flat=True)
            .distinct()
        )
        for key in list(found[:BATCH]):
            told += _announce(slots, key, now=now)
    return told


@deciding
def _announce(slots: Any, key: int, *, now: datetime) -> bool:
    (slot,) = lock(slots, [key])
    free = slot.free()
    if not slot.in_open_phase(now) or slot.cancelled_at or free == 0:
        return False
    announce_free_seat(slot, free=free, now=now)
    return True


# --- thanks -----------------------------------------------------------------------------------------
def _thanks(model: type[Signup], now: datetime) -> int:
    """The day after, to all who had a seat and are not known to have stayed away (mail table).

    Forms with a date whose contact has not answered yet wait for the answer, until that evening (rule 11).
    """
    awaited = model.objects.filter(attendance_mail.awaits_answer(model, now))  # type: ignore[attr-defined]
    rows = model.objects.filter(  # type: ignore[attr-defined,misc]
        status=Signup.Status.CONFIRMED,
        thanked_at=None,
        slot__cancelled_at=None,
        slot__ends__lt=at(timezone.localdate(now), time.min),
        slot__ends__gt=now - THANKS_FOR,
    ).exclude(attended=False)
    rows = rows.exclude(booking__in=awaited.values("booking"))
    written = 0
    for _booking, group in groupby(whole_forms(rows), key=lambda s: (s.booking_id, s.slot.day)):
        written += _thank(list(group), now=now)
    return written


@deciding
def _thank(signups: list[Signup], *, now: datetime) -> int:
    booking = signups[0].booking
    model = type(signups[0])
    model.objects.filter(pk__in=[s.pk for s in signups]).update(thanked_at=now)  # type: ignore[attr-defined]
    more = {"next_dates": signups[0].slot.next_dates(now)}
    more |= {"came": "1"} if all(signup.attended for signup in signups) else {}
    if len(signups) == 1:  # of several each has its own: on the person's page
        more |= signups[0].slot.afterwards()
    return int(
        outbox.queue(
            key=f"thanks:{booking.label}:{signups[0].slot.day}",
            kind="thanks",
            to=booking.email,
            letter=letters.write(
                "signups/thanks", notices.facts(booking, signups) | more, organisation=booking.organisation
            ),
            now=now,
            organisation=booking.organisation,
            booking=booking,
            useful_until=now + THANKS_FOR,
        )
    )


# --- digests for the contact ------------------------------------------------------------------------
def _digests(model: type[Signup], now: datetime) -> int:
    """New sign-ups to the contact: daily, at most hourly on the last day; counts and a link (rule 17)."""
    slots = slot_model(model)
    fresh = (
        slots.objects.filter(cancelled_at=None, starts__gt=now)  # type: ignore[attr-defined]
        .select_related(*slots.row_relations)
        .annotate(
            n_new=Count(
                "signups",
                filter=Q(signups__status__in=Signup.LIVE, signups__booking__source=Booking.Source.WEB)
                & (Q(contact_told_at=None) | Q(signups__booking__confirmed_at__gt=F("contact_told_at"))),
            )
        )
        .filter(n_new__gt=0)
        .order_by("starts")
    )
    written = 0
    evening = at(timezone.localdate(now), EVENING)
    for slot in fresh[:BATCH]:
        last_day = now >= slot.starts - LAST_DAY
        told_before = now - timedelta(hours=1) if last_day else evening
        due = last_day or now >= evening
        if due and slot.contact_address and (slot.contact_told_at or told_before) <= told_before:
            written += _digest(slot, now=now)
    return written


@deciding
def _digest(slot: Slot, *, now: datetime) -> int:
    told = slot.contact_told_at
    claimed = type(slot).objects.filter(pk=slot.pk, contact_told_at=told).update(contact_told_at=now)  # type: ignore[attr-defined]
    if not claimed:
        return 0
    return int(
        outbox.queue(
            key=f"new-signups:{slot.label}:{now:%Y%m%d%H%M}",
            kind="new-signups",
            to=slot.contact_address,
            letter=letters.write(
                "signups/new-signups",
                notices.slot_facts(slot)
                | {
                    "count": str(slot.n_new),  # type: ignore[attr-defined]
                    "seats": slot.counts_words(),
                    "staff_url": settings.SITE_URL + slot.staff_path,
                },
                organisation=slot.organisation,
            ),
            now=now,
            organisation=slot.organisation,
            about=slot.label,
            useful_until=slot.starts,
        )
    )
