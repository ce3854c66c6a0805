"""How a town comes in: it asks, its address is proved, the association decides (issue „Towns come in").

requested → confirmed → approved or declined. The page says the same whatever we know of the address;
at most three such mails a day leave for one (`confirmations.py`).
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import accesslog, confirmations, invitations, letters, links, outbox, trust
from portal.association import association
from portal.models import AccessRequest, Membership, Municipality, Organisation, User, email_key
from portal.refused import Refused
from portal.retention import K0_UNCONFIRMED

SENT, CONFIRM = "access-sent", "access-confirm"  # purposes of links
TO_STAFF = ("asked", "info")  # anybody with a mailbox sets these off
State = AccessRequest.State


@transaction.atomic
def ask(*, now: datetime, **said: Any) -> AccessRequest:
    """The request is there, unconfirmed, and the mail that asks for the click leaves (limit of the address aside).

    `said` holds the columns of the form: municipality, name, email, function, second_name, second_email, page.
    """
    row = AccessRequest.objects.create(entered_at=now, **said)
    address_key = email_key(row.email) or ""
    confirmations.lock_address(address_key)
    if number := confirmations.next_number(address_key, now=now):
        facts = _facts(row) | {"confirm_url": links.url("access:confirm", CONFIRM, row)}
        _mail(row, "confirm", facts, key=confirmations.mail_key(address_key, number), now=now)
    return row


def has_expired(row: AccessRequest, *, now: datetime) -> bool:
    """Whether the link of the mail came too late (class K0)."""
    return row.state == State.REQUESTED and now >= row.entered_at + K0_UNCONFIRMED


@transaction.atomic
def confirm(row: AccessRequest, *, now: datetime) -> bool:
    """The association and the town's own editors hear of it; False if it was confirmed before, or too late.

    An older request of the same address for the same town is replaced.
    """
    if has_expired(row, now=now):
        return False
    rows = AccessRequest.objects.filter(pk=row.pk, state=State.REQUESTED)
    if not rows.update(state=State.CONFIRMED, confirmed_at=now):
        return False
    same = AccessRequest.objects.waiting().filter(municipality=row.municipality_id, email__iexact=row.email)
    same.exclude(pk=row.pk).delete()
    _tell_staff(row, now=now)
    return True


def _tell_staff(row: AccessRequest, *, now: datetime) -> None:
    """Counts and a link, no names: who asks stands in the Redaktion (rule 17)."""
    ours, town_s = association(), row.municipality.organisation
    path = reverse("admin:portal_accessrequest_change", args=[row.pk])
    facts = {"town": row.municipality.name, "staff_url": settings.SITE_URL + path}
    known = {"has_editors": "1"} if town_s and editors(town_s) else {}
    _queue(row, "asked", facts | known, to=ours.contact_email, key=f"access-asked:{row.pk}", now=now)
    page_url = {"page_url": settings.SITE_URL + reverse("for_towns"), "contact": invitations.contact_line()}
    for editor in editors(town_s) if town_s else []:
        told = {"town": row.municipality.name} | page_url
        _queue(row, "info", told, to=editor.email, key=f"access-info:{row.pk}:{editor.pk}", now=now)


def editors(organisation: Organisation) -> list[User]:
    """The active people of a Redaktion."""
    people = User.objects.filter(is_active=True, memberships__organisation=organisation)
    return list(people.filter(memberships__role=Membership.Role.EDITOR).distinct().order_by("pk"))


@transaction.atomic
def approve(row: AccessRequest, *, by: User, now: datetime) -> list[User]:
    """The town has its Organisation, each person an account with the role EDITOR and a mail; who they are.

    What the association did in trust for the town is the town's from now on (rule 25). Raises Refused
    when it is decided already, or when an address belongs to an account that must not be touched from here.
    """
    row = _open(row)
    organisation = _organisation_of(row.municipality)
    people = [_let_in(name, email, organisation=organisation, row=row, now=now) for name, email in row.people]
    _settle(row, State.APPROVED, by=by, now=now)
    _record(_("Zugang freigegeben"), row, organisation=organisation, by=by, now=now)
    return people


@transaction.atomic
def decline(row: AccessRequest, *, answer: str, by: User, now: datetime) -> None:
    """The person is told why, in the words of staff. Raises Refused without a sentence, or when it is decided already."""
    if not answer.strip():
        raise Refused(_("Bitte schreiben Sie einen Satz dazu, er geht an die anfragende Person."))
    row = _open(row)
    row.answer = answer.strip()
    _settle(row, State.DECLINED, by=by, now=now)
    facts = _facts(row) | {"answer": row.answer, "page_url": settings.SITE_URL + reverse("for_towns")}
    _mail(row, "declined", facts, key=f"access-declined:{row.pk}", now=now)
    _record(_("Zugang abgelehnt"), row, organisation=row.municipality.organisation, by=by, now=now)


def _open(row: AccessRequest) -> AccessRequest:
    rows = AccessRequest.objects.select_for_update(no_key=True, of=("self",)).select_related("municipality")
    current = rows.filter(pk=row.pk, state=State.CONFIRMED).first()
    if current is None:
        raise Refused(_("Über diese Anfrage ist schon entschieden, oder sie ist noch nicht bestätigt."))
    return current


def _settle(row: AccessRequest, state: str, *, by: User, now: datetime) -> None:
    row.state, row.settled_at, row.settled_by = state, now, by
    row.save(update_fields=["state", "settled_at", "settled_by", "answer"])


def _organisation_of(municipality: Municipality) -> Organisation:
    """The town's own, or a new one that answers for the town from now on."""
    if municipality.organisation:
        return municipality.organisation
    kind = Organisation.Kind.DISTRICT if municipality.is_district else Organisation.Kind.TOWN
    organisation = Organisation.objects.create(name=municipality.full_name, kind=kind)
    municipality.organisation = organisation
    municipality.save(update_fields=["organisation"])
    trust.hand_over(municipality, organisation=organisation)
    return organisation


def _let_in(name: str, email: str, *, organisation: Organisation, row: AccessRequest, now: datetime) -> User:
    """An account with the role, invited; who has one already is told that it reaches further now."""
    user = User.objects.filter(email=email_key(email)).first()
    if user and (user.is_superuser or not user.is_active):
        raise Refused(
            _(
                "Zu %s gibt es einen Zugang, der nicht aktiv ist oder dem Betrieb gehört. Bitte klären Sie das zuerst."
            )
            % email
        )
    if user is None:
        user = User.objects.create_user(email, name=name)
    Membership.objects.get_or_create(user=user, organisation=organisation, role=Membership.Role.EDITOR)
    if not user.has_usable_password():
        invitations.invite(user, now=now)
        return user
    facts = {"greeting": _("Guten Tag %s,") % user, "editor_of": organisation.name}
    staff_url = {"staff_url": settings.SITE_URL + reverse("admin:index")}
    _queue(
        row, "welcome", facts | staff_url, to=user.email, key=f"access-welcome:{row.pk}:{user.pk}", now=now
    )
    return user


def _facts(row: AccessRequest) -> dict[str, str]:
    return {"greeting": _("Guten Tag %s,") % row.name, "town": row.municipality.name}


def _mail(row: AccessRequest, kind: str, facts: dict[str, str], *, key: str, now: datetime) -> None:
    _queue(row, kind, facts, to=row.email, key=key, now=now)


def _queue(row: AccessRequest, kind: str, facts: dict[str, str], *, to: str, key: str, now: datetime) -> None:
    ours = association()
    if kind in TO_STAFF and outbox.is_full(to, kind=f"access-{kind}", now=now):
        return
    outbox.queue(
        key=key,
        kind=f"access-{kind}",
        to=to,
        letter=letters.write(f"towns/{kind}", facts, organisation=ours),
        now=now,
        organisation=ours,
        about=row.label,
        useful_until=now + K0_UNCONFIRMED if kind == "confirm" else None,
    )


def _record(
    action: str, row: AccessRequest, *, organisation: Organisation | None, by: User, now: datetime
) -> None:
    about = _("%(request)s, %(town)s") % {"request": row, "town": row.municipality.name}
    accesslog.record(by, action=action, about=about, organisation=organisation, now=now)
