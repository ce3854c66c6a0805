"""Towns without a Redaktion are looked after in trust by the association (rule 25)."""

from django.db import transaction

from portal.models import Booking, Mail, Municipality, Organisation


@transaction.atomic
def hand_over(municipality: Municipality, *, organisation: Organisation) -> None:
    """The town answers for the actions that the association ran for it, with their people and mails.

    What the association collected from public sources stays its own until the town takes it over (rule 20).
    """
    ours = Organisation.Kind.ASSOCIATION
    actions = municipality.opportunities.filter(organisation__kind=ours)  # type: ignore[attr-defined]
    keys = list(actions.values_list("pk", flat=True))
    bookings = Booking.objects.filter(shiftsignups__slot__opportunity__in=keys)
    booking_keys = list(bookings.values_list("pk", flat=True))
    Mail.objects.filter(booking__in=booking_keys).update(organisation=organisation)
    Booking.objects.filter(pk__in=booking_keys).update(organisation=organisation)
    actions.update(organisation=organisation)
