"""Staff move a party to another date of the same action or series, as somebody asks on the telephone.

The seat here goes to the next and the party joins there, in one transaction under both slots' locks (rule 6). Rejected:
giving back and signing up one after the other, which loses the seat when the other date has filled meanwhile, and sends
two mails of which the first says „abgemeldet".
"""

from datetime import datetime

from django.utils.translation import gettext as _

from portal import dates, notices, outbox
from portal.joining import refuse_unless_open
from portal.refused import Refused
from portal.seats import deciding, end, enter, fill_seats, lock, locked
from portal.slots import Signup, Slot

Status, Reason = Signup.Status, Signup.Reason


@deciding
def rebook(signup: Signup, *, to: Slot, may_wait: bool, now: datetime) -> Signup:
    """The party is on `to` instead of its date, with a seat or (only if it `may_wait`) in the queue.

    Returns its sign-up there; here it has ended as MOVED, and the next are seated. One mail tells old and new. Raises
    Refused with the reason and then nothing has changed; Busy.
    """
    slots = {slot.pk: slot for slot in lock(type(to), [signup.slot_id, to.pk])}
    current = locked(signup)
    target = slots.get(to.pk)
    if target is None or not current.slot.siblings().filter(pk=to.pk).exists():
        raise Refused(_("Umbuchen geht nur auf einen anderen Termin derselben Aktion oder Reihe."))
    _refuse(current, target, now=now)
    there = type(signup)(
        booking=current.booking,  # type: ignore[misc]
        slot=target,
        email_key=current.email_key,
        seats=current.seats,
        **current.answered(),
    )
    there.save()
    had_seat = current.status in Signup.SEATED
    end(current, Reason.MOVED, now=now)
    enter(there, earlier=None, now=now)
    if there.status == Status.WAITING and not may_wait:
        raise Refused(_("An diesem Termin sind nicht genug Plätze frei. Es ginge nur auf die Warteliste."))
    _tell(current, there, now=now)
    if had_seat:
        fill_seats(current.slot, now=now)
    return there


def _refuse(current: Signup, to: Slot, *, now: datetime) -> None:
    if not current.is_live:
        raise Refused(_("Umbuchen lässt sich nur, wer einen Platz hat oder auf der Warteliste steht."))
    if now >= current.slot.starts:
        raise Refused(_("Der bisherige Termin hat schon begonnen."))
    refuse_unless_open(to, seats=current.seats, now=now, by_staff=True)
    same = to.signups.live().filter(email_key=current.email_key)
    if current.email_key and same.exists():
        raise Refused(_("Diese Person ist an dem anderen Termin schon angemeldet."))


def _tell(old: Signup, new: Signup, *, now: datetime) -> None:
    """One mail: the result of the form if that has not left yet, else „Umgebucht" with old and new.

    Where the mail about a move before has not left, the old date is one that the person never heard of.
    """
    unheard = outbox.withdraw(about=[old.label], kinds=["rebooked"], now=now)
    if not notices.take_back(old, now=now):
        slot = old.slot
        words = dates.long(slot.starts, slot.ends)
        if slot.title != new.slot.title:
            words = f"„{slot.title}“, {words}"
        notices.tell_one(new, "rebooked", now=now, more={"old_when": "" if unheard else words})
