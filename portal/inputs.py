"""What people type about themselves, made clean or refused with a German sentence (trust.md „Input").

Shared by every form that asks for a name, an address or a telephone number.
"""

import re
import unicodedata
from typing import Any

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models import email_domain, email_key

NAME_LENGTH = 80  # characters
EMAIL_LENGTH = 254  # RFC 5321
PHONE_LENGTH = 40
_NOT_IN_NAMES = frozenset("/@:<>")
# Control, format (bidirectional and zero-width), surrogate, private and unassigned characters, line separators
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Marks heaped upon one letter climb over the lines around it; no script needs five.
_HEAPED = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{5}"
).search
# Letters and marks that show nothing: fillers of Hangul and Khmer, the grapheme joiner
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")

# „evil.com" in a mail is a link to many programs; „Dr.Müller" is „Dr. Müller" anyway.
_DOT_WITHIN = re.compile(r"([.．。｡])(?=\w)")
_DIALLED = re.compile(r"[-+()/. \d]+", re.ASCII).fullmatch


def _has_unseen(text: str) -> bool:
    return any(char in _BLANK or unicodedata.category(char) in _UNSEEN for char in text) or bool(
        _HEAPED(text)
    )


def clean_name(value: str) -> str:
    """One line, NFC, single spaces, at most 80 characters; raises ValidationError.

    A name goes into a mail to an address that nobody has confirmed yet (rule 17): so it can hold
    no link and no header. Look-alikes (full-width forms) count as what they look like.
    """
    name = unicodedata.normalize("NFC", value).strip()
    if _has_unseen(name):
        raise ValidationError(_("Der Name enthält unsichtbare Zeichen. Bitte tippen Sie ihn neu ein."))
    name = " ".join(_DOT_WITHIN.sub(r"\1 ", name).split())
    looks_like = unicodedata.normalize("NFKC", name).casefold()
    if not any(char.isalpha() for char in name):
        raise ValidationError(_("Bitte geben Sie Ihren Namen ein."))
    if _NOT_IN_NAMES & set(looks_like):
        raise ValidationError(_("Bitte schreiben Sie den Namen ohne die Zeichen / @ : < und >."))
    if "http" in looks_like or "www." in looks_like:
        raise ValidationError(_("Bitte schreiben Sie hier nur Ihren Namen, keine Internetadresse."))
    if len(name) > NAME_LENGTH:
        raise ValidationError(_("Der Name ist zu lang. Bitte nehmen Sie höchstens 80 Zeichen."))
    return name


def clean_email(value: str) -> str:
    """One plain address as the person spells it, NFC; raises ValidationError.

    Of what Django lets pass: no mail server by number, no host without a domain, and nothing but ASCII
    before the @ (its pattern ignores case, and so takes „ſ" for an s).
    """
    if len(value) > 2 * EMAIL_LENGTH:  # before anything is computed: IDNA of 100 kB takes seconds
        raise ValidationError(_("Die E-Mail-Adresse ist zu lang. Bitte prüfen Sie, ob sie stimmt."))
    address = unicodedata.normalize("NFC", value).strip()
    local, _at, domain = address.rpartition("@")
    if _has_unseen(address) or any(char in address for char in '"(),;<>[]\\ '):
        raise ValidationError(_email_sentence())
    if not local.isascii() or email_domain(domain).count(".") < 1:
        raise ValidationError(_email_sentence())
    if max(len(address), len(email_key(address) or "")) > EMAIL_LENGTH:
        raise ValidationError(_("Die E-Mail-Adresse ist zu lang. Bitte prüfen Sie, ob sie stimmt."))
    try:
        validate_email(address)
    except ValidationError:
        raise ValidationError(_email_sentence()) from None
    return address


class EmailField(forms.CharField):
    """The address of whoever fills the form in, as `clean_email` has it."""

    def __init__(self, *, label: Any = None, required: bool = True, help_text: Any = "") -> None:
        super().__init__(
            label=label or gettext_lazy("Ihre E-Mail-Adresse"),
            required=required,
            help_text=help_text,
            widget=forms.EmailInput(attrs={"autocomplete": "email", "maxlength": 320}),
            error_messages={"required": gettext_lazy("Bitte geben Sie Ihre E-Mail-Adresse ein.")},
        )

    def clean(self, value: Any) -> str:
        address = super().clean(value)
        return clean_email(address) if address else ""


def key(value: str) -> int | None:
    """The number of a row as a form sends it; None for what is none, also for digits by the thousand."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else None


def nfc(value: str) -> str:
    """As it is stored: letters with their marks are one character."""
    return unicodedata.normalize("NFC", value)


def validate_line(value: str) -> None:
    """Raise ValidationError unless this is one line of words as somebody says them of a place or an office."""
    looks_like = unicodedata.normalize("NFKC", value).casefold()
    if _has_unseen(value) or set("<>@") & set(looks_like):
        raise ValidationError(_("Bitte schreiben Sie das ohne Sonderzeichen wie < > und @."))
    if "http" in looks_like or "www." in looks_like or "//" in looks_like:
        raise ValidationError(_("Bitte schreiben Sie hier keine Internetadresse."))


def _email_sentence() -> str:
    return _("Bitte geben Sie die E-Mail-Adresse vollständig ein, zum Beispiel: name@beispiel.de")


def clean_phone(value: str) -> str:
    """A German number as people write it here, others with their country code; empty stays empty.

    Raises ValidationError. „0151/23456789" → „01512 3456789"; „+33 1 …" → „+33 1 …".
    """
    typed = " ".join(value.split())
    if not typed:
        return ""
    wrong = ValidationError(
        _(
            "Diese Telefonnummer scheint nicht vollständig zu sein. Bitte geben Sie sie mit Vorwahl ein, "
            "zum Beispiel: 06404 123456. Sie können das Feld auch leer lassen."
        )
    )
    # Without its area code a number is nobody's; letters are not a number at all.
    if len(typed) > PHONE_LENGTH or not typed.lstrip("( ").startswith(("0", "+")) or not _DIALLED(typed):
        raise wrong
    try:
        number = phonenumbers.parse(typed, "DE")
    except phonenumbers.NumberParseException:
        raise wrong from None
    possible = phonenumbers.ValidationResult.IS_POSSIBLE
    if phonenumbers.is_possible_number_with_reason(number) != possible:
        raise wrong
    german = number.country_code == 49
    style = (
        phonenumbers.PhoneNumberFormat.NATIONAL if german else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(number, style)
