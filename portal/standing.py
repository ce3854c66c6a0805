"""Which sign-ups a form stands for, and which forms stand for a sign-up.

Usually that is plain: a booking and its rows. Rule 5 makes it less plain: confirming a second
form for the same date changes the first sign-up, and then both forms speak for that one row.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from portal import columns, links
from portal.models import Booking
from portal.prepared import prepared
from portal.slots import Signup, Slot

_MERGED = Signup.Reason.MERGED


@cache
def signup_models() -> tuple[type[Signup], ...]:
    """The concrete sign-ups of all apps: found, not registered."""
    return tuple(model for model in apps.get_models() if issubclass(model, Signup))


def signup_model(slot: Slot) -> Any:
    """The sign-ups that are made for slots of this kind."""
    return type(slot).signups.rel.related_model


def slot_model(model: type[Signup]) -> Any:
    """The slots that these sign-ups are for."""
    return model.slot.field.related_model


def with_slot(signups: QuerySet) -> QuerySet:
    """Selects what letters and pages read of a sign-up."""
    read = (
        *columns.at("booking", *columns.own(Booking)),
        *columns.at("booking__organisation", *columns.ORGANISATION),
    )
    return _with_slot(signups, "booking__organisation", read=read)


def _with_slot(signups: QuerySet, *relations: str, read: Sequence[str] = ()) -> QuerySet:
    model: type[Signup] = signups.model
    slots = slot_model(model)
    read = (*columns.own(model), *columns.at("slot", *columns.own(slots), *slots.row_columns), *read)
    return signups.select_related(*columns.at("slot", *slots.row_relations), *relations).only(*read)


def signups_of(booking: Booking) -> list[Signup]:
    """All sign-ups of this form, in order of their dates.

    One that changed an earlier sign-up of the same address (rule 5) is answered by that one.
    """
    found = [
        signup
        for model in signup_models()
        if slot_model(model).kind == booking.slot_kind  # a form is for one kind of dates
        for signup in _of_form(model, booking=booking.pk)
    ]
    return _in_order(found, booking)


@prepared
def _of_form(model: Any, *, booking: int) -> QuerySet:
    return _with_slot(model.objects.filter(booking=booking).order_by())


def form_of(purpose: str, token: str) -> tuple[Booking, list[Signup]]:
    """The form that the token was made for, and its sign-ups as `signups_of` gives them; Http404 as `links.read`.

    A form for helping comes with its sign-ups in one question, one less on each of its pages; others take two.
    """
    key, version = links.key(purpose, token, Booking)
    for model in signup_models():
        if found := _with_form(model, booking=key, version=version):
            return found[0].booking, _in_order(found, found[0].booking)
    return links.read(purpose, token, Booking), []


@prepared
def _with_form(model: Any, *, booking: int, version: int) -> QuerySet:
    rows = model.objects.filter(booking=booking, booking__link_version=version).order_by()
    return _with_slot(rows, "booking", read=columns.at("booking", *columns.own(Booking)))


def _in_order(signups: Sequence[Signup], booking: Booking) -> list[Signup]:
    found = [_standing(signup, booking) for signup in signups]
    return sorted(found, key=lambda signup: (signup.slot.starts, signup.pk))


def _standing(signup: Signup, booking: Booking) -> Signup:
    signup.booking = booking
    if signup.ended_reason != _MERGED or not signup.email_key:
        return signup
    rows = type(signup).objects.live()  # type: ignore[attr-defined]
    return with_slot(rows.filter(slot=signup.slot_id, email_key=signup.email_key)).first() or signup


def forms_of(signup: Signup) -> QuerySet[Booking]:
    """The forms whose mails and pages name this sign-up: its own, and later ones that changed it."""
    wanted = Q(pk=signup.booking_id)  # type: ignore[attr-defined]
    if signup.email_key:
        same = type(signup).objects.filter(slot=signup.slot_id, email_key=signup.email_key)  # type: ignore[attr-defined,misc]
        wanted |= Q(pk__in=same.filter(ended_reason=_MERGED).values("booking"))
    return Booking.objects.filter(wanted).select_related("organisation")
