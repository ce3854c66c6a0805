"""What citizens do in a place: initiatives, their topics, ideas and know-how (domain.md, rules 19–24)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import cos, radians
from textwrap import shorten
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import search
from portal.asking import Asking, any_number
from portal.models import Municipality, Organisation, User, squared_distance
from portal.remembering import address
from portal.scalars import Scalar
from portal.versions import Versions
from portal.watching import Watching
from portal.withdrawing import PublishedOnce

UNCONFIRMED_FOR = timedelta(days=365)  # until „Zuletzt bestätigt im …“ (rule 24)
NO_LONGER_HERE = _("eine Initiative, die hier nicht mehr steht")
TEASER = 130  # characters of the summary on a card
CARD_FIELDS = [
    "title", "slug", "municipality", "place", "summary", "life_state", "year", "year_estimated", "card_picture",
    "card_alt", "card_focus",
]  # fmt: skip


@lru_cache(maxsize=2048)
def _beginning(summary: str) -> str:
    return shorten(summary, TEASER, placeholder=" …")


class Topic(models.Model):
    """One of the small fixed set; each has its own drawing, static/topics/<slug>.svg."""

    slug = models.SlugField(_("Kürzel"), unique=True)
    name = models.CharField(_("Name"), max_length=60, unique=True)
    order = models.PositiveSmallIntegerField(_("Reihenfolge"), default=0)

    class Meta:
        verbose_name = _("Thema")
        verbose_name_plural = _("Themen")
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name


class Idea(models.Model):
    """A type of initiative, kept by the association with a model Steckbrief; its initiatives are the proof.

    Public as soon as it is there; until `released_on` its pages say „Entwurf, vom Verband zu prüfen".
    """

    name = models.CharField(_("Name"), max_length=60, unique=True)
    slug = models.SlugField(_("Adresse der Seite"), max_length=120, unique=True)
    summary = models.TextField(
        _("Zusammenfassung"), help_text=_("Zwei bis vier Sätze: Was ist es, was bringt es einem Ort?")
    )
    text = models.TextField(
        _("Ausführlicher Text"), blank=True, help_text=_("Absätze durch eine Leerzeile; **fett**, - Listen.")
    )
    topics = models.ManyToManyField(Topic, related_name="ideas", verbose_name=_("Themen"))
    released_on = models.DateField(
        _("freigegeben am"),
        null=True,
        blank=True,
        help_text=_("Ohne Datum steht auf der Seite „Entwurf, vom Verband zu prüfen“."),
    )
    order = models.PositiveSmallIntegerField(_("Reihenfolge"), default=0)
    source_digest = models.CharField(max_length=64, blank=True, default="", editable=False)

    class Meta:
        verbose_name = _("Idee")
        verbose_name_plural = _("Ideen")
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("ideas:detail", self.slug)


def shown_on(day: date) -> Q:
    """Rows that are not held back beyond this day."""
    return Q(public_from=None) | Q(public_from__lte=day)


class InitiativeQuerySet(models.QuerySet["Initiative"]):
    def unsaid_since(self, moment: datetime) -> "InitiativeQuerySet":
        """Neither confirmed nor published since."""
        day = timezone.localdate(moment)
        return self.filter(Q(confirmed_on__lte=day) | Q(confirmed_on=None, published_at__lte=moment))

    def long_unsaid(self, now: datetime) -> "InitiativeQuerySet":
        """„Läuft“, says the town's own page, and for a year nobody has confirmed it (rule 24)."""
        rows = self.public().filter(life_state=Initiative.LifeState.RUNNING)
        return rows.unsaid_since(now - UNCONFIRMED_FOR)

    def public(self, today: date | None = None) -> "InitiativeQuerySet":
        """What everybody may know of today: published, and its day has come."""
        return self.filter(shown_on(today or timezone.localdate()), state=Initiative.State.PUBLISHED)

    def wanting_help(self, now: datetime) -> "InitiativeQuerySet":
        """With an action that somebody may sign up for; only „läuft" may have one (rule 21)."""
        return self.filter(life_state=Initiative.LifeState.RUNNING, pk__in=_wanting_help(now))

    def ranked(self) -> "InitiativeQuerySet":
        """Default order: läuft, then rich before short, then year (rule 21)."""
        return self.order_by("life_rank", "-is_rich", "-year", "title", "pk")

    def nearest_first(self, point: tuple[float, float]) -> "InitiativeQuerySet":
        """From the nearest to the furthest town, as `squared_distance` has it."""
        lat, lon = point
        return self.nearest_to(lat, lon, cos(radians(lat)))

    def nearest_to(self, lat: float, lon: float, narrow: float) -> "InitiativeQuerySet":
        """The same; `narrow` is the cosine of the latitude."""
        away = squared_distance(lat, lon, narrow, town="municipality__")
        return self.annotate(away=away).order_by("away", "life_rank", "pk")

    def for_cards(self) -> "InitiativeQuerySet":
        """With what a card shows, and only that; the first topic names its drawing."""
        return (
            self.select_related("municipality")
            .only(*CARD_FIELDS, "municipality__name")
            .annotate(topic_slug=_first_topic("slug"), topic_name=_first_topic("name"))
        )


def _wanting_help(now: datetime) -> Any:
    """Keys of initiatives, from the rows of the app above: by the way back, which imports nothing."""
    opportunity: Any = Initiative.opportunities.rel.related_model
    shift = opportunity.shifts.rel.related_model
    open_ones = shift.objects.public().open_for_signup(now).order_by()
    return open_ones.filter(opportunity__initiative__isnull=False).values("opportunity__initiative")


def _first_topic(column: str) -> Scalar:
    topic, through = Topic._meta.db_table, Initiative.topics.through._meta.db_table
    rows = f'"{topic}" t JOIN "{through}" m ON m.topic_id = t.id WHERE m.initiative_id = %(row)s'
    sql = f'SELECT t.{column} FROM {rows} ORDER BY t."order", t.name LIMIT 1'  # noqa: S608  # our own names
    return Scalar(sql, output_field=models.CharField())


class Initiative(PublishedOnce):
    """What citizens do in a place; an example for others; may have actions."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("vorgeschlagen")
        DRAFT = "draft", _("Entwurf")
        IN_REVIEW = "in_review", _("in Prüfung")
        PUBLISHED = "published", _("veröffentlicht")
        ARCHIVED = "archived", _("archiviert")

    class Origin(models.TextChoices):
        TOWN = "town", _("von der Kommune")
        COLLECTED = "collected", _("gesammelt aus öffentlichen Quellen")

    class LifeState(models.TextChoices):
        RUNNING = "running", _("läuft")
        EXAMPLE = "example", _("Beispiel")
        DONE = "done", _("abgeschlossen")

    RANK = {LifeState.RUNNING: 0, LifeState.EXAMPLE: 1, LifeState.DONE: 2}
    RESERVED_SLUGS = frozenset({"karte", "vorschlagen"})

    title = models.CharField(_("Titel"), max_length=120)
    slug = models.SlugField(_("Adresse der Seite"), max_length=120, unique=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="initiatives", verbose_name=_("Herausgeber")
    )
    municipality = models.ForeignKey(
        Municipality, models.PROTECT, related_name="initiatives", verbose_name=_("Ort")
    )
    place = models.CharField(_("Ortsteil"), max_length=80, blank=True)
    topics = models.ManyToManyField(Topic, related_name="initiatives", verbose_name=_("Themen"))
    idea = models.ForeignKey(
        Idea,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="initiatives",
        verbose_name=_("Idee"),
        help_text=_("Zeigt sie eine dieser Ideen, steht sie auch auf deren Seite."),
    )
    state = models.CharField(_("Stand"), max_length=12, choices=State, default=State.DRAFT)
    origin = models.CharField(
        _("Herkunft"), max_length=12, choices=Origin, default=Origin.TOWN, editable=False
    )
    life_state = models.CharField(
        _("Zustand"),
        max_length=12,
        choices=LifeState,
        default=LifeState.EXAMPLE,
        help_text=_("„läuft“: von Ihnen bestätigt. Nur dann kann die Initiative Hilfe suchen."),
    )
    carrier = models.CharField(_("Wer macht das?"), max_length=200, blank=True)
    summary = models.TextField(
        _("Zusammenfassung"), blank=True, help_text=_("Zwei bis vier Sätze: Was geschieht, wer macht mit?")
    )
    text = models.TextField(
        _("Ausführlicher Text"), blank=True, help_text=_("Absätze durch eine Leerzeile; **fett**, - Listen.")
    )
    contact = models.CharField(
        _("Ansprechstelle"), max_length=160, blank=True, help_text=_("Am besten eine Stelle, keine Person.")
    )
    contact_email = models.EmailField(_("E-Mail der Ansprechstelle"), blank=True)
    contact_phone = models.CharField(_("Telefon der Ansprechstelle"), max_length=40, blank=True)
    website = models.URLField(_("Internetseite"), blank=True)
    year = models.PositiveSmallIntegerField(_("Jahr des Berichts"), null=True, blank=True)
    year_estimated = models.BooleanField(_("Jahr ist geschätzt"), default=False)
    source_name = models.CharField(_("Quelle"), max_length=120, blank=True)
    source_url = models.URLField(_("Adresse der Quelle"), max_length=500, blank=True)
    source_key = models.CharField(max_length=120, null=True, unique=True, editable=False)  # noqa: DJ001
    source_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    n_inquiries = models.PositiveIntegerField(
        _("Fragen nach Erfahrungen"), default=0, db_default=0, editable=False
    )
    is_rich = models.BooleanField(_("ausführlich"), default=False, editable=False)
    confirmed_on = models.DateField(_("zuletzt bestätigt"), null=True, blank=True)
    public_from = models.DateField(
        _("öffentlich ab"),
        null=True,
        blank=True,
        help_text=_(
            "Leer lassen, wenn die Seite mit dem Veröffentlichen gleich öffentlich sein soll. Mit einem Tag erscheint "
            "sie an diesem Tag von selbst."
        ),
    )
    published_at = models.DateTimeField(_("veröffentlicht am"), null=True, blank=True, editable=False)
    # „Nachmachen" (rule 22): when, and from which initiative; None there: from the idea itself.
    copied_from = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="copies",
        verbose_name=_("nachgemacht von"),
        editable=False,
    )
    copied_at = models.DateTimeField(_("übernommen am"), null=True, blank=True, editable=False)
    changed_at = models.DateTimeField(_("geändert am"), auto_now=True)
    asked_at = models.DateTimeField(null=True, editable=False)  # „Noch aktuell?“
    links_read_at = models.DateTimeField(null=True, editable=False)  # link_check.py
    # What a card shows of the first picture; written by `pictures.py`, empty without one.
    card_picture = models.CharField(max_length=32, default="", db_default="", blank=True, editable=False)
    card_alt = models.CharField(max_length=250, default="", db_default="", blank=True, editable=False)
    card_focus = models.CharField(max_length=2, default="", db_default="", blank=True, editable=False)
    # Precomputed for lists (performance.md): written by save().
    life_rank = models.PositiveSmallIntegerField(default=1, editable=False)
    search_title = models.TextField(default="", db_default="", editable=False)
    search_text = models.TextField(default="", editable=False)

    privacy = {"contact": "K7", "contact_email": "K7", "contact_phone": "K7"}
    objects = InitiativeQuerySet.as_manager()
    versions: Any = Versions(
        "title", "place", "state", "life_state", "carrier", "summary", "text", "website", "year",
        "year_estimated", "source_name", "source_url", "confirmed_on",
    )  # fmt: skip

    class Meta:
        verbose_name = _("Initiative")
        verbose_name_plural = _("Initiativen")
        ordering = ["life_rank", "-is_rich", "-year", "title"]
        indexes = [
            models.Index(fields=["state", "life_rank", "-is_rich", "-year", "title"], name="initiative_list"),
            models.Index(fields=["municipality", "state", "public_from", "idea"], name="initiative_there"),
            # of an idea: in how many towns, and how often copied, from the index alone
            models.Index(fields=["idea", "state", "municipality", "copied_at"], name="initiative_idea"),
            models.Index(fields=["state", "-published_at", "-id"], name="initiative_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="published") | ~Q(summary=""), name="published_initiative_has_summary"
            ),
            models.CheckConstraint(
                condition=~Q(slug__in=["karte", "vorschlagen"]), name="initiative_slug_not_reserved"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title_for_others(self) -> str:
        """What may be told outside of its Redaktion: of what is no longer public only that it was."""
        return self.title if self.is_public else str(NO_LONGER_HERE)

    @property
    def named(self) -> str:
        """As `title_for_others`, after „zu" and „von"."""
        return f"„{self.title}“" if self.is_public else gettext("einer Initiative, die hier nicht mehr steht")

    SEARCHED = frozenset({"title", "place", "municipality", "summary", "text", "carrier", "idea"})

    def save(self, **kwargs: Any) -> None:
        """With its rank; what the search reads is made anew only where it may have changed."""
        named, written = kwargs.get("update_fields"), {"life_rank"}
        if named is None or self.SEARCHED & set(named):
            self.precompute([topic.name for topic in self.topics.all()] if self.pk else [])
            written |= {"search_title", "search_text"}
        else:
            self.life_rank = self.rank_on(timezone.localdate())
        if named is not None:
            kwargs["update_fields"] = {*named, *written}
        super().save(**kwargs)

    def rank_on(self, today: date) -> int:
        """Its place in lists: „läuft“ that nobody confirmed for a year stands among the examples (rule 24)."""
        rank = self.RANK[self.LifeState(self.life_state)]
        is_old = bool(self.last_said_on and self.last_said_on <= today - UNCONFIRMED_FOR)
        return max(rank, self.RANK[self.LifeState.EXAMPLE]) if is_old else rank

    @property
    def last_said_on(self) -> date | None:
        """When the town last said that it is so: confirmed, or else published."""
        return self.confirmed_on or (self.published_at and timezone.localdate(self.published_at)) or None

    @property
    def confirmed_when(self) -> date | None:
        """What the page says of it: always when it was confirmed, and when nobody did for a year (rule 24)."""
        is_lowered = self.life_state == self.LifeState.RUNNING and self.life_rank
        return self.last_said_on if is_lowered else self.confirmed_on

    def index(self) -> None:
        """The search knows the topics of today; to be called after they were set, which saves no row."""
        self.precompute([topic.name for topic in self.topics.all()])
        Initiative.objects.filter(pk=self.pk).update(
            search_title=self.search_title, search_text=self.search_text
        )

    def precompute(self, topics: Iterable[str]) -> None:
        """Fills in what lists and the search read; `topics` are their names. Saves nothing."""
        town, district = self.municipality, self.municipality.district
        above = [self.title, self.place, town.name]
        names = [district.name if district else "", self.idea.name if self.idea else "", *topics]
        self.life_rank = self.rank_on(timezone.localdate())
        self.search_title = search.column(*above)
        self.search_text = search.column(*above, self.summary, self.text, self.carrier, *names)

    def get_absolute_url(self) -> str:
        return address("initiatives:detail", self.slug)

    @property
    def is_public(self) -> bool:
        """Whether everybody sees it today, as `public()` asks of the database."""
        return self.state == self.State.PUBLISHED and not self.waits_until

    @property
    def waits_until(self) -> date | None:
        """The day to come from which it is shown; None where no day holds it back."""
        return self.public_from if self.public_from and self.public_from > timezone.localdate() else None

    def missing_for_publication(self) -> list[str]:
        """What is still missing, in words for staff; empty: may be published (rules 20, 35)."""
        missing = []
        if not self.title.strip():
            missing.append(gettext("der Titel"))
        if not self.summary.strip():
            missing.append(gettext("die Zusammenfassung"))
        if not self.pk or not self.topics.all():
            missing.append(gettext("mindestens ein Thema"))
        if self.origin == self.Origin.COLLECTED:
            if not self.source_url:
                missing.append(gettext("die Adresse der Quelle"))
        elif not self.contact or not (self.contact_email or self.contact_phone):
            missing.append(gettext("die Ansprechstelle mit E-Mail oder Telefon"))
        if not self.organisation.may_publish:
            missing.append(gettext("Impressum und E-Mail des Herausgebers"))
        if self.card_picture:
            untold = [n for n, row in enumerate(self.pictures.all(), 1) if not row.is_told]
            missing += [
                gettext("zu Bild %s ein Satz, was zu sehen ist, oder „schmückt nur“") % n for n in untold
            ]
        return missing

    @property
    def year_label(self) -> str:
        """„Bericht von 2015", „um 2018" where the year is estimated; empty without a year (rule 21)."""
        if not self.year:
            return ""
        template = gettext("um %(year)s") if self.year_estimated else gettext("Bericht von %(year)s")
        return template % {"year": self.year}

    @property
    def place_name(self) -> str:
        """„Alsfeld, Lingelbach", or the town alone."""
        return f"{self.municipality.name}, {self.place}" if self.place else self.municipality.name

    @property
    def teaser(self) -> str:
        """The beginning of the summary, whole words, for a card."""
        return _beginning(self.summary)

    @property
    def life_state_label(self) -> str:
        return self.get_life_state_display()


class Blueprint(models.Model):
    """Steckbrief: the know-how, of an idea (the model) or of one initiative; every answer is voluntary."""

    # Each with the question that helps a clerk to answer; the order is that of the form.
    effort = models.TextField(
        _("Aufwand"), blank=True, help_text=_("Wie viele Stunden brauchte der Anfang, wie viele der Betrieb?")
    )
    people = models.TextField(
        _("Menschen"),
        blank=True,
        help_text=_("Wie viele machen mit, was müssen sie können, wer hält es zusammen?"),
    )
    costs = models.TextField(
        _("Kosten und Geld"),
        blank=True,
        help_text=_("Was kostet der Anfang, was ein Jahr? Woher kam das Geld?"),
    )
    rooms = models.TextField(
        _("Räume"),
        blank=True,
        help_text=_("Welche Räume oder Flächen, wem gehören sie, was musste daran getan werden?"),
    )
    material = models.TextField(
        _("Material"), blank=True, help_text=_("Was musste da sein, was war geliehen?")
    )
    permits = models.TextField(
        _("Genehmigungen"),
        blank=True,
        help_text=_("Welche Ämter waren zu fragen, welche Bescheide waren nötig?"),
    )
    insurance = models.TextField(
        _("Versicherung"), blank=True, help_text=_("Wer ist wogegen versichert, und über wen?")
    )
    timetable = models.TextField(
        _("Zeitplan"),
        blank=True,
        help_text=_("Wie lange dauerte es von der Idee bis zum ersten Tag, in welchen Schritten?"),
    )
    lessons = models.TextField(
        _("Was wir anders machen würden"),
        blank=True,
        help_text=_("Was hat Zeit gekostet, was würden Sie anderen ersparen?"),
    )
    first_steps = models.TextField(
        _("Erste Schritte"),
        blank=True,
        help_text=_("Womit fängt eine andere Gemeinde morgen an? Eine Zeile für jeden Schritt."),
    )
    sources = models.TextField(
        _("Wer weiß mehr?"),
        blank=True,
        help_text=_("Stellen, Leitfäden und Förderprogramme, mit Adresse im Netz."),
    )
    idea = models.OneToOneField(
        Idea, models.CASCADE, null=True, blank=True, related_name="blueprint", verbose_name=_("Idee")
    )
    initiative = models.OneToOneField(
        Initiative,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="blueprint",
        verbose_name=_("Initiative"),
    )

    QUESTIONS = (
        "effort", "people", "costs", "rooms", "material", "permits", "insurance", "timetable", "lessons",
        "first_steps", "sources",
    )  # fmt: skip

    class Meta:
        verbose_name = _("Steckbrief")
        verbose_name_plural = _("Steckbriefe")
        constraints = [
            models.CheckConstraint(
                condition=Q(idea=None, initiative__isnull=False) | Q(idea__isnull=False, initiative=None),
                name="blueprint_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return gettext("Steckbrief %s") % self.pk

    def answers(self) -> list[tuple[str, str, str]]:
        """Column, heading and answer of what is answered, in the order of the page: the first steps first."""
        headings = {field.name: str(field.verbose_name) for field in self._meta.fields}
        found = [(name, headings[name], getattr(self, name)) for name in self.QUESTIONS]
        return sorted((row for row in found if row[2].strip()), key=lambda row: row[0] != "first_steps")


class IdeaFile(models.Model):
    """A PDF to download on the page of an idea; `file` has a name that nobody guesses."""

    idea = models.ForeignKey(Idea, models.CASCADE, related_name="files", verbose_name=_("Idee"))
    title = models.CharField(_("Was ist es?"), max_length=120)
    file = models.FileField(_("Datei"), upload_to="ideas")
    size = models.PositiveIntegerField(_("Größe"))  # bytes
    added_at = models.DateTimeField(_("hinzugefügt am"))

    class Meta:
        verbose_name = _("Datei einer Idee")
        verbose_name_plural = _("Dateien der Ideen")
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("ideas:file", args=[self.idea.slug, self.pk])


class Bookmark(models.Model):
    """„Als Anregung merken": another town's initiative that an organisation wants to come back to (rule 22)."""

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="bookmarks", verbose_name=_("Herausgeber")
    )
    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="bookmarks", verbose_name=_("Initiative")
    )
    noted_at = models.DateTimeField(_("gemerkt am"))

    class Meta:
        verbose_name = _("Anregung")
        verbose_name_plural = _("Anregungen")
        ordering = ["-noted_at"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "initiative"], name="bookmark_once"),
        ]

    def __str__(self) -> str:
        return gettext("Anregung %s") % self.pk


class Picture(models.Model):
    """A picture of an initiative, re-encoded; its files are private, and shown while its page is public (rule 20)."""

    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="pictures", verbose_name=_("Initiative")
    )
    name = models.CharField(max_length=32, unique=True, editable=False)
    width = models.PositiveSmallIntegerField(_("Breite"), editable=False)
    height = models.PositiveSmallIntegerField(_("Höhe"), editable=False)
    alt = models.CharField(_("Was ist zu sehen?"), max_length=250, blank=True)
    is_decorative = models.BooleanField(_("schmückt nur"), default=False)
    credit = models.CharField(_("Wer hat es aufgenommen?"), max_length=160, blank=True)
    # What must stay in sight when it is cropped, in percent from the left and from the top.
    focus_x = models.PositiveSmallIntegerField(default=50)
    focus_y = models.PositiveSmallIntegerField(default=50)
    order = models.PositiveSmallIntegerField(_("Reihenfolge"), default=0)

    class Meta:
        verbose_name = _("Bild")
        verbose_name_plural = _("Bilder")
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return gettext("Bild %s") % self.pk

    @property
    def is_told(self) -> bool:
        """Whether somebody who does not see it learns what it shows, or that it only decorates."""
        return self.is_decorative or bool(self.alt.strip())

    @property
    def focus(self) -> str:
        """The class of static/portal.css: column and row of nine fields, „00" to „22"."""
        return f"{min(self.focus_x // 34, 2)}{min(self.focus_y // 34, 2)}"


class Remark(models.Model):
    """What staff say to each other about a page on its way to the public: who, when, and what it did (rule 19)."""

    class Step(models.TextChoices):
        NOTE = "note", _("Bemerkung")
        HANDED_IN = "handed_in", _("zur Prüfung gegeben")
        SENT_BACK = "sent_back", _("zurück zum Entwurf")

    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="remarks", verbose_name=_("Initiative")
    )
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("von"))
    said_at = models.DateTimeField(_("am"))
    step = models.CharField(_("Schritt"), max_length=12, choices=Step, default=Step.NOTE)
    text = models.TextField(_("Bemerkung"), blank=True)

    class Meta:
        verbose_name = _("Bemerkung")
        verbose_name_plural = _("Bemerkungen")
        ordering = ["-said_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_step_display()} {self.pk}"

    @property
    def who(self) -> str:
        """The person's name, or address."""
        return str(self.by.name or self.by.email) if self.by else gettext("ein gelöschter Zugang")


class HintQuerySet(models.QuerySet["Hint"]):
    def open(self) -> "HintQuerySet":
        """To be answered, the longest waiting first."""
        return self.filter(settled_at=None).order_by("entered_at", "pk")


class Hint(Asking):
    """What somebody tells about a page: something is wrong with it, or it should go (rule 20).

    It belongs to whoever answers for the page, also after a town took it over.
    """

    class Kind(models.TextChoices):
        HINT = "hint", _("Hinweis")
        REMOVAL = "removal", _("Bitte um Entfernen")
        CHANGED = "changed", _("Meldung „Hat sich geändert“")
        ENDED = "ended", _("Meldung „Gibt es nicht mehr“")

    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="hints", verbose_name=_("Initiative")
    )
    kind = models.CharField(_("Art"), max_length=8, choices=Kind, default=Kind.HINT)
    text = models.TextField(_("Nachricht"), blank=True)
    email = models.EmailField(_("Adresse für die Antwort"), blank=True)
    answer = models.TextField(
        _("Antwort"), blank=True, help_text=_("Freiwillig. Geht als Mail an die Adresse, wenn eine da ist.")
    )
    settled_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("erledigt von")
    )

    privacy = {"text": "K1", "email": "K1", "answer": "K1"}
    objects = HintQuerySet.as_manager()

    class Meta:
        verbose_name = _("Hinweis")
        verbose_name_plural = _("Hinweise")
        ordering = ["settled_at", "-entered_at"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class InquiryQuerySet(models.QuerySet["Inquiry"]):
    def confirmed(self) -> "InquiryQuerySet":
        """Those of a proved address: nobody else's reach staff."""
        return self.filter(confirmed_at__isnull=False)


class Inquiry(Asking):
    """Somebody from another town, or a citizen, asks how it went: whoever answers for the page answers."""

    id = models.BigIntegerField(primary_key=True, default=any_number, editable=False)
    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="inquiries", verbose_name=_("Initiative")
    )
    name = models.CharField(_("Name"), max_length=80)
    email = models.EmailField(_("E-Mail"))
    organisation = models.CharField(_("Kommune oder Verein"), max_length=120, blank=True)
    text = models.TextField(_("Frage"))
    answer = models.TextField(
        _("Antwort"), blank=True, help_text=_("Geht als Mail an die Person, die gefragt hat.")
    )
    settled_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("beantwortet von")
    )
    link_version = models.PositiveIntegerField(default=0, editable=False)

    privacy = {"name": "K1", "email": "K1", "organisation": "K1", "text": "K1", "answer": "K1"}
    objects = InquiryQuerySet.as_manager()

    class Meta:
        verbose_name = _("Frage nach Erfahrungen")
        verbose_name_plural = _("Fragen nach Erfahrungen")
        ordering = ["settled_at", "-entered_at"]

    def __str__(self) -> str:
        return f"Frage {self.pk}"


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def waiting(self) -> "ProposalQuerySet":
        """Confirmed and to be decided, the longest waiting first."""
        return self.filter(confirmed_at__isnull=False, settled_at=None).order_by("confirmed_at", "pk")

    def delete(self) -> tuple[int, dict[str, int]]:
        """A page that nobody took over goes with its proposal: it holds nothing but a citizen's words."""
        undecided = Initiative.objects.filter(state=Initiative.State.PROPOSED, proposal__in=self.values("pk"))
        undecided.delete()
        return super().delete()


class Proposal(Asking):
    """What somebody without an account proposes to a town, and who that is (rules 19, 25, 26).

    The words become an `Initiative` once the address is confirmed; name and address stay in this row alone,
    so that they never stand on a page or in its versions.
    """

    class Decision(models.TextChoices):
        OPEN = "", _("wartet auf Entscheidung")
        ACCEPTED = "accepted", _("übernommen")
        DECLINED = "declined", _("abgelehnt")

    id = models.BigIntegerField(primary_key=True, default=any_number, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="proposals", verbose_name=_("entscheidet")
    )
    municipality = models.ForeignKey(
        Municipality, models.PROTECT, related_name="proposals", verbose_name=_("Ort")
    )
    initiative = models.OneToOneField(
        Initiative, models.SET_NULL, null=True, blank=True, related_name="proposal", verbose_name=_("Initiative")
    )  # fmt: skip
    title = models.CharField(_("Titel"), max_length=120)
    text = models.TextField(_("Was soll geschehen?"))
    name = models.CharField(_("Name"), max_length=80)
    email = models.EmailField(_("E-Mail"))
    decision = models.CharField(
        _("Entscheidung"), max_length=8, choices=Decision, default=Decision.OPEN, blank=True
    )
    answer = models.TextField(_("Ihre Antwort"), blank=True)
    settled_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("entschieden von")
    )
    link_version = models.PositiveIntegerField(default=0, editable=False)

    privacy = {"title": "K1", "text": "K1", "name": "K1", "email": "K1", "answer": "K1"}
    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("Vorschlag")
        verbose_name_plural = _("Vorschläge")
        ordering = ["settled_at", "-entered_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="", settled_at=None) | (~Q(decision="") & Q(settled_at__isnull=False)),
                name="proposal_settled_when_decided",
            )
        ]

    def __str__(self) -> str:
        return f"Vorschlag {self.pk}"

    @property
    def is_trust(self) -> bool:
        """Whether the association decides because the town has nobody (rule 25)."""
        return self.organisation.kind == Organisation.Kind.ASSOCIATION


class Wish(Watching):
    """„Das wünsche ich mir auch": an address that wishes for an idea or an initiative in its own town (rule 23)."""

    municipality = models.ForeignKey(
        Municipality, models.CASCADE, related_name="wishes", verbose_name=_("Ort")
    )
    idea = models.ForeignKey(
        Idea, models.CASCADE, null=True, blank=True, related_name="wishes", verbose_name=_("Idee")
    )
    initiative = models.ForeignKey(
        Initiative, models.CASCADE, null=True, blank=True, related_name="wishes", verbose_name=_("Initiative")
    )

    letters, pages = "wishes", "wish"

    class Meta:
        verbose_name = _("Wunsch")
        verbose_name_plural = _("Wünsche")
        ordering = ["-confirmed_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(idea=None, initiative__isnull=False) | Q(idea__isnull=False, initiative=None),
                name="wish_is_for_one_thing",
            ),
            models.UniqueConstraint(
                fields=["email_key", "idea", "municipality"],
                condition=Q(ended_at=None),
                name="one_live_wish_per_address_idea_and_town",
            ),
            models.UniqueConstraint(
                fields=["email_key", "initiative", "municipality"],
                condition=Q(ended_at=None),
                name="one_live_wish_per_address_initiative_and_town",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(email="", email_key=None), name="ended_wish_holds_no_person"
            ),
        ]

    def __str__(self) -> str:
        return f"Wunsch {self.pk}"

    @property
    def thing(self) -> Idea | Initiative:
        """What is wished for."""
        return self.idea or self.initiative  # type: ignore[return-value]

    @property
    def title(self) -> str:
        """Its name; of what is no longer public only that it was."""
        return self.initiative.title_for_others if self.initiative else str(self.thing)

    def facts(self) -> dict[str, str]:
        return {
            "page_title": self.title,
            "town": self.municipality.name,
            "contact": self.organisation.name,
        }

    def clause(self, **wish: Any) -> str:
        return gettext("„%(title)s“ in %(town)s") % {"title": self.title, "town": self.municipality.name}

    def words(self) -> list[tuple[str, str]]:
        return [(gettext("Ihr Wunsch"), self.title), (gettext("Ort"), self.municipality.name)]

    def next_step(self) -> tuple[str, str]:
        return gettext("Zu den Initiativen"), reverse("initiatives:list")

    def start_over(self) -> tuple[str, str]:
        return gettext("Zu den Initiativen"), reverse("initiatives:list")


class Highlight(models.Model):
    """„Im Blick": what the association puts on the start page, from a day to a day."""

    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="highlights", verbose_name=_("Initiative")
    )
    sentence = models.CharField(
        _("Warum gerade jetzt?"),
        max_length=150,
        blank=True,
        help_text=_("Ein Satz für die Startseite. Leer: der Anfang der Zusammenfassung."),
    )
    starts_on = models.DateField(_("auf der Startseite ab"))
    ends_on = models.DateField(_("bis einschließlich"))

    class Meta:
        verbose_name = _("Eintrag „Im Blick“")
        verbose_name_plural = _("Im Blick")
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="highlight_ends_after_start",
                violation_error_message=_("Der letzte Tag liegt vor dem ersten."),
            )
        ]

    def __str__(self) -> str:
        """A page that its town took back is named to nobody else."""
        return self.initiative.title if self.initiative.is_public else gettext("nicht mehr öffentlich")


class PageLinkQuerySet(models.QuerySet["PageLink"]):
    def on_public_pages(self) -> "PageLinkQuerySet":
        """Of pages that citizens read today; others are not looked at."""
        return self.filter(initiative__in=Initiative.objects.public())

    def broken(self) -> "PageLinkQuerySet":
        return self.on_public_pages().filter(is_broken=True)


class PageLink(models.Model):
    """An address that a page links to, and what became of it (`link_check.py`); nothing about a person."""

    class Reason(models.TextChoices):
        GONE = "gone", _("Die Seite gibt es dort nicht mehr.")
        ERROR = "error", _("Dort kommt nur eine Fehlermeldung.")
        SILENT = "silent", _("Dort antwortet niemand.")
        UNKNOWN = "unknown", _("Diese Internetadresse gibt es nicht (mehr).")
        CERTIFICATE = "certificate", _("Die Verbindung dorthin ist nicht sicher (Zertifikat).")
        LOOP = "loop", _("Sie wird immer weiter umgeleitet.")
        MALFORMED = "malformed", _("Das ist keine Internetadresse.")
        PRIVATE = "private", _("Diese Adresse ist nicht öffentlich.")

    initiative = models.ForeignKey(Initiative, models.CASCADE, related_name="links", verbose_name=_("Seite"))
    url = models.CharField(_("Link"), max_length=500)
    host = models.CharField(max_length=255, editable=False)
    next_at = models.DateTimeField(editable=False)
    checked_at = models.DateTimeField(_("zuletzt geprüft"), null=True, blank=True)
    failing_since = models.DateTimeField(_("defekt seit"), null=True, blank=True)
    is_broken = models.BooleanField(_("defekt"), default=False)
    reason = models.CharField(_("Was ist los?"), max_length=12, choices=Reason, blank=True)
    status = models.PositiveSmallIntegerField(_("Antwort des Servers"), null=True, blank=True)

    objects = PageLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("Link, der ins Leere führt")
        verbose_name_plural = _("Links, die ins Leere führen")
        ordering = ["failing_since", "pk"]
        indexes = [
            models.Index(fields=["next_at", "host"], name="page_link_due"),
            models.Index(fields=["url"], name="page_link_url"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["initiative", "url"], name="one_link_per_page_and_address"),
            models.CheckConstraint(
                condition=Q(is_broken=False) | Q(failing_since__isnull=False), name="broken_link_fails_since"
            ),
        ]

    def __str__(self) -> str:
        return self.url


class StillCurrent(Asking):
    """„Noch aktuell?": one question to a contact, about all pages that name it (rule 24).

    Here the staff ask and somebody outside answers; who gets the mail has proved the address long ago.
    """

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="+", verbose_name=_("Herausgeber")
    )
    email = models.EmailField(_("E-Mail"))
    link_version = models.PositiveIntegerField(default=0, editable=False)

    privacy = {"email": "K1"}

    class Meta:
        verbose_name = _("Nachfrage „Noch aktuell?“")
        verbose_name_plural = _("Nachfragen „Noch aktuell?“")

    def __str__(self) -> str:
        return f"Nachfrage {self.pk}"

    @property
    def label(self) -> str:
        """How a mail names this row in `about`."""
        return f"stillcurrent:{self.pk}"

    def pages(self) -> InitiativeQuerySet:
        """The town's public pages that name this contact, what is over left out."""
        rows = Initiative.objects.public().filter(
            origin=Initiative.Origin.TOWN, organisation=self.organisation_id
        )
        rows = rows.exclude(life_state=Initiative.LifeState.DONE).filter(contact_email__iexact=self.email)
        return rows.select_related("municipality__district", "organisation").order_by("title", "pk")
