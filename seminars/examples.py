"""Examples of seminars for the demo: a series of the association with dates from now on, people on them.

All are marked (`is_example`) and say „Beispiel"; the real #kommunalEngagiert gets no invented dates.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone

from portal import example_people, slugs
from portal.association import association
from portal.dates import at
from portal.models import Booking, Mail
from seminars.models import Series, SeriesWatch, Session, SessionSignup, Speaker

LENGTH = timedelta(minutes=90)
CLOCK = time(13, 30)
WEDNESDAY = 2
PEOPLE = (
    {"function": "staff", "municipality": "Stadt Hungen"},
    {"function": "mayor", "municipality": "Stadt Laubach"},
    {"function": "agency", "municipality": "Freiwilligenzentrum Gießen"},
    {"function": "staff", "municipality": "Landkreis Gießen"},
    {"function": "club", "municipality": "Nachbarschaftshilfe Lich e. V."},
)


@dataclass(frozen=True)
class Example:
    """A session on the first Wednesday from `days` after today on; `taken` people are on it."""

    days: int
    name: str
    summary: str
    speakers: tuple[tuple[str, str], ...]
    seats: int | None = 40
    taken: int = 0
    elsewhere: bool = False


EXAMPLES = (
    Example(
        5,
        "In vier Wochen zur ersten Aktion",
        "Vom Einfall zum Samstag mit zwölf Helfenden: Wir gehen Schritt für Schritt durch, was vorher zu klären "
        "ist, wie man einlädt und woran man am Abend sieht, dass es gut war.",
        (
            ("Frau Weber (erfunden)", "Ehrenamtsbeauftragte einer Kleinstadt"),
            ("Herr Kaya (erfunden)", "Bauhofleiter"),
        ),
        taken=23,
    ),
    Example(
        19,
        "Wenn viele auf einmal helfen wollen",
        "Nach einem Hochwasser stehen hundert Menschen vor dem Rathaus. Wie ordnet man Spontanhilfe, ohne sie "
        "auszubremsen? Mit einer Übung in kleinen Gruppen, deshalb sind die Plätze knapp.",
        (("Frau Brandt (erfunden)", "Kreisbrandinspektorin"),),
        seats=8,
        taken=10,
    ),
    Example(
        40,
        "Anerkennung, die ankommt",
        "Urkunde, Fest oder ein Anruf? Was Engagierte wirklich freut, und was wenig kostet.",
        (("Frau Sommer (erfunden)", "Leiterin einer Freiwilligenagentur"),),
        taken=4,
    ),
    Example(
        54,
        "Versicherung und Haftung: die zehn häufigsten Fragen",
        "Wer haftet, wenn beim Bachputz etwas passiert? Zehn Fragen aus Rathäusern, zehn kurze Antworten.",
        (("Herr Dr. Lindner (erfunden)", "Jurist"),),
        taken=11,
    ),
    Example(
        68,
        "Junge Menschen gewinnen",
        "Kurz, mit Freunden, am Handy verabredet: wie aus einem Nachmittag ein zweiter wird.",
        (("Frau Nguyen (erfunden)", "Jugendpflegerin"),),
        seats=None,
        taken=3,
    ),
    Example(
        82,
        "Vom Beispiel zur eigenen Idee",
        "Drei Kommunen zeigen, was sie von anderen übernommen haben, und was sie anders machen würden.",
        (),
    ),
    Example(
        12,
        "Fördermittel-Sprechstunde",
        "Fragen zur Antragstellung, anderswo beantwortet: Das Portal weist nur darauf hin.",
        (),
        seats=None,
        elsewhere=True,
    ),
    Example(
        -30,
        "Was Kommunen vom Ehrenamt wissen sollten",
        "Ein Überblick zum Auftakt: Zahlen, Trends und drei Beispiele aus Hessen.",
        (("Herr Yıldız (erfunden)", "Verband"),),
        taken=17,
    ),
)


def add(now: datetime) -> None:
    """The example series with its sessions and people is there."""
    ours = association()
    series = Series.objects.create(
        title="Ehrenamt im Rathaus",
        organisation=ours,
        summary="Anderthalb Stunden mittags, eine Frage aus der Praxis, zwei Menschen, die sie gelöst haben. "
        "Eine erfundene Reihe, damit Sie das Anmelden ausprobieren können.",
        audience="Bürgermeisterinnen und Bürgermeister, Mitarbeitende der Verwaltung, Freiwilligenagenturen",
        run_by=ours.name,
        contact="Geschäftsstelle (Beispiel)",
        contact_email=f"seminare@{example_people.DOMAIN}",
        contact_phone="069 90009 300",
        is_example=True,
    )
    for example in EXAMPLES:
        _session(series, example, now)


def _session(series: Series, example: Example, now: datetime) -> None:
    day = timezone.localdate(now) + timedelta(days=example.days)
    starts = at(day + timedelta(days=(WEDNESDAY - day.weekday()) % 7), CLOCK)
    here = not example.elsewhere
    session = Session.objects.create(
        series=series,
        name=example.name,
        slug=slugs.unique_slug(Session, slugs.compose("beispiel", example.name, str(starts.year))),
        state=Session.State.PUBLISHED,
        summary=example.summary,
        starts=starts,
        ends=starts + LENGTH,
        capacity=example.seats if here else None,
        registration=Session.Registration.HERE if here else Session.Registration.ELSEWHERE,
        link="" if here else "https://anmeldung.example.org/sprechstunde",
        join_url=f"https://online-raum.example.org/{slugs.slugify_german(example.name)}" if here else "",
        dial_in="069 90009 301, Kennwort 1234" if here else "",
        published_at=now,
    )
    Speaker.objects.bulk_create(
        Speaker(session=session, name=name, function=function, order=order)
        for order, (name, function) in enumerate(example.speakers)
    )
    example_people.seat(session, [1] * example.taken, now=now, answers=PEOPLE)


def remove() -> None:
    """Nothing of the examples is left: no session, person, mail or wish."""
    series = Series.objects.filter(is_example=True)
    sessions = Session.objects.filter(series__in=series)
    signups = SessionSignup.objects.filter(slot__in=sessions)
    bookings = list(signups.values_list("booking", flat=True))
    labels = [f"session:{pk}" for pk in sessions.values_list("pk", flat=True)]
    labels += [watch.label for watch in SeriesWatch.objects.filter(series__in=series)]
    Mail.objects.filter(booking__in=bookings).delete()
    Mail.objects.filter(about__in=labels).delete()
    signups.delete()
    Booking.objects.filter(pk__in=bookings).delete()
    sessions.delete()
    series.delete()
