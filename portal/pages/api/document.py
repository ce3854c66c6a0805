"""The published schema of the open data: an OpenAPI 3.1 document made from the resources themselves."""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.pages.api import asked
from portal.pages.api.fields import Field, absolute, closed, link, listed, number, or_null, record, text
from portal.pages.api.paging import MOST, USUAL
from portal.pages.api.parts import Resource
from portal.problems import CONTENT_TYPE, titles

VERSION = "1.0.0"  # a field more: 1.1.0; what breaks a program that reads: /api/v2/
LICENCE = "Datenlizenz Deutschland – Namensnennung – Version 2.0"
LICENCE_URL = "https://www.govdata.de/dl-de/by-2-0"
Document = dict[str, Any]


def attribution() -> str:
    """What whoever shows the data writes beside them."""
    return _("%(association)s, %(site)s, %(url)s") % {
        "association": settings.ASSOCIATION,
        "site": settings.SITE_NAME,
        "url": settings.SITE_URL,
    }


def _address_of(name: str) -> Callable[[Any], str]:
    return lambda _row: absolute(reverse(f"api:{name}"))


def entry_fields(kinds: Iterable[Resource]) -> list[Field]:
    """What the first address says: where everything is, and what one may do with it."""
    lists = [Field(kind.name, link(kind.said), _address_of(kind.name)) for kind in kinds]
    return [
        Field("title", text(_("Name des Portals.")), lambda _row: settings.SITE_NAME),
        Field("version", text(_("Stand dieser Schnittstelle.")), lambda _row: VERSION),
        Field(
            "documentation", link(_("Erklärung für Menschen.")), lambda _row: absolute(reverse("open_data"))
        ),
        Field("openapi", link(_("Dieses Schema.")), lambda _row: absolute(reverse("api:openapi"))),
        Field("licence", text(_("Lizenz der Daten.")), lambda _row: LICENCE),
        Field("licence_url", link(_("Text der Lizenz.")), lambda _row: LICENCE_URL),
        Field("attribution", text(_("Quellenvermerk, der dazugehört.")), lambda _row: attribution()),
        Field(
            "resources",
            record(_("Die Listen."), lists),
            lambda _row: {each.name: each.value(None) for each in lists},
        ),
    ]


def document(kinds: Iterable[Resource]) -> Document:
    """The whole of it, ready for JSON."""
    kinds = list(kinds)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": _("Offene Daten: %s") % settings.SITE_NAME,
            "version": VERSION,
            "description": _(
                "Nur lesen, ohne Schlüssel und ohne Cookie. Felder kommen hinzu, ohne dass sich die Version in der "
                "Adresse ändert; wegfallen oder anders gemeint sein können sie nur unter einer neuen."
            ),
            "license": {"name": LICENCE, "url": LICENCE_URL},
        },
        "externalDocs": {"description": _("Erklärung auf Deutsch"), "url": absolute(reverse("open_data"))},
        "servers": [{"url": settings.SITE_URL}],
        "paths": _paths(kinds),
        "components": {
            "schemas": _schemas(kinds),
            "parameters": _parameters(),
            "responses": _responses(),
        },
    }


def _schemas(kinds: list[Resource]) -> Document:
    found: Document = {"Entry": record(_("Der Einstieg."), entry_fields(kinds))}
    for kind in kinds:
        found[kind.schema_name] = record(kind.said, kind.fields)
        found[f"{kind.schema_name}List"] = _page_of(kind)
        if kind.more:
            found[f"{kind.schema_name}Detail"] = record(kind.said, (*kind.fields, *kind.more))
    found["Problem"] = _problem()
    return found


def _page_of(kind: Resource) -> Document:
    properties = {
        "items": listed(_("Die Einträge dieser Seite."), _ref("schemas", kind.schema_name)),
        "next": or_null(link(_("Die nächste Seite; null auf der letzten."))),
        "prev": or_null(link(_("Die Seite davor; null auf der ersten."))),
    }
    return closed(_("Eine Seite der Liste."), properties)


def _problem() -> Document:
    properties = {
        "type": text(_("Immer „about:blank“.")),
        "title": text(_("Kurz, was es ist."), enum=list(titles().values())),
        "status": number(_("Der Status der Antwort."), enum=list(titles())),
        "detail": text(_("Ein Satz, was anders sein muss.")),
    }
    return closed(_("Was nicht ging (RFC 9457)."), properties)


def _parameters() -> Document:
    cursor = _("Wo die Seite beginnt: aus „next“ oder „prev“ einer Antwort, unverändert.")
    return {
        "cursor": _query("cursor", cursor, {"type": "string"}),
        "limit": _query(
            "limit",
            _("Wie viele Einträge eine Seite hat."),
            {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
        ),
        "id": {
            "name": "id",
            "in": "path",
            "required": True,
            "description": _("Nummer des Eintrags."),
            "schema": {"type": "integer", "minimum": 1},
        },
        **{name: _query(name, *said) for name, said in asked.said().items()},
    }


def _query(name: str, said: str, schema: Document) -> Document:
    return {"name": name, "in": "query", "description": said, "schema": schema}


def _responses() -> Document:
    problem = {CONTENT_TYPE: {"schema": _ref("schemas", "Problem")}}
    return {
        "NotModified": {"description": _("Unverändert seit der Antwort mit diesem ETag.")},
        "Refused": {"description": _("Die Anfrage war nicht zu verstehen."), "content": problem},
        "NotFound": {
            "description": _("Das gibt es nicht, oder es ist nicht öffentlich."),
            "content": problem,
        },
    }


def _paths(kinds: list[Resource]) -> Document:
    found: Document = {
        reverse("api:index"): _get(_("Einstieg"), "Entry", []),
        reverse("api:openapi"): _get(_("Dieses Dokument"), None, []),
    }
    for kind in kinds:
        parameters = [_ref("parameters", name) for name in ("cursor", "limit", *asked.names(kind))]
        found[reverse(f"api:{kind.name}")] = _get(kind.said, f"{kind.schema_name}List", parameters)
        if kind.more:
            address = f"{reverse(f'api:{kind.name}')}{{id}}/"
            found[address] = _get(
                _("Ein Eintrag mit allem"), f"{kind.schema_name}Detail", [_ref("parameters", "id")]
            )
    return found


def _get(said: Any, schema: str | None, parameters: list[Document]) -> Document:
    content = {"application/json": {"schema": _ref("schemas", schema) if schema else {"type": "object"}}}
    answers: Document = {
        "200": {
            "description": _("Die Antwort."),
            "headers": {"ETag": {"description": _("Für „If-None-Match“."), "schema": {"type": "string"}}},
            "content": content,
        },
        "304": _ref("responses", "NotModified"),
        "400": _ref("responses", "Refused"),
    }
    if parameters:
        answers["404"] = _ref("responses", "NotFound")
    return {"get": {"summary": said, "parameters": parameters, "responses": answers}}


def _ref(kind: str, name: str) -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}
