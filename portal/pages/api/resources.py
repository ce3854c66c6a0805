"""What the open data are: of each kind the public rows, and field by field what is said of one.

Not among them, on purpose: people and how they are reached (contacts, speakers, organisers with their private
address), the way into a seminar (rule 28), and every text that is not public.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from initiatives.models import Blueprint, Idea, Initiative, Topic
from portal.models import Municipality
from portal.pages.api.fields import (
    Field,
    absolute,
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
from portal.slot_lists import seats_state
from seminars.models import Session
from volunteers.models import Opportunity, Shift


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


_URL = Field("url", link(_("Seite für Menschen. Sie bleibt; eine frühere leitet weiter.")), _page)
_ID = Field("id", number(_("Nummer, die für immer bleibt.")), lambda row: row.pk)

# --- places and topics ------------------------------------------------------------------------------
_TOPIC = (
    Field("slug", text(_("Kürzel, auch für den Filter „thema“.")), lambda row: row.slug),
    Field("name", text(_("Name des Themas.")), lambda row: row.name),
)
_PLACE = (
    Field("ags", text(_("Amtlicher Gemeindeschlüssel.")), lambda row: row.ags),
    Field("slug", text(_("Teil der Adresse unter /orte/.")), lambda row: row.slug),
    Field("name", text(_("Kurzer Name: „Lich“.")), lambda row: row.name),
)
_DISTRICT = Field(
    "district",
    or_null(record(_("Landkreis; null bei kreisfreien Städten und bei Landkreisen."), _PLACE)),
    lambda row: values(_PLACE, row.district) if row.district else None,
)
TOPICS = Resource(
    "topics",
    "Topic",
    _("Die Themen, nach denen Initiativen und Aktionen geordnet sind."),
    lambda now: Topic.objects.all(),
    _TOPIC,
)
MUNICIPALITIES = Resource(
    "municipalities",
    "Municipality",
    _("Städte, Gemeinden und Landkreise in Hessen."),
    lambda now: Municipality.objects.current().select_related("district"),
    (
        *_PLACE,
        _URL,
        Field("official_name", text(_("Amtlicher Name.")), lambda row: row.official_name),
        Field("kind", text(_("Art: „Stadt“, „Gemeinde“, „Landkreis“ …")), lambda row: row.kind),
        Field("is_district", truth(_("Ob es ein Landkreis ist.")), lambda row: row.is_district),
        _DISTRICT,
        Field("lat", {"type": "number", "description": _("Breite in Grad, WGS 84.")}, lambda row: row.lat),
        Field("lon", {"type": "number", "description": _("Länge in Grad, WGS 84.")}, lambda row: row.lon),
        Field("population", or_null(number(_("Einwohnerinnen und Einwohner."))), lambda row: row.population),
        Field(
            "population_date",
            or_null(text(_("Stand der Einwohnerzahl."), format="date")),
            lambda row: stamp(row.population_date),
        ),
    ),
)
_MUNICIPALITY = Field(
    "municipality",
    record(_("Stadt, Gemeinde oder Landkreis."), (*_PLACE, _DISTRICT)),
    lambda row: values((*_PLACE, _DISTRICT), row.municipality),
)


# --- ideas -------------------------------------------------------------------------------------------
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
    listed(_("Themen."), record(_("Ein Thema."), _TOPIC)),
    lambda row: [values(_TOPIC, topic) for topic in row.topics.all()],
)
IDEAS = Resource(
    "ideas",
    "Idea",
    _("Ideen, die in mehreren Orten funktionieren, mit dem Steckbrief des Verbandes."),
    lambda now: Idea.objects.select_related("blueprint").prefetch_related("topics"),
    (
        _ID,
        _URL,
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

# --- initiatives ------------------------------------------------------------------------------------
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
        _ID,
        _URL,
        Field("title", text(_("Titel.")), lambda row: row.title),
        Field("summary", text(_("Zwei bis vier Sätze, ohne Auszeichnung.")), lambda row: row.summary),
        _TOPICS,
        Field(
            "idea",
            or_null(text(_("Kürzel der Idee, die sie zeigt („ideas“)."))),
            lambda row: row.idea.slug if row.idea else None,
        ),
        _MUNICIPALITY,
        Field("place", text(_("Ortsteil, oder leer.")), lambda row: row.place),
        Field("carrier", text(_("Wer es macht, oder leer.")), lambda row: row.carrier),
        Field("publisher", text(_("Herausgeber der Seite.")), lambda row: row.organisation.name),
        Field(
            "life_state",
            text(
                _(
                    "„running“: läuft, von der Kommune bestätigt; „example“: nicht bestätigt; „done“: abgeschlossen."
                ),
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

# --- dates ------------------------------------------------------------------------------------------
_SEATS = text(
    _(
        "„free“: noch Plätze; „few“: wenige; „unlimited“: so viele, wie kommen; „waiting“: Warteliste; „past“: keine Anmeldung mehr."
    ),
    enum=["free", "few", "unlimited", "waiting", "past"],
)
_STARTS = Field("starts", moment(_("Beginn.")), lambda row: stamp(row.starts))
_ENDS = Field("ends", moment(_("Ende.")), lambda row: stamp(row.ends))


def _shifts(now: datetime) -> QuerySet:
    rows = Shift.objects.public().open_for_signup(now).with_seats()
    return rows.select_related(
        "opportunity__municipality__district", "opportunity__organisation", "opportunity__topic"
    )


def _of(name: str, schema: dict[str, Any], value: Callable[[Opportunity], Any]) -> Field:
    """A field of the action that the date belongs to."""
    return Field(name, schema, lambda row: value(row.opportunity))


def shifts(now: datetime) -> Resource:
    """Dates that somebody may still sign up for; how many seats are left depends on the time."""
    return Resource(
        "shifts",
        "Shift",
        _(
            "Wo gerade Hilfe gesucht wird: Termine, zu denen man sich noch anmelden kann, die nächsten zuerst."
        ),
        _shifts,
        (
            _ID,
            _URL,
            Field("title", text(_("Was zu tun ist.")), lambda row: row.title),
            _of("summary", text(_("Worum es geht.")), lambda row: row.summary),
            _of("topic", record(_("Thema."), _TOPIC), lambda row: values(_TOPIC, row.topic)),
            _of("municipality", _MUNICIPALITY.schema, _MUNICIPALITY.value),
            _of("meeting_point", text(_("Treffpunkt.")), lambda row: row.meeting_point),
            _of("bring", text(_("Was mitzubringen ist, oder leer.")), lambda row: row.bring),
            _of(
                "age",
                text(
                    _("Für wen: „accompanied“ (Kinder nur in Begleitung), „from14“ oder „from18“."),
                    enum=Opportunity.Age.values,
                ),
                lambda row: row.age,
            ),
            _of("publisher", text(_("Herausgeber der Seite.")), lambda row: row.organisation.name),
            _STARTS,
            _ENDS,
            Field("closes", moment(_("Anmeldung bis.")), lambda row: stamp(row.closes)),
            Field("note", text(_("Hinweis zum Termin, oder leer.")), lambda row: row.note),
            Field("seats", _SEATS, lambda row: seats_state(row, now=now)),
            _of(
                "is_example",
                truth(_("Ob es ein Beispiel der Vorführung ist, das nicht stattfindet.")),
                lambda row: row.is_example,
            ),
        ),
        by="starts",
    )


SESSIONS = Resource(
    "sessions",
    "Session",
    _("Online-Seminare, vergangene und kommende, in der Folge ihrer Zeit. Ohne Zugangslink und ohne Namen."),
    lambda now: Session.objects.public().select_related("series__organisation"),
    (
        _ID,
        _URL,
        Field("title", text(_("Titel.")), lambda row: row.title),
        Field("series", text(_("Name der Reihe.")), lambda row: row.series.display_title),
        Field("summary", text(_("Worum es geht, als Markdown, oder leer.")), lambda row: row.summary),
        Field("run_by", text(_("Wer die Reihe veranstaltet.")), lambda row: row.series.run_by),
        Field("publisher", text(_("Herausgeber der Seite.")), lambda row: row.series.organisation.name),
        _STARTS,
        _ENDS,
        Field(
            "precision",
            text(
                _(
                    "Wie genau die Zeit bekannt ist; bei „month“, „year“ und „unknown“ sind Beginn und Ende nur die Spanne."
                ),
                enum=Session.Precision.values,
            ),
            lambda row: row.precision,
        ),
        Field("is_cancelled", truth(_("Ob es ausfällt.")), lambda row: row.cancelled_at is not None),
        Field(
            "registration",
            text(
                _("„here“: Anmeldung auf der Seite; „elsewhere“: unter „link“."),
                enum=Session.Registration.values,
            ),
            lambda row: row.registration,
        ),
        Field(
            "link",
            or_null(link(_("Anmeldung oder mehr Informationen anderswo."))),
            lambda row: row.link or None,
        ),
        Field(
            "is_example",
            truth(_("Ob es ein Beispiel der Vorführung ist, das nicht stattfindet.")),
            lambda row: row.series.is_example,
        ),
    ),
    by="starts",
)


def resources(now: datetime) -> dict[str, Resource]:
    """All of them by name, in the order of the document."""
    return {each.name: each for each in (INITIATIVES, IDEAS, shifts(now), SESSIONS, MUNICIPALITIES, TOPICS)}


LISTS = ("initiatives", "ideas", "shifts", "sessions", "municipalities", "topics")
