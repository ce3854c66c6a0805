"""Who may what: one dict from role to model to actions (domain.md „Staff and rights").

A right holds in the membership's organisation and reaches as far as `Reach` says. There are no
Django groups and no Permission rows (architecture.md): what stands here is asked on every request.
"choose" is the right to name a row in a form without reading it.
"""

from dataclasses import dataclass, field
from enum import Enum

from django.db.models import Q, QuerySet

from portal.models import Membership, Organisation, User


class Reach(Enum):
    OWN = "rows of the membership's organisation"
    TRUST = "rows of the membership's organisation in a town that has none of its own (rule 25)"
    ALL = "every row"


@dataclass(frozen=True)
class Right:
    actions: frozenset[str]
    reach: Reach
    only: Q = field(default_factory=Q)  # a further condition on the rows


def _right(actions: str, reach: Reach = Reach.OWN, only: Q | None = None) -> Right:
    return Right(frozenset(actions.split()), reach, only or Q())


# Who looks after seminars sees no volunteer, everybody else sees no participant of one.
ABOUT_SEMINARS = (
    Q(about__startswith="session:")
    | Q(about__startswith="sessionsignup:")
    | Q(about__startswith="serieswatch:")
)
OF_SEMINARS = ABOUT_SEMINARS | Q(booking__slot_kind="session")

RIGHTS: dict[Membership.Role, dict[str, Right]] = {
    Membership.Role.EDITOR: {
        "portal.organisation": _right("view change"),
        "portal.municipality": _right("choose"),
        "portal.mail": _right("view resend", only=~OF_SEMINARS),
        "portal.accesslog": _right("view", only=~ABOUT_SEMINARS),
        "initiatives.topic": _right("choose", Reach.ALL),
        "initiatives.idea": _right("choose", Reach.ALL),
        "initiatives.initiative": _right("view add change delete"),
        "initiatives.pagelink": _right("view"),
        "initiatives.blueprint": _right("view add change"),
        "initiatives.hint": _right("view change"),
        "initiatives.inquiry": _right("view change"),
        "initiatives.proposal": _right("view change"),
        "initiatives.wish": _right("view"),
        "volunteers.opportunity": _right("view add change delete"),
        "volunteers.shift": _right("view add change delete"),
        "volunteers.shiftsignup": _right("view add change"),
    },
    # As the Redaktion, without personal data: no sign-ups, no mails, no log, and nothing to change.
    Membership.Role.READER: {
        "portal.organisation": _right("view"),
        "initiatives.initiative": _right("view"),
        "initiatives.pagelink": _right("view"),
        "initiatives.blueprint": _right("view"),
        "volunteers.opportunity": _right("view"),
        "volunteers.shift": _right("view"),
    },
    Membership.Role.NETWORK: {
        "portal.organisation": _right("view add change", Reach.ALL),
        "portal.municipality": _right("view change choose", Reach.ALL),
        "portal.user": _right("view add change", Reach.ALL),
        "portal.accessrequest": _right("view change", Reach.ALL),
        "portal.membership": _right("view add change delete", Reach.ALL),
        "portal.mail": _right("view resend", Reach.TRUST, only=~OF_SEMINARS),
        "portal.accesslog": _right("view", only=~ABOUT_SEMINARS),
        "portal.heartbeat": _right("view", Reach.ALL),
        "initiatives.topic": _right("view add change choose", Reach.ALL),
        "initiatives.idea": _right("view add change choose", Reach.ALL),
        "initiatives.highlight": _right("view add change delete", Reach.ALL),
        "initiatives.initiative": _right("view add change delete"),
        "initiatives.pagelink": _right("view"),
        "initiatives.blueprint": _right("view add change"),
        "initiatives.hint": _right("view change"),
        "initiatives.inquiry": _right("view change"),
        "initiatives.proposal": _right("view change", Reach.TRUST),
        "initiatives.wish": _right("view", Reach.TRUST),
        # Never a town's people once it has staff: neither its sign-ups nor the mails to them.
        "volunteers.opportunity": _right("view add change delete", Reach.TRUST),
        "volunteers.shift": _right("view add change delete", Reach.TRUST),
        "volunteers.shiftsignup": _right("view add change", Reach.TRUST),
    },
    Membership.Role.SEMINARS: {
        "portal.mail": _right("view resend", only=OF_SEMINARS),
        "portal.accesslog": _right("view", only=ABOUT_SEMINARS),
        "seminars.series": _right("view add change delete choose"),
        "seminars.session": _right("view add change delete"),
        "seminars.speaker": _right("view add change delete"),
        "seminars.sessionsignup": _right("view add change"),
    },
}


def holds(membership: Membership) -> bool:
    """Whether the role counts: network and seminars are the association's, nobody else's."""
    return (
        membership.role in (Membership.Role.EDITOR, Membership.Role.READER)
        or membership.organisation.kind == Organisation.Kind.ASSOCIATION
    )


def reaches(user: User, action: str, label: str) -> list[tuple[Reach, Organisation | None, Q]]:
    """How far the user may do this to rows of the model `label`: reach, organisation and a further condition.

    One for each membership.
    """
    if user.is_active and user.is_superuser:
        return [(Reach.ALL, None, Q())]
    found: list[tuple[Reach, Organisation | None, Q]] = []
    for membership in user.roles:
        if right := _given(membership, action, label):
            found.append((right.reach, membership.organisation, right.only))
    return found


def _given(membership: Membership, action: str, label: str) -> Right | None:
    right = RIGHTS.get(membership.role, {}).get(label)  # type: ignore[call-overload]
    return right if right and action in right.actions and holds(membership) else None


def may(user: User, action: str, label: str) -> bool:
    """Whether there is any row of this model that the user may do this to."""
    return bool(reaches(user, action, label))


def looks_after_all_towns(user: User) -> bool:
    """The association's network, and the operator."""
    return may(user, "change", "portal.municipality")


def organisations(user: User, action: str, label: str) -> list[Organisation]:
    """Those in which a role of the user gives the right to rows of the model, each once."""
    return list(dict.fromkeys(each.organisation for each in user.roles if _given(each, action, label)))


def people(organisation: Organisation, action: str, label: str) -> QuerySet[User]:
    """The active people whose role in the organisation gives the right to rows of the model, the first ones first."""
    rows = Membership.objects.filter(organisation=organisation, user__is_active=True)
    given = [each.user_id for each in rows.select_related("organisation") if _given(each, action, label)]
    return User.objects.filter(pk__in=given).order_by("pk")
