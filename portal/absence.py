"""„Abwesend bis … Vertretung durch …": whoever is away names a colleague, who gets the mails to staff as well.

Among people of one role in one organisation only, and only for its mails: standing in opens nothing that one's own
role does not. It ends by itself with the last day.
"""

from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.models import Membership, Organisation, User, email_key
from portal.refused import Refused

# Mails that somebody of staff has to act on; those to guests never go to anybody else.
TO_STAFF = frozenset(
    {"new-signups", "gave-back-late", "who-came", "hint", "access-asked", "access-info", "barrier"}
    | {"review-asked", "proposal-received", "inquiry"}
)
COPY = ":vertretung"  # at the end of the key of a copy


class StandIn(NamedTuple):
    """Who gets a copy, and the words that stand above it."""

    email: str
    words: str


def _roles(user: User) -> list[Membership]:
    """Those in which somebody can stand in: who only reads gets no mails of people."""
    return [membership for membership in user.roles if membership.role != Membership.Role.READER]


def colleagues(user: User) -> QuerySet[User]:
    """The other active people who have one of the roles, too."""
    same = Q(pk__in=[])
    for mine in _roles(user):
        same |= Q(organisation=mine.organisation, role=mine.role)
    rows = User.objects.filter(is_active=True, memberships__in=Membership.objects.filter(same))
    return rows.exclude(pk=user.pk).distinct()


def note(user: User, *, until: date, substitute: User, now: datetime) -> None:
    """From now on to the end of that day the colleague gets the mails, too. Raises Refused."""
    today = timezone.localdate(now)
    if until < today:
        raise Refused(_("Dieser Tag ist schon vorbei."))
    if not colleagues(user).filter(pk=substitute.pk).exists():
        raise Refused(_("Vertreten kann Sie nur, wer zur selben Redaktion gehört."))
    if substitute.absent_until and substitute.absent_until >= today:
        raise Refused(_("%s ist selbst abwesend. Bitte wählen Sie jemand anderen.") % substitute)
    user.absent_until, user.substitute = until, substitute
    user.save(update_fields=["absent_until", "substitute"])


def end(user: User) -> None:
    """The person is back; again is harmless."""
    user.absent_until = user.substitute = None
    user.save(update_fields=["absent_until", "substitute"])


def stand_in(address: str, *, organisation: Organisation | None, now: datetime) -> StandIn | None:
    """Who gets this mail as well, if the address is that of somebody who is away."""
    away = User.objects.filter(email=email_key(address), absent_until__gte=timezone.localdate(now))
    for user in away.filter(substitute__is_active=True).select_related("substitute"):
        shared = [mine.role for mine in _roles(user) if mine.organisation == organisation]
        if Membership.objects.filter(
            user=user.substitute_id, organisation=organisation, role__in=shared
        ).exists():
            until = date_format(user.absent_until or "", "j. F Y")
            words = _("In Vertretung: Diese Mail ging an %(name)s, abwesend bis %(until)s.")
            return StandIn(user.substitute.email, words % {"name": user, "until": until})  # type: ignore[union-attr]
    return None


def team(user: User, *, now: datetime) -> list[str]:
    """What the start page says of the team: who is away, who stands in, and where one person is alone."""
    today, lines = timezone.localdate(now), []
    if user.absent_until and user.absent_until >= today and user.substitute:
        until = date_format(user.absent_until, "j. F Y")
        lines.append(
            _("Sie sind abwesend bis %(until)s, Vertretung: %(name)s.")
            % {"until": until, "name": user.substitute}
        )
    others = list(colleagues(user).order_by("name", "email"))
    for other in others:
        if other.absent_until and other.absent_until >= today:
            until = date_format(other.absent_until, "j. F Y")
            mine = other.substitute_id == user.pk
            words = (
                _("%(name)s ist abwesend bis %(until)s. Sie vertreten.")
                if mine
                else _("%(name)s ist abwesend bis %(until)s.")
            )
            lines.append(words % {"name": other, "until": until})
    if not others and _roles(user):
        lines.append(
            _(
                "Sie sind allein in Ihrer Redaktion. Bitte nennen Sie dem Verband eine zweite Person, damit jemand Sie vertritt."
            )
        )
    return lines
