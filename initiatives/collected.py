"""Initiatives gathered from public sources into the portal (`manage.py import_initiatives`; rule 20).

The rule of who wins: a row belongs to the import for as long as it is exactly as the import wrote it
last (`source_digest` says so). What anybody changed since – a town took it over, staff edited or
archived it – stays as it is for ever and is reported as „nicht angefasst". An initiative that has to
go is archived, not deleted: a deleted one would come back with the next import.
"""

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext as _

from initiatives import topics
from initiatives.models import Initiative, Topic
from portal import slugs
from portal.association import association
from portal.imports import DATA, BrokenFile, Report, read_text
from portal.models import Municipality, Organisation

OLDEST = 1945
DETAILS = ("ausführlich", "kurz")
# key: (longest, required)
TEXTS = {
    "id": (120, True),
    "title": (120, True),
    "ags": (8, True),
    "place": (80, False),
    "topic": (50, True),
    "organisation": (200, False),
    "reported_by": (120, True),
    "source_url": (500, True),
    "summary": (2000, True),
    "source_detail": (20, True),
}
CONTENT = [
    "title",
    "organisation_id",
    "municipality_id",
    "place",
    "state",
    "origin",
    "life_state",
    "carrier",
    "summary",
    "text",
    "contact",
    "contact_email",
    "contact_phone",
    "website",
    "year",
    "year_estimated",
    "source_name",
    "source_url",
    "is_rich",
]


def initiatives(path: Path = DATA / "initiatives.json", *, now: datetime.datetime) -> Report:
    """Every entry of the file is published as COLLECTED; running it again changes nothing.

    The file is checked whole first, and all of it is written or nothing. Needs the towns. Raises
    `BrokenFile` with every entry that is wrong.
    """
    towns = _towns_by_ags()
    entries = _checked(path, towns, now.year)
    report = Report(_("Gesammelte Initiativen"))
    with transaction.atomic():
        known = topics.ensure_topics()
        owner = association()
        stored = Initiative.objects.exclude(source_key=None).prefetch_related("topics")
        rows = {row.source_key: row for row in stored}
        for entry in entries:
            values = _values(entry, owner, towns[entry["ags"]])
            _write(rows.pop(entry["id"], None), values, known[entry["topic"]], report, now=now)
        report.missing += [row.title for row in rows.values()]
    return report


# --- reading ------------------------------------------------------------------------------------


def _towns_by_ags() -> dict[str, Municipality]:
    """Today's town for each key that is or was official."""
    found: dict[str, Municipality] = {}
    for town in Municipality.objects.select_related("successor"):
        here = town.successor or town
        found[town.ags] = here
        if town.ags_former:
            found.setdefault(town.ags_former, here)
    return found


def _checked(path: Path, towns: dict[str, Municipality], this_year: int) -> list[dict[str, Any]]:
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "error": error.msg}
        raise BrokenFile(path, [_("Zeile %(line)s: kein gültiges JSON (%(error)s).") % place]) from None
    entries = content.get("initiatives") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise BrokenFile(path, [_("Die Liste „initiatives“ fehlt oder ist leer.")])
    errors: list[str] = []
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries, 1):
        for sentence in _complaints(entry, towns, this_year):
            errors.append(f"{_where(number, entry)}: {sentence}")
        key = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(key, str) and seen.setdefault(key, number) != number:
            errors.append(f"{_where(number, entry)}: " + _("die id steht schon bei Eintrag %s.") % seen[key])
    if errors:
        raise BrokenFile(path, errors)
    return entries


def _where(number: int, entry: object) -> str:
    title = entry.get("title") if isinstance(entry, dict) else None
    name = f" („{title[:60]}“)" if isinstance(title, str) and title else ""
    return _("Eintrag %s") % number + name


def _complaints(entry: object, towns: dict[str, Municipality], this_year: int) -> list[str]:
    """What is wrong with one entry, in German."""
    if not isinstance(entry, dict):
        return [_("ist kein Objekt mit Feldern.")]
    found = [_text_complaint(entry.get(key), key, *rule) for key, rule in TEXTS.items()]
    year = entry.get("year")
    if year is not None and (type(year) is not int or not OLDEST <= year <= this_year + 1):
        found.append(_("„year“ ist kein Jahr zwischen %(a)s und %(b)s.") % {"a": OLDEST, "b": this_year + 1})
    if not isinstance(entry.get("year_estimated", False), bool):
        found.append(_("„year_estimated“ ist weder true noch false."))
    if any(found):
        return [sentence for sentence in found if sentence]
    if entry["ags"] not in towns:
        found.append(_("den Ort %s gibt es nicht (zuerst die Orte einlesen).") % entry["ags"])
    if entry["topic"] not in topics.NAMES:
        found.append(_("das Thema „%s“ gibt es nicht.") % entry["topic"])
    if entry["source_detail"] not in DETAILS:
        found.append(_("„source_detail“ ist weder „ausführlich“ noch „kurz“."))
    try:
        URLValidator(schemes=["http", "https"])(entry["source_url"])
    except ValidationError:
        found.append(_("„source_url“ ist keine Adresse, die mit http beginnt."))
    return [sentence for sentence in found if sentence]


def _text_complaint(value: object, key: str, longest: int, required: bool) -> str:
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        return _("„%s“ fehlt oder ist kein Text.") % key
    if required and not value.strip():
        return _("„%s“ ist leer.") % key
    if len(value) > longest:
        return _("„%(key)s“ ist länger als %(n)s Zeichen.") % {"key": key, "n": longest}
    if any((ord(char) < 32 and char != "\n") or "\ud800" <= char <= "\udfff" for char in value):
        return _("„%s“ enthält Steuerzeichen.") % key
    return ""


# --- writing ------------------------------------------------------------------------------------


def _values(entry: dict[str, Any], owner: Organisation, town: Municipality) -> dict[str, Any]:
    return {
        "source_key": entry["id"],
        "title": entry["title"].strip(),
        "organisation": owner,
        "municipality": town,
        "place": (entry.get("place") or "").strip(),
        "state": Initiative.State.PUBLISHED,
        "origin": Initiative.Origin.COLLECTED,
        "life_state": Initiative.LifeState.EXAMPLE,
        "carrier": (entry.get("organisation") or "").strip(),
        "summary": entry["summary"].strip(),
        "year": entry.get("year"),
        "year_estimated": entry.get("year_estimated", False),
        "source_name": entry["reported_by"].strip(),
        "source_url": entry["source_url"],
        "is_rich": entry["source_detail"] == DETAILS[0],
    }


def _write(
    row: Initiative | None, values: dict[str, Any], topic: Topic, report: Report, *, now: datetime.datetime
) -> None:
    wanted = _digest(Initiative(**values), [topic.slug])
    if row is None:
        row = Initiative(slug=_slug(values), published_at=now, source_digest=wanted, **values)
        row.save()
        row.topics.add(topic)
        row.index()
        report.new.append(row.title)
        return
    if row.source_digest != _digest(row, [topic.slug for topic in row.topics.all()]):
        report.kept.append(row.title)
        return
    if row.source_digest == wanted:
        report.unchanged.append(row.title)
        return
    if (row.title, row.municipality_id) != (values["title"], values["municipality"].pk):
        slugs.rename(row, _slug(values))
    for name, value in values.items():
        setattr(row, name, value)
    row.source_digest = wanted
    row.save()
    row.topics.set([topic])
    row.index()
    report.changed.append(row.title)


def _slug(values: dict[str, Any]) -> str:
    wanted = slugs.compose(values["title"], values["municipality"].slug)
    return slugs.unique_slug(Initiative, wanted, reserved=Initiative.RESERVED_SLUGS)


def _digest(row: Initiative, topic_slugs: list[str]) -> str:
    """A fingerprint of all that a reader sees and of who answers for it."""
    content = [*(str(getattr(row, name)) for name in CONTENT), *sorted(topic_slugs)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
