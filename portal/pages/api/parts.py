"""What several lists of the open data have in common: the list itself, and the fields of places and topics."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.pages.api.fields import (
    Field,
    absolute,
    link,
    number,
    or_null,
    record,
    text,
    values,
)


@dataclass(frozen=True)
class Resource:
    """A list of the interface: its path is /api/v1/<name>/."""

    name: str
    schema_name: str
    said: Any
    rows: Callable[[datetime], QuerySet]
    fields: tuple[Field, ...]
    by: str = "pk"  # order of the list
    more: tuple[Field, ...] = ()  # what only the single row says besides


def _page(row: Any) -> str:
    return absolute(row.get_absolute_url())


URL = Field("url", link(_("Seite für Menschen. Sie bleibt; eine frühere leitet weiter.")), _page)
ID = Field("id", number(_("Nummer, die für immer bleibt.")), lambda row: row.pk)

TOPIC = (
    Field("slug", text(_("Kürzel, auch für den Filter „thema“.")), lambda row: row.slug),
    Field("name", text(_("Name des Themas.")), lambda row: row.name),
)
PLACE = (
    Field("ags", text(_("Amtlicher Gemeindeschlüssel.")), lambda row: row.ags),
    Field("slug", text(_("Teil der Adresse unter /orte/.")), lambda row: row.slug),
    Field("name", text(_("Kurzer Name: „Lich“.")), lambda row: row.name),
)
DISTRICT = Field(
    "district",
    or_null(record(_("Landkreis; null bei kreisfreien Städten und bei Landkreisen."), PLACE)),
    lambda row: values(PLACE, row.district) if row.district else None,
)
MUNICIPALITY = Field(
    "municipality",
    record(_("Stadt, Gemeinde oder Landkreis."), (*PLACE, DISTRICT)),
    lambda row: values((*PLACE, DISTRICT), row.municipality),
)
