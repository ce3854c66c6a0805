"""Many slots at once: which are to come, which still take people, and how full each is, in one query."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.scalars import Scalar
from portal.slots import Signup

FEW = 3  # free seats from which on the colour says that it is getting tight


def _count(what: str, signups: type[Signup], states: Sequence[str]) -> Scalar:
    wanted = ", ".join(f"'{state}'" for state in states)
    return _of_signups(what, signups, f" AND status IN ({wanted})")


def _of_signups(what: str, signups: type[Signup], which: str = "") -> Scalar:
    table = signups._meta.db_table
    return Scalar(
        f'SELECT {what} FROM "{table}" WHERE slot_id = %(row)s{which}',  # noqa: S608  # our own names
        output_field=models.IntegerField(),
    )


class SlotQuerySet(models.QuerySet[Any]):
    def upcoming(self, now: datetime) -> Self:
        """Not cancelled, not begun; soonest first."""
        return self.filter(cancelled_at=None, starts__gt=now).order_by("starts", "pk")

    def open_for_signup(self, now: datetime) -> Self:
        """Upcoming, and the deadline has not passed: somebody may still sign up, or wait."""
        return self.upcoming(now).filter(Q(deadline=None) | Q(deadline__gt=now))

    def with_seats(self) -> Self:
        """Annotates `n_taken` and `n_waiting` (parties) for lists, in the one query."""
        signups = self.model.signups.rel.related_model
        return self.annotate(
            n_taken=_count("COALESCE(SUM(seats), 0)", signups, Signup.SEATED),
            n_waiting=_count("COUNT(*)", signups, [Signup.Status.WAITING]),
        )

    def with_last_place(self) -> Self:
        """Annotates `last_place`: of whoever joined the queue last, 0 for none."""
        signups = self.model.signups.rel.related_model
        return self.annotate(last_place=_of_signups("COALESCE(MAX(place), 0)", signups))


def seats_text(slot: Any, *, now: datetime) -> str:
    """Free seats in words; the slot comes from `with_seats()`."""
    if slot.cancelled_at:
        return str(_("abgesagt"))
    if now >= slot.closes:
        return str(_("vorbei")) if now >= slot.starts else str(_("Anmeldung geschlossen"))
    if slot.capacity is None:
        return str(_("Plätze frei"))
    free = slot.capacity - slot.n_taken
    if free <= 0 or (slot.n_waiting and not slot.in_open_phase(now)):
        return str(_("Warteliste"))
    return ngettext("noch %(n)s Platz", "noch %(n)s Plätze", free) % {"n": free}


def all_full(slots: Sequence[Any]) -> bool:
    """Whether there are dates and none of them has a free seat: who signs up now, waits."""
    return bool(slots) and all(s.capacity is not None and s.n_taken >= s.capacity for s in slots)


def seats_state(slot: Any, *, now: datetime) -> str:
    """The same for the colour: free, few, waiting, unlimited or past."""
    if not slot.is_open(now):
        return "past"
    if slot.capacity is None:
        return "unlimited"
    free = slot.capacity - slot.n_taken
    if free <= 0 or (slot.n_waiting and not slot.in_open_phase(now)):
        return "waiting"
    return "few" if free <= FEW else "free"
