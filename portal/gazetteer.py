"""Towns, districts and postal codes from two files into the database (`manage.py import_municipalities`).

The import owns the official columns. `organisation`, `is_member` and `help_desk` belong to staff and
are never touched; an address (slug) changes only when the official name does, and the old one stays.
A new key with `ags_former` continues the same row (Hanau 06435014 → 06415000), so what points to the
town stays with it; where both keys have rows, the old one gets the new one as its `successor`.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from portal import slugs
from portal.imports import DATA, BrokenFile, Line, Report, read_table
from portal.models import Municipality, PostalCode

AGS = r"06\d{6}"
NO_AGS = "kein Gemeindeschlüssel (AGS): acht Ziffern, die mit 06 beginnen"
POSTAL_CODE = r"\d{5}"
NO_POSTAL_CODE = "keine Postleitzahl aus fünf Ziffern"
FREE_CITY = "kreisfreie Stadt"
DISTRICT, TOWN = Municipality.Level.DISTRICT, Municipality.Level.TOWN
# Hessen with some room: a point outside is a slip (latitude and longitude mixed up, a comma lost).
LATITUDES, LONGITUDES = (49.0, 52.0), (7.0, 11.0)
TOWN_COLUMNS = [
    "ags",
    "level",
    "name",
    "official_name",
    "kind",
    "special_status",
    "district_ags",
    "gov_region",
    "postal_code",
    "lat",
    "lon",
    "population",
    "population_date",
    "area_km2",
    "ags_former",
    "seat",
]
CODE_COLUMNS = ["postal_code", "ags", "place", "lat", "lon"]


@dataclass(frozen=True)
class CodeRow:
    """One line of the file of postal codes."""

    code: str
    ags: str
    place: str
    lat: float
    lon: float


def municipalities(
    towns: Path = DATA / "municipalities.csv", codes: Path = DATA / "postal_codes.csv"
) -> list[Report]:
    """Towns, districts and postal codes are as the files say; running it again changes nothing.

    Both files are checked whole before anything is written, and all is written or nothing.
    Raises `BrokenFile` with every line that is wrong.
    """
    rows = _checked_towns(towns)
    code_rows = _checked_codes(
        codes, {row["ags"] for row in rows}, {row["ags_former"]: row["ags"] for row in rows}
    )
    with transaction.atomic():
        report = Report(_("Orte"))
        by_ags = _write_towns(rows, report)
        return [report, _write_codes(code_rows, by_ags)]


# --- reading ------------------------------------------------------------------------------------


def _checked_towns(path: Path) -> list[dict[str, Any]]:
    lines = read_table(path, TOWN_COLUMNS)
    rows = [_town(line) for line in lines]
    errors = lines[0].errors
    districts = {row["ags"] for row in rows if row["level"] == DISTRICT}
    seen: dict[str, str] = {}
    for line, row in zip(lines, rows, strict=True):
        for key in filter(None, [row["ags"], row["ags_former"]]):
            if key in seen:
                line.error(_("%(ags)s steht schon in %(where)s.") % {"ags": key, "where": seen[key]})
            seen.setdefault(key, line.where)
        if row["level"] == TOWN and row["district_ags"] not in districts and row["kind"] != FREE_CITY:
            line.error(_("Den Landkreis %s gibt es in dieser Datei nicht.") % row["district_ags"][:5])
    if errors:
        raise BrokenFile(path, errors)
    return rows


def _town(line: Line) -> dict[str, Any]:
    """The columns of one line under the names of the model, `district_ags` with eight digits."""
    ags = line.matching("ags", AGS, _(NO_AGS))
    level = line.matching("level", f"{DISTRICT}|{TOWN}", _("weder „kreis“ noch „gemeinde“"))
    district = line.matching(
        "district_ags", r"06\d{3}", _("kein Kreisschlüssel: fünf Ziffern, die mit 06 beginnen")
    )
    if re.fullmatch(AGS, ags) and not ags.startswith(district):
        line.error(
            _("Schlüssel %(ags)s und Kreis %(district)s passen nicht zusammen.")
            % {"ags": ags, "district": district}
        )
    return {
        "ags": ags,
        "ags_former": line.matching("ags_former", AGS, _(NO_AGS), required=False),
        "level": level,
        "name": line.text("name", longest=80),
        "official_name": line.text("official_name", longest=120),
        "kind": line.text("kind", longest=40),
        "special_status": line.text("special_status", longest=40, required=False),
        "district_ags": f"{district}000",
        "gov_region": line.text("gov_region", longest=60),
        "postal_code": line.matching("postal_code", POSTAL_CODE, _(NO_POSTAL_CODE), required=level == TOWN),
        "seat": line.text("seat", longest=80, required=False),
        "lat": line.number("lat", low=LATITUDES[0], high=LATITUDES[1]),
        "lon": line.number("lon", low=LONGITUDES[0], high=LONGITUDES[1]),
        "population": line.count("population"),
        "population_date": line.date("population_date"),
        "area_km2": line.hundredths("area_km2"),
    }


def _checked_codes(path: Path, known: set[str], renamed: dict[str, str]) -> list[CodeRow]:
    lines = read_table(path, CODE_COLUMNS)
    rows: list[CodeRow] = []
    seen: dict[tuple[str, str], str] = {}
    for line in lines:
        ags = line.matching("ags", AGS, _(NO_AGS))
        row = CodeRow(
            code=line.matching("postal_code", POSTAL_CODE, _(NO_POSTAL_CODE)),
            ags=renamed.get(ags, ags),
            place=line.text("place", longest=80),
            lat=line.number("lat", low=LATITUDES[0], high=LATITUDES[1]),
            lon=line.number("lon", low=LONGITUDES[0], high=LONGITUDES[1]),
        )
        if row.ags not in known:
            line.error(_("Den Ort %s gibt es in der Datei der Orte nicht.") % ags[:8])
        elif (row.code, row.ags) in seen:
            line.error(
                _("%(code)s für %(ags)s steht schon in %(where)s.")
                % {"code": row.code, "ags": ags, "where": seen[row.code, row.ags]}
            )
        seen.setdefault((row.code, row.ags), line.where)
        rows.append(row)
    if lines[0].errors:
        raise BrokenFile(path, lines[0].errors)
    return rows


# --- writing ------------------------------------------------------------------------------------


def _write_towns(rows: list[dict[str, Any]], report: Report) -> dict[str, Municipality]:
    """Districts first, because towns point to them. Returns every town of the file by its key."""
    stored = {town.ags: town for town in Municipality.objects.select_related("district")}
    written: dict[str, Municipality] = {}
    for row in sorted(rows, key=lambda row: row["level"] != DISTRICT):
        values = {name: value for name, value in row.items() if name != "district_ags"}
        values["district"] = written.get(row["district_ags"]) if row["level"] == TOWN else None
        town = stored.get(row["ags"]) or stored.get(row["ags_former"])
        values["successor"] = None
        former = stored.get(row["ags_former"])
        written[row["ags"]] = _write_town(town, values, report)
        if former and former is not town and former.successor_id is None:
            former.successor = town
            former.save(update_fields=["successor"])
            report.merged.append(f"{former.name} ({former.ags}) → {town}")
    kept = {town.pk for town in written.values()}
    report.missing += [t.name for t in stored.values() if t.pk not in kept and t.successor_id is None]
    return written


def _write_town(town: Municipality | None, values: dict[str, Any], report: Report) -> Municipality:
    if town is None:
        slug = slugs.unique_slug(Municipality, slugs.slugify_german(values["name"]))
        town = Municipality(slug=slug, **values)
        town.save()
        report.new.append(town.name)
        return town
    differences = [name for name, value in values.items() if getattr(town, name) != value]
    if not differences:
        report.unchanged.append(town.name)
        return town
    words = [_change(town, name, values[name]) for name in differences]
    if "name" in differences:
        slugs.rename(town, slugs.unique_slug(Municipality, slugs.slugify_german(values["name"])))
    for name in differences:
        setattr(town, name, values[name])
    town.save()
    report.changed.append(f"{town.name} ({', '.join(words)})")
    return town


def _change(town: Municipality, name: str, value: object) -> str:
    label = getattr(Municipality._meta.get_field(name), "verbose_name", name)
    return f"{label}: {_shown(getattr(town, name))} → {_shown(value)}"


def _shown(value: object) -> str:
    return "leer" if value in (None, "") else str(value)


def _write_codes(rows: list[CodeRow], by_ags: dict[str, Municipality]) -> Report:
    """Postal codes are derived data: what is not in the file any more goes."""
    report = Report(_("Postleitzahlen"))
    stored: dict[tuple[str, int], PostalCode] = {
        (c.code, c.municipality_id): c for c in PostalCode.objects.all()
    }
    fresh: list[PostalCode] = []
    changed: list[PostalCode] = []
    for row in rows:
        town = by_ags[row.ags]
        values = {"place": row.place, "lat": row.lat, "lon": row.lon}
        code = stored.pop((row.code, town.pk), None)
        if code is None:
            fresh.append(PostalCode(code=row.code, municipality=town, **values))
        elif any(getattr(code, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(code, name, value)
            changed.append(code)
        else:
            report.unchanged.append(str(code))
    PostalCode.objects.bulk_create(fresh)
    PostalCode.objects.bulk_update(changed, ["place", "lat", "lon"], batch_size=100)
    PostalCode.objects.filter(pk__in=[code.pk for code in stored.values()]).delete()
    report.new += map(str, fresh)
    report.changed += map(str, changed)
    report.removed += map(str, stored.values())
    return report
