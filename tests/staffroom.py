"""Staff of the tests: accounts with a second factor, and clients that proved it."""

import time
from functools import cache

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.hashers import make_password
from django.test import Client

from portal.models import Membership, User

_hashed = cache(make_password)  # slow on purpose: once is enough
PASSWORD = "Bachputz-an-der-Wetter-7"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def staff(
    organisation=None, role=Membership.Role.EDITOR, *, email="redaktion@lich.example", enrolled=True, **fields
):
    """Somebody with a verified address, a role if an organisation is given, and a TOTP app unless told not."""
    user = User.objects.create(email=email, password=_hashed(PASSWORD), **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if organisation:
        Membership.objects.create(user=user, organisation=organisation, role=role)
    if enrolled:
        TOTP.activate(user, SECRET)
        RecoveryCodes.activate(user)
    return user


def code(secret=SECRET):
    """What the app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def recovery_codes(user):
    return RecoveryCodes(Authenticator.objects.get(user=user, type="recovery_codes")).get_unused_codes()


def proven(user, *, fresh_for=0, method="mfa"):
    """A client whose session has logged in and proved the second factor, or with "password" only that.

    The proof counts as fresh `fresh_for` seconds longer than a real one: for a session that many tests share.
    """
    client = Client()
    client.force_login(user)
    totp = Authenticator.objects.filter(user=user, type="totp").first()
    session = client.session
    session["account_authentication_methods"] = [
        {"method": method, "at": time.time() + fresh_for, "id": totp and totp.pk, "type": "totp"}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def typed(response):
    """What the browser would send back from a form of the Redaktion as it stands."""
    forms = [response.context["adminform"].form]
    for inline in response.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data = {}
    for form in forms:
        for bound in form:
            value = bound.value()
            if bound.field.show_hidden_initial:
                data[bound.html_initial_name] = bound.field.hidden_widget().format_value(value) or ""
            if value is None or value is False:
                continue
            if isinstance(value, list):
                data[bound.html_name] = [str(getattr(item, "pk", item)) for item in value]
            else:
                shown = bound.field.widget.format_value(value)
                data[bound.html_name] = shown[0] if isinstance(shown, list) else shown
    return {name: value for name, value in data.items() if value is not None}


def rehearsed(client, url, data, **more):
    """„Ansehen" and then the deed on a page that changes a date; returns both answers."""
    preview = client.post(url, data)
    shown = preview.context["shown"] if preview.context else None
    if not shown:
        return preview, None
    return preview, client.post(url, data | {"seen": shown["digest"]}, **more)
