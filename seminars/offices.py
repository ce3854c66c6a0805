"""Whose address is this? The municipality behind a mail domain, as a proposal (rule 30)."""

import re

from portal import search, slugs
from portal.models import Municipality, Organisation

# „stadt-lich.de", „gemeinde-wettenberg.de", „lk-giessen.de": words around the name of a place.
_AROUND = re.compile(
    r"^(?:stadt|gemeinde|markt|lk|landkreis|kreis|rathaus|stadtverwaltung)-|-(?:hessen|online|stadt)$"
)


def propose(email: str) -> str:
    """„Stadt Lich" for …@stadt-lich.de; empty where nobody can tell. Two statements at most."""
    _local, _at, domain = email.lower().rpartition("@")
    labels = domain.split(".")
    if len(labels) < 2:
        return ""
    ours = Organisation.objects.filter(contact_email__iendswith=f"@{domain}")
    town_s = ours.filter(kind__in=[Organisation.Kind.TOWN, Organisation.Kind.DISTRICT]).first()
    if town_s:
        return town_s.name
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
