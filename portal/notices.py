"""What is written to people about their sign-ups: facts gathered, letter written, mail queued.

Every function runs inside the transaction of the verb that makes its mail true (rule 13).
`letters.py` says what each fact means; the texts are in templates/mail/signups/.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import calendars, dates, letters, links, outbox
from portal.models import Booking, Mail
from portal.slots import Signup, Slot

FREE_SEAT_PAUSE = timedelta(hours=6)  # rule 6
CONFIRMATIONS_A_DAY = 3  # rule: no mail cannon (domain.md, mail table)
REPEAT_WINDOW = timedelta(minutes=15)
UNCONFIRMED_FOR = timedelta(hours=72)  # class K0
# Mails about one sign-up, and about a whole form, that its end or a change makes untrue.
_ONE = ("promoted", "passed-over", "seat-free", "changed", "reminder")
_FORM = ("confirmed", "waiting")


def persons(seats: int) -> str:
    return ngettext("%(n)s Person", "%(n)s Personen", seats) % {"n": seats}


def _line(signup: Signup, extra: str = "") -> str:
    slot = signup.slot
    parts = [dates.long(slot.starts, slot.ends)]
    if slot.where:
        parts.append(_("Treffpunkt: %s") % slot.where)
    if signup.seats > 1:
        parts.append(persons(signup.seats))
    return "- " + ", ".join([*parts, *([extra] if extra else [])])


def _block(signups: Sequence[Signup]) -> str:
    return "\n".join(_line(signup) for signup in signups)


def slot_facts(slot: Slot) -> dict[str, str]:
    """What every mail about a date says of it (keys as in letters.py)."""
    return {
        "title": slot.title,
        "when": dates.short(slot.starts),
        "town": slot.town,
        "where": slot.where,
        "bring": slot.bring,
        "contact": slot.contact_line,
        "page_url": settings.SITE_URL + slot.get_absolute_url(),
    }


def facts(booking: Booking, signups: Sequence[Signup]) -> dict[str, str]:
    """Greeting, dates, and the ways to change them, for the sign-ups of one form."""
    first = signups[0]
    waiting = [s for s in signups if s.status == Signup.Status.WAITING]
    position = {s.pk: str(s.position()) for s in waiting}
    return slot_facts(first.slot) | {
        "greeting": _("Guten Tag %s,") % booking.name if booking.name else _("Guten Tag,"),
        "seats": persons(first.seats),
        "dates": _block([s for s in signups if s not in waiting]),
        "waiting_dates": "\n".join(_line(s, _("Platz %s der Warteliste") % position[s.pk]) for s in waiting),
        "n_dates": str(len(signups)),
        "position": position.get(waiting[0].pk, "") if waiting else "",
        "manage_url": links.url("booking:manage", links.MANAGE, booking),
        "give_back_url": links.url("booking:give_back", links.GIVE_BACK, first),
        "calendar_url": links.url("booking:calendar", links.MANAGE, booking),
        "claim_url": links.url("booking:claim", links.CLAIM, first),
    }


def ask_to_confirm(
    booking: Booking, signups: Sequence[Signup], *, now: datetime, again: bool = False, nudge: bool = False
) -> bool:
    """Queue confirm-address for the open dates of a form; False when today's limit is reached.

    The same form sent twice within a quarter of an hour (double click, reload) makes one mail.
    """
    sent_today = Mail.objects.filter(
        kind="confirm-address",
        booking__email_key=booking.email_key,
        queued_at__gt=now - timedelta(days=1),
    ).count()
    if sent_today >= CONFIRMATIONS_A_DAY:
        return False
    signups = sorted(signups, key=lambda s: (s.slot.starts, s.pk))
    first = signups[0]
    taken = set(
        type(first)
        .objects.live()  # type: ignore[attr-defined]
        .filter(email_key=booking.email_key, slot__in=[s.slot_id for s in signups])
        .values_list("slot_id", flat=True)
    )
    letter = letters.write(
        "signups/confirm-address",
        slot_facts(first.slot)
        | {
            "greeting": _("Guten Tag %s,") % booking.name,
            "seats": persons(first.seats),
            "dates": _block([s for s in signups if s.slot_id not in taken]),
            "already_dates": _block([s for s in signups if s.slot_id in taken]),
            "n_dates": str(len(signups)),
            "nudge": "1" if nudge else "",
            "confirm_url": links.url("booking:confirm", links.CONFIRM, booking),
        },
        organisation=booking.organisation,
    )
    created = outbox.queue(
        key=f"confirm-address:{_repeat_key(booking, signups, now=now, again=again or nudge)}",
        kind="confirm-address",
        to=booking.email,
        letter=letter,
        now=now,
        organisation=booking.organisation,
        booking=booking,
        useful_until=min(booking.entered_at + UNCONFIRMED_FOR, max(s.slot.closes for s in signups)),
    )
    booking.mailed_at = now
    booking.save(update_fields=["mailed_at"])
    return created


def _repeat_key(booking: Booking, signups: Sequence[Signup], *, now: datetime, again: bool) -> str:
    """The same for the same form within the window; holds no personal data (keyed hash)."""
    if again or booking.link_version:
        return f"{booking.pk}:{now.timestamp():.3f}"
    window = int(now.timestamp() // REPEAT_WINDOW.total_seconds())
    said = [booking.email_key, booking.name, booking.phone, *(f"{s.slot.label}={s.seats}" for s in signups)]
    return salted_hmac("portal.notices.repeat", repr((window, said))).hexdigest()


def withdraw_confirmation(booking: Booking, *, now: datetime) -> None:
    """The address was wrong: what was to go there does not."""
    outbox.withdraw(about=[booking.label], kinds=["confirm-address"], now=now)


def tell_result(signups: Sequence[Signup], *, now: datetime) -> None:
    """One mail for one form: what is certain („Platz sicher:") and what waits („Warteliste, Platz 3:")."""
    signups = [s for s in signups if s.is_live]
    if not signups:
        return
    signups = sorted(signups, key=lambda s: (s.slot.starts, s.pk))
    booking = signups[0].booking
    seated = [s for s in signups if s.status in Signup.SEATED]
    kind = "confirmed" if seated else "waiting"
    ordered = [*seated, *(s for s in signups if s not in seated)]
    letter = letters.write(
        f"signups/{kind}", facts(booking, ordered), organisation=booking.organisation
    ) | _calendar(seated, method=calendars.PUBLISH, now=now)
    outbox.queue(
        key=f"{kind}:{booking.label}:{'-'.join(str(s.pk) for s in signups)}:{now.timestamp():.3f}",
        kind=kind,
        to=booking.email,
        letter=letter,
        now=now,
        organisation=booking.organisation,
        booking=booking,
        useful_until=max(s.slot.ends for s in signups),
    )


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
    booking = signup.booking
    calendar: dict[str, str] = {}
    if kind in ("promoted", "changed") and signup.status in Signup.SEATED:
        calendar = _calendar([signup], method=calendars.PUBLISH, now=now)
    elif kind in ("cancelled-by-us", "cancelled-by-you") and signup.seated_at:
        calendar = _calendar([signup], method=calendars.CANCEL, now=now)
    outbox.queue(
        key=f"{kind}:{signup.label}:{once or signup.slot.sequence}",
        kind=kind,
        to=booking.email,
        letter=letters.write(
            f"signups/{kind}", facts(booking, [signup]) | (more or {}), organisation=booking.organisation
        )
        | calendar,
        now=now,
        organisation=booking.organisation,
        booking=booking,
        about=signup.label,
        useful_until=signup.slot.closes if kind in ("seat-free", "passed-over") else signup.slot.ends,
    )


def take_back(signup: Signup, *, now: datetime) -> None:
    """The sign-up ended: its queued mails do not leave; what they said of other dates is said again."""
    outbox.withdraw(about=[signup.label], kinds=_ONE, now=now)
    retell_others(signup, now=now)


def retell_others(signup: Signup, *, now: datetime) -> None:
    """Queued mails of the form that name this date are withdrawn and written anew for the other dates."""
    booking = signup.booking
    others = list(
        type(signup)
        .objects.live()  # type: ignore[attr-defined]
        .filter(booking=booking)
        .exclude(pk=signup.pk)
        .select_related("booking__organisation", *(f"slot__{name}" for name in signup.slot.row_relations))
    )
    if outbox.withdraw(about=[booking.label], kinds=_FORM, now=now):
        tell_result(others, now=now)
    if outbox.withdraw(about=[booking.label], kinds=["reminder"], now=now):
        type(signup).objects.live().filter(booking=booking).update(  # type: ignore[attr-defined]
            reminded_early=None, reminded_late=None
        )


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
                "staff_url": settings.SITE_URL + slot.staff_path,
            },
            organisation=slot.organisation,
        ),
        now=now,
        organisation=slot.organisation,
        about=slot.label,
        useful_until=slot.ends,
    )
