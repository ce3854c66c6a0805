"""Staff who leave: inactive at once, and twelve months later a number (class K8).

The row itself stays: the log says „Zugang 17“ of whoever did something, and nobody else gets that number.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

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


def pseudonymise(users: QuerySet[User], *, now: datetime) -> int:
    """Of these accounts only the number is left: no name, no address, no role, no way in."""
    keys = list(users.values_list("pk", flat=True))
    for model in (EmailAddress, Authenticator, Membership):
        model._default_manager.filter(user__in=keys).delete()
    number = Cast(F("pk"), CharField())
    return User.objects.filter(pk__in=keys).update(
        email=Concat(Value("zugang-"), number, Value(NOWHERE)), name="", password=make_password(None)
    )
