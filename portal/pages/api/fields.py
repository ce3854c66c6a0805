"""A field of the open data: its name, its JSON Schema with a German sentence, and where its value comes from.

Answer and published schema are made from the same list, so that neither can say more than the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings

Schema = dict[str, Any]


@dataclass(frozen=True)
class Field:
    name: str
    schema: Schema
    value: Callable[[Any], Any]


def text(said: Any, **more: Any) -> Schema:
    """A string; `said` is the description, `more` further keywords (enum, format …)."""
    return {"type": "string", "description": said, **more}


def number(said: Any, **more: Any) -> Schema:
    return {"type": "integer", "description": said, **more}


def truth(said: Any) -> Schema:
    return {"type": "boolean", "description": said}


def link(said: Any) -> Schema:
    return text(said, format="uri")


def moment(said: Any) -> Schema:
    return text(said, format="date-time")


def or_null(schema: Schema) -> Schema:
    """The same, or null where it is not known."""
    return {**schema, "type": [schema["type"], "null"]}


def listed(said: Any, items: Schema) -> Schema:
    return {"type": "array", "description": said, "items": items}


def record(said: Any, fields: Sequence[Field]) -> Schema:
    """An object with exactly these fields, each always there."""
    return closed(said, {field.name: field.schema for field in fields})


def closed(said: Any, properties: dict[str, Schema]) -> Schema:
    """An object with exactly these properties, each always there."""
    return {
        "type": "object",
        "description": said,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def values(fields: Sequence[Field], row: Any) -> dict[str, Any]:
    """The row as JSON takes it."""
    return {field.name: field.value(row) for field in fields}


def absolute(path: str) -> str:
    """The whole address: from the configured site, never from what the request says of itself."""
    return settings.SITE_URL + path


def stamp(at: datetime | date | None) -> str | None:
    """RFC 3339; null where there is none."""
    return at.isoformat() if at else None
