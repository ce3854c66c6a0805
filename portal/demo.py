"""Examples for trying the portal: actions and dates around today, people on them, one login per role.

Top layer: may import every app. Everything made here is marked (`is_example`, `is_demo`), says
„Beispiel" on card, page and mail subject, and goes again with `remove()`. Addresses end in
`.example`, telephone numbers come from the range that the Bundesnetzagentur keeps for films.
"""

import secrets
from dataclasses import dataclass
from datetime import date as date_type
from datetime import datetime, time, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from initiatives.models import Initiative, Topic
from portal import example_people
from portal.association import association, open_imprint
from portal.dates import at
from portal.models import AccessLog, Booking, Mail, Membership, Municipality, Organisation, User
from portal.slugs import compose, unique_slug
from seminars import examples as seminars
from volunteers.models import Opportunity, Shift, ShiftSignup

OF_THE_DEMO = "Beispiel der Vorführung, kein echtes Impressum."


@dataclass(frozen=True)
class Date:
    """The first `weekday` (Monday 0; None: any) from `days` after today on, at `hour` for `hours`.

    `seats` is None for unlimited; `parties` are their sizes in order of arrival.
    """

    weekday: int | None
    days: int
    hour: int
    hours: int
    seats: int | None
    parties: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Example:
    """One action of a town."""

    town: str
    topic: str
    title: str
    summary: str
    meeting_point: str
    bring: str
    organiser: str
    dates: tuple[Date, ...]
    age: str = Opportunity.Age.ACCOMPANIED
    initiative: bool = False


ONE, TWO = (1,), (2,)
EXAMPLES = (
    Example(
        "Lich",
        "umwelt",
        "Bachputz an der Wetter",
        "Wir sammeln Müll am Ufer der Wetter und in den Auen zwischen Schlossbrücke und Bahnhof. "
        "Zangen, Säcke und Handschuhe sind da, danach gibt es eine heiße Suppe.",
        "Brücke am Schlosspark",
        "Gummistiefel und Kleidung, die schmutzig werden darf",
        "Stadt Lich, Unterstadt 1, 35423 Lich",
        (Date(5, 5, 9, 3, 12, ONE * 4 + TWO * 2), Date(5, 19, 9, 3, 12, ONE * 3)),
        initiative=True,
    ),
    Example(
        "Lich",
        "bildung",
        "Bücher sortieren für den Bücherflohmarkt",
        "Rund 3.000 gespendete Bücher warten auf Regale. Wir sortieren nach Themen und zeichnen Preise aus. "
        "Der Erlös geht an die Stadtbücherei.",
        "Bürgerhaus, Gießener Straße 26, Kleiner Saal",
        "",
        "Förderverein der Stadtbücherei Lich, Kirchenplatz 3, 35423 Lich",
        (Date(2, 3, 15, 2, 6, ONE * 6 + TWO + ONE), Date(3, 4, 15, 2, 6, ONE * 4)),
    ),
    Example(
        "Hungen",
        "senioren",
        "Begleitung zum Seniorennachmittag",
        "Zwölf ältere Menschen aus den Stadtteilen möchten kommen und trauen sich den Weg nicht allein zu. "
        "Sie holen jemanden zu Hause ab, trinken Kaffee mit und bringen ihn wieder heim.",
        "Stadthalle, Kaiserstraße 7, Eingang am Parkplatz",
        "Wenn möglich das eigene Auto",
        "Stadt Hungen, Kaiserstraße 7, 35410 Hungen",
        (Date(3, 9, 13, 4, 12, ONE * 7),),
        age=Opportunity.Age.FROM_18,
    ),
    Example(
        "Laubach",
        "dorfentwicklung",
        "Spielplatz am Ramsberg streichen",
        "Das Klettergerüst und die Bänke brauchen Farbe. Pinsel und Lasur stellt der Bauhof, "
        "zwei Fachleute zeigen, wie es geht.",
        "Spielplatz am Ramsberg",
        "Alte Kleidung, Arbeitshandschuhe",
        "Stadt Laubach, Friedrichstraße 11, 35321 Laubach",
        (Date(5, 12, 10, 4, 8, TWO * 2), Date(5, 26, 10, 4, 8)),
    ),
    Example(
        "Gießen",
        "integration",
        "Sprachcafé: zwei Stunden Deutsch sprechen",
        "An kleinen Tischen reden Menschen miteinander, die Deutsch lernen oder längst können. "
        "Vorbereiten müssen Sie nichts, Zuhören genügt.",
        "Stadtbibliothek, Berliner Platz 1, Lesecafé",
        "",
        "Universitätsstadt Gießen, Berliner Platz 1, 35390 Gießen",
        (Date(1, 2, 17, 2, 10, ONE * 8), Date(1, 9, 17, 2, 10, ONE * 5), Date(1, 16, 17, 2, 10, ONE * 2)),
        age=Opportunity.Age.FROM_14,
    ),
    Example(
        "Gießen",
        "soziales",
        "Lebensmittel abholen und verteilen",
        "Märkte geben ab, was sonst weggeworfen würde. Eine Schicht fährt und lädt ein, eine sortiert und gibt aus.",
        "Hof hinter dem Rathaus, Tor 2",
        "Feste Schuhe",
        "Nachbarschaftshilfe Gießen e. V., Beispielweg 4, 35390 Gießen",
        (
            Date(5, 6, 8, 3, 4, ONE * 4, "Abholen"),
            Date(5, 6, 12, 3, 8, ONE * 3 + TWO, "Sortieren und Ausgeben"),
            Date(5, 13, 8, 3, 4, ONE, "Abholen"),
        ),
        age=Opportunity.Age.FROM_18,
    ),
    Example(
        "Marburg",
        "digitales",
        "Smartphone-Sprechstunde für Ältere",
        "Eine Stunde Zeit für die Fragen anderer: Fotos verschicken, Fahrkarte kaufen, Videoanruf. "
        "Wer sein eigenes Telefon bedienen kann, kann helfen.",
        "Erwin-Piscator-Haus, Biegenstraße 15, Raum 2",
        "",
        "Universitätsstadt Marburg, Markt 1, 35037 Marburg",
        (Date(None, 1, 14, 2, 5, ONE * 5 + ONE), Date(0, 8, 14, 2, 5, ONE * 3)),
    ),
    Example(
        "Alsfeld",
        "sport",
        "Streckenposten beim Stadtlauf",
        "An der Strecke stehen, den Weg weisen, anfeuern. Eine Einweisung gibt es eine halbe Stunde vorher.",
        "Marktplatz, Stand der Laufgemeinschaft",
        "Warme Kleidung",
        "Stadt Alsfeld, Markt 1, 36304 Alsfeld",
        (Date(6, -10, 9, 4, 40, ONE * 11 + TWO * 6), Date(6, 20, 9, 4, 40, ONE * 12)),
        age=Opportunity.Age.FROM_14,
    ),
    Example(
        "Kassel",
        "kultur",
        "Stühle stellen beim Nachbarschaftskonzert",
        "150 Stühle, eine Bühne, Lichterketten: Mit zwanzig Händen ist der Saal in einer Stunde fertig. "
        "Das Konzert ist für Helferinnen und Helfer frei.",
        "Kulturzentrum Schlachthof, Mombachstraße 12",
        "",
        "Stadt Kassel, Obere Königsstraße 8, 34117 Kassel",
        (Date(4, 7, 16, 2, None, ONE * 6),),
    ),
)


@transaction.atomic
def add(now: datetime) -> list[tuple[str, str, str]]:
    """Examples and logins are there; returns (role in words, address, password) for printing once."""
    towns = {name: _town(name) for name in dict.fromkeys(example.town for example in EXAMPLES)}
    for example in EXAMPLES:
        _opportunity(example, towns[example.town], now)
    Organisation.objects.filter(pk=association().pk, imprint=open_imprint()).update(imprint=OF_THE_DEMO)
    seminars.add(now)
    lich = towns["Lich"].organisation
    if lich is None:
        raise RuntimeError("the example town has no organisation")
    return [
        _login("Redaktion der Stadt Lich", "redaktion", "Frau Weber", Membership.Role.EDITOR, lich),
        _login("Stadt Lich, nur lesen", "lesen", "Frau Blick", Membership.Role.READER, lich),
        _login("Verband: Netzwerk", "netzwerk", "Herr Yıldız", Membership.Role.NETWORK, association()),
        _login("Verband: Seminare", "seminare", "Frau Adler", Membership.Role.SEMINARS, association()),
    ]


@transaction.atomic
def remove() -> None:
    """Nothing of the examples is left: no action, person, mail, login or organisation."""
    seminars.remove()
    organisations = Organisation.objects.filter(is_demo=True)
    users = User.objects.filter(is_demo=True)
    opportunities = Opportunity.objects.filter(organisation__in=organisations)
    Mail.objects.filter(organisation__in=organisations).delete()
    ShiftSignup.objects.filter(slot__opportunity__in=opportunities).delete()
    Booking.objects.filter(organisation__in=organisations).delete()
    opportunities.delete()
    Initiative.objects.filter(organisation__in=organisations).delete()
    AccessLog.objects.filter(user__in=users).delete()
    organisations.delete()
    users.delete()
    Organisation.objects.filter(imprint=OF_THE_DEMO).update(imprint=open_imprint())


def is_there() -> bool:
    return User.objects.filter(is_demo=True).exists()


def is_stale(now: datetime) -> bool:
    """Whether every example date is over, weeks after the examples were made."""
    coming = Shift.objects.filter(opportunity__is_example=True, starts__gt=now)
    return not coming.exists()


def _town(name: str) -> Municipality:
    """The real town, for the demo with an organisation of its own."""
    town = Municipality.objects.current().get(name=name, level=Municipality.Level.TOWN)
    domain = f"{town.slug}.example"
    town.organisation = Organisation.objects.create(
        name=f"{town.kind} {name}" if town.kind else name,
        kind=Organisation.Kind.TOWN,
        address=f"Rathaus, {town.postal_code} {name}",
        contact_email=f"ehrenamt@{domain}",
        contact_phone="069 90009 100",
        imprint=f"{OF_THE_DEMO} Rathaus, {town.postal_code} {name}",
        is_demo=True,
    )
    town.save(update_fields=["organisation"])
    return town


def _opportunity(example: Example, town: Municipality, now: datetime) -> None:
    if town.organisation is None:
        raise RuntimeError("an example needs an organisation")
    year = str(timezone.localtime(now).year)
    opportunity = Opportunity.objects.create(
        title=example.title,
        slug=unique_slug(Opportunity, compose("beispiel", example.title, town.name, year)),
        organisation=town.organisation,
        municipality=town,
        topic=Topic.objects.get(slug=example.topic),
        initiative=_initiative(example, town, town.organisation) if example.initiative else None,
        state=Opportunity.State.PUBLISHED,
        summary=example.summary,
        meeting_point=example.meeting_point,
        bring=example.bring,
        age=example.age,
        organiser=example.organiser,
        contact="Frau Weber" if town.name == "Lich" else "Ehrenamtsbüro",
        contact_email=town.organisation.contact_email,
        contact_phone="069 90009 123",
        is_example=True,
        published_at=now,
    )
    today = timezone.localdate(now)
    for date in example.dates:
        starts = at(_day(today, date), time(date.hour))
        shift = Shift.objects.create(
            opportunity=opportunity,
            starts=starts,
            ends=starts + timedelta(hours=date.hours),
            capacity=date.seats,
            note=date.note,
            attendance_asked_at=now,  # the contact is invented, too
        )
        example_people.seat(shift, date.parties, now=now)


def _day(today: date_type, date: Date) -> date_type:
    day = today + timedelta(days=date.days)
    return day if date.weekday is None else day + timedelta(days=(date.weekday - day.weekday()) % 7)


def _initiative(example: Example, town: Municipality, organisation: Organisation) -> Initiative:
    row = Initiative.objects.create(
        title="Beispiel: Bachpaten an der Wetter",
        slug=unique_slug(Initiative, compose("beispiel-bachpaten", town.name)),
        organisation=organisation,
        municipality=town,
        state=Initiative.State.PUBLISHED,
        life_state=Initiative.LifeState.RUNNING,
        carrier="Bachpatinnen und Bachpaten der Stadt Lich",
        summary="Nachbarinnen und Nachbarn kümmern sich um je einen Abschnitt der Wetter: "
        "Müll sammeln, eingeschleppte Pflanzen melden, Kindern den Bach zeigen. Zweimal im Jahr gibt es einen gemeinsamen Putztag.",
        contact="Umweltbüro der Stadt Lich",
        contact_email="umwelt@lich.example",
        contact_phone="069 90009 124",
        year=timezone.localdate().year,
        is_rich=True,
    )
    row.topics.add(Topic.objects.get(slug=example.topic))
    return row


def _login(
    role: str, name: str, person: str, membership: Membership.Role, organisation: Organisation
) -> tuple[str, str, str]:
    address, password = f"{name}@{example_people.DOMAIN}", secrets.token_urlsafe(9)
    user = User.objects.create_user(address, password, name=person, is_demo=True)
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    Membership.objects.create(user=user, organisation=organisation, role=membership)
    return role, address, password
