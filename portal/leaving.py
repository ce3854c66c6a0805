"""Staff who leave: inactive at once, and twelve months later a number (class K8).

The row itself stays: the log says „Zugang 17“ of whoever did something, and nobody else gets that number.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext

from portal.models import Membership, User
from portal.retention import K8_ACCOUNT

NOWHERE = "@geloescht.invalid"


def note(now: datetime) -> None:
    """Since when accounts are inactive, where no `save` noted it."""
    User.objects.filter(is_active=False, left_at=None).update(left_at=now)
    User.objects.filter(is_active=True, left_at__isnull=False).update(left_at=None)


def due(now: datetime) -> list[QuerySet[User]]:
    """Accounts of those who left long ago and are still named."""
    rows = User.objects.filter(is_active=False, left_at__lte=now - K8_ACCOUNT)
    return [rows.exclude(email__endswith=NOWHERE)]


def open_ends(user: User) -> list[str]:
    """Where somebody who leaves is still named: as a substitute, and as the contact of rows („Aktion: Bachputz“)."""
    ends = [gettext("Vertretung für %s") % other for other in user.stands_in_for.filter(is_active=True)]
    for model in apps.get_models():
        named = [name for name in getattr(model, "privacy", {}) if name == "contact_email"]
        for row in model._default_manager.filter(contact_email__iexact=user.email) if named else []:
            ends.append(f"{model._meta.verbose_name}: {row}")
    return ends


def reminder(user: User) -> str:
    """What to say to whoever has just taken this account out of service; empty when nothing is left to do."""
    ends = [] if user.is_active else open_ends(user)
    said = gettext("Der Zugang ist ab sofort inaktiv. Bitte ändern Sie noch: %s.")
    return said % "; ".join(ends) if ends else ""


def pseudonymise(users: QuerySet[User], *, now: datetime) -> int:
    """Of these accounts only the number is left: no name, no address, no role, no way in."""
    keys = list(users.values_list("pk", flat=True))
    for model in (EmailAddress, Authenticator, Membership):
        model._default_manager.filter(user__in=keys).delete()
    number = Cast(F("pk"), CharField())
    User.objects.filter(substitute__in=keys).update(substitute=None, absent_until=None)
    return User.objects.filter(pk__in=keys).update(
        absent_until=None,
        substitute=None,
        email=Concat(Value("zugang-"), number, Value(NOWHERE)),
        name="",
        password=make_password(None),
    )
