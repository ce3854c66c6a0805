"""What every template may use; session-blind, so that any shared cache may carry public pages."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.association import known

NAV = [
    ("volunteers:list", "Mitmachen"),
    ("initiatives:list", "Initiativen"),
    ("towns", "Orte"),
    ("seminars:list", "Seminare"),
]


def site(request: HttpRequest) -> dict[str, object]:
    """`site_name`, `association`, `demo` and `nav` (label, url, current) for base.html.

    `association_row` asks the database, and only on pages that name it.
    """
    nav = []
    for name, label in NAV:
        url = reverse(name)
        nav.append({"label": _(label), "url": url, "current": request.path.startswith(url)})
    return {
        "site_name": settings.SITE_NAME,
        "association": settings.ASSOCIATION,
        "association_row": known,
        "demo": settings.DEMO,
        "nav": nav,
    }
