"""What the dates of a desk ask of a clerk: too many people, parties that never fit, people to call, who was there."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from portal import dates
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
    page = f"admin:{rows.model._meta.app_label}_{rows.model._meta.model_name}_attendance"
    return [
        _line(slot, words) | {"url": reverse(page, args=[slot.pk]), "action": gettext("Wer war da?")}
        for slot in unanswered.order_by("-ends", "pk")[:MOST]
    ]


def _about_people(to_come: QuerySet[Any], model: Any) -> list[dict[str, str]]:
    """Parties that were passed over twice (rule 8), and people without e-mail on a date that was cancelled."""
    passed_over = Q(status=Signup.Status.WAITING, passed_over__gte=2, slot__cancelled_at=None)
    to_call = Q(ended_reason=Signup.Reason.SLOT_CANCELLED, booking__email="", booking__erased_at=None)
    signups = signup_model(model()).objects.filter(passed_over | to_call, slot__in=to_come.values("pk"))
    signups = signups.select_related(*(f"slot__{name}" for name in model.row_relations))
    asked: Counter[tuple[Any, bool]] = Counter()
    for signup in signups.order_by("slot__starts", "slot_id"):
        asked[signup.slot, signup.status == Signup.Status.WAITING] += 1
    return [
        _line(slot, _never_fits(n) if waits else _calls(n)) for (slot, waits), n in list(asked.items())[:MOST]
    ]


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


def _calls(n: int) -> str:
    words = ngettext(
        "Bitte selbst anrufen: %s Anmeldung ohne E-Mail, der Termin fällt aus",
        "Bitte selbst anrufen: %s Anmeldungen ohne E-Mail, der Termin fällt aus",
        n,
    )
    return words % n


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
