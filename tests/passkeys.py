"""A passkey in software: what Windows Hello or a security key would answer, without a browser.

The exchange is the browser's JSON, signed with a real key (ES256, attestation „none“), so the server
checks challenge, origin, host and signature as it does in earnest.
"""

import json
import os
from hashlib import sha256
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

PRESENT = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


class Passkey:
    """One key; `create` and `get` answer the options that a page carries, as JSON for its field."""

    def __init__(self, *, origin="", host=""):
        self.origin = origin or settings.SITE_URL
        self.host = host or urlsplit(settings.SITE_URL).hostname
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)

    def create(self, options):
        public = ES256.from_cryptography_key(self.key.public_key())
        data = self._data(
            PRESENT | AuthenticatorData.FLAG.AT, AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        )
        client = self._client(CollectedClientData.TYPE.CREATE, options)
        attested = AttestationObject.create("none", data, {})
        return self._answer(client, attestationObject=websafe_encode(attested))

    def get(self, options):
        data = self._data(PRESENT)
        client = self._client(CollectedClientData.TYPE.GET, options)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            client, authenticatorData=websafe_encode(data), signature=websafe_encode(signature)
        )

    def _client(self, kind, options):
        challenge = options["publicKey"]["challenge"]
        return CollectedClientData.create(type=kind, challenge=challenge, origin=self.origin)

    def _data(self, flags, credential=b""):
        return AuthenticatorData.create(sha256(self.host.encode()).digest(), flags, 1, credential)

    def _answer(self, client, **response):
        response["clientDataJSON"] = websafe_encode(client)
        answer = {"type": "public-key", "clientExtensionResults": {}, "response": response}
        return json.dumps(answer | {"id": websafe_encode(self.id), "rawId": websafe_encode(self.id)})


def enrol(user, name="PC im Rathaus"):
    """A passkey of the account and its reserve of codes, as the page for it would have stored."""
    passkey = Passkey()
    credential = json.loads(passkey.create({"publicKey": {"challenge": websafe_encode(os.urandom(32))}}))
    data = {"name": name, "credential": credential}
    passkey.row = Authenticator.objects.create(user=user, type="webauthn", data=data)
    RecoveryCodes.activate(user)
    return passkey


def options(page, kind="request_options"):
    """What a page asks the passkey."""
    return page.context["js_data"][kind]
