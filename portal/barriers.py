"""„Barriere melden": what hinders somebody on the portal reaches the association by mail.

Nothing of it is stored but the mail in the outbox, which is wiped in its class (K1). No receipt is
sent: nobody confirmed the address (rule 17), and it may be missing.
"""

from datetime import datetime, timedelta
from email.utils import parseaddr
from hashlib import sha256

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import letters, outbox
from portal.association import association
from portal.logs import mask
from portal.models import Mail
from portal.refused import Refused
from portal.seats import deciding

A_DAY = 100  # reports of everybody together; some more if several are sent at the same moment


@deciding
def report(*, what: str, where: str, email: str, now: datetime) -> None:
    """The association has it in its mail; the same words again on one day are the same report.

    Links of mails that stand in the words are masked: who reads them could act for the person. `where`
    and `email` may be empty. Raises Busy, and Refused when the mailbox has had its fill of the day: limits per
    client do not stop many of them.
    """
    said = {"barrier": mask(what), "barrier_page": mask(where), "answer_to": email}
    key = sha256("\n".join(said.values()).encode()).hexdigest()[:32]
    reader, page_url = association(), settings.SITE_URL + reverse("accessibility")
    to = reader.contact_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    if Mail.objects.filter(kind="barrier", queued_at__gt=now - timedelta(days=1)).count() >= A_DAY:
        raise Refused(_("Heute kamen schon sehr viele Meldungen. Bitte schreiben Sie uns direkt: %s") % to)
    outbox.queue(
        key=f"barrier:{now:%Y-%m-%d}:{key}",
        kind="barrier",
        to=to,
        letter=letters.write("staff/barrier", said | {"page_url": page_url}, organisation=reader),
        now=now,
        organisation=reader,
        about="barrier",
    )
