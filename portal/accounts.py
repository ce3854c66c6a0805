"""Login of staff: allauth for all, our outbox for its mails, and the gate before the Redaktion.

The gate (architecture.md „Second factor") opens for an active membership and a second factor
that this session proved, or a browser that was trusted at most 30 days ago. It is asked on every
request, so rights taken away count on the next one. `secure_admin_login` alone asks for no
second factor (measured), which is why it is not used.
"""

import logging
from datetime import timedelta
from enum import Enum
from time import time
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import ResetPasswordForm
from allauth.account.utils import filter_users_by_email
from allauth.core import context as allauth_context
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.internal.flows.trust import (
    create_config_fingerprint,
    decode_trust_cookie,
    is_trusted_browser,
)
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from portal import confirmations, invitations, outbox, roles
from portal.models import User, email_key
from portal.prepared import prepared

log = logging.getLogger(__name__)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAIL_USEFUL = timedelta(minutes=15)
FRESH_LOGIN = 300  # seconds in which a login is proof enough to change the second factor


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves; mails go through the outbox, their links to the configured address."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def format_email_subject(self, subject: str) -> str:
        return str(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queued as secret: useful for 15 minutes, wiped when sent, never shown to staff."""
        facts = {key: own_address(value) for key, value in context.items() if key not in ("ip", "user_agent")}
        message = self.render_mail(template_prefix, email, facts | {"site_name": settings.SITE_NAME})
        now = timezone.now()
        with transaction.atomic():
            # Asked for accounts, too: known and unknown addresses cost the same statements.
            key = confirmations.key_for_a_stranger(email_key(email) or "", kind="account", now=now)
            if template_prefix != "account/email/unknown_account":
                key = f"account:{uuid4()}"
            if not key:
                return
            outbox.queue(
                key=key,
                kind="account",
                to=email,
                letter={"subject": str(message.subject), "text": str(message.body)},
                now=now,
                useful_until=now + MAIL_USEFUL,
                secret=True,
            )

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failed logins are counted per account: allauth's key holds the Host header, whose port anybody invents.

        A device that the account trusts has a count of its own, or strangers on many clients could keep its owner out.
        """
        email = credentials.get("email", "")
        return ":".join(filter(None, [email_key(email), trusted_device(request, email)]))

    def login(self, request: HttpRequest, user: User) -> None:
        """Noted for who watches for attacks, with the way; whose login it is stands in no log."""
        super().login(request, user)
        methods = [
            record.get("type") or record["method"] for record in get_authentication_records(request, user)
        ]
        log.info("login: %s", ", ".join(methods))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        log.warning("login refused: wrong password")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within five minutes of the login: nobody types the password twice to enrol.

        What is enrolled is not taken away, nor its codes shown, by a password alone.
        """
        request = allauth_context.request
        if app == "allauth.mfa" and gate(request) is Gate.PROVE:
            raise ReauthenticationRequired
        records = get_authentication_records(request, request.user)
        if any(time() - record["at"] < FRESH_LOGIN for record in records):
            return False
        return super().is_reauthentication_required(app=app, **kwargs)  # type: ignore[no-any-return]

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The passkey first, the password last; and no password where it would prove nothing."""
        words = {
            "mfa_reauthenticate:webauthn": _("Mit dem Passkey"),
            "mfa_reauthenticate": _("Mit einem Code"),
            "reauthenticate": _("Mit dem Passwort"),
        }
        found = {method["id"]: method for method in super().get_reauthentication_methods(user)}
        if gate(allauth_context.request) is Gate.PROVE:
            found.pop("reauthenticate", None)
        return [found[key] | {"description": words[key]} for key in words if key in found]


def own_address(value: Any) -> Any:
    """A link as it may stand in a mail: from SITE_URL, never from the Host header (trust.md)."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return value
    site = urlsplit(settings.SITE_URL)
    return urlunsplit(urlsplit(value)._replace(scheme=site.scheme, netloc=site.netloc))


def trusted_device(request: HttpRequest, email: str) -> str:
    """What this browser got when it was trusted after a second factor of the account, or nothing.

    The cookie is signed; its fingerprint is of account, password and factors, so a changed one trusts nobody.
    Without such a cookie nothing is asked. With one the factors of somebody are, as allauth asks once more for
    nobody: known and unknown addresses cost the same (measured).
    """
    trusts = {trust.fingerprint: trust.at for trust in decode_trust_cookie(request)}
    for user in filter_users_by_email(email, is_active=True) if trusts else ():
        fingerprint = create_config_fingerprint(user)
        if fingerprint in trusts:
            return f"{fingerprint}:{trusts[fingerprint]}"
    return ""


def invite(request: HttpRequest, user: User) -> None:
    """The person is mailed a link to set a password; nobody else ever knows one.

    The first one is an invitation of 14 days, a later one what „Passwort vergessen" sends.
    """
    if not user.has_usable_password():
        invitations.invite(user, now=timezone.now())
        return
    form = ResetPasswordForm(data={"email": user.email})
    if form.is_valid():
        form.save(request)


class Gate(Enum):
    OPEN = "may enter"
    LOGIN = "nobody is logged in"
    NO_ROLE = "no active membership"
    ENROL = "no second factor yet"
    PROVE = "this session has not proved it"


def person(request: HttpRequest) -> User:
    """Who is asking; behind the gate it is always somebody."""
    return cast(User, request.user)


def gate(request: HttpRequest) -> Gate:
    """What stands between this request and the Redaktion; asked once per request."""
    known: Gate | None = getattr(request, "redaktion_gate", None)
    if known is None:
        known = request.redaktion_gate = _gate(request)  # type: ignore[attr-defined]
    return known


@prepared
def _enrolled(*, user: int) -> QuerySet:
    """The keys of somebody's second factors."""
    return Authenticator.objects.filter(user=user).values_list("pk", flat=True)


def _gate(request: HttpRequest) -> Gate:
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return Gate.LOGIN
    if not user.is_superuser and not any(roles.holds(membership) for membership in user.roles):
        return Gate.NO_ROLE
    if settings.DEMO and settings.BIND in LOOPBACK and user.is_demo:
        return Gate.OPEN
    enrolled = set(_enrolled(user=user.pk))
    if not enrolled:
        return Gate.ENROL
    proofs = {r.get("id") for r in get_authentication_records(request, user) if r["method"] == "mfa"}
    if proofs & enrolled or is_trusted_browser(request, user):
        return Gate.OPEN
    return Gate.PROVE


def stop(request: HttpRequest) -> HttpResponse | None:
    """Where to go first, or None if the gate is open."""
    standing = gate(request)
    if standing is Gate.OPEN:
        return None
    if standing is Gate.NO_ROLE:
        logout(request)
        raise PermissionDenied(
            _("Ihr Zugang gehört zurzeit zu keiner Redaktion. Bitte fragen Sie beim Verband nach.")
        )
    way = {Gate.LOGIN: "account_login", Gate.ENROL: "factor_choose"}.get(standing)
    url = reverse(way) if way else get_adapter().get_reauthentication_methods(person(request))[0]["url"]
    back = request.get_full_path() if request.method == "GET" else reverse("admin:index")
    return redirect(f"{url}?{urlencode({'next': back})}")
