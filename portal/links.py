"""Signed links: a token of one purpose and one kind of row is nothing at any other (trust.md).

The token holds the row's key and its `link_version`; raising the version ends older links
(an address was corrected). Nothing about the person is in it. Django's signer honours
SECRET_KEY_FALLBACKS, so a rotated key keeps mail links alive.
"""

from typing import Any, TypeVar

from django.conf import settings
from django.core import signing
from django.db import models
from django.http import Http404

from portal.prepared import prepared
from portal.remembering import address

M = TypeVar("M", bound=models.Model)

CONFIRM, MANAGE, SENT, GIVE_BACK, CLAIM = "confirm", "manage", "sent", "give-back", "claim"
WHO_CAME = "who-came"


def _signer(purpose: str, model: type[models.Model]) -> signing.Signer:
    return signing.Signer(salt=f"portal.links:{purpose}:{model._meta.label_lower}", sep=".")


def make(purpose: str, obj: Any) -> str:
    """A token for this purpose and row, url-safe."""
    return _signer(purpose, type(obj)).sign(f"{obj.pk}-{obj.link_version}")


def read(purpose: str, token: str, *models_: type[M]) -> M:
    """The row that the token was made for; Http404 for anything else (changed, other purpose, gone)."""
    for model in models_:
        if named := _named(purpose, token, model):
            for row in _row(model, pk=named[0], version=named[1]):
                return row  # type: ignore[no-any-return]
    raise Http404


def key(purpose: str, token: str, model: type[models.Model]) -> tuple[int, int]:
    """Key and `link_version` of the row that the token was made for, which may be gone; Http404 as `read`."""
    if named := _named(purpose, token, model):
        return named
    raise Http404


def _named(purpose: str, token: str, model: type[models.Model]) -> tuple[int, int] | None:
    """None: the token is of another purpose or kind, or was not made by us."""
    try:
        pk, version = _signer(purpose, model).unsign(token).split("-")
        return int(pk), int(version)
    except (signing.BadSignature, ValueError):
        return None


@prepared
def _row(model: type[models.Model], *, pk: int, version: int) -> models.QuerySet:
    return model._default_manager.filter(pk=pk, link_version=version).order_by()


def page(view: str, token: str) -> str:
    """The address of the page of a token that we made: url-safe, so that there is nothing to quote."""
    return address(view, "TOKEN").replace("TOKEN", token)  # none of our paths has capitals


def path(view: str, purpose: str, obj: Any) -> str:
    """The address of this row's page, for a redirect or a link on our own pages."""
    return page(view, make(purpose, obj))


def url(view: str, purpose: str, obj: Any) -> str:
    """The whole address for a mail: from SITE_URL, never from a Host header (trust.md)."""
    return settings.SITE_URL + path(view, purpose, obj)
