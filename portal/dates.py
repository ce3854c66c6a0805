"""Dates as people read them, in German, local time."""

from datetime import UTC, date, datetime, time

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.refused import Refused
from portal.remembering import worded

QUIET_FROM, QUIET_TO = 21, 7  # o'clock, local (rule 16)


def at(day: date, clock: time) -> datetime:
    """Local wall-clock time on a day, right over both changes of the clock."""
    return datetime.combine(day, clock, tzinfo=timezone.get_current_timezone())


def real(day: date, clock: time) -> datetime:
    """As `at`, for what staff type: raises Refused for a time that the clock skips that day (in March)."""
    moment = at(day, clock)
    if timezone.localtime(moment.astimezone(UTC)).time() != clock:
        words = _("%(clock)s gibt es am %(day)s nicht: In dieser Nacht wird die Uhr vorgestellt.")
        raise Refused(words % {"clock": _("%s Uhr") % f"{clock:%H.%M}", "day": f"{day:%d.%m.%Y}"})
    return moment


def is_quiet(moment: datetime) -> bool:
    """Between 21 and 7 o'clock local time, when what can wait does not leave (rule 16)."""
    hour = timezone.localtime(moment).hour
    return hour >= QUIET_FROM or hour < QUIET_TO


def clock(moment: datetime) -> str:
    """„9 Uhr", „9.30 Uhr"."""
    return _("%s Uhr") % _bare(moment)


def _bare(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local.hour}.{local.minute:02}" if local.minute else str(local.hour)


@worded
def span(starts: datetime, ends: datetime) -> str:
    """„9–12 Uhr" on one day, „9 Uhr bis So., 29. Nov., 12 Uhr" over more."""
    if timezone.localtime(starts).date() == timezone.localtime(ends).date():
        return _("%(from)s–%(to)s Uhr") % {"from": _bare(starts), "to": _bare(ends)}
    return _("%(from)s bis %(to)s") % {"from": clock(starts), "to": short(ends)}


@worded
def day(moment: datetime) -> str:
    """„Sa., 28. Nov.", „Do., 28. Mai"."""
    return date_format(timezone.localtime(moment), "D., j. N")


def short(moment: datetime) -> str:
    """„Sa., 28. Nov., 9 Uhr": for subjects."""
    return f"{day(moment)}, {clock(moment)}"


def known(starts: datetime, ends: datetime, precision: str) -> str:
    """A time of which only so much is known: `precision` is time, start, day, month, year or unknown."""
    if precision == "time":
        return long(starts, ends)
    if precision == "unknown":
        return _("Datum nicht bekannt")
    local = timezone.localtime(starts)
    words = date_format(local, {"month": "F Y", "year": "Y"}.get(precision, "l, j. F Y"))
    return f"{words}, {clock(starts)}" if precision == "start" else words


@worded
def long(starts: datetime, ends: datetime) -> str:
    """„Samstag, 28. November 2026, 9–12 Uhr": for letters and pages."""
    return f"{date_format(timezone.localtime(starts), 'l, j. F Y')}, {span(starts, ends)}"
