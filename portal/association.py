"""The association: the one organisation that answers for the portal and for what nobody else does yet."""

from email.utils import parseaddr

from django.conf import settings

from portal.models import OPEN_IMPRINT, Organisation


def association() -> Organisation:
    """The association's row, made on first use.

    The imprint is its name and a clear mark that the operator has to complete it; the contact is the
    portal's own sender address, which the operator set and reads. What its staff publish waits for that;
    the collection that comes with the portal is there from the start (docs/betrieb.md).
    """
    row, _created = Organisation.objects.get_or_create(
        kind=Organisation.Kind.ASSOCIATION,
        defaults={
            "name": settings.ASSOCIATION,
            "contact_email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
            "imprint": open_imprint(),
        },
    )
    return row


def known() -> Organisation | None:
    """The association's row if there is one: reading a page writes nothing."""
    return Organisation.objects.filter(kind=Organisation.Kind.ASSOCIATION).first()


def open_imprint() -> str:
    """What stands there until the operator writes the imprint."""
    return f"{settings.ASSOCIATION}\n{OPEN_IMPRINT}"
