"""Reminders: who has a seat hears of the date in time, and how to give the seat back (rules 14–16).

Which reminders there are says the slot (`Slot.reminders`); each row remembers for which start it was
reminded, so a moved date reminds again, and nobody is reminded twice. A sign-up that got its seat after
a reminder's time gets none that is already past.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import groupby

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import letters, notices, outbox
from portal.dates import at
from portal.models import Mail
from portal.reminder_times import DaysBefore, Reminder, ShortlyBefore
from portal.seats import deciding, lock
from portal.slots import Signup, Slot
from portal.standing import slot_model, with_slot

BATCH = 500  # forms or rows per run and kind; the next minute takes the rest
NEARLY = timedelta(minutes=45)  # after an outage: below this it is no hour any more


def remind(model: type[Signup], now: datetime) -> int:
    """All reminders of this kind of date that are due are in the outbox; returns how many mails."""
    written = remind_soon(model, now)
    for reminder in slot_model(model).reminders:
        if isinstance(reminder, DaysBefore):
            written += _remind_days_before(model, reminder, now)
    return written


def remind_soon(model: type[Signup], now: datetime) -> int:
    """The same for those that are urgent and leave at night, too."""
    written = 0
    for reminder in slot_model(model).reminders:
        if not isinstance(reminder, ShortlyBefore):
            continue
        starts = {"slot__starts__gt": now, "slot__starts__lte": now + reminder.before}
        rows = _due(model, reminder, **starts).filter(seated_at__lte=F("slot__starts") - reminder.before)
        for _key, group in groupby(whole_forms(rows), key=lambda s: (s.booking_id, s.slot.starts)):
            signups = list(group)
            begins = signups[0].slot.starts
            word = _("In einer Stunde") if begins - now > NEARLY else _("Gleich")
            written += _remind_one(
                signups,
                reminder,
                word=word,
                still=partial(_begins, begins),
                useful_until=begins,
                now=now,
            )
    return written


def _remind_days_before(model: type[Signup], reminder: DaysBefore, now: datetime) -> int:
    """People of the date so many days ahead, once its hour has come; dates of one form and day share a mail.

    After an outage: what should have gone out the day before is still useful on the day itself,
    unless an urgent reminder follows at once.
    """
    today = timezone.localdate(now)
    words = {3: _("In drei Tagen"), 1: _("Morgen")}
    targets = []
    if now >= at(today, reminder.clock):
        targets.append((today + timedelta(days=reminder.days), words[reminder.days], now))
    if reminder.days == 1:
        follows = [r.before for r in slot_model(model).reminders if isinstance(r, ShortlyBefore)]
        targets.append((today, _("Heute"), now + max(follows, default=timedelta())))
    tomorrow = at(today + timedelta(days=1), time.min)
    written = 0
    for day, word, begins_after in targets:
        rows = _due(
            model,
            reminder,
            slot__starts__gte=at(day, time.min),
            slot__starts__lt=at(day + timedelta(days=1), time.min),
            slot__starts__gt=begins_after,
            seated_at__lte=at(day - timedelta(days=reminder.days), reminder.clock),
        )
        for _booking, group in groupby(whole_forms(rows), key=lambda signup: signup.booking_id):
            signups = list(group)
            written += _remind_one(
                signups,
                reminder,
                word=word,
                still=partial(_is_on, day),
                # „Morgen" is true until midnight; today's until the first date begins
                useful_until=min(signups[0].slot.starts, tomorrow),
                now=now,
            )
    return written


def _begins(moment: datetime, slot: Slot) -> bool:
    return slot.starts == moment


def _is_on(day: date, slot: Slot) -> bool:
    return slot.day == day


def _due(model: type[Signup], reminder: Reminder, **when: object) -> QuerySet:
    """Sign-ups with a seat that were not yet reminded for this start."""
    column = reminder.column
    rows: QuerySet = model.objects.filter(  # type: ignore[attr-defined,misc]
        Q(**{column: None}) | ~Q(**{column: F("slot__starts_revision")}),
        status=Signup.Status.CONFIRMED,
        slot__cancelled_at=None,
        **when,
    )
    return rows.filter(**{f"slot__{reminder.switch}": True}) if reminder.switch else rows


def whole_forms(signups: QuerySet) -> list[Signup]:
    """The sign-ups of the first forms that have an address, as many as one run takes, form by form."""
    rows = signups.exclude(booking__email="").order_by("booking_id", "slot__starts", "pk")
    keys = list(rows.order_by("booking_id").values_list("booking_id", flat=True).distinct()[:BATCH])
    return list(with_slot(rows.filter(booking__in=keys))) if keys else []


@deciding
def _remind_one(
    signups: list[Signup],
    reminder: Reminder,
    *,
    word: str,
    still: Callable[[Slot], bool],
    useful_until: datetime,
    now: datetime,
) -> int:
    """One reminder for these dates of one form, if they are still as they were read."""
    model, column = type(signups[0]), reminder.column
    current = {slot.pk: slot for slot in lock(slot_model(model), {s.slot_id for s in signups})}
    rows = with_slot(model.objects.filter(pk__in=[s.pk for s in signups]))  # type: ignore[attr-defined]
    fresh = [
        signup
        for signup in rows.order_by("slot__starts", "pk")
        if signup.status == Signup.Status.CONFIRMED
        and not current[signup.slot_id].cancelled_at
        and still(current[signup.slot_id])
        and getattr(signup, column) != signup.slot.starts_revision
    ]
    if not fresh:
        return 0
    booking, day = fresh[0].booking, fresh[0].slot.day
    said = notices.short_key([f"{s.label}.{s.slot.starts_revision}.{s.slot.sequence}" for s in fresh])
    facts = notices.facts(booking, fresh) | {"word": word}
    if len(fresh) == 1:  # of several each has its own way in: on the person's page
        facts |= fresh[0].slot.access()
    written = outbox.queue(
        key=f"reminder:{column}:{booking.label}:{day}:{word}:{said}",
        kind=reminder.kind,
        to=booking.email,
        letter=letters.write("signups/reminder", facts, organisation=booking.organisation),
        now=now,
        organisation=booking.organisation,
        booking=booking,
        about=notices.reminder_about(booking, day),
        useful_until=useful_until,
    )
    for signup in fresh:
        setattr(signup, column, signup.slot.starts_revision)
        signup.save(update_fields=[column])
    return int(written)


def take_back_missed(now: datetime) -> None:
    """A reminder that could not leave in time („Morgen" after midnight) is due again, in today's words."""
    missed = Mail.objects.open().filter(kind=DaysBefore.kind, useful_until__lte=now).exclude(booking=None)
    for mail in missed.select_related("booking").order_by("pk")[:BATCH]:
        day = date.fromisoformat(mail.about.rpartition(":")[2])
        deciding(notices.take_back_reminder)(mail.booking, day=day, now=now)  # type: ignore[arg-type]
