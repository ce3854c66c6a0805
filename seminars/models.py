"""Series of online seminars, their dates, who speaks, who takes part (domain.md, rules 27–32)."""

from datetime import datetime, time, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import columns, dates, inputs, reminder_times
from portal.models import Organisation
from portal.refused import Refused
from portal.remembering import address
from portal.reminder_times import DaysBefore, ShortlyBefore
from portal.slot_lists import SlotQuerySet
from portal.slots import Signup, Slot
from portal.versions import Versions
from portal.watching import Watching
from portal.withdrawing import Withdrawable

MORNING = time(9)  # the day before, when offices read their mail
NEXT = 3  # dates that a letter or a page offers


class Series(Withdrawable):
    """A series of seminars: who runs it, who answers for the registrations, who only points to it."""

    title = models.CharField(_("Name der Reihe"), max_length=80)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="series", verbose_name=_("Herausgeber")
    )
    summary = models.TextField(_("Worum geht es?"), help_text=_("Zwei, drei Sätze für die Seite „Seminare“."))
    audience = models.CharField(
        _("Für wen?"),
        max_length=300,
        help_text=_("Zum Beispiel: Bürgermeisterinnen und Bürgermeister, Mitarbeitende der Verwaltung."),
    )
    run_by = models.CharField(_("Wer veranstaltet die Reihe?"), max_length=300)
    only_points = models.BooleanField(
        _("Wir weisen nur auf die Reihe hin"),
        default=False,
        help_text=_("Dann steht auf der Seite, dass der Verband sie nicht selbst veranstaltet."),
    )
    controller_elsewhere = models.CharField(
        _("Wer ist verantwortlich, wo man sich anderswo anmeldet?"),
        max_length=200,
        blank=True,
        help_text=_("Für Anmeldungen hier im Portal ist es der Herausgeber."),
    )
    passes_to = models.CharField(
        _("Wer bekommt die Namen außerdem?"),
        max_length=200,
        blank=True,
        help_text=_("Steht am Formular. Leer: niemand."),
    )
    website = models.URLField(_("Seite der Reihe"), blank=True, max_length=500)
    contact = models.CharField(_("Wer ist erreichbar?"), max_length=120, blank=True)
    contact_email = models.EmailField(_("E-Mail der Ansprechstelle"), blank=True)
    contact_phone = models.CharField(_("Telefon der Ansprechstelle"), max_length=40, blank=True)
    source_key = models.CharField(max_length=80, null=True, unique=True, editable=False)  # noqa: DJ001
    is_example = models.BooleanField(_("Beispiel"), default=False, editable=False)

    privacy = {"contact": "K7", "contact_email": "K7", "contact_phone": "K7"}
    versions: Any = Versions(
        "title",
        "summary",
        "audience",
        "run_by",
        "only_points",
        "controller_elsewhere",
        "passes_to",
        "website",
    )

    class Meta:
        verbose_name = _("Seminarreihe")
        verbose_name_plural = _("Seminarreihen")
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def withdrawn(cls) -> Q:
        """It had public dates, and none of them is public any more."""
        dates_of_it = Session.objects.filter(series=OuterRef("pk"))
        were_public = dates_of_it.exclude(published_at=None)
        return Q(Exists(were_public)) & ~Q(Exists(dates_of_it.public()))

    @property
    def display_title(self) -> str:
        """The name as people read it: examples of the demo say so."""
        return gettext("Beispiel: %s") % self.title if self.is_example else self.title

    @property
    def contact_line(self) -> str:
        """„Frau Beispiel, Telefon 0611 123, seminare@verband.example"."""
        phone = gettext("Telefon %s") % self.contact_phone if self.contact_phone else ""
        return ", ".join(part for part in (self.contact, phone, self.contact_email) if part)


class SessionQuerySet(SlotQuerySet):
    def public(self) -> Self:
        return self.filter(state=Session.State.PUBLISHED)

    def coming(self, now: datetime) -> Self:
        """What still takes place, begun ones included; cancelled ones stay until their time is over."""
        return self.filter(ends__gt=now).order_by("starts", "pk")

    def past(self, now: datetime) -> Self:
        """What is over, the newest first; cancelled ones did not take place."""
        return self.filter(ends__lte=now, cancelled_at=None).order_by("-starts", "-pk")

    def registers_here(self, now: datetime) -> Self:
        """Those whose form stands here and still takes people."""
        return self.open_for_signup(now).filter(registration=Session.Registration.HERE)


class Session(Slot):
    """One online date of a series, with seats where registration is here.

    `starts` and `ends` are when it takes place. Of a past one less may be known: then they are the span in
    which it took place, and `precision` says how exact that is; it has no seats and no calendar file.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Entwurf")
        PUBLISHED = "published", _("veröffentlicht")
        ARCHIVED = "archived", _("archiviert")

    class Registration(models.TextChoices):
        HERE = "here", _("hier im Portal")
        ELSEWHERE = "elsewhere", _("anderswo (nur ein Link, keine Daten hier)")

    class Precision(models.TextChoices):
        TIME = "time", _("Beginn und Ende sind bekannt")
        START = "start", _("nur Tag und Beginn sind bekannt")
        DAY = "day", _("nur der Tag ist bekannt")
        MONTH = "month", _("nur der Monat ist bekannt")
        YEAR = "year", _("nur das Jahr ist bekannt")
        UNKNOWN = "unknown", _("der Zeitpunkt ist nicht bekannt")

    RESERVED_SLUGS = frozenset({"bescheid"})

    series = models.ForeignKey(
        Series, models.PROTECT, related_name="sessions", verbose_name=_("Seminarreihe")
    )
    name = models.CharField(_("Titel"), max_length=160)
    slug = models.SlugField(_("Adresse der Seite"), max_length=120, unique=True)
    state = models.CharField(_("Stand"), max_length=12, choices=State, default=State.DRAFT)
    summary = models.TextField(_("Worum geht es?"), blank=True)
    precision = models.CharField(
        _("Wie genau ist die Zeit bekannt?"), max_length=8, choices=Precision, default=Precision.TIME
    )
    registration = models.CharField(
        _("Wo meldet man sich an?"), max_length=10, choices=Registration, default=Registration.HERE
    )
    link = models.URLField(_("Anmeldung oder mehr Informationen anderswo"), max_length=500, blank=True)
    join_url = models.URLField(
        _("Link zum Online-Raum"),
        max_length=500,
        blank=True,
        help_text=_("Sehen nur Menschen mit Platz: auf ihrer Seite und in der Erinnerung."),
    )
    dial_in = models.CharField(
        _("Einwahl per Telefon"), max_length=200, blank=True, help_text=_("Nummer und Kennwort.")
    )
    max_party = models.PositiveSmallIntegerField(default=1, editable=False)
    recording_url = models.URLField(_("Aufzeichnung"), max_length=500, blank=True)
    recording_is_public = models.BooleanField(
        _("Die Aufzeichnung ist öffentlich"),
        default=False,
        help_text=_("Sonst sehen sie nur Menschen, die einen Platz hatten."),
    )
    materials_url = models.URLField(
        _("Unterlagen"),
        max_length=500,
        blank=True,
        help_text=_("Sehen nur Menschen, die einen Platz hatten."),
    )
    remind_day = models.BooleanField(_("Erinnerung am Tag vorher"), default=True)
    remind_hour = models.BooleanField(_("Erinnerung eine Stunde vorher"), default=True)
    source_key = models.CharField(max_length=80, null=True, unique=True, editable=False)  # noqa: DJ001
    published_at = models.DateTimeField(_("veröffentlicht am"), null=True, blank=True, editable=False)
    changed_at = models.DateTimeField(_("geändert am"), auto_now=True)

    kind = "session"
    family = "series"
    contact_column = "series__contact_email"
    row_relations = ("series__organisation",)
    row_columns = (
        *columns.at(
            "series", "title", "contact", "contact_email", "contact_phone", "is_example", "organisation"
        ),
        *columns.at("series__organisation", *columns.ORGANISATION),
    )
    open_phase = timedelta(hours=1)  # rule 6
    reminders = (
        DaysBefore("reminded_early", 1, MORNING, switch="remind_day"),
        ShortlyBefore("reminded_late", timedelta(hours=1), switch="remind_hour"),
    )
    wording = "seminar-2026-12"  # see volunteers.Shift
    asks_age = False
    single = True
    is_online = True
    objects = SessionQuerySet.as_manager()
    versions: Any = Versions("name", "state", "summary", "link")

    class Meta(Slot.Meta):
        verbose_name = _("Seminartermin")
        verbose_name_plural = _("Seminartermine")
        indexes = [
            models.Index(fields=["state", "starts"], name="session_list"),
            models.Index(fields=["starts", "cancelled_at"], name="session_starts"),
        ]
        constraints = [
            *Slot.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(registration="here") | Q(precision="time"), name="session_here_has_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(slug__in=["bescheid"]),
                name="session_slug_not_reserved",
                violation_error_message=_("Diese Adresse ist für eine andere Seite vorgesehen."),
            ),
            models.CheckConstraint(condition=Q(max_party=1), name="session_is_for_single_people"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.when_words}"

    def get_absolute_url(self) -> str:
        return address("seminars:detail", self.slug)

    @property
    def is_public(self) -> bool:
        return self.state == self.State.PUBLISHED

    @property
    def is_here(self) -> bool:
        return self.registration == self.Registration.HERE

    @property
    def title(self) -> str:
        return gettext("Beispiel: %s") % self.name if self.series.is_example else self.name

    @property
    def umbrella(self) -> str:
        return self.series.display_title

    @property
    def where(self) -> str:
        return ""

    @property
    def contact_line(self) -> str:
        return self.series.contact_line

    @property
    def contact_name(self) -> str:
        return self.series.contact

    @property
    def contact_address(self) -> str:
        return self.series.contact_email

    @property
    def organisation(self) -> Organisation:
        return self.series.organisation

    @property
    def staff_path(self) -> str:
        return reverse("admin:seminars_session_people", args=[self.pk])

    @property
    def edit_path(self) -> str:
        return reverse("admin:seminars_session_change", args=[self.pk])

    @property
    def list_path(self) -> str:
        return reverse("seminars:list")

    @property
    def when_words(self) -> str:
        """When it is, as exactly as it is known: „Mittwoch, 25. Januar 2023", „2023", „Datum nicht bekannt"."""
        return dates.known(self.starts, self.ends, self.precision)

    def access_promise(self, now: datetime) -> str:
        """How somebody with a seat will hear of the way in, beside their own page; empty where they will not."""
        to_come = {type(reminder) for reminder in reminder_times.to_come(self, now)}
        if to_come == {DaysBefore, ShortlyBefore}:
            return gettext("Wir schicken ihn Ihnen am Tag vorher und noch einmal eine Stunde vor Beginn.")
        if ShortlyBefore in to_come:
            return gettext("Wir schicken ihn Ihnen eine Stunde vor Beginn.")
        return gettext("Wir schicken ihn Ihnen am Tag vorher.") if to_come else ""

    def access(self) -> dict[str, str]:
        return {"join_url": self.join_url, "dial_in": self.dial_in}

    def afterwards(self) -> dict[str, str]:
        return {"recording_url": self.recording_url, "materials_url": self.materials_url}

    def next_dates(self, now: datetime) -> str:
        """What comes next in the series, a line each."""
        coming = Session.objects.public().registers_here(now).filter(series=self.series_id)
        rows = coming.select_related("series")[:NEXT]
        return "\n".join(f"- {dates.short(row.starts)}: {row.title}" for row in rows)

    def others(self, now: datetime) -> "list[Session]":
        """Up to three other dates of the series that still take people."""
        rows = Session.objects.public().registers_here(now).select_related("series")
        return list(rows.filter(series=self.series_id).exclude(pk=self.pk)[:NEXT])

    def siblings(self) -> Any:
        """The other public dates of the series that register here."""
        rows = Session.objects.public().filter(series=self.series_id, registration=self.Registration.HERE)
        return rows.exclude(pk=self.pk).select_related(*self.row_relations)

    def refuse_unless_open(self) -> None:
        """Only a published date that registers here takes sign-ups."""
        if not (self.is_public and self.is_here):
            raise Refused(gettext("Für diesen Termin kann man sich hier nicht anmelden."))

    def missing_for_publication(self) -> list[str]:
        """What is still missing, in words for staff; empty: may be published."""
        missing = []
        is_coming = self.ends > timezone.now()  # of one that is over less may be known
        for value, words in [
            (self.name, gettext("der Titel")),
            (self.summary if is_coming else "–", gettext("worum es geht")),
            (self.series.run_by, gettext("wer die Reihe veranstaltet")),
        ]:
            if not value.strip():
                missing.append(words)
        if not self.is_here and not self.link:
            missing.append(gettext("der Link zur Anmeldung oder zu mehr Informationen"))
        if self.is_here and is_coming and not self.series.contact_email:
            missing.append(gettext("die E-Mail der Ansprechstelle der Reihe"))
        if not self.series.organisation.may_publish:
            missing.append(gettext("Impressum und E-Mail des Herausgebers"))
        return missing


class Speaker(models.Model):
    """Somebody who speaks at a session, as the programme names them."""

    session = models.ForeignKey(
        Session, models.CASCADE, related_name="speakers", verbose_name=_("Seminartermin")
    )
    name = models.CharField(_("Name"), max_length=120)
    function = models.CharField(_("Funktion"), max_length=250, blank=True)
    is_asked = models.BooleanField(_("nur angefragt"), default=False)
    order = models.PositiveSmallIntegerField(_("Reihenfolge"), default=0)

    class Meta:
        verbose_name = _("Referentin oder Referent")
        verbose_name_plural = _("Wer spricht?")
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name


class SessionSignup(Signup):
    """One person on one session, with what they do and for which municipality (rule 30)."""

    class Function(models.TextChoices):
        MAYOR = "mayor", _("Bürgermeisterin oder Bürgermeister")
        DISTRICT = "district", _("Landrätin oder Landrat")
        STAFF = "staff", _("Verwaltung")
        AGENCY = "agency", _("Freiwilligenagentur")
        CLUB = "club", _("Verein")
        OTHER = "other", _("andere")

    slot = models.ForeignKey(Session, models.PROTECT, related_name="signups", verbose_name=_("Seminartermin"))
    function = models.CharField(_("Funktion"), max_length=10, choices=Function)
    municipality = models.CharField(
        _("Kommune oder Organisation"),
        max_length=100,
        validators=[inputs.validate_line],
        help_text=_("Zum Beispiel: Stadt Lich."),
    )

    privacy = Signup.privacy | {"function": "K3", "municipality": "K3"}
    answers = ("function", "municipality")

    class Meta(Signup.Meta):
        verbose_name = _("Anmeldung zum Seminar")
        verbose_name_plural = _("Anmeldungen zum Seminar")


class SeriesWatch(Watching):
    """An address that is told when the next date of a series is fixed (rule 32, class K4)."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="watches", verbose_name=_("Seminarreihe"))

    letters = "seminars"

    class Meta:
        verbose_name = _("Benachrichtigung zur Reihe")
        verbose_name_plural = _("Benachrichtigungen zur Reihe")
        constraints = [
            models.UniqueConstraint(
                fields=["email_key", "series"],
                condition=Q(ended_at=None),
                name="one_live_watch_per_address_and_series",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(email="", email_key=None),
                name="ended_series_watch_holds_no_person",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(active_at__isnull=False, told_until__isnull=False),
                name="confirmed_series_watch_knows_what_it_was_told",
            ),
        ]
        indexes = [models.Index(fields=["ended_at", "told_until"], name="series_watch_to_tell")]

    def facts(self) -> dict[str, str]:
        return {"series": self.series.display_title}

    def clause(self, **wish: Any) -> str:
        return gettext("in der Reihe „%s“ ein neuer Termin feststeht") % self.series.display_title

    def words(self) -> list[tuple[str, str]]:
        return [(gettext("Seminarreihe"), self.series.display_title)]

    def next_step(self) -> tuple[str, str]:
        return gettext("Zu den Seminaren"), reverse("seminars:list")

    def start_over(self) -> tuple[str, str]:
        return gettext("Doch wieder Bescheid bekommen"), reverse("seminars:watch")
