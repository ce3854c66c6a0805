"""„Barriere melden": what hinders somebody on the portal reaches the association by mail.

Nothing of it is stored but the mail in the outbox, which is wiped in its class (K1). No receipt is
sent: nobody confirmed the address (rule 17), and it may be missing.
"""

from datetime import datetime, timedelta
from email.utils import parseaddr
from hashlib import sha256

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import letters, outbox
from portal.association import association
from portal.logs import mask
from portal.models import Mail, Organisation
from portal.refused import Refused
from portal.seats import deciding

A_DAY = 100  # reports of everybody together; some more if several are sent at the same moment
A_DAY_FROM_ONE = 10  # of one client, or one could close the form for everybody


def known(*, what: str, where: str, email: str, now: datetime) -> bool:
    """Whether this very report was taken today: sent again it is no other one."""
    return Mail.objects.filter(key=_key(_said(what, where, email), now)).exists()


def full() -> Refused:
    """What to raise when the day has had its fill: the form is no way for it today, a mail still is."""
    return Refused(
        _("Heute kamen schon sehr viele Meldungen. Bitte schreiben Sie uns direkt: %s")
        % _mailbox(association())
    )


@deciding
def report(*, what: str, where: str, email: str, now: datetime) -> None:
    """The association has it in its mail; the same words again on one day are the same report.

    Links of mails that stand in the words are masked: who reads them could act for the person. `where`
    and `email` may be empty. Raises Busy, and Refused when the mailbox has had its fill of the day: limits per
    client do not stop many of them.
    """
    if known(what=what, where=where, email=email, now=now):
        return
    if of_a_day(now).count() >= A_DAY:
        raise full()
    said = _said(what, where, email)
    reader, page_url = association(), settings.SITE_URL + reverse("accessibility")
    outbox.queue(
        key=_key(said, now),
        kind="barrier",
        to=_mailbox(reader),
        letter=letters.write("staff/barrier", said | {"page_url": page_url}, organisation=reader),
        now=now,
        organisation=reader,
        about="barrier",
    )


def of_a_day(now: datetime) -> QuerySet[Mail]:
    """The reports of the last 24 hours, found by the index of their keys."""
    days = (now, now - timedelta(days=1))
    of_days = [Q(key__startswith=f"barrier:{day:%Y-%m-%d}:") for day in days]
    return Mail.objects.filter(of_days[0] | of_days[1], queued_at__gt=days[1])


def _said(what: str, where: str, email: str) -> dict[str, str]:
    return {"barrier": mask(what), "barrier_page": mask(where), "answer_to": email}


def _key(said: dict[str, str], now: datetime) -> str:
    return f"barrier:{now:%Y-%m-%d}:{sha256(chr(10).join(said.values()).encode()).hexdigest()[:32]}"


def _mailbox(reader: Organisation) -> str:
    return reader.contact_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
