"""„Nach Erfahrungen fragen": asked, confirmed by mail, answered in staff's own words (rules 17, 22 and 26).

Whoever answers for the page gets it: the town, or the association for what it collected or looks after in trust.
The question itself stands in the Redaktion only; mails to the contact say that there is one, once a day for a page.
How often a page was asked about is counted for good, because the questions go 30 days after their answer.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from initiatives.models import Initiative, Inquiry
from portal import accesslog, confirmations, letters, links, outbox, overdue
from portal.logs import mask
from portal.models import User, email_key
from portal.refused import Refused
from portal.retention import K0_UNCONFIRMED

SENT, CONFIRM = "inquiry-sent", "inquiry-confirm"  # purposes of links


@transaction.atomic
def ask(initiative: Initiative, *, now: datetime, **said: Any) -> Inquiry:
    """The question is there, unconfirmed, and the mail that asks for the click leaves (limit of the address aside).

    `said` holds the columns of the form: name, email, organisation, text. Links of mails in the text are masked.
    """
    said["text"] = mask(said["text"])
    row = Inquiry.objects.create(initiative=initiative, entered_at=now, **said)
    address_key = email_key(row.email) or ""
    confirmations.lock_address(address_key)
    if number := confirmations.next_number(address_key, now=now):
        facts = _facts(row) | {
            "greeting": _("Guten Tag %s,") % row.name,
            "confirm_url": links.url("inquiry:confirm", CONFIRM, row),
        }
        key = confirmations.mail_key(address_key, number)
        _queue(row, "inquiry-confirm", facts, to=row.email, key=key, until=now + K0_UNCONFIRMED, now=now)
    return row


def has_expired(row: Inquiry, *, now: datetime) -> bool:
    """Whether the link of the mail came too late (class K0)."""
    return row.confirmed_at is None and now >= row.entered_at + K0_UNCONFIRMED


@transaction.atomic
def confirm(row: Inquiry, *, now: datetime) -> bool:
    """Staff see the question and its contact hears of it; False if it was confirmed before, too late, or in vain.

    In vain: the page is no longer public. The same words of the same address are one question.
    """
    if has_expired(row, now=now) or not row.initiative.is_public:
        return False
    if not Inquiry.objects.filter(pk=row.pk, confirmed_at=None).update(confirmed_at=now):
        return False
    same = Inquiry.objects.confirmed().filter(
        initiative=row.initiative_id, email__iexact=row.email, text=row.text, settled_at=None
    )
    if not same.exclude(pk=row.pk).delete()[0]:
        Initiative.objects.filter(pk=row.initiative_id).update(n_inquiries=F("n_inquiries") + 1)
    _tell_contact(row, now=now)
    return True


def _tell_contact(row: Inquiry, *, now: datetime) -> None:
    """The Redaktion that answers, and the contact of the page if that is another address."""
    page, ours = row.initiative, row.initiative.organisation
    facts = _facts(row) | {
        "staff_url": settings.SITE_URL + reverse("admin:initiatives_inquiry_change", args=[row.pk]),
        "contact": ours.contact_line,
    }
    theirs = page.contact_email if page.origin == Initiative.Origin.TOWN else ""
    for who, to in {ours.contact_email.lower(): ours.contact_email, theirs.lower(): theirs}.items():
        if who and not outbox.is_full(to, kind="inquiry", now=now):
            key = f"inquiry:{page.pk}:{timezone.localdate(now)}:{'redaktion' if to == ours.contact_email else 'kontakt'}"
            _queue(row, "inquiry", facts, to=to, key=key, now=now)


@transaction.atomic
def settle(row: Inquiry, *, answer: str, by: User, now: datetime, silently: bool = False) -> None:
    """The answer is on its way in staff's words, and the question is done; `silently` does without one.

    Raises Refused without an answer, or when somebody else was faster.
    """
    answer = answer.strip()
    if not (answer or silently):
        raise Refused(
            _("Bitte schreiben Sie eine Antwort. Sie geht als Mail an die Person, die gefragt hat.")
        )
    open_ones = Inquiry.objects.confirmed().filter(pk=row.pk, settled_at=None)
    if not open_ones.update(settled_at=now, settled_by=by, answer="" if silently else answer):
        raise Refused(_("Diese Frage ist schon beantwortet."))
    if not silently:
        facts = _facts(row) | {"greeting": _("Guten Tag %s,") % row.name, "message": answer}
        _queue(row, "inquiry-answered", facts, to=row.email, key=f"inquiry-answered:{row.pk}", now=now)
    action = _("Frage ohne Antwort erledigt") if silently else _("Frage beantwortet")
    accesslog.record(by, action=action, about=row.label, organisation=row.initiative.organisation, now=now)


def _facts(row: Inquiry) -> dict[str, str]:
    page = row.initiative
    return {"page_title": page.title, "town": page.municipality.name}


def _queue(
    row: Inquiry,
    kind: str,
    facts: dict[str, str],
    *,
    to: str,
    key: str,
    now: datetime,
    until: datetime | None = None,
) -> None:
    organisation = row.initiative.organisation
    outbox.queue(
        key=key,
        kind=kind,
        to=to,
        letter=letters.write(f"initiatives/{kind}", facts, organisation=organisation),
        now=now,
        organisation=organisation,
        about=row.label,
        useful_until=until,
    )


def tell_overdue(*, now: datetime) -> int:
    """Questions that nobody answered in time (rule 26): staff are reminded, then who asked is told; how many mails."""
    rows = Inquiry.objects.select_related("initiative__organisation", "initiative__municipality")
    return overdue.tell(rows, _question, now=now)


def _question(row: Inquiry) -> overdue.Question:
    page = row.initiative
    title = _("Frage zu %s") % page.named
    path = reverse("admin:initiatives_inquiry_change", args=[row.pk])
    return overdue.Question(row.label, title, page.municipality.name, path, page.organisation, row.email)
