"""Calls for short-term help, their dates, who signed up, and who waits for news (domain.md, rules 1–12, 35)."""

from datetime import datetime, time, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.models import Initiative, Topic
from portal import columns, dates, places, search
from portal.models import Municipality, Organisation, User
from portal.refused import Refused
from portal.remembering import address
from portal.reminder_times import DaysBefore
from portal.slot_lists import SlotQuerySet
from portal.slots import Signup, Slot
from portal.versions import Versions
from portal.watching import Watching, any_number
from portal.withdrawing import PublishedOnce

CARD_FIELDS = (
    "starts", "ends", "deadline", "capacity", "cancelled_at", "opportunity__title", "opportunity__slug",
    "opportunity__is_example", "opportunity__municipality__name",
)  # fmt: skip
COORDINATES_FOR = timedelta(days=7)  # after the last date of the action
EVENING = time(17)  # mail table: 17 o'clock the day before


class OpportunityQuerySet(models.QuerySet["Opportunity"]):
    def public(self) -> Self:
        return self.filter(state=Opportunity.State.PUBLISHED)


class Opportunity(PublishedOnce):
    """A call for short-term help: what, when, where to meet, how many, who organises, who can be reached."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Entwurf")
        PUBLISHED = "published", _("veröffentlicht")
        ARCHIVED = "archived", _("archiviert")

    class Age(models.TextChoices):
        ACCOMPANIED = "accompanied", _("Kinder nur in Begleitung")
        FROM_14 = "from14", _("ab 14 Jahren")
        FROM_18 = "from18", _("ab 18 Jahren")

    class Insurance(models.TextChoices):
        """Rule 35: empty until the town chose one of the checked texts; never a default promise."""

        NONE = "", _("keine Aussage")
        MUNICIPAL = (
            "municipal",
            _("Helferinnen und Helfer handeln im Auftrag der Kommune (Unfallkasse Hessen)"),
        )
        STATE = "state", _("Rahmenvertrag des Landes Hessen (nachrangig)")
        ORGANISER = "organiser", _("über den Veranstalter")

    RESERVED_SLUGS = frozenset({"bescheid"})

    title = models.CharField(_("Was ist zu tun? (Titel)"), max_length=80)
    slug = models.SlugField(_("Adresse der Seite"), max_length=120, unique=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="opportunities", verbose_name=_("Herausgeber")
    )
    municipality = models.ForeignKey(
        Municipality, models.PROTECT, related_name="opportunities", verbose_name=_("Ort")
    )
    initiative = models.ForeignKey(
        Initiative,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="opportunities",
        verbose_name=_("gehört zur Initiative"),
    )
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="opportunities", verbose_name=_("Thema"))
    state = models.CharField(_("Stand"), max_length=12, choices=State, default=State.DRAFT)
    summary = models.TextField(
        _("Worum geht es?"), help_text=_("Zwei, drei Sätze: was zu tun ist und wofür.")
    )
    meeting_point = models.CharField(
        _("Wo ist der Treffpunkt?"),
        max_length=200,
        help_text=_("Straße und Hausnummer, so dass man hinfindet."),
    )
    bring = models.CharField(
        _("Was mitbringen?"),
        max_length=300,
        blank=True,
        help_text=_("Zum Beispiel: Gummistiefel, Handschuhe."),
    )
    age = models.CharField(_("Für wen?"), max_length=12, choices=Age, default=Age.ACCOMPANIED)
    organiser = models.CharField(
        _("Wer veranstaltet?"),
        max_length=160,
        help_text=_("Name und Anschrift; steht am Formular, weil dorthin die Namen gehen."),
    )
    contact = models.CharField(_("Wer ist erreichbar?"), max_length=120)
    contact_email = models.EmailField(_("E-Mail der Kontaktperson"), blank=True)
    contact_phone = models.CharField(_("Telefon („Lieber anrufen?“)"), max_length=40, blank=True)
    insurance = models.CharField(_("Versicherung"), max_length=12, choices=Insurance, blank=True, default="")
    remind_early = models.BooleanField(_("Erinnerung drei Tage vorher"), default=True)
    remind_late = models.BooleanField(_("Erinnerung am Vorabend"), default=True)
    is_example = models.BooleanField(_("Beispiel"), default=False, editable=False)
    published_at = models.DateTimeField(_("veröffentlicht am"), null=True, blank=True, editable=False)
    changed_at = models.DateTimeField(_("geändert am"), auto_now=True)
    search_text = models.TextField(default="", editable=False)

    privacy = {"contact": "K7", "contact_email": "K7", "contact_phone": "K7"}
    objects = OpportunityQuerySet.as_manager()
    versions: Any = Versions(
        "title", "topic", "state", "summary", "meeting_point", "bring", "age", "organiser", "insurance"
    )

    class Meta:
        verbose_name = _("Aktion")
        verbose_name_plural = _("Aktionen")
        ordering = ["title"]
        indexes = [models.Index(fields=["municipality", "state"], name="opportunity_town")]
        constraints = [
            models.CheckConstraint(condition=~Q(slug__in=["bescheid"]), name="opportunity_slug_not_reserved")
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, **kwargs: Any) -> None:
        self.search_text = search.normalise(f"{self.title} {self.summary} {self.municipality.name}")
        super().save(**kwargs)

    def get_absolute_url(self) -> str:
        return address("volunteers:detail", self.slug)

    @property
    def is_public(self) -> bool:
        return self.state == self.State.PUBLISHED

    @property
    def display_title(self) -> str:
        """The title as people read it: examples of the demo say so on card, page and subject."""
        return gettext("Beispiel: %s") % self.title if self.is_example else self.title

    @property
    def contact_line(self) -> str:
        """„Erika Beispiel, Telefon 06404 123, ehrenamt@lich.de"."""
        phone = gettext("Telefon %s") % self.contact_phone if self.contact_phone else ""
        return ", ".join(part for part in (self.contact, phone, self.contact_email) if part)

    @property
    def age_rule(self) -> str:
        """The sentence beside the tick of the form (rule 12)."""
        return {
            self.Age.ACCOMPANIED: gettext("Ich bin volljährig oder komme in Begleitung Erwachsener."),
            self.Age.FROM_14: gettext("Wir sind alle mindestens 14 Jahre alt."),
            self.Age.FROM_18: gettext("Wir sind alle mindestens 18 Jahre alt."),
        }[self.Age(self.age)]

    def missing_for_publication(self) -> list[str]:
        """What is still missing, in words for staff; empty: may be published (rules 21, 35)."""
        missing = []
        for value, words in [
            (self.title, gettext("der Titel")),
            (self.summary, gettext("worum es geht")),
            (self.meeting_point, gettext("der Treffpunkt")),
            (self.organiser, gettext("wer veranstaltet")),
            (self.contact and (self.contact_email or self.contact_phone), gettext("wer erreichbar ist")),
        ]:
            if not (value or "").strip():
                missing.append(words)
        if not self.pk or not any(shift.cancelled_at is None for shift in self.shifts.all()):
            missing.append(gettext("mindestens ein Termin"))
        if self.initiative and self.initiative.life_state != Initiative.LifeState.RUNNING:
            missing.append(gettext("eine Initiative, die läuft (oder keine Initiative)"))
        if not self.organisation.may_publish:
            missing.append(gettext("Impressum und E-Mail des Herausgebers"))
        return missing


class ShiftQuerySet(SlotQuerySet):
    def public(self) -> Self:
        return self.filter(opportunity__state=Opportunity.State.PUBLISHED)

    def for_cards(self) -> Self:
        """With what a card shows (volunteers/cards.py), and only that."""
        return self.with_seats().select_related("opportunity__municipality").only(*CARD_FIELDS)


class Shift(Slot):
    """One date of an opportunity, with seats."""

    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, related_name="shifts", verbose_name=_("Aktion")
    )
    note = models.CharField(
        _("Hinweis zum Termin"), max_length=120, blank=True, help_text=_("Zum Beispiel: Schicht am Grill")
    )

    kind = "shift"
    family = "opportunity"
    contact_column = "opportunity__contact_email"
    row_relations = ("opportunity__organisation", "opportunity__municipality")
    row_columns = (
        *columns.at(
            "opportunity", "title", "slug", "state", "meeting_point", "bring", "age", "contact", "contact_email",
            "contact_phone", "is_example", "remind_early", "remind_late", "organisation", "municipality",
        ),
        *columns.at("opportunity__organisation", *columns.ORGANISATION),
        *columns.at("opportunity__municipality", *columns.MUNICIPALITY),
    )  # fmt: skip
    reminders = (
        DaysBefore("reminded_early", 3, EVENING, switch="opportunity__remind_early"),
        DaysBefore("reminded_late", 1, EVENING, switch="opportunity__remind_late"),
    )
    wording = "helfen-2026-12"  # docs/datenschutz/fassungen/ keeps what each version said
    objects = ShiftQuerySet.as_manager()

    class Meta(Slot.Meta):
        verbose_name = _("Termin")
        verbose_name_plural = _("Termine")
        indexes = [models.Index(fields=["starts", "cancelled_at"], name="shift_starts")]

    def __str__(self) -> str:
        return f"{self.opportunity.title}, {timezone.localtime(self.starts):%d.%m.%Y %H:%M}"

    @property
    def title(self) -> str:
        return self.opportunity.display_title

    @property
    def town(self) -> str:
        return self.opportunity.municipality.name

    @property
    def bring(self) -> str:
        return self.opportunity.bring

    @property
    def contact_line(self) -> str:
        return self.opportunity.contact_line

    @property
    def contact_phone(self) -> str:
        return self.opportunity.contact_phone

    @property
    def contact_name(self) -> str:
        return self.opportunity.contact

    @property
    def contact_address(self) -> str:
        return self.opportunity.contact_email

    @property
    def staff_path(self) -> str:
        return reverse("admin:volunteers_shift_change", args=[self.pk])

    @property
    def remark(self) -> str:
        return self.note

    @property
    def edit_path(self) -> str:
        return reverse("admin:volunteers_opportunity_change", args=[self.opportunity_id])

    @property
    def place_path(self) -> str:
        return reverse("admin:volunteers_opportunity_place", args=[self.opportunity_id])

    @property
    def spot_path(self) -> str:
        return reverse("admin:volunteers_opportunity_spot", args=[self.opportunity_id])

    @property
    def age_words(self) -> str:
        return self.opportunity.get_age_display()

    @property
    def list_path(self) -> str:
        return reverse("volunteers:list")

    @property
    def where(self) -> str:
        return f"{self.opportunity.meeting_point}, {self.opportunity.municipality.name}"

    @property
    def organisation(self) -> Organisation:
        return self.opportunity.organisation

    def get_absolute_url(self) -> str:
        return self.opportunity.get_absolute_url()

    def next_dates(self, now: datetime) -> str:
        """The next three dates of the same organisation, one line each."""
        coming = (
            Shift.objects.public()
            .upcoming(now)
            .filter(opportunity__organisation=self.opportunity.organisation_id)
            .select_related("opportunity__municipality")[:3]
        )
        return "\n".join(f"- {dates.short(s.starts)}: {s.title}, {s.town}" for s in coming)

    def others(self, now: datetime) -> "list[Shift]":
        """Up to three other open dates of the same action."""
        open_ones = Shift.objects.public().open_for_signup(now).select_related("opportunity__municipality")
        return list(open_ones.filter(opportunity=self.opportunity_id).exclude(pk=self.pk)[:3])

    def siblings(self) -> Any:
        """The other dates of the same action."""
        rows = Shift.objects.filter(opportunity=self.opportunity_id).exclude(pk=self.pk)
        return rows.select_related(*self.row_relations)

    def refuse_unless_open(self) -> None:
        """Only a published action takes sign-ups."""
        if not self.opportunity.is_public:
            raise Refused(gettext("Diese Aktion nimmt zurzeit keine Anmeldungen an."))


class ShiftSignup(Signup):
    """A party that comes to help on one shift."""

    slot = models.ForeignKey(Shift, models.PROTECT, related_name="signups", verbose_name=_("Termin"))

    class Meta(Signup.Meta):
        verbose_name = _("Anmeldung zum Helfen")
        verbose_name_plural = _("Anmeldungen zum Helfen")


class CoordinationQuerySet(models.QuerySet["Coordination"]):
    def live(self, now: datetime) -> Self:
        """Until the clerk ends it, or a week after the last date of the action; of active accounts only."""
        dates_of = Shift.objects.filter(opportunity=OuterRef("opportunity"))
        lasting = Exists(dates_of.filter(ends__gt=now - COORDINATES_FOR)) | ~Exists(dates_of)
        return self.filter(lasting, ended_at=None, user__is_active=True)

    def of_login(self, user: int, since: datetime) -> Self:
        """Of who came in then: an access that a clerk ended since ends the login, also when the person is named anew."""
        ended = Coordination.objects.filter(user=user, ended_at__gt=since)
        return self.filter(~Exists(ended), user=user)


class Coordination(models.Model):
    """Role Koordination: somebody is the contact on the spot of one action. No role in the Redaktion."""

    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, related_name="coordinations", verbose_name=_("Aktion")
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="coordinations", verbose_name=_("Zugang"))
    named_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("benannt von")
    )
    named_at = models.DateTimeField(_("benannt am"))
    pledged_at = models.DateTimeField(_("Vertraulichkeit zugesagt am"), null=True, blank=True)
    pledge = models.CharField(_("Fassung der Zusage"), max_length=20, blank=True, default="")
    ended_at = models.DateTimeField(_("beendet am"), null=True, blank=True)

    objects = CoordinationQuerySet.as_manager()

    class Meta:
        verbose_name = _("Kontakt vor Ort")
        verbose_name_plural = _("Kontakte vor Ort")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity", "user"],
                condition=Q(ended_at=None),
                name="one_live_coordination_per_action_and_person",
            ),
            models.CheckConstraint(
                condition=Q(pledged_at=None) | ~Q(pledge=""), name="pledge_says_which_words"
            ),
        ]

    def __str__(self) -> str:
        return f"Kontakt vor Ort {self.pk}"  # a number, never a name (trust.md)

    @property
    def label(self) -> str:
        """How mails and the access log name this row in `about`."""
        return f"coordination:{self.pk}"


_any_number = any_number  # its name in the first migration


class Watch(Watching):
    """„Sagen Sie mir Bescheid“: an address that is told when help is wanted near a place (class K4)."""

    place = models.CharField(_("Ort"), max_length=200, blank=True)
    lat = models.FloatField(_("Breite"))
    lon = models.FloatField(_("Länge"))
    km = models.PositiveSmallIntegerField(_("Umkreis in km"))

    privacy = Watching.privacy | {"place": "K4", "lat": "K4", "lon": "K4"}
    letters = "watches"

    class Meta:
        verbose_name = _("Benachrichtigung")
        verbose_name_plural = _("Benachrichtigungen")
        constraints = [
            models.UniqueConstraint(
                fields=["email_key", "place"],
                condition=Q(ended_at=None),
                name="one_live_watch_per_address_and_place",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(email="", email_key=None, place=""),
                name="ended_watch_holds_no_person",
            ),
            models.CheckConstraint(condition=Q(km__in=places.RADII), name="watch_reaches_an_offered_radius"),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(active_at__isnull=False, told_until__isnull=False),
                name="confirmed_watch_knows_what_it_was_told",
            ),
        ]
        indexes = [models.Index(fields=["ended_at", "told_until"], name="watch_to_tell")]

    @property
    def point(self) -> tuple[float, float]:
        return self.lat, self.lon

    def facts(self) -> dict[str, str]:
        return {"place": self.place, "km": str(self.km)}

    def wish(self, typed: Any) -> dict[str, Any]:
        return {"km": places.radius(typed.get("umkreis")) or self.km}

    def asks(self, wish: dict[str, Any]) -> dict[str, str]:
        return {"umkreis": str(wish["km"])}

    def clause(self, **wish: Any) -> str:
        words = gettext("im Umkreis von %(km)s km um %(place)s neue Hilfe gesucht wird")
        return words % {"km": wish.get("km", self.km), "place": self.place}

    def words(self) -> list[tuple[str, str]]:
        where = gettext("%(place)s, Umkreis %(km)s km") % {"place": self.place, "km": self.km}
        return [(gettext("Ort"), where)]

    def next_step(self) -> tuple[str, str]:
        near = f"{reverse('volunteers:list')}?{urlencode({'ort': self.place})}"
        return gettext("Termine in der Nähe"), near

    def start_over(self) -> tuple[str, str]:
        return gettext("Doch wieder Bescheid bekommen"), reverse("volunteers:watch")
