"""A town takes over a page that the association collected, or has it removed (rule 20).

Taken over, the page stays public at its address, keeps its source, and is the town's: it answers with its
own imprint and contact, which therefore have to be there first. Rejected: taking it off the net until the
contact is typed in; an address that was published never breaks.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from initiatives.models import Hint, Initiative, Inquiry
from portal import accesslog, letters, outbox
from portal.association import association
from portal.models import Organisation, User
from portal.publishing import take_down
from portal.refused import Refused


@transaction.atomic
def take_over(initiative: Initiative, *, organisation: Organisation, by: User, now: datetime) -> Initiative:
    """The page is the town's, with the town's own address as a first contact; the association is told.

    Raises Refused when it is not collected any more, or when imprint and contact of the town are missing.
    """
    row = _collected(initiative, organisation)
    if not organisation.may_publish:
        raise Refused(_("Bitte füllen Sie zuerst Impressum und E-Mail aus: Die Seite nennt sie als Ihre."))
    row.origin, row.organisation = Initiative.Origin.TOWN, organisation
    # What the source said of contacts was never shown, and is not the town's word.
    row.contact, row.contact_email = organisation.name, organisation.contact_email
    row.contact_phone = organisation.contact_phone
    row.save(
        update_fields=["origin", "organisation", "contact", "contact_email", "contact_phone", "changed_at"]
    )
    row.remarks.all().delete()  # type: ignore[attr-defined]  # the association's, for itself
    _note(row, "page-taken", _("Seite übernommen"), organisation=organisation, by=by, now=now)
    return row


@transaction.atomic
def remove(initiative: Initiative, *, organisation: Organisation, by: User, now: datetime) -> Initiative:
    """The page is archived without a reason, and what was asked about it is done. Raises Refused as `take_over`."""
    row = _collected(initiative, organisation)
    take_down(row, state=Initiative.State.ARCHIVED)
    for asked in (Hint, Inquiry):
        asked.objects.filter(initiative=row, settled_at=None).update(settled_at=now, settled_by=by)
    _note(row, "page-removed", _("Seite entfernt"), organisation=organisation, by=by, now=now)
    return row


def _collected(initiative: Initiative, organisation: Organisation) -> Initiative:
    rows = Initiative.objects.public().select_for_update(no_key=True, of=("self",))
    found = rows.filter(
        pk=initiative.pk, origin=Initiative.Origin.COLLECTED, municipality__organisation=organisation
    ).select_related("municipality", "organisation")
    row = found.first()
    if row is None:
        raise Refused(_("Diese Seite ist schon übernommen oder entfernt."))
    return row


def _note(
    row: Initiative, kind: str, action: str, *, organisation: Organisation, by: User, now: datetime
) -> None:
    ours = association()
    facts = {
        "page_title": row.title,
        "town": row.municipality.name,
        "page_url": settings.SITE_URL + reverse("initiatives:list"),
    }
    outbox.queue(
        key=f"{kind}:{row.pk}:{now.timestamp():.3f}",
        kind=kind,
        to=ours.contact_email,
        letter=letters.write(f"towns/{kind}", facts, organisation=ours),
        now=now,
        organisation=ours,
        about=f"initiative:{row.pk}",
    )
    accesslog.record(by, action=action, about=f"initiative:{row.pk}", organisation=organisation, now=now)
