"""The public holidays of Hessen (§ 1 HFeiertagsG), by day.

Rejected: a library that knows every country's; ten days and a sum that is two hundred years old do.
"""

from datetime import date, timedelta

from django.utils.translation import gettext, gettext_noop

FIXED = {
    (1, 1): gettext_noop("Neujahr"),
    (5, 1): gettext_noop("Tag der Arbeit"),
    (10, 3): gettext_noop("Tag der Deutschen Einheit"),
    (12, 25): gettext_noop("1. Weihnachtstag"),
    (12, 26): gettext_noop("2. Weihnachtstag"),
}
AFTER_EASTER = {  # days after Easter Sunday
    -2: gettext_noop("Karfreitag"),
    1: gettext_noop("Ostermontag"),
    39: gettext_noop("Christi Himmelfahrt"),
    50: gettext_noop("Pfingstmontag"),
    60: gettext_noop("Fronleichnam"),
}


def name(day: date) -> str:
    """„Karfreitag"; empty for a day that is none."""
    words = FIXED.get((day.month, day.day)) or AFTER_EASTER.get((day - easter(day.year)).days, "")
    return gettext(words) if words else ""


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Gauß, as corrected by Lichtenberg)."""
    century = year // 100
    moon = 15 + (3 * century + 3) // 4 - (8 * century + 13) // 25
    sun = 2 - (3 * century + 3) // 4
    cycle = year % 19
    full = (19 * cycle + moon) % 30
    correction = (full + cycle // 11) // 29
    border = 21 + full - correction
    sunday = 7 - (year + year // 4 + sun) % 7
    return date(year, 3, 1) + timedelta(days=border + 7 - (border - sunday) % 7 - 1)
