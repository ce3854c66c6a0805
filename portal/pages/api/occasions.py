"""Dates of help wanted and seminars as open data, field by field."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.pages.api.fields import (
    Field,
    link,
    moment,
    or_null,
    record,
    stamp,
    text,
    truth,
    values,
)
from portal.pages.api.parts import ID, MUNICIPALITY, TOPIC, URL, Resource
from portal.slot_lists import seats_state
from seminars.models import Session
from volunteers.models import Opportunity, Shift

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
            ID,
            URL,
            Field("title", text(_("Was zu tun ist.")), lambda row: row.title),
            _of("summary", text(_("Worum es geht.")), lambda row: row.summary),
            _of("topic", record(_("Thema."), TOPIC), lambda row: values(TOPIC, row.topic)),
            _of("municipality", MUNICIPALITY.schema, MUNICIPALITY.value),
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
        ID,
        URL,
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
