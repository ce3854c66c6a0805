"""What the open data are: of each kind the public rows, and field by field what is said of one.

Not among them, on purpose: people and how they are reached (contacts, speakers, organisers with their private
address), the way into a seminar (rule 28), and every text that is not public.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from initiatives.models import Topic
from portal.models import Municipality
from portal.pages.api.collection import IDEAS, INITIATIVES
from portal.pages.api.fields import (
    Field,
    number,
    or_null,
    stamp,
    text,
    truth,
)
from portal.pages.api.occasions import SESSIONS, shifts
from portal.pages.api.parts import DISTRICT, PLACE, TOPIC, URL, Resource

TOPICS = Resource(
    "topics",
    "Topic",
    _("Die Themen, nach denen Initiativen und Aktionen geordnet sind."),
    lambda now: Topic.objects.all(),
    TOPIC,
)
MUNICIPALITIES = Resource(
    "municipalities",
    "Municipality",
    _("Städte, Gemeinden und Landkreise in Hessen."),
    lambda now: Municipality.objects.current().select_related("district"),
    (
        *PLACE,
        URL,
        Field("official_name", text(_("Amtlicher Name.")), lambda row: row.official_name),
        Field("kind", text(_("Art: „Stadt“, „Gemeinde“, „Landkreis“ …")), lambda row: row.kind),
        Field("is_district", truth(_("Ob es ein Landkreis ist.")), lambda row: row.is_district),
        DISTRICT,
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


def resources(now: datetime) -> dict[str, Resource]:
    """All of them by name, in the order of the document."""
    return {each.name: each for each in (INITIATIVES, IDEAS, shifts(now), SESSIONS, MUNICIPALITIES, TOPICS)}


LISTS = ("initiatives", "ideas", "shifts", "sessions", "municipalities", "topics")
