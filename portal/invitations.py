"""The invitation of a new account: one mail with the link that sets its first password (14 days, once)."""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal import letters, outbox
from portal.association import association
from portal.models import User
from portal.password_links import INVITED, PasswordLinks

LEAVES_WITHIN = timedelta(days=1)  # after an outage: a later one promises more days than it has


@transaction.atomic
def invite(user: User, *, now: datetime) -> None:
    """The person has the mail in the outbox; its link sets the password, nobody else ever knows one.

    Its address counts as proven, for the first password comes to it. Secret: staff never see the link, and the
    text is wiped when it has left.
    """
    proven = {"verified": True, "primary": True}
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults=proven)
    ours = association()
    outbox.queue(
        key=f"invitation:{user.pk}:{now.timestamp():.3f}",
        kind="invitation",
        to=user.email,
        letter=letters.write("towns/invitation", _facts(user, now=now), organisation=ours),
        now=now,
        organisation=ours,
        about=f"user:{user.pk}",
        useful_until=now + LEAVES_WITHIN,
        secret=True,
    )


def _facts(user: User, *, now: datetime) -> dict[str, str]:
    parts = {"uidb36": user_pk_to_url_str(user), "key": PasswordLinks().make_token(user)}
    memberships = user.memberships.select_related("organisation").order_by("pk")
    return {
        "greeting": _("Guten Tag %s,") % user.name if user.name else _("Guten Tag,"),
        "account": user.email,
        "editor_of": ", ".join(str(membership) for membership in memberships),
        "until": date_format(timezone.localtime(now + INVITED), "j. F Y, G:i"),
        "contact": contact_line(),
        "password_url": settings.SITE_URL + reverse("account_reset_password_from_key", kwargs=parts),
    }


def contact_line() -> str:
    """„Hessischer Städte- und Gemeindebund, Telefon 0611 …, portal@…": whom staff may ask."""
    return association().contact_line
