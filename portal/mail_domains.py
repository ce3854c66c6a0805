"""Does an address fit its town? What is known is said, and what is not known, too.

The public data name no domains of towns, so what is known comes from the portal: the addresses of the
town's organisation and of the people in its Redaktion. Rejected: guessing by asking the DNS or the
town's home page; a wrong „passt" would open a town to a stranger.
"""

from enum import Enum
from typing import NamedTuple

from django.utils.translation import gettext as _

from portal import place_names
from portal.models import Municipality, email_domain

# Mailboxes that anybody opens in a minute, those that Germans use most.
FREEMAIL = frozenset(
    "aol.com arcor.de email.de freenet.de gmail.com googlemail.com gmx.at gmx.ch gmx.de gmx.net hotmail.com "  # noqa: SIM905
    "hotmail.de icloud.com live.com live.de mac.com mail.de mailbox.org me.com mein.gmx msn.com o2online.de "
    "online.de outlook.com outlook.de posteo.de proton.me protonmail.com t-online.de unitybox.de vodafone.de "
    "vodafonemail.de web.de yahoo.com yahoo.de ymail.com".split()
)


class Fit(Enum):
    KNOWN = "like an address that is known of this town"
    OTHER = "another domain than the known one"
    UNKNOWN = "nothing is known of this town"
    FREEMAIL = "a mailbox that anybody may have"


class Assessment(NamedTuple):
    """What staff read beside a request."""

    fit: Fit
    domain: str
    sentence: str

    @property
    def is_warning(self) -> bool:
        return self.fit in (Fit.OTHER, Fit.FREEMAIL)


def domain_of(address: str) -> str:
    """„ehrenamt@Lich.de" → „lich.de"."""
    return email_domain(address.rpartition("@")[2])


def known_domains(municipality: Municipality) -> list[str]:
    """Of the town's organisation and of the active people in its Redaktion, without freemail."""
    organisation = municipality.organisation
    if organisation is None:
        return []
    members = [membership.user for membership in organisation.memberships.all()]
    people = [user.email for user in members if user.is_active]
    addresses = [organisation.contact_email, organisation.reply_to, *people]
    return sorted({domain_of(address) for address in addresses if address} - FREEMAIL)


def assess(address: str, municipality: Municipality) -> Assessment:
    """How far the domain speaks for the person; a call at the town hall is never wrong."""
    domain, known = domain_of(address), known_domains(municipality)
    if domain in FREEMAIL:
        words = _("%s ist ein Anbieter für jedermann, keine Dienstadresse. Bitte rufen Sie im Rathaus an.")
        return Assessment(Fit.FREEMAIL, domain, words % domain)
    if domain in known:
        return Assessment(Fit.KNOWN, domain, _("%s ist für diesen Ort bekannt.") % domain)
    if known:
        words = _("%(new)s ist neu. Bekannt ist für diesen Ort: %(known)s. Bitte rufen Sie im Rathaus an.")
        return Assessment(Fit.OTHER, domain, words % {"new": domain, "known": ", ".join(known)})
    hint = _("Der Ortsname kommt darin nicht vor.")
    if place_names.tokens(municipality.name)[0] in domain:
        hint = _("Der Ortsname kommt darin vor, das ist kein Beweis.")
    words = _("%(new)s. Welche Domain dem Ort gehört, ist unbekannt. %(hint)s Bitte rufen Sie im Rathaus an.")
    return Assessment(Fit.UNKNOWN, domain, words % {"new": domain, "hint": hint})
