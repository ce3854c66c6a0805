"""Citizens propose an initiative to their town: sent, confirmed by mail, decided with staff's words (rules 19, 25, 26).

sent → confirmed (an `Initiative` in state PROPOSED) → accepted (a draft of the town) or declined (the page is
gone). The pages say the same whatever we know of the address; at most three such mails a day leave for one
(`confirmations.py`). Until it is decided the proposer may take everything back.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from initiatives.models import Initiative, Proposal
from portal import accesslog, confirmations, letters, links, outbox, overdue, privacy, slugs
from portal.association import association
from portal.logs import mask
from portal.models import Municipality, Organisation, User, email_key
from portal.refused import Refused
from portal.retention import K0_UNCONFIRMED

SENT, CONFIRM, MANAGE = "proposal-sent", "proposal-confirm", "proposal-manage"  # purposes of links
Decision = Proposal.Decision


def recipient(municipality: Municipality) -> Organisation:
    """Who answers: the town's own organisation, or the association in trust (rule 25)."""
    return municipality.organisation or association()


@transaction.atomic
def send(
    *, municipality: Municipality, title: str, text: str, name: str, email: str, now: datetime
) -> Proposal:
    """The proposal is there, unconfirmed, and the mail that asks for the click leaves (limit of the address aside).

    The same words of the same address again are the same proposal.
    """
    said = {
        "municipality": municipality,
        "title": mask(title),
        "text": mask(text),
        "name": name,
        "email": email,
    }
    row = Proposal.objects.filter(confirmed_at=None, entered_at__gt=now - K0_UNCONFIRMED, **said).first()
    row = row or Proposal.objects.create(entered_at=now, organisation=recipient(municipality), **said)
    address_key = email_key(email) or ""
    confirmations.lock_address(address_key)
    if number := confirmations.next_number(address_key, now=now):
        urls = {"confirm_url": links.url("proposal:confirm", CONFIRM, row), "manage_url": _page(row)}
        key = confirmations.mail_key(address_key, number)
        _mail(row, "confirm", urls, to=email, key=key, now=now)
    return row


def has_expired(row: Proposal, *, now: datetime) -> bool:
    """Whether the link of the mail came too late (class K0)."""
    return row.confirmed_at is None and now >= row.entered_at + K0_UNCONFIRMED


@transaction.atomic
def confirm(row: Proposal, *, now: datetime) -> bool:
    """It stands in the Redaktion as an initiative in state PROPOSED; False if it was confirmed before, or too late."""
    if has_expired(row, now=now) or not Proposal.objects.filter(pk=row.pk, confirmed_at=None).update(
        confirmed_at=now
    ):
        return False
    row.confirmed_at, row.organisation = now, recipient(row.municipality)
    row.initiative = _initiative_of(row)
    row.save(update_fields=["organisation", "initiative"])
    staff = row.organisation
    if not outbox.is_full(staff.contact_email, kind="proposal-received", now=now):
        url = {"staff_url": settings.SITE_URL + reverse("admin:initiatives_proposal_change", args=[row.pk])}
        trust = {"in_trust": "1" if row.is_trust else ""}
        key = f"proposal-received:{row.pk}"
        _mail(row, "received", url | trust, to=staff.contact_email, key=key, now=now)
    return True


def _initiative_of(row: Proposal) -> Initiative:
    wanted = slugs.compose(row.title, row.municipality.name)
    return Initiative.objects.create(
        title=row.title,
        slug=slugs.unique_slug(Initiative, wanted, reserved=Initiative.RESERVED_SLUGS),
        organisation=row.organisation,
        municipality=row.municipality,
        summary=row.text,
        state=Initiative.State.PROPOSED,
    )


@transaction.atomic
def accept(row: Proposal, *, answer: str, by: User, now: datetime) -> Initiative:
    """The page is a draft of whoever answers; the proposer is told, in the words of staff. Raises Refused."""
    row = _open(row)
    page = row.initiative
    if page is None:
        raise Refused(
            _("Die Seite zu diesem Vorschlag gibt es nicht mehr. Bitte lehnen Sie ihn mit einem Satz ab.")
        )
    page.state = Initiative.State.DRAFT
    page.save(update_fields=["state", "changed_at"])
    _settle(row, Decision.ACCEPTED, answer, by=by, now=now)
    return page


@transaction.atomic
def decline(row: Proposal, *, answer: str, by: User, now: datetime) -> None:
    """The proposer is told why, in the words of staff; the page is gone. Raises Refused without a sentence."""
    if not answer.strip():
        raise Refused(_("Bitte schreiben Sie einen Satz dazu, er geht an die Person mit dem Vorschlag."))
    row = _open(row)
    Initiative.objects.filter(proposal=row, state=Initiative.State.PROPOSED).delete()
    row.initiative = None
    _settle(row, Decision.DECLINED, answer, by=by, now=now)


def _open(row: Proposal) -> Proposal:
    rows = Proposal.objects.waiting().select_for_update(no_key=True, of=("self",))
    current = rows.select_related("municipality", "organisation").filter(pk=row.pk).first()
    if current is None:
        raise Refused(_("Über diesen Vorschlag ist schon entschieden, oder er ist zurückgezogen."))
    return current


def _settle(row: Proposal, decision: str, answer: str, *, by: User, now: datetime) -> None:
    row.decision, row.answer, row.settled_at, row.settled_by = decision, answer.strip(), now, by
    row.save(update_fields=["decision", "answer", "settled_at", "settled_by", "initiative"])
    accepted = decision == Decision.ACCEPTED
    facts = {"is_accepted": "1" if accepted else "", "answer": row.answer, "manage_url": _page(row)}
    facts |= {"page_title": row.title}
    _mail(row, "decided", facts, to=row.email, key=f"proposal-decided:{row.pk}", now=now)
    action = _("Vorschlag übernommen") if accepted else _("Vorschlag abgelehnt")
    accesslog.record(by, action=action, about=row.label, organisation=row.organisation, now=now)


def withdraw(row: Proposal, *, now: datetime) -> None:
    """At the person's wish everything about them is gone, and the page too, as long as nobody took it over."""
    privacy.drop_asked(row, now=now)


def _page(row: Proposal) -> str:
    return links.url("proposal:manage", MANAGE, row)


def _mail(row: Proposal, kind: str, facts: dict[str, str], *, to: str, key: str, now: datetime) -> None:
    said = {"greeting": _("Guten Tag %s,") % row.name, "town": row.municipality.name}
    outbox.queue(
        key=key,
        kind=f"proposal-{kind}",
        to=to,
        letter=letters.write(f"towns/proposal-{kind}", said | facts, organisation=row.organisation),
        now=now,
        organisation=row.organisation,
        about=row.label,
        useful_until=row.entered_at + K0_UNCONFIRMED if kind == "confirm" else None,
    )


def tell_overdue(*, now: datetime) -> int:
    """Proposals that nobody decided in time (rule 26): staff are reminded, then who proposed is told; how many mails."""
    rows = Proposal.objects.select_related("municipality", "organisation")
    return overdue.tell(rows, _question, now=now)


def _question(row: Proposal) -> overdue.Question:
    """The proposer's own words stay out of it: they would stand in a subject (rule 17)."""
    path = reverse("admin:initiatives_proposal_change", args=[row.pk])
    title = _("Vorschlag für eine Initiative")
    return overdue.Question(row.label, title, row.municipality.name, path, row.organisation, row.email)
