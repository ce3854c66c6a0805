"""„3 Schritte bis zur ersten Veröffentlichung": what a new Redaktion sees first, until it is done.

Impressum, Kontakt, and one page looked through: a collected one taken over, or one of their own.
"""

from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.models import Membership, Organisation, User


class Step(NamedTuple):
    """One of the three, with a tick when it is done."""

    title: str
    note: str
    url: str
    action: str
    done: bool


class Way(NamedTuple):
    """The three steps of one town."""

    organisation: Organisation
    steps: list[Step]

    @property
    def next(self) -> str:
        """The title of the first step that is to be done."""
        return next((step.title for step in self.steps if not step.done), "")


def beginners() -> QuerySet[Organisation]:
    """Who has published nothing yet; the association is none of them."""
    public = Q(initiatives__state="published") | Q(opportunities__state="published")
    rows = Organisation.objects.exclude(kind=Organisation.Kind.ASSOCIATION)
    return rows.exclude(pk__in=Organisation.objects.filter(public).values("pk"))


def ways(user: User) -> list[Way]:
    """Of each town that the person edits and that has not published anything yet; empty otherwise."""
    mine = [m.organisation_id for m in user.roles if m.role == Membership.Role.EDITOR]
    return [Way(each, _steps(each)) for each in beginners().filter(pk__in=mine).order_by("name", "pk")]


def _steps(organisation: Organisation) -> list[Step]:
    own = reverse("admin:portal_organisation_change", args=[organisation.pk])
    has_imprint = bool(organisation.imprint.strip()) and not organisation.imprint_is_open
    return [
        Step(
            _("Impressum"),
            _(
                "Wer für Ihre Seiten verantwortlich ist. Meist lässt es sich von Ihrer Internetseite übernehmen."
            ),
            f"{own}#id_imprint",
            _("Impressum eintragen"),
            has_imprint,
        ),
        Step(
            _("Kontakt"),
            _("Eine E-Mail für Rückfragen, am besten eine Funktionsadresse: ehrenamt@…"),
            f"{own}#id_contact_email",
            _("Kontakt eintragen"),
            bool(organisation.contact_email),
        ),
        _page_step(organisation),
    ]


def _page_step(organisation: Organisation) -> Step:
    """A collected page of the town is the shortest way; without one they write their own. Done, all is done."""
    title = _("Eine Initiative prüfen")
    towns = organisation.municipalities.filter(
        initiatives__origin="collected", initiatives__state="published"
    )
    page = towns.order_by("initiatives__title").values_list("initiatives__slug", "initiatives__title").first()
    if page is None:
        note = _("Stellen Sie vor, was es bei Ihnen gibt. Ein paar Sätze genügen.")
        return Step(
            title, note, reverse("admin:initiatives_initiative_add"), _("Initiative vorstellen"), False
        )
    note = _(
        "Der Verband hat „%s“ aus Ihrem Ort zusammengestellt. Stimmt das noch? Dann übernehmen Sie die Seite."
    )
    return Step(title, note % page[1], reverse("take_over", args=[page[0]]), _("Seite ansehen"), False)
