"""What a change would do, before it is done: who is concerned, which mails leave, whom to call.

The very verb runs in a transaction; what it wrote is read there, and then all of it is rolled back. So
preview and deed cannot differ, and no rule is written a second time. The deed runs the same way: it is
kept only when its digest is that of the preview which somebody saw, else it is rolled back and shown anew
(more people may have signed up meanwhile). A nudge is told after a commit only, so a rehearsal tells none.

Rejected: functions that count beforehand what the verbs would do. They would be right until a verb changes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from portal import calls
from portal.models import Mail
from portal.seats import deciding, lock
from portal.slots import Signup, Slot

DECIDED = ("starts", "ends", "deadline", "capacity", "cancelled_at", "cancel_reason", "where")


@dataclass(frozen=True)
class Outcome:
    """What the verb did to these dates, or would do."""

    concerned: list[Signup]  # parties that it is about, the slot attached
    promoted: list[Signup]
    to_call: list[Signup]  # of the concerned, those whom no mail reaches
    mails: list[Mail]
    taken_back: int  # mails that had not left yet and do not any more, because they became untrue
    overbooked: int  # people beyond the seats
    is_nothing: bool  # the dates are as they were, and nobody is told
    digest: str
    done: bool = False

    def samples(self) -> list[tuple[int, Mail]]:
        """Of each kind of mail how many there are and the first one, the most frequent kind first."""
        first = {mail.kind: mail for mail in reversed(self.mails)}
        return [(n, first[kind]) for kind, n in Counter(mail.kind for mail in self.mails).most_common()]


class _RolledBack(Exception):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def play(
    verb: Callable[[], object],
    *,
    slots: Sequence[Slot],
    everybody: bool,
    now: datetime,
    seen: str = "",
) -> Outcome:
    """What `verb` does to these dates of one kind; it is done only if `seen` is the digest of just that.

    With `everybody` it is about all who have a seat or wait, else about those whose state changes. `verb` must
    write its mails at `now`. Raises what the verb raises (Refused, Busy).
    """
    try:
        return _play(verb, slots=slots, everybody=everybody, now=now, seen=seen)
    except _RolledBack as rehearsal:
        return rehearsal.outcome


@deciding
def _play(
    verb: Callable[[], object], *, slots: Sequence[Slot], everybody: bool, now: datetime, seen: str
) -> Outcome:
    model, keys = type(slots[0]), [slot.pk for slot in slots]
    dates_before = lock(model, keys)  # from here on nobody joins or leaves
    people, mails_before = _live(dates_before), {mail.pk: mail.text for mail in _written(slots, now)}
    verb()
    dates_after = lock(model, keys)
    states = {row.pk: row.status for slot in dates_after for row in slot.signups.all()}
    changed = [signup for signup in people if states[signup.pk] != signup.status]
    concerned = people if everybody else changed
    mails = [mail for mail in _written(slots, now) if mails_before.get(mail.pk) != mail.text]
    outcome = Outcome(
        concerned=concerned,
        promoted=[signup for signup in changed if states[signup.pk] in Signup.SEATED],
        to_call=[signup for signup in concerned if calls.is_unreachable(signup.booking)],
        mails=mails,
        taken_back=Mail.objects.filter(withdrawn_at=now, organisation__in=_organisations(slots)).count(),
        overbooked=sum(_overbooked(slot) for slot in dates_after),
        is_nothing=not mails and not changed and _decided(dates_before) == _decided(dates_after),
        digest=_digest(dates_after, states, mails),
    )
    if outcome.digest != seen:
        raise _RolledBack(outcome)
    return replace(outcome, done=True)


def _live(slots: Iterable[Slot]) -> list[Signup]:
    """Everybody with a seat or in the queue, the slot attached, as they are on the desk."""
    found = []
    for slot in slots:
        for signup in slot.signups.live().select_related("booking").order_by("place", "pk"):
            signup.slot = slot
            found.append(signup)
    return found


def _organisations(slots: Iterable[Slot]) -> set[int]:
    return {slot.organisation.pk for slot in slots}


def _written(slots: Iterable[Slot], now: datetime) -> list[Mail]:
    """Mails of these organisations that were put into the outbox at this very moment."""
    rows = Mail.objects.unsent().filter(queued_at=now, organisation__in=_organisations(slots))
    return list(rows.order_by("pk"))


def _overbooked(slot: Slot) -> int:
    if slot.capacity is None or slot.cancelled_at:
        return 0
    return max(0, slot.taken() - slot.capacity)


def _decided(slots: Iterable[Slot]) -> list[list[Any]]:
    return [[getattr(slot, name) for name in DECIDED] for slot in slots]


def _digest(slots: Iterable[Slot], states: dict[int, str], mails: Iterable[Mail]) -> str:
    """A fingerprint of all that somebody is shown; not of the moment, which is another one for the deed."""
    dates = [[str(getattr(slot, name)) for name in DECIDED if name != "cancelled_at"] for slot in slots]
    letters = sorted((mail.kind, mail.to, mail.subject, mail.text) for mail in mails)
    return sha256(repr((dates, sorted(states.items()), letters)).encode()).hexdigest()
