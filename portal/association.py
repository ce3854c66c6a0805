"""The association: the one organisation that answers for the portal and for what nobody else does yet."""

from email.utils import parseaddr

from django.conf import settings

from portal.models import Organisation

# Anschrift, Vertretung and Register are not ours to invent; staff write them in the Redaktion.
OPEN_IMPRINT = "offen: Impressum wird vom Betrieb ergänzt (Anschrift, Vertretung, Register, Kontakt)."


def association() -> Organisation:
    """The association's row, made on first use.

    The imprint is its name and a clear mark that the operator has to complete it; the contact is the
    portal's own sender address, which the operator set and reads. So it may publish from the start.
    """
    row, _created = Organisation.objects.get_or_create(
        kind=Organisation.Kind.ASSOCIATION,
        defaults={
            "name": settings.ASSOCIATION,
            "contact_email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
            "imprint": f"{settings.ASSOCIATION}\n{OPEN_IMPRINT}",
        },
    )
    return row


def known() -> Organisation | None:
    """The association's row if there is one: reading a page writes nothing."""
    return Organisation.objects.filter(kind=Organisation.Kind.ASSOCIATION).first()


def imprint_is_open(organisation: Organisation) -> bool:
    """Whether the operator still has to complete the imprint."""
    return OPEN_IMPRINT in organisation.imprint
