"""Sessions of a series as public sources name them (`manage.py import_seminars`).

The real #kommunalEngagiert: run by others, the association only points to it, so registration is elsewhere.
What anybody changed since stays as it is: an entry that is there already is never written again.
"""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import slugs
from portal.association import association
from portal.dates import at
from portal.imports import DATA, BrokenFile, Report, read_text
from seminars.models import Series, Session, Speaker

SERIES_KEY = "kommunalengagiert"
# Facts about the series (portal/data/SOURCES.md); sentences are ours.
SERIES = {
    "title": "#kommunalEngagiert",
    "summary": "Die Online-Reihe bringt Städte, Gemeinden und Landkreise ins Gespräch: Was hilft dem Ehrenamt "
    "vor Ort, was hat anderswo funktioniert? Es sprechen Menschen, die in der Kommune entscheiden, und solche, "
    "die dort täglich damit arbeiten. Die Reihe läuft seit Januar 2023.",
    "audience": "Bürgermeisterinnen und Bürgermeister, Landrätinnen und Landräte, weitere Entscheidende, "
    "Mitarbeitende der Kommunalverwaltung",
    "run_by": "Deutsche Stiftung für Engagement und Ehrenamt (DSEE), Deutscher Städte- und Gemeindebund, "
    "Deutscher Landkreistag",
    "only_points": True,
    "controller_elsewhere": "Deutsche Stiftung für Engagement und Ehrenamt (DSEE)",
    "website": "https://deutsche-stiftung-engagement-und-ehrenamt.de/zanr",
}
TEXTS = {"id": (80, True), "title": (160, True), "description": (2000, False), "info_url": (500, True)}
BEGAN = date(2023, 1, 25)  # the first session: the earliest day of one without a date
PRECISIONS = {"day": Session.Precision.DAY, "month": Session.Precision.MONTH, "year": Session.Precision.YEAR}
UNKNOWN = "unbekannt"
ASKED = "angefragt"


def seminars(path: Path = DATA / "seminars.json", *, now: datetime) -> Report:
    """The series and its past sessions are there; running it again changes nothing.

    The file is checked whole first, and all of it is written or nothing. Raises `BrokenFile` with
    every entry that is wrong.
    """
    content = _read(path)
    entries = content["sessions"]
    report = Report(_("Seminartermine"))
    with transaction.atomic():
        series, _created = Series.objects.get_or_create(
            source_key=SERIES_KEY, defaults=SERIES | {"organisation": association()}
        )
        there = set(Session.objects.exclude(source_key=None).values_list("source_key", flat=True))
        for entry in entries:
            if entry["id"] in there:
                report.unchanged.append(entry["title"])
                continue
            _write(entry, series, _latest(content), now=now)
            report.new.append(entry["title"])
    return report


def _write(entry: dict[str, Any], series: Series, latest: date, *, now: datetime) -> None:
    starts, ends, precision = _when(entry, latest)
    year = "" if precision == Session.Precision.UNKNOWN else str(timezone.localtime(starts).year)
    session = Session.objects.create(
        series=series,
        source_key=entry["id"],
        name=entry["title"].strip(),
        slug=slugs.unique_slug(Session, slugs.compose(entry["title"], year), reserved=Session.RESERVED_SLUGS),
        state=Session.State.PUBLISHED,
        summary=(entry.get("description") or "").strip(),
        starts=starts,
        ends=ends,
        precision=precision,
        registration=Session.Registration.ELSEWHERE,
        link=entry["info_url"],
        published_at=now,
    )
    Speaker.objects.bulk_create(
        Speaker(
            session=session,
            order=order,
            name=speaker["name"],
            function=speaker.get("function") or "",
            is_asked=speaker.get("status") == ASKED,
        )
        for order, speaker in enumerate(entry.get("speakers") or [])
    )


def _when(entry: dict[str, Any], latest: date) -> tuple[datetime, datetime, Session.Precision]:
    """When it took place, or the span in which it did, and how exactly that is known."""
    said = entry.get("date")
    if not said:
        return at(BEGAN, time.min), at(latest, time.min), Session.Precision.UNKNOWN
    precision = PRECISIONS[entry["date_precision"]]
    year, month, day = ([int(part) for part in said.split("-")] + [1, 1])[:3]
    first = date(year, month, day)
    if precision == Session.Precision.DAY and entry.get("start_time"):
        starts = at(first, time.fromisoformat(entry["start_time"]))
        if entry.get("end_time"):
            return starts, at(first, time.fromisoformat(entry["end_time"])), Session.Precision.TIME
        return starts, at(first + timedelta(days=1), time.min), Session.Precision.START
    after = {
        Session.Precision.DAY: first + timedelta(days=1),
        Session.Precision.MONTH: date(year + month // 12, month % 12 + 1, 1),
        Session.Precision.YEAR: date(year + 1, 1, 1),
    }[precision]
    return at(first, time.min), at(after, time.min), precision


def _latest(content: dict[str, Any]) -> date:
    """The day on which the list was made: all that is in it was over then."""
    return date.fromisoformat(content["generated"])


# --- reading ------------------------------------------------------------------------------------
def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "error": error.msg}
        raise BrokenFile(path, [_("Zeile %(line)s: kein gültiges JSON (%(error)s).") % place]) from None
    entries = content.get("sessions") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise BrokenFile(path, [_("Die Liste „sessions“ fehlt oder ist leer.")])
    errors = []
    try:
        latest = _latest(content)
    except (KeyError, TypeError, ValueError):
        raise BrokenFile(path, [_("„generated“ ist kein Tag der Form 2026-11-22.")]) from None
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        where = _("Eintrag %s") % number
        errors += [f"{where}: {sentence}" for sentence in _complaints(entry, latest)]
        key = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(key, str) and key in seen:
            errors.append(f"{where}: " + _("die id „%s“ gibt es schon.") % key)
        seen.add(str(key))
    if errors:
        raise BrokenFile(path, errors)
    return content  # type: ignore[no-any-return]


def _complaints(entry: object, latest: date) -> list[str]:
    """What is wrong with one entry, in German."""
    if not isinstance(entry, dict):
        return [_("ist kein Objekt mit Feldern.")]
    found = []
    for key, (longest, required) in TEXTS.items():
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            if required or value not in (None, ""):
                found.append(_("„%s“ fehlt oder ist kein Text.") % key)
        elif len(value) > longest:
            found.append(_("„%(key)s“ ist länger als %(n)s Zeichen.") % {"key": key, "n": longest})
    if found:
        return found
    try:
        URLValidator(schemes=["http", "https"])(entry["info_url"])
    except ValidationError:
        found.append(_("„info_url“ ist keine Adresse, die mit http beginnt."))
    if entry.get("date") is None and entry.get("date_precision") != UNKNOWN:
        found.append(_("ohne „date“ ist „date_precision“ „unbekannt“."))
    try:
        starts, ends, _precision = _when(entry, latest)
        if ends <= starts:
            found.append(_("„end_time“ liegt nicht nach „start_time“."))
        if ends > at(latest + timedelta(days=1), time.min):
            found.append(_("der Termin liegt nach dem Tag „generated“, also nicht in der Vergangenheit."))
    except (KeyError, TypeError, ValueError, AttributeError):
        found.append(
            _("„date“ und „date_precision“ passen nicht zusammen (2023-01-25 und day, 2023 und year).")
        )
    speakers = entry.get("speakers") or []
    if not (isinstance(speakers, list) and all(isinstance(s, dict) and s.get("name") for s in speakers)):
        found.append(_("„speakers“ ist keine Liste von Namen."))
    elif any(len(s["name"]) > 120 or len(s.get("function") or "") > 250 for s in speakers):
        found.append(
            _("ein Name in „speakers“ ist länger als 120 oder eine Funktion länger als 250 Zeichen.")
        )
    return found
