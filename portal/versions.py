"""Versions of content: who changed which words when, how two versions differ, and one brought back.

Kept by django-simple-history, for content only: a model names its columns, so no contact, way into a room or
column of the machinery is ever copied, and nothing that a person gave. A version is written with the row, in its
transaction, and goes with the row. Saving what is the same makes none.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from portal.refused import Refused

_WORDS = re.compile(r"\s+|[^\s]+")


class Versions(HistoricalRecords):
    """`versions = Versions("title", "text")`: a version of these columns for each change of one of them."""

    def __init__(self, *names: str) -> None:
        super().__init__(
            verbose_name=_("Fassung"),
            verbose_name_plural=_("Fassungen"),
            cascade_delete_history=True,
            history_id_field=models.BigAutoField(),
        )
        self.names = frozenset(names)

    def fields_included(self, model: Any) -> list[Any]:
        return [f for f in model._meta.concrete_fields if f.primary_key or f.name in self.names]

    def create_history_model(self, model: Any, inherited: bool) -> Any:
        included = {field.name for field in self.fields_included(model)}
        self.excluded_fields = [f.name for f in model._meta.concrete_fields if f.name not in included]
        return super().create_history_model(model, inherited)

    def post_save(self, instance: Any, created: bool, using: Any = None, **kwargs: Any) -> None:
        written = kwargs.get("update_fields")
        if created or written is None or self.names & set(written):
            super().post_save(instance, created, using=using, **kwargs)

    def create_historical_record(self, instance: Any, history_type: str, using: Any = None) -> None:
        last = None if history_type == "+" else getattr(instance, self.manager_name).first()
        if last is None or changes(last, instance):
            super().create_historical_record(instance, history_type, using=using)


def keep_today(obj: Any) -> None:
    """What stands in the table has a version: a row older than versions, or written past `save`, gets one now."""
    stored = type(obj)._default_manager.get(pk=obj.pk)
    last = stored.versions.first()
    if last is None or changes(last, stored):
        kept = {f.attname: getattr(stored, f.attname) for f in stored.versions.model.tracked_fields}
        stored.versions.model.objects.create(
            **kept, history_date=timezone.now(), history_type="~" if last else "+"
        )


def changes(old: Any, new: Any) -> list[Any]:
    """The columns in which two versions, or a version and its row, differ."""
    model = old if hasattr(old, "tracked_fields") else new
    kept = [field for field in model.tracked_fields if not field.primary_key]
    return [field for field in kept if getattr(old, field.attname) != getattr(new, field.attname)]


def shown(version: Any, field: Any) -> str:
    """The value of a column as people read it."""
    value = getattr(version, field.attname)
    if value in (None, ""):
        return ""
    if field.remote_field:
        return str(field.remote_field.model._base_manager.filter(pk=value).first() or "")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return gettext("ja") if value else gettext("nein")
    return date_format(value, "j. F Y") if isinstance(value, date) else str(value)


def in_words(old: Any | None, new: Any) -> str:
    """What a version changed: „Geändert: Titel, Zusammenfassung. Stand: veröffentlicht"; `old` is the one before."""
    if old is None:
        return gettext("Die erste Fassung, die hier steht")
    found = changes(old, new)
    names = [str(field.verbose_name) for field in found if field.name != "state"]
    said = [gettext("Geändert: %s") % ", ".join(names)] if names else []
    said += [f"{field.verbose_name}: {shown(new, field)}" for field in found if field.name == "state"]
    return ". ".join(said)


@dataclass(frozen=True)
class Piece:
    """A run of words: in both versions (same), in the old one only (del), in the new one only (ins)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Difference:
    """One column of two versions."""

    name: str
    label: str
    pieces: list[Piece]


def compare(old: Any, new: Any) -> list[Difference]:
    """Column by column, word by word."""
    return [
        Difference(field.name, str(field.verbose_name), list(_pieces(shown(old, field), shown(new, field))))
        for field in changes(old, new)
    ]


def _pieces(old: str, new: str) -> Iterator[Piece]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(before[a:b]))
            continue
        if (before[a:b] or after[c:d])[0].isspace():
            yield Piece("same", " ")
        if gone := "".join(before[a:b]).strip():
            yield Piece("del", gone)
        if come := "".join(after[c:d]).strip():
            yield Piece("ins", come)
        if (after[c:d] or before[a:b])[-1].isspace():
            yield Piece("same", " ")


@dataclass
class Restored:
    """What the Redaktion's way of saving asks of a form, with the columns that a version brought back."""

    instance: Any
    changed_data: list[str]

    @property
    def cleaned_data(self) -> dict[str, Any]:
        return {name: getattr(self.instance, name) for name in self.changed_data}

    def save_m2m(self) -> None:
        """A version keeps columns only."""


def restored(obj: Any, version: Any, *, names: set[str]) -> Restored:
    """The row with these columns as the version had them, not saved yet. Raises Refused where that is no row."""
    own = {field.name for field in changes(version, obj)} & names
    for name in own:
        attname = obj._meta.get_field(name).attname
        setattr(obj, attname, getattr(version, attname))
    try:
        obj.full_clean(exclude={f.name for f in obj._meta.fields} - own, validate_constraints=False)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None
    return Restored(obj, sorted(own))


@contextmanager
def written_by(request: HttpRequest) -> Iterator[None]:
    """Versions that come about meanwhile name the person who asked; elsewhere nobody is asked for a session."""
    HistoricalRecords.context.request = request
    try:
        yield
    finally:
        del HistoricalRecords.context.request
