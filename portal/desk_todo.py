"""What the dates of a desk ask of a clerk: too many people, parties that never fit, people to call, who was there."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from portal import dates, desk
from portal.models import Booking
from portal.retention import WHO_CAME_LINK
from portal.slots import Signup
from portal.standing import signup_model

MOST = 20  # lines of one kind


def lines(rows: QuerySet[Any], *, now: datetime) -> list[dict[str, str]]:
    """Lines for the start page from one's own dates (with seats): three queries, whatever their number."""
    to_come = rows.filter(ends__gt=now).select_related(*rows.model.row_relations)
    crowded = to_come.filter(cancelled_at=None, n_taken__gt=F("capacity"))
    found = [_line(slot, _too_many(slot)) for slot in crowded.order_by("starts", "pk")[:MOST]]
    return found + _about_people(to_come, rows.model) + _who_was_there(rows, now)


def _who_was_there(rows: QuerySet[Any], now: datetime) -> list[dict[str, str]]:
    """Dates that are over and about which nobody has answered, as long as the contact's link lives (rule 11)."""
    over = rows.filter(ends__lte=now, ends__gt=now - WHO_CAME_LINK, cancelled_at=None, n_taken__gt=0)
    unanswered = over.filter(attendance_noted_at=None).select_related(*rows.model.row_relations)
    words = gettext("Vorbei: Noch weiß das Portal nicht, wer da war")
    return [
        _line(slot, words) | {"url": _page(slot, "attendance"), "action": gettext("Wer war da?")}
        for slot in unanswered.order_by("-ends", "pk")[:MOST]
    ]


def _about_people(to_come: QuerySet[Any], model: Any) -> list[dict[str, str]]:
    """Parties that were passed over twice (rule 8), and people whom somebody has to call."""
    passed_over = Q(status=Signup.Status.WAITING, passed_over__gte=2, slot__cancelled_at=None)
    rows = signup_model(model()).objects
    signups = (rows.filter(passed_over) | rows.to_call()).filter(slot__in=to_come.values("pk"))
    signups = signups.select_related(*(f"slot__{name}" for name in model.row_relations))
    to_call: Counter[Any] = Counter()
    never_fit: Counter[Any] = Counter()
    for signup in signups.order_by("slot__starts", "slot_id"):
        to_call[signup.slot] += signup.is_to_call
        never_fit[signup.slot] += signup.may_be_seated_by_hand and not signup.slot.cancelled_at
    found = [_line(slot, _never_fits(n)) for slot, n in never_fit.items() if n]
    return (found + [_calls(slot, n) for slot, n in to_call.items() if n])[:MOST]


def _line(slot: Any, text: str) -> dict[str, str]:
    note = gettext("%(title)s, %(when)s") % {"title": slot.title, "when": dates.short(slot.starts)}
    return {"url": slot.staff_path, "text": text, "note": note, "action": gettext("Ansehen")}


def _too_many(slot: Any) -> str:
    n = slot.n_taken - slot.capacity
    return ngettext("Überbucht: %s Person zu viel", "Überbucht: %s Personen zu viel", n) % n


def _never_fits(n: int) -> str:
    words = ngettext(
        "%s Gruppe passte zweimal nicht in die freien Plätze",
        "%s Gruppen passten zweimal nicht in die freien Plätze",
        n,
    )
    return words % n


def _calls(slot: Any, n: int) -> dict[str, str]:
    words = ngettext("Bitte selbst anrufen: 1 Anmeldung", "Bitte selbst anrufen: %(n)s Anmeldungen", n)
    why = gettext("der Termin fällt aus") if slot.cancelled_at else gettext("es gibt Neues zum Termin")
    url = _page(slot, "calls")
    return _line(slot, f"{words % {'n': n}}, {why}") | {"url": url, "action": gettext("Anrufen")}


def _page(slot: Any, name: str) -> str:
    return reverse(f"admin:{desk.admin_name(slot)}_{name}", args=[slot.pk])


def facts(slot: Any) -> list[str]:
    """„8 von 12", „überbucht", „2 warten", „1 nicht bestätigt", „2 telefonisch": how a date stands, for lists.

    From a row with `with_seats()`, `n_unconfirmed` and `n_phone`.
    """
    has_limit = slot.capacity is not None
    seats = gettext("%(n)s von %(all)s") if has_limit else gettext("%(n)s angemeldet")
    found = [seats % {"n": slot.n_taken, "all": slot.capacity}]
    if has_limit and slot.n_taken > slot.capacity:
        found.append(gettext("überbucht"))
    for n, one, many in (
        (slot.n_waiting, gettext("1 wartet"), gettext("%s warten")),
        (slot.n_unconfirmed, gettext("1 nicht bestätigt"), gettext("%s nicht bestätigt")),
        (slot.n_phone, gettext("1 telefonisch"), gettext("%s telefonisch")),
    ):
        if n:
            found.append(one if n == 1 else many % n)
    return found


BY_PHONE = Q(signups__status__in=Signup.LIVE, signups__booking__source=Booking.Source.PHONE)
