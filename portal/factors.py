"""Second factors (rule 36): passkeys, the code of an app, printed codes; what allauth leaves open about them.

A passkey is a factor behind the password, never a login of its own: one way in, one thing to explain and to
attack. So the key need not know its owner (user verification „preferred“: a plain security key of the office
counts, and Windows Hello asks for PIN or finger anyway) nor keep the account (not resident). It belongs to the
host of SITE_URL, whatever the Host header says (trust.md). Printed codes are the reserve of both others; alone
they are a factor only of who chose them, as allauth takes them away with the last of the others.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.signals import authenticator_added, authenticator_reset, authenticator_used
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal.models import User

APP, PASSKEY, PRINTED = (
    Authenticator.Type.TOTP,
    Authenticator.Type.WEBAUTHN,
    Authenticator.Type.RECOVERY_CODES,
)
FEW_CODES = 3


class SecondFactor(DefaultMFAAdapter):
    """What allauth asks about the factors of an account."""

    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        """The login asks for app and passkey together; printed codes of who has neither are asked for as well."""
        return super().is_mfa_enabled(user, None if types and {APP, PASSKEY} <= set(types) else types)

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        return gettext("Passkey %d") % (Authenticator.objects.filter(user=user, type=type).count() + 1)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": urlsplit(settings.SITE_URL).hostname or "", "name": settings.SITE_NAME}


def name_field(*, required: bool) -> forms.CharField:
    """How the owner calls a passkey. A new one without a name gets a number: the device has made it already."""
    return forms.CharField(
        required=required,
        label=_("Name des Passkeys"),
        help_text=_("Damit Sie ihn wiedererkennen, zum Beispiel „PC im Rathaus“."),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def answer_field() -> forms.JSONField:
    """What passkey.js fills in; whoever sends the form without a script reads why it is empty."""
    nothing = _(
        "Ihr Browser hat keinen Passkey geschickt. Ist JavaScript ausgeschaltet, nehmen Sie einen anderen Weg."
    )
    return forms.JSONField(widget=forms.HiddenInput, error_messages={"required": nothing, "invalid": nothing})


@contextmanager
def understood() -> Iterator[None]:
    """A browser's answer that is none, or another's, is a mistake in the form, with a sentence about passkeys.

    allauth's sentence is about codes, and fido2 raises all of these over bytes that nobody's key made (fuzzed).
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError, struct.error, ValidationError) as error:
        if isinstance(error, ValidationError) and error.code != "incorrect_code":
            raise
        said = gettext("Dieser Passkey passt nicht zu Ihrem Zugang. Bitte versuchen Sie es noch einmal.")
        raise ValidationError(said, code="incorrect_code") from error


class Answer(forms.Form):
    """What is wrong with an answer stands above the form: nobody can go to a hidden field."""

    credential = answer_field()

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(None if field == "credential" else field, error)


class NewPasskey(Answer, AddWebAuthnForm):
    name = name_field(required=False)

    def clean(self) -> dict[str, Any]:
        with understood():
            return cast(dict[str, Any], super().clean())


class RenamedPasskey(EditWebAuthnForm):
    name = name_field(required=True)


class Answered(forms.Form):
    def clean_credential(self) -> Authenticator:
        with understood():
            return cast(Authenticator, super().clean_credential())  # type: ignore[misc]


class PasskeyAtLogin(Answer, Answered, AuthenticateWebAuthnForm):
    pass


class PasskeyAgain(Answered, ReauthenticateWebAuthnForm):
    """allauth leads away from its page and says there what is wrong with this field."""

    credential = answer_field()


class PrintedCodes(forms.Form):
    """New printed codes, for everybody: allauth's own form wants another factor first."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


@receiver([authenticator_added, authenticator_reset])
def enrolling_is_proof(request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Whoever just enrolled need not prove it once more; who may not (`Gate.PROVE`) never comes here."""
    record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


@receiver(authenticator_used)
def say_how_many_codes_are_left(request: HttpRequest, authenticator: Authenticator, **kwargs: Any) -> None:
    """Printed codes work once each; who is down to the last ones is told before none is left."""
    if authenticator.type != PRINTED:
        return
    authenticator.refresh_from_db()
    left = len(RecoveryCodes(authenticator).get_unused_codes())
    if left <= FEW_CODES:
        said = ngettext(
            "Sie haben noch %d gedruckten Code. Erzeugen Sie unter „Zweiter Faktor“ neue.",
            "Sie haben noch %d gedruckte Codes. Erzeugen Sie unter „Zweiter Faktor“ neue.",
            left,
        )
        messages.warning(request, said % left)


def forget_trusted_devices(user: User) -> None:
    """No browser is trusted any more. The portal keeps no list of them: a cookie names the factors by number.

    So the printed codes get a new number. They stay valid; sessions that were proved by one are asked again.
    """
    with transaction.atomic():
        if Authenticator.objects.filter(user=user).exists():
            codes = RecoveryCodes.activate(user).instance
            codes.delete()
            codes.save(force_insert=True)
