"""Ideas and initiatives as open data, field by field."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from initiatives.models import Blueprint, Idea, Initiative
from portal.pages.api.fields import (
    Field,
    link,
    listed,
    moment,
    number,
    or_null,
    record,
    stamp,
    text,
    truth,
    values,
)
from portal.pages.api.parts import ID, MUNICIPALITY, TOPIC, URL, Resource


def _question(name: str) -> Field:
    column: Any = Blueprint._meta.get_field(name)
    return Field(name, text(column.help_text), lambda row: getattr(row, name))


_BLUEPRINT = tuple(map(_question, Blueprint.QUESTIONS))


def _steckbrief(row: Idea | Initiative) -> dict[str, Any] | None:
    found = getattr(row, "blueprint", None)
    return values(_BLUEPRINT, found) if found else None


_KNOW_HOW = Field("blueprint", or_null(record(_("Steckbrief, als Markdown."), _BLUEPRINT)), _steckbrief)
_TOPICS = Field(
    "topics",
    listed(_("Themen."), record(_("Ein Thema."), TOPIC)),
    lambda row: [values(TOPIC, topic) for topic in row.topics.all()],
)
IDEAS = Resource(
    "ideas",
    "Idea",
    _("Ideen, die in mehreren Orten funktionieren, mit dem Steckbrief des Verbandes."),
    lambda now: Idea.objects.select_related("blueprint").prefetch_related("topics"),
    (
        ID,
        URL,
        Field("slug", text(_("Kürzel, auch für den Filter „idee“.")), lambda row: row.slug),
        Field("name", text(_("Name der Idee.")), lambda row: row.name),
        Field("summary", text(_("Zwei bis vier Sätze.")), lambda row: row.summary),
        _TOPICS,
        Field(
            "is_released",
            truth(
                _(
                    "Ob der Verband sie geprüft hat; sonst steht auf der Seite „Entwurf, vom Verband zu prüfen“."
                )
            ),
            lambda row: row.released_on is not None,
        ),
    ),
    more=(
        Field("text", text(_("Ausführlicher Text als Markdown, oder leer.")), lambda row: row.text),
        _KNOW_HOW,
    ),
)

_SOURCE = (
    Field("name", text(_("Name der öffentlichen Quelle.")), lambda row: row.source_name),
    Field("url", link(_("Adresse der Quelle.")), lambda row: row.source_url),
)
INITIATIVES = Resource(
    "initiatives",
    "Initiative",
    _("Was Bürgerinnen und Bürger in einem Ort tun, als Beispiel für andere."),
    lambda now: (
        Initiative.objects.public()
        .select_related("municipality__district", "organisation", "idea", "blueprint")
        .prefetch_related("topics")
    ),
    (
        ID,
        URL,
        Field("title", text(_("Titel.")), lambda row: row.title),
        Field("summary", text(_("Zwei bis vier Sätze, ohne Auszeichnung.")), lambda row: row.summary),
        _TOPICS,
        Field(
            "idea",
            or_null(text(_("Kürzel der Idee, die sie zeigt („ideas“)."))),
            lambda row: row.idea.slug if row.idea else None,
        ),
        MUNICIPALITY,
        Field("place", text(_("Ortsteil, oder leer.")), lambda row: row.place),
        Field("carrier", text(_("Wer es macht, oder leer.")), lambda row: row.carrier),
        Field("publisher", text(_("Herausgeber der Seite.")), lambda row: row.organisation.name),
        Field(
            "life_state",
            text(
                _("„running“: läuft, vor Ort bestätigt; „example“: nicht bestätigt; „done“: abgeschlossen."),
                enum=Initiative.LifeState.values,
            ),
            lambda row: row.life_state,
        ),
        Field(
            "year",
            or_null(number(_("Jahr des Berichts, nicht des Beginns; bitte als „Bericht von …“ anzeigen."))),
            lambda row: row.year,
        ),
        Field(
            "year_estimated",
            truth(_("Ob das Jahr geschätzt ist („um 2018“).")),
            lambda row: row.year_estimated,
        ),
        Field(
            "confirmed_on",
            or_null(text(_("Zuletzt bestätigt."), format="date")),
            lambda row: stamp(row.confirmed_on),
        ),
        Field(
            "origin",
            text(
                _("„town“: von der Kommune; „collected“: aus einer öffentlichen Quelle gesammelt."),
                enum=Initiative.Origin.values,
            ),
            lambda row: row.origin,
        ),
        Field(
            "source",
            or_null(record(_("Woher das Gesammelte stammt, sonst null."), _SOURCE)),
            lambda row: values(_SOURCE, row) if row.source_url else None,
        ),
        Field(
            "website",
            or_null(link(_("Eigene Seite der Initiative."))),
            lambda row: row.website or None,
        ),
        Field(
            "published_at",
            or_null(moment(_("Zuerst veröffentlicht."))),
            lambda row: stamp(row.published_at),
        ),
        Field("changed_at", moment(_("Zuletzt geändert.")), lambda row: stamp(row.changed_at)),
    ),
    more=(
        Field("text", text(_("Ausführlicher Text als Markdown, oder leer.")), lambda row: row.text),
        _KNOW_HOW,
    ),
)
