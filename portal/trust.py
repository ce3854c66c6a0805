"""Towns without a Redaktion are looked after in trust by the association (rule 25)."""

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from portal.models import Booking, Broadcast, BroadcastDate, Mail, Municipality, Organisation


@transaction.atomic
def hand_over(municipality: Municipality, *, organisation: Organisation) -> None:
    """The town answers for the actions that the association ran for it, with their people, mails and messages.

    What the association collected from public sources stays its own until the town takes it over (rule 20), and so
    does the log of what its people read and did (rule 34). Contacts on the spot, notes on who came and signed links
    hang on the action itself.
    """
    ours = Organisation.Kind.ASSOCIATION
    actions = municipality.opportunities.filter(organisation__kind=ours)  # type: ignore[attr-defined]
    keys = list(actions.values_list("pk", flat=True))
    bookings = Booking.objects.filter(shiftsignups__slot__opportunity__in=keys)
    booking_keys = list(bookings.values_list("pk", flat=True))
    labels = _labels(actions)
    about = Q(booking__in=booking_keys) | Q(booking=None, secret=False, about__in=labels)
    Mail.objects.filter(about).update(organisation=organisation)
    _broadcasts(labels).update(organisation=organisation)
    Booking.objects.filter(pk__in=booking_keys).update(organisation=organisation)
    actions.update(organisation=organisation)
    _hand_over_proposals(municipality, organisation=organisation)
    _hand_over_pages(municipality, organisation=organisation)
    _hand_over_wishes(municipality, organisation=organisation)


def _hand_over_proposals(municipality: Municipality, *, organisation: Organisation) -> None:
    """What citizens proposed and nobody has decided yet: the row and the mails about it; `_hand_over_pages` its page."""
    proposals = municipality.proposals.filter(settled_at=None)  # type: ignore[attr-defined]
    labels = [row.label for row in proposals]
    Mail.objects.filter(about__in=labels, secret=False).update(organisation=organisation)
    proposals.update(organisation=organisation)


def _hand_over_pages(municipality: Municipality, *, organisation: Organisation) -> None:
    """What was proposed, or made of a proposal or an idea, with the mails about hints and questions on it."""
    pages = municipality.initiatives.filter(organisation__kind=Organisation.Kind.ASSOCIATION, origin="town")  # type: ignore[attr-defined]
    keys = list(pages.values_list("pk", flat=True))
    for name in ("hints", "inquiries"):
        rows = getattr(pages.model, name).rel.related_model.objects.filter(initiative__in=keys)
        labels = [row.label for row in rows]
        Mail.objects.filter(about__in=labels, secret=False).update(organisation=organisation)
    pages.update(organisation=organisation)


def _hand_over_wishes(municipality: Municipality, *, organisation: Organisation) -> None:
    """Wishes to the town go to it, as was said beside their form (rule 23), with the mails about them."""
    wishes = municipality.wishes.filter(organisation__kind=Organisation.Kind.ASSOCIATION)  # type: ignore[attr-defined]
    labels = [row.label for row in wishes]
    Mail.objects.filter(booking=None, about__in=labels).update(organisation=organisation)
    wishes.update(organisation=organisation)


def _labels(actions: Any) -> list[str]:
    """How mails and messages name the dates of these actions, and their contacts on the spot."""
    found = []
    for name in ("shifts", "coordinations"):
        rows = getattr(actions.model, name).rel.related_model.objects
        found += [row.label for row in rows.filter(opportunity__in=actions)]
    return found


def _broadcasts(labels: list[str]) -> Any:
    """Messages about these dates only; one that was also about another town's stays with who wrote it."""
    dates = BroadcastDate.objects.filter(broadcast=OuterRef("pk"))
    return Broadcast.objects.filter(
        Exists(dates.filter(label__in=labels)), ~Exists(dates.exclude(label__in=labels))
    )
