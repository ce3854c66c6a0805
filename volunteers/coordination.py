"""Role Koordination: a clerk names the contact on the spot of one action, who accepts confidentiality once.

Their account has no role in the Redaktion and no password; `spot_login.py` lets them in by a mailed code. The
right ends when the clerk ends it, or a week after the last date (`CoordinationQuerySet.live`), and counts on the
next request. An account that nothing is left for is inactive from then on (class K8).
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import letters, outbox
from portal.models import Membership, User, email_key
from portal.refused import Refused
from volunteers.models import COORDINATES_FOR, Coordination, Opportunity

PLEDGE = "vertraulich-2026-12"  # version of templates/spot/_pledge.html


@transaction.atomic
def name(opportunity: Opportunity, *, email: str, person: str, by: User, now: datetime) -> Coordination:
    """`person` is the contact on the spot of this action and is invited by mail; named again, invited again.

    Raises Refused for the address of an account of the Redaktion that was closed.
    """
    user = _account(email, person)
    coordination = opportunity.coordinations.filter(user=user, ended_at=None).first()
    if coordination is None:
        coordination = Coordination.objects.create(
            opportunity=opportunity, user=user, named_by=by, named_at=now
        )
    _invite(coordination, by=by, now=now)
    return coordination


def _account(email: str, person: str) -> User:
    """The account of this address: there already, open again for who was a contact before, or new."""
    user = User.objects.filter(email=email_key(email)).first()
    if user is None:
        return User.objects.create_user(email, name=person)
    if not user.is_active:
        if user.is_superuser or user.memberships.exists():
            raise Refused(_("Mit dieser Adresse geht es nicht. Bitte nehmen Sie eine andere."))
        user.is_active, user.name = True, person
        user.save(update_fields=["is_active", "name"])
    return user


def _invite(coordination: Coordination, *, by: User, now: datetime) -> None:
    opportunity, user = coordination.opportunity, coordination.user
    outbox.queue(
        key=f"spot-invitation:{coordination.pk}:{now.timestamp():.0f}",
        kind="spot-invitation",
        to=user.email,
        letter=letters.write(
            "staff/spot-invitation",
            {
                "title": opportunity.display_title,
                "town": opportunity.municipality.name,
                "done_by": str(by),
                "spot_url": settings.SITE_URL + reverse("spot"),
                "page_url": settings.SITE_URL + opportunity.get_absolute_url(),
            },
            organisation=opportunity.organisation,
        ),
        now=now,
        organisation=opportunity.organisation,
        about=coordination.label,
    )


@transaction.atomic
def end(coordination: Coordination, *, now: datetime) -> None:
    """The person is no contact on the spot of this action any more, from their next request on."""
    Coordination.objects.filter(pk=coordination.pk, ended_at=None).update(ended_at=now)
    outbox.withdraw(about=[coordination.label], kinds=["spot-invitation"], now=now)
    _close_idle([coordination.user_id])  # type: ignore[attr-defined]


@transaction.atomic
def end_old(now: datetime) -> int:
    """Coordinations of actions whose last date is a week ago are ended; how many that was."""
    coming = Opportunity.objects.filter(pk=OuterRef("opportunity"), shifts__ends__gt=now - COORDINATES_FOR)
    over = Coordination.objects.filter(~Exists(coming), ended_at=None, opportunity__shifts__isnull=False)
    keys = set(over.values_list("pk", flat=True))
    rows = Coordination.objects.filter(pk__in=keys)
    users = list(rows.values_list("user", flat=True))
    rows.update(ended_at=now)
    _close_idle(users)
    return len(keys)


def _close_idle(users: list[int]) -> None:
    """Who is staff nowhere, nor a contact of another action, has an account no longer (class K8)."""
    used = Coordination.objects.filter(user=OuterRef("pk"), ended_at=None)
    staff = Membership.objects.filter(user=OuterRef("pk"))
    for user in User.objects.filter(~Exists(used), ~Exists(staff), pk__in=users, is_superuser=False):
        user.is_active = False
        user.save(update_fields=["is_active"])


def accept(coordination: Coordination, *, now: datetime) -> None:
    """The person promised to keep what they see to themselves; the first time counts."""
    Coordination.objects.filter(pk=coordination.pk, pledged_at=None).update(pledged_at=now, pledge=PLEDGE)
