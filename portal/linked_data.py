"""What a page is about, for search engines (schema.org as JSON-LD) and for whoever shares it (Open Graph).

A block of the type application/ld+json is data, never run: the policy on scripts does not ask about it (HTML
standard, „prepare the script element"; tried in Chromium, tests/browser/test_open_data.py). `<`, `>` and `&` are
written as \\u escapes, so nothing that anybody typed ends the block. Only on pages about one thing: a list is long enough.
"""

import json
from datetime import datetime
from typing import Any

from django.conf import settings

from portal.models import Municipality, Organisation

Data = dict[str, Any]
_ESCAPED = {
    ord("<"): "\\u003C",
    ord(">"): "\\u003E",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def escaped(data: Data) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)


def about(kind: str, page: Any, **more: Any) -> Data:
    """The thing with its page; what is empty is left out."""
    said = {
        "@context": "https://schema.org",
        "@type": kind,
        "url": absolute(page),
        "inLanguage": "de",
        **more,
    }
    return {name: value for name, value in said.items() if value not in ("", None, [])}


def absolute(row: Any) -> str:
    """The whole address of a row's page, as configured."""
    return settings.SITE_URL + row.get_absolute_url()


def organisation(row: Organisation) -> Data:
    """Who answers for it: the name alone, not how people are reached."""
    return {"@type": "Organization", "name": row.name}


def place(town: Municipality, street: str = "") -> Data:
    """Where it is; `street` is the meeting point in words."""
    address = {
        "@type": "PostalAddress",
        "addressLocality": town.name,
        "addressRegion": "Hessen",
        "addressCountry": "DE",
    }
    return {"@type": "Place", "name": street or town.name, "address": address}


def event(
    kind: str,
    page: Any,
    *,
    starts: datetime,
    ends: datetime,
    is_cancelled: bool,
    is_online: bool,
    **more: Any,
) -> Data:
    """Something with a time, free of charge; an online one is at its page, never at its join link (rule 28)."""
    state = "EventCancelled" if is_cancelled else "EventScheduled"
    mode = "OnlineEventAttendanceMode" if is_online else "OfflineEventAttendanceMode"
    where = {"@type": "VirtualLocation", "url": absolute(page)} if is_online else None
    times = {"startDate": starts.isoformat(), "endDate": ends.isoformat()}
    fixed = {
        "eventStatus": f"https://schema.org/{state}",
        "eventAttendanceMode": f"https://schema.org/{mode}",
        "isAccessibleForFree": True,
    }
    return about(kind, page, **times, **fixed, **({"location": where} if where else {}), **more)
