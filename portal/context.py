"""What every template may use; session-blind, so that any shared cache may carry public pages."""

from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.association import known
from portal.remembering import address

NAV = [
    ("volunteers:list", "Mitmachen"),
    ("initiatives:list", "Initiativen"),
    ("towns", "Orte"),
    ("seminars:list", "Seminare"),
]


class Item(NamedTuple):
    label: str
    url: str
    current: bool


def site(request: HttpRequest) -> dict[str, object]:
    """`site_name`, `association`, `demo` and `nav` (label, url, current) for base.html.

    `association_row` asks the database, and only on pages that name it.
    """
    return {
        "site_name": settings.SITE_NAME,
        "association": settings.ASSOCIATION,
        "association_row": known,
        "demo": settings.DEMO,
        "nav": tuple(_item(name, label, request.path) for name, label in NAV),
    }


def _item(name: str, label: str, path: str) -> Item:
    url = address(name)
    return Item(_(label), url, path.startswith(url))
