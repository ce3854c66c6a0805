"""Who came (rule 11): noted by staff, by the contact on a signed page, or by the contact on the spot.

Until somebody answers, attendance is unknown (`Signup.attended` is None): thanks are worded so, and
statistics count registrations. Each answer keeps who gave it and when, as a certificate has to name them.
It can be given from shortly before the start until the people of the date are anonymised.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import outbox
from portal.refused import Refused
from portal.retention import K3_PERSON
from portal.seats import deciding, lock
from portal.slots import Signup, Slot

EARLY = timedelta(minutes=30)  # people arrive before it begins
QUESTION = "who-came"  # kind of the mail that asks the contact (attendance_mail.py)
MOST = 500  # walk-ins of one date: more is a slip of the finger


def is_open(slot: Slot, now: datetime) -> bool:
    """Whether somebody may say now who came."""
    return slot.cancelled_at is None and slot.starts - EARLY <= now < slot.ends + K3_PERSON


def has_names(slot: Slot, now: datetime) -> bool:
    """Whether its people may still be shown: until they are anonymised."""
    return now < slot.ends + K3_PERSON


def refuse_unless_open(slot: Slot, now: datetime) -> None:
    """Raise `Refused` before the date begins, after its people are anonymised, and where it was cancelled."""
    if slot.cancelled_at:
        raise Refused(_("Dieser Termin ist ausgefallen."))
    if now < slot.starts - EARLY:
        raise Refused(_("Der Termin hat noch nicht begonnen. Bitte notieren Sie die Anwesenheit danach."))
    if not is_open(slot, now):
        raise Refused(
            _("Die Namen zu diesem Termin sind schon gelöscht. Es bleibt bei dem, was notiert ist.")
        )


def people(slot: Slot) -> list[Signup]:
    """Everybody who had a seat, by name."""
    rows = slot.signups.seated().select_related("booking")  # type: ignore[attr-defined]
    return sorted(rows, key=lambda signup: (signup.booking.name.casefold(), signup.pk))


def words(signups: Sequence[Signup], walk_ins: int) -> str:
    """„7 waren da, 1 nicht, von 2 ist es nicht bekannt, dazu 3 ohne Anmeldung": people, not sign-ups."""
    n = {
        state: sum(signup.seats for signup in signups if signup.attended is state)
        for state in (True, False, None)
    }
    parts = []
    if n[True]:
        parts.append(ngettext("%(n)s war da", "%(n)s waren da", n[True]) % {"n": n[True]})
    if n[False]:
        parts.append(ngettext("%(n)s kam nicht", "%(n)s kamen nicht", n[False]) % {"n": n[False]})
    if n[None]:
        parts.append(_("von %(n)s ist es nicht bekannt") % {"n": n[None]})
    if walk_ins:
        parts.append(_("dazu %(n)s ohne Anmeldung") % {"n": walk_ins})
    return ", ".join(parts)


@deciding
def note(
    slot: Slot, *, came: Mapping[int, bool | None], by: str, now: datetime, walk_ins: int | None = None
) -> int:
    """What `by` says of these sign-ups (key → came, did not, unknown) is noted; how many that changed.

    Who had no seat is left out; `walk_ins` is how many came unannounced. Raises Refused, Busy.
    """
    (current,) = lock(type(slot), [slot.pk])
    refuse_unless_open(current, now)
    changed = 0
    for signup in current.signups.seated().filter(pk__in=came):  # type: ignore[attr-defined]
        changed += _mark(signup, came[signup.pk], by=by, now=now)
    _answered(current, walk_ins=walk_ins, now=now)
    return changed


@deciding
def all_came(slot: Slot, *, by: str, now: datetime) -> int:
    """„Alle waren da": of whom nobody said anything yet, came; who is known to have stayed away stays so.

    Raises Refused, Busy.
    """
    (current,) = lock(type(slot), [slot.pk])
    refuse_unless_open(current, now)
    rows = list(current.signups.seated().filter(attended=None))  # type: ignore[attr-defined]
    for signup in rows:
        _mark(signup, True, by=by, now=now)
    _answered(current, walk_ins=None, now=now)
    return len(rows)


@deciding
def take_back(slot: Slot, *, now: datetime) -> int:
    """What was noted last in one go is unknown again: a slip, or a program that opened a mail. Refused, Busy."""
    (current,) = lock(type(slot), [slot.pk])
    refuse_unless_open(current, now)
    last = current.signups.filter(attended_at=current.attendance_noted_at)  # type: ignore[attr-defined]
    n: int = last.exclude(attended=None).update(attended=None, attended_at=None, attended_by="")
    _answered(current, walk_ins=None, now=now)
    return n


def _mark(signup: Signup, came: bool | None, *, by: str, now: datetime) -> bool:
    """What is said again keeps who said it first."""
    if signup.attended is came:
        return False
    known = came is not None
    signup.attended, signup.attended_at, signup.attended_by = (
        came,
        now if known else None,
        by if known else "",
    )
    signup.save(update_fields=["attended", "attended_at", "attended_by"])
    return True


def _answered(slot: Slot, *, walk_ins: int | None, now: datetime) -> None:
    """Since when there is an answer; none while nothing is known of anybody."""
    if walk_ins is not None:
        slot.walk_ins = walk_ins
    outbox.withdraw(about=[slot.label], kinds=[QUESTION], now=now)  # nobody has to be asked any more
    is_known = slot.walk_ins or slot.signups.exclude(attended=None).exists()  # type: ignore[attr-defined]
    slot.attendance_noted_at = now if is_known else None
    slot.save(update_fields=["attendance_noted_at", "walk_ins"])
