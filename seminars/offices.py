"""Whose address is this? The municipality behind a mail domain, as a proposal (rule 30)."""

import re

from portal import search, slugs
from portal.models import Municipality, Organisation

# „stadt-lich.de", „gemeinde-wettenberg.de", „lk-giessen.de": words around the name of a place.
_AROUND = re.compile(
    r"^(?:stadt|gemeinde|markt|lk|landkreis|kreis|rathaus|stadtverwaltung)-|-(?:hessen|online|stadt)$"
)

LONGEST = 100  # characters, as the column takes
# Whoever has a mailbox here works for nobody by that; some towns have one here, too.
PROVIDERS = frozenset(
    [
        "t-online.de",
        "web.de",
        "gmx.de",
        "gmx.net",
        "gmx.com",
        "freenet.de",
        "mail.de",
        "email.de",
        "online.de",
        "arcor.de",
        "vodafone.de",
        "vodafonemail.de",
        "unitybox.de",
        "kabelmail.de",
        "aol.com",
        "aol.de",
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "outlook.de",
        "hotmail.com",
        "hotmail.de",
        "live.de",
        "live.com",
        "msn.com",
        "yahoo.com",
        "yahoo.de",
        "icloud.com",
        "me.com",
        "mac.com",
        "posteo.de",
        "posteo.net",
        "mailbox.org",
        "proton.me",
        "protonmail.com",
        "tutanota.com",
        "tutanota.de",
        "1und1.de",
        "ionos.de",
    ]
)


def propose(email: str) -> str:
    """„Stadt Lich" for …@stadt-lich.de; empty where nobody can tell. Two statements at most."""
    _local, _at, domain = email.lower().rpartition("@")
    labels = domain.split(".")
    if len(labels) < 2 or domain in PROVIDERS:
        return ""
    ours = Organisation.objects.filter(contact_email__iendswith=f"@{domain}")
    office = ours.filter(kind__in=[Organisation.Kind.TOWN, Organisation.Kind.DISTRICT]).first()
    if office:
        return office.name[:LONGEST]
    name = slugs.slugify_german(labels[-2])
    bare = _AROUND.sub("", name)
    rows = Municipality.objects.current().filter(slug__in={name, bare, f"landkreis-{bare}"})
    towns = {town.slug: town for town in rows}
    is_district = name != bare and name.startswith(("lk-", "landkreis-", "kreis-"))
    wanted = [f"landkreis-{bare}"] if is_district else [name, bare]
    town = next((towns[slug] for slug in wanted if slug in towns), None)
    return _called(town) if town else ""


def _called(town: Municipality) -> str:
    """„Stadt Lich", „Gemeinde Wettenberg", „Landkreis Gießen"."""
    said = search.fold(town.name).startswith(search.fold(town.kind))
    return town.name if said or town.is_district else f"{town.kind} {town.name}"
