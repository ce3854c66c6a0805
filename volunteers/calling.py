"""How an action begins: a call for help of a few answers, a copy of an earlier one, a date week after week.

Times are the town hall's clock: nine o'clock stays nine o'clock over the change of the clock, and a time
that the clock skips is refused. What publishing needs is asked of `publishing.publish`.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from initiatives.models import Initiative, Topic
from portal import dates, publishing, slugs
from portal.models import Municipality, Organisation, User
from portal.refused import Refused
from volunteers.models import Opportunity, Shift

WEEK = timedelta(days=7)
MOST_WEEKS = 52
USUAL_TOPIC = "dorfentwicklung"  # what helping in a place is about when nobody says more
# What the next call has in common with the last one of the same town.
LASTING = ("organiser", "contact", "contact_phone", "contact_email", "topic", "age", "insurance")
# What a copy takes over; its address, its state and its dates are its own.
COPIED = (
    *LASTING, "organisation", "municipality", "title", "summary", "meeting_point", "bring", "remind_early",
    "remind_late",
)  # fmt: skip


def defaults(town: Municipality, *, organisation: Organisation, user: User) -> dict[str, Any]:
    """What a new call of this town most likely says: as the last one did, else who asks and where they sit."""
    mine = Opportunity.objects.filter(municipality=town, organisation=organisation)
    if last := mine.order_by("-changed_at", "-pk").first():
        return {name: getattr(last, name) for name in LASTING}
    usual = Topic.objects.filter(slug=USUAL_TOPIC).first() or Topic.objects.first()
    return {
        "organiser": ", ".join(filter(None, (organisation.name, organisation.address))),
        "contact": user.name,
        "contact_phone": organisation.contact_phone,
        "contact_email": organisation.contact_email,
        "topic": usual,
    }


def call(action: Opportunity, *, shift: Shift | None, is_public: bool, now: datetime) -> None:
    """The new action is saved with its one date, as a draft or public at once.

    `action` and `shift` are unsaved; the action has its town and organisation. Raises Refused and names what
    publication needs (rules 21, 35).
    """
    with transaction.atomic():
        _refuse_foreign(action)
        _save_new(action, first=shift.starts if shift else now)
        if shift:
            shift.opportunity = action
            shift.save()
        if is_public:
            publishing.publish(action, now=now)


def _refuse_foreign(action: Opportunity) -> None:
    """An action belongs to a running initiative of the same organisation, or to none (rule 21)."""
    initiative = action.initiative
    if initiative and initiative.organisation_id != action.organisation_id:
        raise Refused(gettext("Diese Initiative gehört einem anderen Herausgeber."))


def address(action: Opportunity, first: datetime) -> str:
    """`<what-town-year>` of an action whose first date is then; it may be taken."""
    year = str(timezone.localtime(first).year)
    return slugs.compose(action.title, action.municipality.name, year)


def correct_year(action: Opportunity) -> None:
    """An address as `address` makes it has the year of the first date, until the page was public once.

    Any other that somebody typed stays.
    """
    first = None if action.published_at else action.shifts.order_by("starts").first()
    if first is None:
        return
    wanted = address(action, first.starts)
    is_made = re.fullmatch(rf"{wanted[:-4]}\d{{4}}(-\d+)?", action.slug)
    if is_made and not action.slug.startswith(wanted):
        _give_address(action, wanted)
        action.save(update_fields=["slug"])


def _give_address(action: Opportunity, wanted: str) -> None:
    action.slug = slugs.unique_slug(Opportunity, wanted, reserved=Opportunity.RESERVED_SLUGS)


def _save_new(action: Opportunity, *, first: datetime) -> None:
    _give_address(action, address(action, first))
    action.save()


def copy(action: Opportunity, *, first_day: date | None, now: datetime) -> Opportunity:
    """A draft in the same town with the same words, without sign-ups; returns it.

    With `first_day` its dates come along: the first falls on that day, the others keep their distance and
    their time of day. Cancelled ones stay behind. Raises Refused for a time that the clock skips.
    """
    with transaction.atomic():
        new = Opportunity(**{name: getattr(action, name) for name in COPIED})
        if action.initiative and action.initiative.life_state == Initiative.LifeState.RUNNING:
            new.initiative = action.initiative
        shifts = list(action.shifts.filter(cancelled_at=None).order_by("starts", "pk")) if first_day else []
        moved = [on(shift, first_day + (shift.day - shifts[0].day)) for shift in shifts if first_day]
        if moved and moved[0].starts <= now:
            raise Refused(gettext("Bitte wählen Sie einen Tag, der noch kommt."))
        _save_new(new, first=moved[0].starts if moved else now)
        for shift in moved:
            shift.opportunity = new
            shift.save()
    return new


def on(shift: Shift, day: date) -> Shift:
    """An unsaved date like this one on another day: same time of day, seats and note, nobody on it.

    Raises Refused where the clock skips its time that day.
    """
    days = day - shift.day
    times = {
        name: _same_clock(moment, days)
        for name in ("starts", "ends", "deadline")
        if (moment := getattr(shift, name))
    }
    same = {name: getattr(shift, name) for name in ("capacity", "max_party", "note")}
    return Shift(opportunity=shift.opportunity, **times, **same)


def _same_clock(moment: datetime, days: timedelta) -> datetime:
    local = timezone.localtime(moment)
    return dates.real(local.date() + days, local.time())


def weeks(shift: Shift, *, until: date) -> list[date]:
    """The days on which the date comes again week after week, up to and including `until`; at most 52."""
    days = (shift.day + WEEK * number for number in range(1, MOST_WEEKS + 1))
    return [day for day in days if day <= until]


def repeat(shift: Shift, *, days: Iterable[date], now: datetime) -> list[Shift]:
    """The date comes again on these days; returns the new ones.

    Raises Refused for none, for more than 52, for a day that is past or has this date already, and for a
    time that the clock skips.
    """
    chosen = sorted(set(days))
    if not chosen or len(chosen) > MOST_WEEKS:
        raise Refused(gettext("Bitte wählen Sie mindestens einen und höchstens %s Tage.") % MOST_WEEKS)
    with transaction.atomic():
        new = [on(shift, day) for day in chosen]
        there = set(shift.opportunity.shifts.values_list("starts", flat=True))
        for each in new:
            if each.starts <= now or each.starts in there:
                words = gettext("Am %s geht es nicht: Der Tag ist vorbei, oder der Termin steht schon da.")
                raise Refused(words % dates.day(each.starts))
            each.save()
    return new
