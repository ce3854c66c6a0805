"""The abstract nouns of the seats engine: `Slot` (a time with seats) and `Signup` (a party on it).

`volunteers.Shift` and `seminars.Session` are slots. The verbs are in `signups.py`, what lists ask of
many slots in `slot_lists.py`. A concrete signup declares `slot` as a foreign key with
`related_name="signups"` and inherits `Meta`.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models
from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.models import Booking, Organisation
from portal.prepared import prepared
from portal.refused import Refused
from portal.reminder_times import Reminder

MAX_PARTY = 5  # rule 8, unless staff allow more


class Slot(models.Model):
    """A time with seats. Cancelled, never deleted once someone signed up (rule 1)."""

    starts = models.DateTimeField(_("Beginn"))
    ends = models.DateTimeField(_("Ende"))
    deadline = models.DateTimeField(
        _("Anmeldeschluss"), null=True, blank=True, help_text=_("Leer: bis zum Beginn.")
    )
    capacity = models.PositiveIntegerField(
        _("Plätze"), null=True, blank=True, help_text=_("Leer: so viele, wie kommen.")
    )
    max_party = models.PositiveSmallIntegerField(
        _("Höchstens zusammen"), default=MAX_PARTY, help_text=_("So viele dürfen sich gemeinsam anmelden.")
    )
    cancelled_at = models.DateTimeField(_("abgesagt"), null=True, blank=True, editable=False)
    cancel_reason = models.CharField(_("Grund der Absage"), max_length=300, blank=True)
    contact_told_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Rule 11: when the contact was asked who came, when somebody answered last, and who came unannounced.
    attendance_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    attendance_noted_at = models.DateTimeField(null=True, blank=True, editable=False)
    walk_ins = models.PositiveSmallIntegerField(
        _("ohne Anmeldung dabei"), default=0, db_default=0, editable=False
    )
    link_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    starts_revision = models.PositiveIntegerField(default=0, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)

    # Rule 6: from here on a free seat is open, and the first confirmed click gets it.
    open_phase: ClassVar[timedelta] = timedelta(hours=24)
    # What `about` columns and mail keys call this kind of slot.
    kind: ClassVar[str]
    # The foreign key to what its dates have in common.
    family: ClassVar[str]
    # What `select_related` needs so that the properties below ask nothing more, and which columns of it they read.
    row_relations: ClassVar[tuple[str, ...]] = ()
    row_columns: ClassVar[tuple[str, ...]] = ()
    # The column of `contact_address`, seen from the slot.
    contact_column: ClassVar[str]
    # Which reminders there are (mail table).
    reminders: ClassVar[tuple[Reminder, ...]] = ()
    # Whether the form asks for the age rule (rule 12), and the version of the sentences beside its button.
    asks_age: ClassVar[bool] = True
    # Whether each sign-up is one person, not a party.
    single: ClassVar[bool] = False
    wording: ClassVar[str]
    # Whether people come by a link instead of to a place.
    is_online: ClassVar[bool] = False

    if TYPE_CHECKING:
        pk: int
        signups: Any  # related manager of the concrete sign-up

    class Meta:
        abstract = True
        ordering = ["starts", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="%(class)s_ends_after_start"),
            models.CheckConstraint(
                condition=Q(deadline=None) | Q(deadline__lte=F("starts")), name="%(class)s_deadline_in_time"
            ),
        ]

    @property
    def label(self) -> str:
        """How mails name this row in keys and `about`."""
        return f"{self.kind}:{self.pk}"

    @property
    def title(self) -> str:
        """What is on at this time, in words for subjects and lists."""
        raise NotImplementedError

    @property
    def umbrella(self) -> str:
        """What several dates of one form are called together."""
        return self.title

    @property
    def where(self) -> str:
        """Where to be, in one line; empty for an online date."""
        raise NotImplementedError

    @property
    def town(self) -> str:
        """The town's name for subjects; empty for an online date."""
        return ""

    @property
    def bring(self) -> str:
        """What to bring along, in one line; may be empty."""
        return ""

    @property
    def remark(self) -> str:
        """What staff noted about this date; may be empty."""
        return ""

    @property
    def contact_line(self) -> str:
        """Who can be reached and how, for letters; may be empty."""
        return ""

    @property
    def contact_phone(self) -> str:
        """The number in `contact_line`; may be empty."""
        return ""

    @property
    def contact_name(self) -> str:
        """Who can be reached, without how; may be empty."""
        return ""

    @property
    def contact_address(self) -> str:
        """Where counts and notices for the contact go; may be empty."""
        return ""

    @property
    def staff_path(self) -> str:
        """The page of the Redaktion where its people are listed."""
        raise NotImplementedError

    @property
    def edit_path(self) -> str:
        """The page of the Redaktion where its time and seats are changed."""
        raise NotImplementedError

    @property
    def place_path(self) -> str:
        """The page of the Redaktion where its meeting point is changed; empty for an online date."""
        return ""

    @property
    def spot_path(self) -> str:
        """The page of the Redaktion where contacts on the spot are named; empty where there are none."""
        return ""

    @property
    def age_words(self) -> str:
        """For whom it is, where `asks_age`."""
        return ""

    @property
    def list_path(self) -> str:
        """The public page with all dates of this kind."""
        raise NotImplementedError

    def access_promise(self, now: datetime) -> str:
        """A sentence: how and when the way in comes by mail; empty for a place."""
        return ""

    def access(self) -> dict[str, str]:
        """How to get in, for those with a seat and nobody else (rule 28): join_url, dial_in; may be empty."""
        return {}

    @property
    def organisation(self) -> Organisation:
        """Who answers for it: imprint, Reply-To, separation."""
        raise NotImplementedError

    def get_absolute_url(self) -> str:
        raise NotImplementedError

    def siblings(self) -> Any:
        """The other dates of the same action or series, past ones too: where staff may move somebody to."""
        raise NotImplementedError

    def refuse_unless_open(self) -> None:
        """Raise `Refused` where the concrete slot has reasons of its own to take nobody."""

    @property
    def closes(self) -> datetime:
        """When sign-ups end: the deadline, else the start (rule 1)."""
        return self.deadline or self.starts

    def is_open(self, now: datetime) -> bool:
        """Whether sign-ups are taken (a full slot takes them too: on the waiting list)."""
        return self.cancelled_at is None and now < self.closes

    def takes_people(self, now: datetime) -> bool:
        """Whether somebody may still sign up, as far as the slot itself is asked."""
        try:
            self.refuse_unless_open()
        except Refused:
            return False
        return self.is_open(now)

    def in_open_phase(self, now: datetime) -> bool:
        return now >= self.starts - self.open_phase

    @property
    def day(self) -> date:
        return timezone.localtime(self.starts).date()

    def taken(self) -> int:
        return self.signups.all().seats_taken()  # type: ignore[attr-defined,no-any-return]

    def free(self) -> int | None:
        """Free seats, never below 0; None means unlimited."""
        return None if self.capacity is None else max(0, self.capacity - self.taken())

    def counts_words(self) -> str:
        """„8 von 12 Plätzen vergeben, 2 auf der Warteliste": for staff and the contact; two queries."""
        taken, waiting = self.taken(), self.signups.all().waiting().count()  # type: ignore[attr-defined]
        if self.capacity is None:
            words = ngettext("%(n)s Person angemeldet", "%(n)s Personen angemeldet", taken) % {"n": taken}
        else:
            words = _("%(taken)s von %(all)s Plätzen vergeben") % {"taken": taken, "all": self.capacity}
        if waiting:
            words = _("%(words)s, %(n)s auf der Warteliste") % {"words": words, "n": waiting}
        return str(words)

    def afterwards(self) -> dict[str, str]:
        """What there is for those who had a seat once it is over: recording_url, materials_url."""
        return {}

    def next_dates(self, now: datetime) -> str:
        """A block of lines with what comes next, for the mail of thanks; may be empty."""
        return ""

    def others(self, now: datetime) -> "Sequence[Slot]":
        """A few other dates of the same thing that still take people, for whoever lost a race."""
        return []


class SignupQuerySet(models.QuerySet[Any]):
    def seats_taken(self) -> int:
        """The one place that says what takes a seat: CONFIRMED and HELD, nobody else."""
        return self.filter(status__in=Signup.SEATED).aggregate(n=Sum("seats"))["n"] or 0

    def waiting(self) -> Self:
        """The queue, front first (order is `place`; times are only shown)."""
        return self.filter(status=Signup.Status.WAITING).order_by("place")

    def live(self) -> Self:
        return self.filter(status__in=Signup.LIVE)

    def to_call(self) -> Self:
        """Whom no mail could tell what is new about their date, and nobody has called yet."""
        concerned = Q(status__in=Signup.LIVE) | Q(ended_reason=Signup.Reason.SLOT_CANCELLED)
        return self.filter(concerned, call_since__isnull=False, called_at=None, booking__erased_at=None)

    def called(self) -> Self:
        """Who was called about the last news."""
        return self.filter(called_at__isnull=False, booking__erased_at=None)

    def seated(self) -> Self:
        """Who had a seat: of these somebody may say whether they came (rule 11)."""
        return self.filter(status__in=Signup.SEATED)

    def came(self) -> int:
        """How many people came, as far as somebody said so."""
        return self.seated().filter(attended=True).aggregate(n=Sum("seats"))["n"] or 0


class Signup(models.Model):
    """One party (a person, or a few) on one slot."""

    class Status(models.TextChoices):
        UNCONFIRMED = "unconfirmed", _("nicht bestätigt")
        REQUESTED = "requested", _("angefragt")
        HELD = "held", _("reserviert")
        WAITING = "waiting", _("Warteliste")
        CONFIRMED = "confirmed", _("Platz sicher")
        ENDED = "ended", _("beendet")

    class Reason(models.TextChoices):
        GIVEN_BACK = "given_back", _("Platz freigegeben")
        REMOVED = "removed", _("von der Redaktion entfernt")
        MOVED = "moved", _("auf einen anderen Termin umgebucht")
        SLOT_CANCELLED = "slot_cancelled", _("Termin fällt aus")
        EXPIRED = "expired", _("nicht bestätigt")
        MERGED = "merged", _("in die frühere Anmeldung übernommen")
        CLOSED = "closed", _("Anmeldeschluss war vorbei")
        ERASED = "erased", _("auf Wunsch gelöscht")

    SEATED: ClassVar[list[str]] = [Status.CONFIRMED, Status.HELD]
    LIVE: ClassVar[list[str]] = [Status.REQUESTED, Status.HELD, Status.WAITING, Status.CONFIRMED]

    booking = models.ForeignKey(
        Booking, models.CASCADE, related_name="%(class)ss", verbose_name=_("Anmeldung")
    )
    email_key = models.CharField(  # noqa: DJ001
        _("E-Mail zum Vergleichen"), max_length=254, null=True, blank=True, editable=False
    )
    seats = models.PositiveSmallIntegerField(_("Personen"), default=1)
    status = models.CharField(_("Stand"), max_length=12, choices=Status, default=Status.UNCONFIRMED)
    ended_reason = models.CharField(_("Grund"), max_length=16, choices=Reason, blank=True)
    ended_at = models.DateTimeField(_("beendet"), null=True, blank=True)
    place = models.PositiveIntegerField(_("Reihenfolge"), null=True, blank=True, editable=False)
    held_until = models.DateTimeField(_("reserviert bis"), null=True, blank=True)
    seated_at = models.DateTimeField(_("Platz seit"), null=True, blank=True)
    passed_over = models.PositiveSmallIntegerField(_("übergangen"), default=0, editable=False)
    told_free_at = models.DateTimeField(
        _("über freien Platz informiert"), null=True, blank=True, editable=False
    )
    reminded_early = models.PositiveIntegerField(null=True, editable=False)
    reminded_late = models.PositiveIntegerField(null=True, editable=False)
    thanked_at = models.DateTimeField(null=True, editable=False)
    # No mail reaches this party, so staff have to call: since when there is news, and when they said they called.
    call_since = models.DateTimeField(null=True, editable=False)
    called_at = models.DateTimeField(_("angerufen"), null=True, editable=False)
    attended = models.BooleanField(_("war da"), null=True, blank=True)
    attended_at = models.DateTimeField(_("Anwesenheit notiert"), null=True, blank=True, editable=False)
    attended_by = models.CharField(
        _("Anwesenheit notiert von"), max_length=120, blank=True, default="", db_default="", editable=False
    )
    link_version = models.PositiveIntegerField(default=0, editable=False)

    privacy = {"email_key": "K3", "attended_by": "K3"}
    # Further columns that the form asks for; each is in `privacy`, too.
    answers: ClassVar[tuple[str, ...]] = ()
    objects = SignupQuerySet.as_manager()

    if TYPE_CHECKING:
        pk: int
        slot: Any
        slot_id: int

    class Meta:
        abstract = True
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot", "email_key"],
                condition=Q(status__in=["requested", "held", "waiting", "confirmed"]),
                name="%(class)s_one_live_per_address",
            ),
            models.UniqueConstraint(fields=["slot", "place"], name="%(class)s_place_never_reused"),
            models.CheckConstraint(condition=Q(seats__gte=1), name="%(class)s_has_a_seat"),
            models.CheckConstraint(
                condition=(Q(status="ended") & ~Q(ended_reason="") & Q(ended_at__isnull=False))
                | (~Q(status="ended") & Q(ended_reason="") & Q(ended_at=None)),
                name="%(class)s_ended_with_reason",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["waiting", "held", "confirmed"]) | Q(place__isnull=False),
                name="%(class)s_queues_with_place",
            ),
            models.CheckConstraint(
                condition=~Q(status="held") | Q(held_until__isnull=False), name="%(class)s_held_until_when"
            ),
        ]
        indexes = [models.Index(fields=["slot", "status"], name="%(class)s_slot_status")]

    def __str__(self) -> str:
        return f"Anmeldung {self.booking_id}-{self.pk}"  # a number, never a name (trust.md)

    @property
    def label(self) -> str:
        return f"{self._meta.model_name}:{self.pk}"

    def answered(self) -> dict[str, Any]:
        """What the form asked for beside name and address, by column."""
        return {name: getattr(self, name) for name in self.answers}

    def answer_words(self, name: str) -> str:
        """One of these answers as people read it."""
        shown = getattr(self, f"get_{name}_display", None)
        return str(shown() if shown else getattr(self, name))

    @property
    def may_be_seated_by_hand(self) -> bool:
        """Rule 8: a party that was passed over twice may be seated by staff."""
        return self.status == self.Status.WAITING and self.passed_over >= 2

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE

    @property
    def is_to_call(self) -> bool:
        """As `to_call`, of a row whose form is not erased."""
        concerned = self.is_live or self.ended_reason == self.Reason.SLOT_CANCELLED
        return concerned and self.call_since is not None and self.called_at is None

    def position(self) -> int:
        """1 for the front of the waiting list; only for WAITING."""
        ahead: int = next(iter(_ahead(type(self), slot=self.slot_id, place=self.place)), 0)
        return ahead + 1


@prepared
def _ahead(model: Any, *, slot: int, place: int) -> models.QuerySet:
    rows = model.objects.waiting().filter(slot=slot, place__lt=place).order_by()
    return rows.values("slot").annotate(n=Count("pk")).values_list("n", flat=True)  # type: ignore[no-any-return]
