"""A sign-up as its owner sees it: status in words, and what can be done about it now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import dates, links
from portal.remembering import worded
from portal.slots import Signup

Status, Reason = Signup.Status, Signup.Reason


@dataclass(frozen=True)
class Row:
    """`state` is for the colour: sure, pending, waiting or ended."""

    signup: Signup
    key: str  # „shiftsignup:12"
    title: str
    when: str
    where: str
    page: str
    entered: str
    state: str
    status: str
    explanation: str
    party: str
    parties: list[tuple[int, str]]  # what the number can be changed to; empty: not now
    can_give_back: bool
    can_confirm: bool
    can_return: bool
    claim_url: str
    access: dict[str, str] | None  # how to get in, or what is left of it: only with a seat (rule 28)
    access_promise: str
    is_over: bool


@worded
def persons(seats: int) -> str:
    return ngettext("%(n)s Person", "%(n)s Personen", seats) % {"n": seats}


def rows(signups: Sequence[Signup], *, now: datetime) -> list[Row]:
    """Expects what `signups.signups_of` selects; two statements per sign-up that waits.

    Who gave a seat back and came again has two sign-ups for one date: only the one that holds is shown.
    """
    held = {signup.slot for signup in signups if signup.is_live}
    last = {signup.slot: signup for signup in signups}
    shown = [s for s in signups if s.is_live or (s.slot not in held and s is last[s.slot])]
    return [row(signup, now=now) for signup in shown]


def row(signup: Signup, *, now: datetime) -> Row:
    """One sign-up in words; see `rows`."""
    slot = signup.slot
    begun = now >= slot.starts
    state, status = _status(signup, begun=begun, over=now >= slot.ends if slot.is_online else begun)
    claim = _claim_url(signup, now=now)
    return Row(
        signup=signup,
        key=signup.label,
        title=slot.title,
        when=dates.long(slot.starts, slot.ends),
        where=slot.where,
        page=slot.get_absolute_url(),
        entered=dates.short(signup.booking.entered_at),
        state=state,
        status=status,
        explanation=_explanation(signup, begun=begun, claimable=bool(claim)),
        party="" if slot.single else persons(signup.seats),
        parties=_parties(signup) if signup.is_live and not begun else [],
        can_give_back=signup.is_live and not begun,
        can_confirm=signup.status == Status.UNCONFIRMED and slot.takes_people(now),
        can_return=can_return(signup, now=now),
        claim_url=claim,
        access=_access(signup, now=now),
        access_promise=slot.access_promise(now),
        is_over=now >= slot.ends,
    )


def _access(signup: Signup, *, now: datetime) -> dict[str, str] | None:
    slot = signup.slot
    if signup.status != Status.CONFIRMED or slot.cancelled_at or not slot.is_online:
        return None
    if now < slot.ends:
        return slot.access()
    left = {name: url for name, url in slot.afterwards().items() if url}
    return left or None


def can_return(signup: Signup, *, now: datetime) -> bool:
    """„Doch dabei?": only who gave the seat back, with a confirmed address, while sign-ups are taken."""
    return (
        signup.ended_reason == Reason.GIVEN_BACK
        and signup.booking.confirmed_at is not None
        and bool(signup.booking.email)
        and signup.slot.takes_people(now)
    )


def _status(signup: Signup, *, begun: bool, over: bool) -> tuple[str, str]:
    if signup.status == Status.CONFIRMED:
        return ("ended", _("Vorbei")) if over else ("sure", _("Platz sicher"))
    if signup.status == Status.WAITING:
        if begun:
            return "ended", _("Vorbei, es wurde kein Platz frei")
        return "waiting", _("Warteliste, Platz %(n)s") % {"n": signup.position()}
    if signup.status == Status.UNCONFIRMED:
        return "pending", _("Noch nicht bestätigt")
    if signup.status in (Status.HELD, Status.REQUESTED):
        return "pending", _("Wird geprüft")
    return "ended", {
        Reason.GIVEN_BACK: _("Abgemeldet"),
        Reason.REMOVED: _("Von der Redaktion abgemeldet"),
        Reason.MOVED: _("Auf einen anderen Termin umgebucht"),
        Reason.SLOT_CANCELLED: _("Fällt aus"),
        Reason.EXPIRED: _("Nicht bestätigt, deshalb verfallen"),
        Reason.MERGED: _("Steht in Ihrer früheren Anmeldung"),
        Reason.CLOSED: _("Anmeldeschluss war vorbei"),
        Reason.ERASED: _("Gelöscht"),
    }[Reason(signup.ended_reason)]


def _explanation(signup: Signup, *, begun: bool, claimable: bool) -> str:
    if signup.ended_reason == Reason.SLOT_CANCELLED:
        return signup.slot.cancel_reason
    if signup.status != Status.WAITING or begun:
        return ""
    if claimable:
        return _("Gerade ist ein Platz frei. Wer zuerst klickt, bekommt ihn.")
    if signup.seats > 1:
        return _(
            "Sobald Plätze für Sie alle frei werden, rücken Sie nach und bekommen eine Mail. "
            "Mit weniger Personen geht es vielleicht schneller."
        )
    return _("Sobald ein Platz frei wird, rücken Sie nach und bekommen eine Mail.")


def _parties(signup: Signup) -> list[tuple[int, str]]:
    most = max(signup.slot.max_party, signup.seats)
    return [(n, persons(n)) for n in range(1, most + 1)] if most > 1 else []


def _claim_url(signup: Signup, *, now: datetime) -> str:
    if signup.status != Status.WAITING or not claimable(signup, now=now):
        return ""
    return links.path("booking:claim", links.CLAIM, signup)


def claimable(signup: Signup, *, now: datetime) -> bool:
    """Whether an open seat (rule 6) is there for this party, or one for who gave theirs back."""
    slot = signup.slot
    waits = signup.status == Status.WAITING and now < slot.starts and slot.in_open_phase(now)
    if slot.cancelled_at or not (waits or can_return(signup, now=now)):
        return False
    free = slot.free()
    return free is None or signup.seats <= free


def headline(found: Sequence[Row]) -> tuple[str, str]:
    """What the page behind the link says first, and its colour: the state of the whole form."""
    states = {each.state for each in found}
    count = sum(each.state == "sure" for each in found)
    if "sure" in states:
        return ngettext("Ihr Platz ist sicher", "Ihre Plätze sind sicher", count), "sure"
    if "waiting" in states:
        return _("Sie stehen auf der Warteliste"), "pending"
    if "pending" in states:
        return _("Noch nicht fest"), "pending"
    reasons = {each.signup.ended_reason for each in found}
    if reasons == {Reason.SLOT_CANCELLED}:
        return _("Ihr Termin fällt leider aus"), "ended"
    if reasons == {Reason.GIVEN_BACK}:
        return _("Sie sind abgemeldet"), "ended"
    return _("Ihre Anmeldung"), "ended"
