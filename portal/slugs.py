"""Addresses of pages: readable, ASCII, and promised for ever (mission.md „Public addresses")."""

import re
from collections.abc import Collection
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import search
from portal.models import OldSlug
from portal.refused import Refused

M = TypeVar("M", bound=models.Model)
MAX_LENGTH = 120  # characters, as in every slug column of initiatives and actions
_OTHER = re.compile(r"[^a-z0-9]+")


def slugify_german(text: str) -> str:
    """„Bürgerbus d'Bus" → „buergerbus-d-bus"; „Homberg (Efze)" → „homberg-efze"."""
    return _OTHER.sub("-", search.fold(text)).strip("-")


def compose(*parts: str, max_length: int = MAX_LENGTH) -> str:
    """`<what-town-year>`: the slugs of the parts, without one that is already at the end.

    compose("Bürgerbus Feldatal", "feldatal") → „buergerbus-feldatal". The first part gives way if it is too long.
    """
    first, *rest = [slugify_german(part) for part in parts]
    tail = ""
    for part in rest:
        whole = f"{first}{tail}"
        if part and whole != part and not whole.endswith(f"-{part}"):
            tail += f"-{part}"
    return (first[: max_length - len(tail)].rstrip("-") + tail).strip("-")


def find(rows: models.QuerySet[M], slug: str) -> M | None:
    """The row at this address, or None. `first()` would sort what is one row: a millisecond."""
    return next(iter(rows.filter(slug=slug).order_by()[:1]), None)


def unique_slug(
    model: type[models.Model], wanted: str, *, reserved: Collection[str] = (), taken: Collection[str] = ()
) -> str:
    """The wanted slug, or the first of `wanted-2`, `wanted-3` … that no row has now or had before.

    `taken` names further slugs that are about to be used. An empty wish becomes the model's name.
    """
    limit = getattr(model._meta.get_field("slug"), "max_length", None) or MAX_LENGTH
    wanted = wanted[:limit].strip("-") or str(model._meta.model_name)
    stem = wanted[: limit - 4].rstrip("-")
    rows = model._default_manager.filter(slug__startswith=stem).values_list("slug", flat=True)
    old = OldSlug.objects.filter(kind=str(model._meta.model_name), old__startswith=stem)
    used = {*rows, *old.values_list("old", flat=True), *reserved, *taken}
    number, slug = 1, wanted
    while slug in used:
        number += 1
        slug = f"{stem}-{number}"
    return slug


def rename(obj: Any, slug: str) -> None:
    """The row has the new slug, and every address it ever had leads there in one step.

    Raises `Refused` where another row has it now or had it before (a published address never breaks),
    or the word is reserved.
    """
    if slug == obj.slug:
        return
    model, kind = type(obj), OldSlug.Kind(obj._meta.model_name)
    with transaction.atomic():
        if slug in getattr(obj, "RESERVED_SLUGS", ()):
            raise Refused(_("Diese Adresse ist für eine andere Seite vorgesehen."))
        if model._default_manager.filter(slug=slug).exclude(pk=obj.pk).exists():
            raise Refused(_("Diese Adresse hat schon eine andere Seite."))
        before = obj.slug
        if OldSlug.objects.filter(kind=kind, old=slug).exclude(current=before).exists():
            raise Refused(_("Unter dieser Adresse stand schon eine andere Seite."))
        OldSlug.objects.filter(kind=kind, old=slug).delete()
        OldSlug.objects.filter(kind=kind, current=before).update(current=slug)
        OldSlug.objects.update_or_create(kind=kind, old=before, defaults={"current": slug})
        obj.slug = slug
        obj.save(update_fields=["slug"])


def moved(kind: OldSlug.Kind, slug: str) -> str | None:
    """Today's slug of what was once published under this one; ask only after no row has it now."""
    return OldSlug.objects.filter(kind=kind, old=slug).values_list("current", flat=True).first()


def lead_on(kind: OldSlug.Kind, slug: str, *, view: str, public: QuerySet[Any]) -> HttpResponse:
    """A published address never breaks (mission.md): old ones lead to today's for ever.

    Raises Http404, also while no row of `public` is there: the new address would tell the title of a draft.
    """
    current = moved(kind, slug)
    if current is None or not public.filter(slug=current).exists():
        raise Http404
    return HttpResponsePermanentRedirect(reverse(view, args=[current]))
