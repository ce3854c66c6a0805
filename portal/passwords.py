"""Passwords that a stranger would try first here: the names of towns and of the portal, and the words of the trade.

ASVS 5.0 V6.1.2, V6.2.11. How a password is put together is nobody's business (V6.2.5): it is refused only if hardly
anything is left of it without such words and years.
"""

import re
import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portal.models import Municipality, Organisation, User

OWN = 8  # characters that are no such word
SHORTEST = 4  # letters of a word that is looked for; „Bad“ and „Ort“ are in too much else
USUAL = [
    "passwort",
    "password",
    "kennwort",
    "geheim",
    "willkommen",
    "anmelden",
    "anmeldung",
    "admin",
    "administrator",
    "redaktion",
    "rathaus",
    "stadt",
    "gemeinde",
    "landkreis",
    "kommune",
    "verwaltung",
    "buergermeister",
    "ehrenamt",
    "engagement",
    "mitmachen",
    "portal",
    "hessen",
    "test",
]
_COUNTED = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "So"}  # letters, numbers, pictures
_YEARS = re.compile(r"(?:19|20)\d\d")


def _plain(text: str) -> str:
    """Lower-case letters, digits and pictures of every script, without accents: „Grünberg“ is „gruenberg“."""
    text = unicodedata.normalize("NFKC", text).casefold()
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        text = text.replace(umlaut, letters)
    return "".join(
        each for each in unicodedata.normalize("NFD", text) if unicodedata.category(each) in _COUNTED
    )


def words() -> list[str]:
    """All that is looked for, the longest first; read anew, for it is asked rarely."""
    names = [settings.SITE_NAME, settings.ASSOCIATION]
    names += Municipality.objects.values_list("name", flat=True)
    names += Organisation.objects.values_list("name", flat=True)
    found = {_plain(word) for name in names for word in re.split(r"[\s()/–-]+", name)} | set(USUAL)
    return sorted((word for word in found if len(word) >= SHORTEST), key=len, reverse=True)


class NotOnlyNames:
    """Raises ValidationError for „Lich-Rathaus-2026“."""

    def validate(self, password: str, user: User | None = None) -> None:
        plain = _plain(password)
        own = _YEARS.sub("", re.sub("|".join(words()), "", plain))
        if own != plain and len(own) < OWN:
            raise ValidationError(
                _(
                    "Das Passwort besteht fast nur aus Namen und Wörtern, die man hier zuerst probieren würde. "
                    "Bitte nehmen Sie ein anderes, zum Beispiel vier Wörter, die nichts miteinander zu tun haben."
                ),
                code="password_of_names",
            )

    def get_help_text(self) -> str:
        return _("Das Passwort darf nicht nur aus Namen von Orten und aus üblichen Wörtern bestehen.")
