"""What is written to people about their sign-ups: facts gathered, letter written, mail queued.

Every function runs inside the transaction of the verb that makes its mail true (rule 13).
`letters.py` says what each fact means; the texts are in templates/mail/signups/.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from hashlib import sha256

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import calendars, calls, dates, letters, links, outbox
from portal.models import Booking, Mail
from portal.reminder_times import DaysBefore, ShortlyBefore
from portal.slots import Signup, Slot
from portal.standing import forms_of, signup_models, signups_of, slot_model, with_slot

FREE_SEAT_PAUSE = timedelta(hours=6)  # rule 6
# Mails about one sign-up, and about a whole form, that its end or a change makes untrue.
_ONE = ("promoted", "passed-over", "seat-free", "changed", "new-access", "rebooked")
_FORM = ("confirmed", "waiting")
# What people without an address must hear as well: staff call them (calls.py).
_BY_PHONE = ("changed", "cancelled-by-us", "promoted", "rebooked", "new-access")


def persons(seats: int) -> str:
    return ngettext("%(n)s Person", "%(n)s Personen", seats) % {"n": seats}


def _line(signup: Signup, extra: str = "", *, named: bool = False) -> str:
    slot = signup.slot
    parts = [dates.long(slot.starts, slot.ends)]
    if named:
        parts.append(f"„{slot.title}“")
    if slot.where:
        parts.append(_("Treffpunkt: %s") % slot.where)
    if signup.seats > 1:
        parts.append(persons(signup.seats))
    return "- " + ", ".join([*parts, *([extra] if extra else [])])


def _differ(signups: Sequence[Signup]) -> bool:
    """Whether the dates are about different things, so that each has to be named."""
    return len({signup.slot.title for signup in signups}) > 1


def block(signups: Sequence[Signup]) -> str:
    """A line per date, as letters want it."""
    named = _differ(signups)
    return "\n".join(_line(signup, named=named) for signup in signups)


def slot_facts(slot: Slot) -> dict[str, str]:
    """What every mail about a date says of it (keys as in letters.py)."""
    return {
        "title": slot.title,
        "when": dates.short(slot.starts),
        "town": slot.town,
        "where": slot.where,
        "bring": slot.bring,
        "contact": slot.contact_line,
        "online": "1" if slot.is_online else "",
        "page_url": settings.SITE_URL + slot.get_absolute_url(),
    }


def common_facts(slots: Sequence[Slot]) -> dict[str, str]:
    """The same for several dates: of the first, under the title that all have in common."""
    facts = slot_facts(slots[0])
    return facts | {"title": slots[0].umbrella} if len({slot.title for slot in slots}) > 1 else facts


def facts(booking: Booking, signups: Sequence[Signup]) -> dict[str, str]:
    """Greeting, dates, and the ways to change them, for the sign-ups of one form."""
    first, named = signups[0], _differ(signups)
    waiting = [s for s in signups if s.status == Signup.Status.WAITING]
    position = {s.pk: str(s.position()) for s in waiting}
    certain = [s for s in signups if s not in waiting]
    return common_facts([s.slot for s in signups]) | {
        "greeting": _("Guten Tag %s,") % booking.name if booking.name else _("Guten Tag,"),
        "seats": persons(first.seats),
        "dates": "\n".join(_line(s, named=named) for s in certain),
        "waiting_dates": "\n".join(
            _line(s, _("Platz %s der Warteliste") % position[s.pk], named=named) for s in waiting
        ),
        "n_dates": str(len(signups)),
        "position": position.get(waiting[0].pk, "") if waiting else "",
        "manage_url": links.url("booking:manage", links.MANAGE, booking),
        "give_back_url": links.url("booking:give_back", links.GIVE_BACK, first),
        "calendar_url": links.url("booking:calendar", links.MANAGE, booking),
        "claim_url": links.url("booking:claim", links.CLAIM, first),
    }


def short_key(parts: Sequence[str]) -> str:
    """Many parts in the length of one: keys of mails about many dates stay below 200 characters."""
    return sha256("-".join(parts).encode()).hexdigest()[:32]


def tell_result(booking: Booking, signups: Sequence[Signup], *, now: datetime) -> None:
    """One mail for one form: what is certain („Platz sicher:") and what waits („Warteliste, Platz 3:")."""
    signups = sorted((s for s in signups if s.is_live), key=lambda s: (s.slot.starts, s.pk))
    if not signups or not booking.email:
        return
    seated = [s for s in signups if s.status in Signup.SEATED]
    kind = "confirmed" if seated else "waiting"
    ordered = [*seated, *(s for s in signups if s not in seated)]
    told = facts(booking, ordered) | _promise(seated, now=now)
    letter = letters.write(f"signups/{kind}", told, organisation=booking.organisation) | _calendar(
        seated, method=calendars.PUBLISH, now=now
    )
    said = short_key([f"{s.label}.{s.status}.{s.seats}.{s.slot.sequence}" for s in signups])
    outbox.queue(
        key=f"{kind}:{booking.label}:{said}:{now.timestamp():.3f}",
        kind=kind,
        to=booking.email,
        letter=letter,
        now=now,
        organisation=booking.organisation,
        booking=booking,
        useful_until=max(s.slot.ends for s in signups),
    )


def _promise(seated: Sequence[Signup], *, now: datetime) -> dict[str, str]:
    """How the way in comes by mail; no promise where these dates differ in it."""
    promises = {signup.slot.access_promise(now) for signup in seated}
    return {"access_promise": promises.pop()} if len(promises) == 1 else {}


def _calendar(signups: Sequence[Signup], *, method: str, now: datetime) -> dict[str, str]:
    if not signups:
        return {}
    return {"calendar": calendars.calendar(signups, method=method, now=now), "calendar_method": method}


def tell_one(
    signup: Signup,
    kind: str,
    *,
    now: datetime,
    once: str = "",
    more: dict[str, str] | None = None,
) -> None:
    """Queue a mail of this kind about one sign-up; `once` tells repeats of the same kind apart."""
    once = once or str(signup.slot.sequence)
    _tell([signup], kind, about=signup.label, once=once, more=more or {}, now=now)


def tell_relocated(booking: Booking, signups: Sequence[Signup], *, old_where: str, now: datetime) -> None:
    """„Neuer Ort:" for these dates of one form, in one mail (rule 16)."""
    if not signups:
        return
    more = {"old_where": old_where, "new_where": signups[0].slot.where}
    once = short_key([f"{s.label}.{s.slot.sequence}" for s in signups])
    _tell(signups, "changed", about=booking.label, once=once, more=more, now=now)


def _tell(
    signups: Sequence[Signup], kind: str, *, about: str, once: str, more: dict[str, str], now: datetime
) -> None:
    first, booking = signups[0], signups[0].booking
    if kind in _BY_PHONE and calls.is_unreachable(booking):
        calls.ask(signups, now=now)
    if not booking.email:
        return
    calendar: dict[str, str] = {}
    if kind in ("promoted", "changed"):
        seated = [signup for signup in signups if signup.status in Signup.SEATED]
        calendar = _calendar(seated, method=calendars.PUBLISH, now=now)
    elif kind == "rebooked":
        calendar = _calendar(_swapped(first), method=calendars.PUBLISH, now=now)
    elif kind in ("cancelled-by-us", "cancelled-by-you") and first.seated_at:
        calendar = _calendar(signups, method=calendars.CANCEL, now=now)
    if kind == "promoted" or (kind == "rebooked" and first.status in Signup.SEATED):
        more = more | _promise(signups, now=now)
    until_start = kind in ("seat-free", "passed-over")
    outbox.queue(
        key=f"{kind}:{about}:{once}",
        kind=kind,
        to=booking.email,
        letter=letters.write(
            f"signups/{kind}", facts(booking, signups) | more, organisation=booking.organisation
        )
        | calendar,
        now=now,
        organisation=booking.organisation,
        booking=booking,
        about=about,
        useful_until=max(s.slot.starts if until_start else s.slot.ends for s in signups),
    )


def _swapped(signup: Signup) -> list[Signup]:
    """This date if it has a seat, and what stood in the calendar of the same form and was moved away from."""
    moved = type(signup).objects.filter(  # type: ignore[attr-defined]
        booking=signup.booking, ended_reason=Signup.Reason.MOVED, seated_at__isnull=False
    )
    seated = [signup] if signup.status in Signup.SEATED else []
    return [*with_slot(moved.order_by("pk")), *seated]


def tell_promoted(signup: Signup, *, now: datetime) -> None:
    """A seat at last; a „Warteliste" of the same form that has not left yet is written anew instead."""
    if not retell(signup, now=now):
        tell_one(signup, "promoted", now=now)


def seat_gone(slot: Slot, *, now: datetime) -> None:
    """The last open seat is taken: „Platz frei" that has not left yet does not, and counts as not told."""
    waiting = {s.label: s.pk for s in slot.signups.waiting().exclude(told_free_at=None)}  # type: ignore[attr-defined]
    unheard = list(
        Mail.objects.unsent().filter(kind="seat-free", about__in=waiting).values_list("about", flat=True)
    )
    if unheard:
        outbox.withdraw(about=unheard, kinds=["seat-free"], now=now)
        slot.signups.filter(pk__in=[waiting[about] for about in unheard]).update(told_free_at=None)


def take_back(signup: Signup, *, now: datetime) -> bool:
    """The sign-up ended: its queued mails do not leave; what they said of other dates is said again.

    True when the result of the form had not left either and was written anew.
    """
    outbox.withdraw(about=[signup.label], kinds=_ONE, now=now)
    found = retell(signup, now=now)
    take_back_reminder(signup.booking, day=signup.slot.day, now=now)
    return found


def retell(signup: Signup, *, now: datetime) -> bool:
    """Results that name this date and have not left yet are written anew, as it is now; False: none had to.

    So is „Neuer Ort:" about several dates: without the old place, which may be another one by now.
    """
    found = False
    forms = {booking.label: booking for booking in forms_of(signup)}
    named = Mail.objects.unsent().filter(about__in=forms, kind__in=[*_FORM, "changed"])
    for about, kind in set(named.values_list("about", "kind")):
        if not outbox.withdraw(about=[about], kinds=[kind], now=now):
            continue  # it left meanwhile
        standing = signups_of(forms[about])
        if kind in _FORM:
            found = True
            tell_result(forms[about], standing, now=now)
        else:
            coming = [s for s in standing if s.is_live and s.slot.sequence and s.slot.starts > now]
            tell_relocated(forms[about], coming, old_where="", now=now)
    return found


def reminder_about(booking: Booking, day: date) -> str:
    """What the reminder of a form for the dates of one day is about."""
    return f"{booking.label}:{day}"


def take_back_reminder(booking: Booking, *, day: date, now: datetime) -> None:
    """A reminder for this day that has not left will not; it is due again, for what is then true."""
    about = reminder_about(booking, day)
    kinds = Mail.objects.unsent().filter(about=about, kind__in=[DaysBefore.kind, ShortlyBefore.kind])
    for kind in set(kinds.values_list("kind", flat=True)):
        if outbox.withdraw(about=[about], kinds=[kind], now=now):
            _forget_reminders(booking, day=day, kind=kind)


def _forget_reminders(booking: Booking, *, day: date, kind: str) -> None:
    """The dates of this form on this day count as not reminded by reminders of this kind."""
    midnight = dates.at(day, time.min), dates.at(day + timedelta(days=1), time.min)
    for model in signup_models():
        columns = [reminder.column for reminder in slot_model(model).reminders if reminder.kind == kind]
        if columns:
            rows = model.objects.live().filter(booking=booking)  # type: ignore[attr-defined]
            rows = rows.filter(slot__starts__gte=midnight[0], slot__starts__lt=midnight[1])
            rows.update(**dict.fromkeys(columns))


def tell_contact_of_late_return(signup: Signup, *, now: datetime) -> None:
    """In the last 24 hours the contact hears of a seat given back: counts and a link, no names (rules 9, 17)."""
    slot = signup.slot
    outbox.queue(
        key=f"gave-back-late:{signup.label}",
        kind="gave-back-late",
        to=slot.contact_address,
        letter=letters.write(
            "signups/gave-back-late",
            slot_facts(slot)
            | {
                "count": str(signup.seats),
                "seats": slot.counts_words(),
                "is_open": "1" if slot.in_open_phase(now) else "",
                "moved_up": "1" if slot.signups.filter(seated_at=now).exists() else "",
                "staff_url": settings.SITE_URL + slot.staff_path,
            },
            organisation=slot.organisation,
        ),
        now=now,
        organisation=slot.organisation,
        about=slot.label,
        useful_until=slot.ends,
    )
