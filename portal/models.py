"""The shared nouns: people who log in, who answers for a row, where it is, bookings and mails.

A model that holds personal data says so in `privacy`: column → deletion class of trust.md
„Data protection"; `portal/privacy.py` finds models by it, and a house test holds every
text column of every model against it.
"""

import unicodedata
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Power
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import dates, search
from portal.asking import Asking, any_number
from portal.prepared import prepared
from portal.remembering import address
from portal.versions import Versions

# Anschrift, Vertretung and Register are not ours to invent; the operator writes them in the Redaktion.
OPEN_IMPRINT = "offen: Impressum wird vom Betrieb ergänzt (Anschrift, Vertretung, Register, Kontakt)."


def email_domain(domain: str) -> str:
    """Where mail for this domain really goes, readable: „ＥＸＡＭＰＬＥ。org" and „example.org" are one (IDNA)."""
    try:
        return domain.encode("idna").decode("idna").lower()
    except UnicodeError:
        return domain.lower()


def email_key(email: str | None) -> str | None:
    """The form under which two spellings of one address are the same: NFC, lower case; None for none."""
    local, at, domain = unicodedata.normalize("NFC", email or "").strip().lower().rpartition("@")
    return f"{local}{at}{email_domain(domain)}" or None


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email_key(email) or "", **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """The operator; the address counts as verified, else they could not log in (architecture.md)."""
        from allauth.account.models import EmailAddress  # allauth's models need ours first

        user = self.create_user(email, password, is_superuser=True, **fields)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user


class User(AbstractBaseUser):
    """Somebody who logs in. What they may do is in `Membership`, never in groups or permissions."""

    email = models.EmailField(_("E-Mail"), unique=True)
    name = models.CharField(_("Name"), max_length=120, blank=True)
    is_active = models.BooleanField(
        _("aktiv"), default=True, help_text=_("Wer ausscheidet, wird sofort inaktiv, nie gelöscht.")
    )
    is_superuser = models.BooleanField(_("Betrieb (darf alles)"), default=False)
    is_demo = models.BooleanField(_("Vorführ-Zugang"), default=False, editable=False)
    date_joined = models.DateTimeField(_("angelegt am"), auto_now_add=True)
    left_at = models.DateTimeField(_("inaktiv seit"), null=True, blank=True, editable=False)
    absent_until = models.DateField(_("abwesend bis"), null=True, blank=True, editable=False)
    substitute = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="stands_in_for",
        verbose_name=_("Vertretung"),
    )  # fmt: skip

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    privacy = {"email": "K8", "name": "K8"}
    objects = UserManager()

    class Meta:
        verbose_name = _("Zugang")
        verbose_name_plural = _("Zugänge")
        ordering = ["name", "email"]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, **kwargs: Any) -> None:
        """Notes since when the account is inactive (class K8)."""
        self.left_at = None if self.is_active else self.left_at or timezone.now()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "left_at"}
        super().save(**kwargs)

    @property
    def is_staff(self) -> bool:
        """Django's admin asks this in a few places; ours decides in `accounts.may_enter`."""
        return self.is_active and (self.is_superuser or bool(self.roles))

    @cached_property
    def roles(self) -> list["Membership"]:
        """Memberships of somebody who is active, read once per request (a new request loads a new user)."""
        return _memberships(user=self.pk) if self.is_active else []

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_superuser

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class Controller(NamedTuple):
    """Who answers for data, as the notices at forms name them: strings, so that pages remember what is made of them."""

    name: str
    address: str
    contact_email: str
    contact_phone: str
    privacy_text: str


class Organisation(models.Model):
    """Who answers for a row: a town, a Landkreis, the association, an organiser (the tenant)."""

    class Kind(models.TextChoices):
        TOWN = "town", _("Stadt oder Gemeinde")
        DISTRICT = "district", _("Landkreis")
        ASSOCIATION = "association", _("Verband")
        ORGANISER = "organiser", _("Veranstalter")

    name = models.CharField(_("Name"), max_length=160)
    kind = models.CharField(_("Art"), max_length=12, choices=Kind, default=Kind.TOWN)
    address = models.CharField(
        _("Anschrift"), max_length=200, blank=True, help_text=_("Straße, Hausnummer, Postleitzahl, Ort")
    )
    contact_email = models.EmailField(
        _("E-Mail für Rückfragen"), blank=True, help_text=_("Am besten eine Funktionsadresse: ehrenamt@…")
    )
    contact_phone = models.CharField(_("Telefon für Rückfragen"), max_length=40, blank=True)
    imprint = models.TextField(
        _("Impressum"),
        blank=True,
        help_text=_(
            "Steht unter jeder Seite und jeder Mail. Ohne Impressum kann nichts veröffentlicht werden."
        ),
    )
    privacy_text = models.TextField(
        _("Hinweise zum Datenschutz"),
        blank=True,
        help_text=_("Wer verantwortlich ist und wie man die oder den Beauftragten erreicht."),
    )
    reply_to = models.EmailField(
        _("Antworten gehen an"), blank=True, help_text=_("Leer: die E-Mail für Rückfragen.")
    )
    shows_wishes = models.BooleanField(
        _("Zahl der Wünsche öffentlich zeigen"),
        default=False,
        db_default=False,
        help_text=_(
            "Auf der Seite Ihres Ortes steht dann, was sich dort mindestens drei Menschen wünschen. "
            "Namen und Adressen stehen dort nie."
        ),
    )
    is_demo = models.BooleanField(_("Beispiel der Vorführung"), default=False, editable=False)

    versions: Any = Versions("imprint", "privacy_text")

    class Meta:
        verbose_name = _("Herausgeber")
        verbose_name_plural = _("Herausgeber")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="association"), name="one_association")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def may_publish(self) -> bool:
        """Publishing is blocked until imprint and contact are filled in (domain.md, terms; trust.md)."""
        return bool(self.imprint.strip() and not self.imprint_is_open and self.contact_email)

    @property
    def contact_line(self) -> str:
        """„Stadt Lich, Telefon 06404 806-0, buergerbuero@…": how people reach it, for letters."""
        phone = self.contact_phone and gettext("Telefon %s") % self.contact_phone
        return ", ".join(filter(None, (self.name, phone, self.contact_email)))

    @property
    def imprint_is_open(self) -> bool:
        """Whether the operator still has to complete the imprint."""
        return OPEN_IMPRINT in self.imprint

    @property
    def answers_to(self) -> str:
        return self.reply_to or self.contact_email

    @property
    def controller(self) -> Controller:
        return Controller(self.name, self.address, self.contact_email, self.contact_phone, self.privacy_text)


class Membership(models.Model):
    """A person's role in one organisation; `roles.py` says what it allows."""

    class Role(models.TextChoices):
        EDITOR = "editor", _("Redaktion")
        READER = "reader", _("Nur lesen")
        NETWORK = "network", _("Verband: Netzwerk")
        SEMINARS = "seminars", _("Verband: Seminare")

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("Zugang"))
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="memberships", verbose_name=_("Herausgeber")
    )
    role = models.CharField(_("Rolle"), max_length=12, choices=Role, default=Role.EDITOR)

    class Meta:
        verbose_name = _("Rolle")
        verbose_name_plural = _("Rollen")
        constraints = [
            models.UniqueConstraint(fields=["user", "organisation", "role"], name="one_membership_per_role")
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.organisation}"


@prepared
def _memberships(*, user: int) -> models.QuerySet:
    """With their organisation; `.user` is not filled in, who asks has it."""
    return Membership.objects.filter(user=user).select_related("organisation")


def _kind_word(kind: str) -> str:
    """„Konrad-Zuse-Stadt" is a title of honour, the town is a „Stadt"."""
    return str(_("Stadt")) if kind.lower().endswith("stadt") else str(_("Gemeinde"))


def squared_distance(lat: float, lon: float, narrow: float, *, town: str = "") -> Any:
    """The square of how many degrees of latitude away: of a municipality, or of what leads to it (`town`).

    On a flat earth, where a degree of longitude is `narrow` times one of latitude: good enough for an order within Hessen.
    """
    return Power(F(f"{town}lat") - lat, 2) + Power((F(f"{town}lon") - lon) * narrow, 2)


class MunicipalityQuerySet(models.QuerySet["Municipality"]):
    def current(self) -> "MunicipalityQuerySet":
        """Without municipalities that were merged into a successor."""
        return self.filter(successor=None)

    def nearest_to(self, lat: float, lon: float, narrow: float) -> "MunicipalityQuerySet":
        """From the nearest to the furthest, as `squared_distance` has it."""
        return self.annotate(away=squared_distance(lat, lon, narrow)).order_by("away", "pk")


class Municipality(models.Model):
    """Geography: a town, municipality or Landkreis of Hessen with its official key (AGS).

    `ags` changes over time (Hanau 06435014 → 06415000 in 2026), so rows point to the surrogate id.
    """

    class Level(models.TextChoices):
        DISTRICT = "kreis", _("Landkreis")
        TOWN = "gemeinde", _("Stadt oder Gemeinde")

    ags = models.CharField(_("Gemeindeschlüssel (AGS)"), max_length=8, unique=True)
    ags_former = models.CharField(_("früherer AGS"), max_length=8, blank=True)
    level = models.CharField(_("Ebene"), max_length=8, choices=Level)
    name = models.CharField(_("Name"), max_length=80)
    official_name = models.CharField(_("amtlicher Name"), max_length=120)
    kind = models.CharField(_("Art"), max_length=40)
    special_status = models.CharField(_("Sonderstatus"), max_length=40, blank=True)
    slug = models.SlugField(_("Adresse der Seite"), max_length=80, unique=True)
    district = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="towns", verbose_name=_("Landkreis")
    )
    successor = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="predecessors",
        verbose_name=_("Nachfolge"),
    )
    organisation = models.ForeignKey(
        Organisation,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="municipalities",
        verbose_name=_("Herausgeber"),
        help_text=_("Leer: der Verband betreut den Ort treuhänderisch."),
    )
    gov_region = models.CharField(_("Regierungsbezirk"), max_length=60)
    postal_code = models.CharField(_("Postleitzahl der Verwaltung"), max_length=5, blank=True)
    seat = models.CharField(_("Kreissitz"), max_length=80, blank=True)
    lat = models.FloatField(_("Breite"), help_text=_("Grad, WGS 84"))
    lon = models.FloatField(_("Länge"), help_text=_("Grad, WGS 84"))
    population = models.PositiveIntegerField(_("Einwohnerinnen und Einwohner"), null=True, blank=True)
    population_date = models.DateField(_("Stand der Einwohnerzahl"), null=True, blank=True)
    area_km2 = models.DecimalField(_("Fläche in km²"), max_digits=8, decimal_places=2, null=True, blank=True)
    is_member = models.BooleanField(_("Mitglied im Verband"), null=True, blank=True)
    help_desk = models.TextField(
        _("Freiwilligenagentur oder Anlaufstelle"),
        blank=True,
        help_text=_("Name, Anschrift, Telefon, E-Mail. Leer: die des Landkreises gilt."),
    )
    search_text = models.TextField(editable=False, default="")

    objects = MunicipalityQuerySet.as_manager()

    class Meta:
        verbose_name = _("Ort")
        verbose_name_plural = _("Orte")
        ordering = ["name"]
        indexes = [models.Index(fields=["level", "name"]), models.Index(fields=["lat", "lon"])]

    def __str__(self) -> str:
        return self.name

    def save(self, **kwargs: Any) -> None:
        self.search_text = search.normalise(f"{self.name} {self.official_name}")
        super().save(**kwargs)

    def get_absolute_url(self) -> str:
        return address("town", self.slug)

    @property
    def is_district(self) -> bool:
        return self.level == self.Level.DISTRICT

    def within(self, field: str) -> Q:
        """Rows whose column `field` names this place or, of a Landkreis, one of its towns."""
        its_towns = Q(**{f"{field}__district": self}) if self.is_district else Q()
        return Q(**{field: self}) | its_towns

    @property
    def unmistakable(self) -> str:
        """„35423 Lich": which of two towns of one name."""
        return f"{self.postal_code} {self.name}".strip()

    @property
    def full_name(self) -> str:
        """„Stadt Lich", „Gemeinde Biebertal", „Landkreis Gießen": what an imprint calls it."""
        if self.is_district:
            return self.name
        return f"{_kind_word(self.kind)} {self.name}"


class PostalCode(models.Model):
    """One postal code in one municipality with the middle of its area (a code may lie in two)."""

    code = models.CharField(_("Postleitzahl"), max_length=5, db_index=True)
    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="postal_codes")
    place = models.CharField(_("Ortsname"), max_length=80)
    lat = models.FloatField(_("Breite"))
    lon = models.FloatField(_("Länge"))

    class Meta:
        verbose_name = _("Postleitzahl")
        verbose_name_plural = _("Postleitzahlen")
        constraints = [
            models.UniqueConstraint(fields=["code", "municipality"], name="one_row_per_code_and_town")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.place}"


class OldSlug(models.Model):
    """An address that was published once and leads to today's for ever (mission.md)."""

    class Kind(models.TextChoices):
        INITIATIVE = "initiative", _("Initiative")
        OPPORTUNITY = "opportunity", _("Aktion")
        MUNICIPALITY = "municipality", _("Ort")
        SESSION = "session", _("Seminartermin")

    kind = models.CharField(max_length=12, choices=Kind)
    old = models.SlugField(max_length=120)
    current = models.SlugField(max_length=120)

    class Meta:
        verbose_name = _("frühere Adresse")
        verbose_name_plural = _("frühere Adressen")
        constraints = [
            models.UniqueConstraint(fields=["kind", "old"], name="one_target_per_old_slug"),
            models.CheckConstraint(condition=~Q(old=F("current")), name="old_slug_leads_elsewhere"),
        ]

    def __str__(self) -> str:
        return f"{self.old} → {self.current}"


class Booking(models.Model):
    """One form or one call: name, address, proof of the opt-in. Links, page, export and erasure speak for it."""

    class Source(models.TextChoices):
        WEB = "web", _("Formular")
        PHONE = "phone", _("Telefon")
        DOOR = "door", _("vor Ort")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="bookings", verbose_name=_("Herausgeber")
    )
    name = models.CharField(_("Name"), max_length=80, blank=True)
    email = models.EmailField(_("E-Mail"), blank=True)
    email_key = models.CharField(  # noqa: DJ001
        _("E-Mail zum Vergleichen"), max_length=254, null=True, blank=True, editable=False, db_index=True
    )
    phone = models.CharField(_("Telefon"), max_length=40, blank=True)
    source = models.CharField(_("Weg"), max_length=8, choices=Source, default=Source.WEB)
    slot_kind = models.CharField(
        _("wozu"), max_length=12, default="shift", db_default="shift", editable=False
    )
    entered_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("eingetragen von")
    )
    wording = models.CharField(_("Fassung der Einwilligung"), max_length=20, blank=True)
    age_confirmed = models.BooleanField(_("Altersangabe bestätigt"), default=False)
    entered_at = models.DateTimeField(_("eingetragen"))
    mailed_at = models.DateTimeField(_("Bestätigungsmail"), null=True, blank=True)
    nudged_at = models.DateTimeField(_("erinnert"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("bestätigt"), null=True, blank=True)
    erased_at = models.DateTimeField(_("gelöscht"), null=True, blank=True)
    erased_hash = models.CharField(_("Nachweis der Löschung"), max_length=64, blank=True, editable=False)
    email_refused_at = models.DateTimeField(_("Adresse abgelehnt"), null=True, blank=True)
    link_version = models.PositiveIntegerField(default=0, editable=False)

    privacy = {"name": "K3", "email": "K3", "email_key": "K3", "phone": "K3", "erased_hash": "K5"}

    class Meta:
        verbose_name = _("Anmeldung")
        verbose_name_plural = _("Anmeldungen")
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(name="", email="", email_key=None, phone=""),
                name="erased_booking_holds_no_person",
            )
        ]
        indexes = [models.Index(fields=["confirmed_at", "entered_at"])]

    def __str__(self) -> str:
        # A number, never a name: Django's own log copies it (trust.md).
        return f"Anmeldung {self.pk}"

    @property
    def label(self) -> str:
        """How a mail names this row in `about`."""
        return f"booking:{self.pk}"


class MailQuerySet(models.QuerySet["Mail"]):
    def open(self) -> "MailQuerySet":
        return self.unsent().filter(failed_at=None)

    def unsent(self) -> "MailQuerySet":
        """Not left and not taken back: waiting, or failed, and then staff may still send it."""
        return self.filter(sent_at=None, withdrawn_at=None)

    def still_useful(self, now: datetime) -> "MailQuerySet":
        return self.filter(Q(useful_until=None) | Q(useful_until__gt=now))

    def due(self, now: datetime, *, quiet: bool | None = None) -> "MailQuerySet":
        """What delivery may take: due, not withdrawn, still useful (rule 15), and not at night (rule 16).

        `quiet` says whether it is night; left out, `now` does.
        """
        rows = self.open().still_useful(now).filter(next_try_at__lte=now)
        if quiet is None:
            quiet = dates.is_quiet(now)
        return rows.exclude(kind__in=Mail.PATIENT) if quiet else rows


class Mail(models.Model):
    """The outbox: the row is the job. Written by `outbox.queue`, sent by `delivery.deliver`."""

    key = models.CharField(_("Schlüssel"), max_length=200, unique=True)
    kind = models.CharField(_("Art"), max_length=32)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="mails",
        verbose_name=_("Herausgeber"),
    )
    booking = models.ForeignKey(
        Booking, models.CASCADE, null=True, blank=True, related_name="mails", verbose_name=_("Anmeldung")
    )
    about = models.CharField(_("betrifft"), max_length=64, db_index=True, blank=True)
    to = models.CharField(_("an"), max_length=254, blank=True)
    reply_to = models.CharField(_("Antwort an"), max_length=254, blank=True)
    subject = models.CharField(_("Betreff"), max_length=250, blank=True)
    text = models.TextField(_("Text"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    calendar = models.TextField(_("Kalenderdatei"), blank=True)
    calendar_method = models.CharField(max_length=12, blank=True)
    secret = models.BooleanField(_("vertraulich"), default=False)
    useful_until = models.DateTimeField(_("sinnvoll bis"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("zurückgezogen"), null=True, blank=True)
    queued_at = models.DateTimeField(_("geschrieben"))
    next_try_at = models.DateTimeField(_("nächster Versuch"))
    attempts = models.PositiveSmallIntegerField(_("Versuche"), default=0)
    sent_at = models.DateTimeField(_("verschickt"), null=True, blank=True)
    failed_at = models.DateTimeField(_("gescheitert"), null=True, blank=True)
    last_error = models.CharField(_("letzter Fehler"), max_length=300, blank=True)

    # Rule 16: these do not leave between 21 and 7 o'clock, also when the mail server was away till then.
    PATIENT: ClassVar[list[str]] = [
        "message",
        "reminder",
        "thanks",
        "who-came",
        "new-signups",
        "watch-news",
        "watch-ending",
        "overdue",
        "still-open",
    ]

    privacy = {
        "to": "K1",
        "reply_to": "K1",
        "subject": "K1",
        "text": "K1",
        "html": "K1",
        "calendar": "K1",
        "last_error": "K1",
    }
    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = _("Mail")
        verbose_name_plural = _("Mails")
        ordering = ["-queued_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(failed_at=None), name="mail_is_sent_or_failed_not_both"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(sent_at=None, failed_at=None, withdrawn_at=None),
                name="mail_due",
            )
        ]

    def __str__(self) -> str:
        return f"Mail {self.pk}"

    @property
    def state(self) -> str:
        if self.sent_at:
            return str(_("verschickt"))
        if self.withdrawn_at:
            return str(_("zurückgezogen"))
        if self.failed_at:
            return str(_("gescheitert"))
        return str(_("wartet"))


class Broadcast(models.Model):
    """What staff wrote to the people of dates: once, to how many, by whom (`broadcasts.py`)."""

    key = models.CharField(_("Schlüssel"), max_length=64, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("Herausgeber")
    )
    sent_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("von"))
    sent_at = models.DateTimeField(_("gesendet"))
    audience = models.CharField(_("an"), max_length=300)
    headline = models.CharField(_("Betreff"), max_length=100, blank=True)
    text = models.TextField(_("Nachricht"), blank=True)
    urgent = models.BooleanField(_("sofort"), default=False)
    n_mails = models.PositiveIntegerField(_("Mails"))

    privacy = {"headline": "K1", "text": "K1"}

    class Meta:
        verbose_name = _("Nachricht an Angemeldete")
        verbose_name_plural = _("Nachrichten an Angemeldete")
        ordering = ["-sent_at", "-pk"]

    def __str__(self) -> str:
        return f"Nachricht {self.pk}"


class BroadcastDate(models.Model):
    """A date whose people were written to, by its label („shift:12")."""

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, related_name="dates")
    label = models.CharField(_("Termin"), max_length=40, db_index=True)

    class Meta:
        verbose_name = _("Termin einer Nachricht")
        verbose_name_plural = _("Termine von Nachrichten")
        constraints = [
            models.UniqueConstraint(fields=["broadcast", "label"], name="broadcast_names_date_once")
        ]

    def __str__(self) -> str:
        return self.label


class AccessLog(models.Model):
    """Who exported, read a list of people or changed a status, and when (rule 34)."""

    at = models.DateTimeField(_("wann"))
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("wer"))
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("Herausgeber")
    )
    action = models.CharField(_("was"), max_length=40)
    about = models.CharField(_("betrifft"), max_length=120)

    class Meta:
        verbose_name = _("Protokolleintrag")
        verbose_name_plural = _("Protokoll")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.action}: {self.about}"


class Heartbeat(models.Model):
    """When a part of the machinery last did its work; staff see it on the page „Zustand"."""

    class Name(models.TextChoices):
        CLOCK = "clock", _("Uhr")
        REMINDERS = "reminders", _("Erinnerungen")
        DELETION = "deletion", _("Löschung")
        JOURNAL = "journal", _("Journal")
        BACKUP = "backup", _("Sicherung")

    name = models.CharField(_("was"), max_length=12, choices=Name, unique=True)
    at = models.DateTimeField(_("zuletzt"))

    class Meta:
        verbose_name = verbose_name_plural = _("Lebenszeichen")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.get_name_display()


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    def waiting(self) -> "AccessRequestQuerySet":
        """Confirmed and to be decided, the longest waiting first."""
        return self.filter(state=AccessRequest.State.CONFIRMED).order_by("confirmed_at", "pk")


class AccessRequest(Asking):
    """A town wants its own Redaktion, or one more person in it; the association decides."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("noch nicht bestätigt")
        CONFIRMED = "confirmed", _("wartet auf Entscheidung")
        APPROVED = "approved", _("freigegeben")
        DECLINED = "declined", _("abgelehnt")

    id = models.BigIntegerField(primary_key=True, default=any_number, editable=False)
    municipality = models.ForeignKey(
        Municipality, models.PROTECT, related_name="access_requests", verbose_name=_("Ort")
    )
    name = models.CharField(_("Name"), max_length=80)
    email = models.EmailField(_("dienstliche E-Mail"))
    function = models.CharField(_("Funktion"), max_length=120)
    second_name = models.CharField(_("zweite Person"), max_length=80, blank=True)
    second_email = models.EmailField(_("E-Mail der zweiten Person"), blank=True)
    page = models.SlugField(_("Seite, um die es geht"), max_length=120, blank=True)
    state = models.CharField(_("Stand"), max_length=12, choices=State, default=State.REQUESTED)
    answer = models.TextField(_("Antwort"), blank=True)
    settled_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("entschieden von")
    )
    link_version = models.PositiveIntegerField(default=0, editable=False)

    privacy = {
        "name": "K1", "email": "K1", "function": "K1", "second_name": "K1", "second_email": "K1", "answer": "K1",
    }  # fmt: skip
    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("Anfrage nach Zugang")
        verbose_name_plural = _("Anfragen nach Zugang")
        ordering = ["-entered_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["requested", "confirmed"], settled_at=None)
                | Q(state__in=["approved", "declined"], settled_at__isnull=False),
                name="access_request_settled_when_decided",
            )
        ]

    def __str__(self) -> str:
        return f"Anfrage {self.pk}"

    @property
    def people(self) -> list[tuple[str, str]]:
        """(name, address) of who asks, and of the second person where one is named."""
        second = [(self.second_name, self.second_email)] if self.second_email else []
        return [(self.name, self.email), *second]
