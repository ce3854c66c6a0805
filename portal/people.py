"""The people of a date as staff read them (rules 2, 4, 8): a line each, in the order in which a clerk asks.

Of a date that is long over nobody is named, also whose form lives on (class K3), and so nobody is found:
what is searched is what is shown.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal import answers, consents
from portal.models import Booking
from portal.retention import K3_PERSON
from portal.search import fold
from portal.slots import Signup, Slot

UNCONFIRMED_SHOWN = 100  # the list stays readable when somebody invents people
UNCONFIRMED_SEARCHED = 2000
Status = Signup.Status
# What a clerk can narrow the list to: word of the address → as it is offered.
STATES = {
    "kommt": _("kommt"),
    "wartet": _("Warteliste"),
    "offen": _("nicht bestätigt"),
    "weg": _("nicht mehr dabei"),
    "anrufen": _("selbst anrufen"),
}
_GROUPS: list[tuple[str, Any, Any, Any]] = [
    ("kommt", (Status.CONFIRMED, Status.HELD), _("Wer kommt"), _("Noch niemand.")),
    ("wartet", (Status.REQUESTED, Status.WAITING), _("Warteliste"), ""),
    ("offen", (Status.UNCONFIRMED,), _("Noch nicht bestätigt (hält keinen Platz)"), ""),
    ("weg", (Status.ENDED,), _("Nicht mehr dabei"), ""),
]


def is_old(slot: Slot) -> bool:
    """Whether the date is over for so long that nobody is named any more (class K3)."""
    return timezone.now() >= slot.ends + K3_PERSON


def line(signup: Signup, position: int | None = None, *, nameless: bool = False) -> dict[str, Any]:
    """One party in words; `position` on the waiting list where it waits."""
    booking = Booking() if nameless else signup.booking
    return {
        "pk": signup.pk,
        "booking": signup.booking_id,  # type: ignore[attr-defined]
        "name": booking.name or gettext("(gelöscht)"),
        "email": booking.email,
        "phone": booking.phone,
        "seats": signup.seats,
        "answers": answers.sentence(signup),
        "answered": answers.words(signup),
        "status": _status(signup, position),
        "proof": consents.words(signup.booking),
        "remarks": [] if nameless else list(_remarks(signup)),
        "to_call": signup.is_to_call and not nameless,
        "live": signup.status != Status.ENDED,
        "give_back": given_back(signup).link % (booking.name or gettext("(gelöscht)")),
        "may_move": signup.is_live,
        "by_hand": signup.may_be_seated_by_hand,
    }


class Given(NamedTuple):
    """What giving back is called in the list and on its page, what it does, and what is said when it is done."""

    link: str  # with %s for the name
    deed: str
    happens: str
    done: str


def given_back(signup: Signup) -> Given:
    """The words for this party's place, which may be one on the waiting list, or none."""
    if signup.status == Signup.Status.UNCONFIRMED:
        return Given(
            gettext("Anmeldung von %s zurücknehmen"),
            gettext("Anmeldung zurücknehmen"),
            gettext("Einen Platz hält diese Anmeldung nicht."),
            gettext("Die Anmeldung gilt nicht mehr."),
        )
    if signup.status in (Signup.Status.REQUESTED, Signup.Status.WAITING):
        return Given(
            gettext("%s von der Warteliste nehmen"),
            gettext("Von der Warteliste nehmen"),
            gettext("Wer dahinter wartet, rückt auf."),
            gettext("Die Person steht nicht mehr auf der Warteliste."),
        )
    return Given(
        gettext("Platz von %s freigeben"),
        gettext("Platz freigeben"),
        ngettext(
            "Der Platz wird frei. Wartet jemand, bekommt ihn, wer als Nächstes an der Reihe ist.",
            "%(n)s Plätze werden frei. Wer wartet, rückt nach.",
            signup.seats,
        )
        % {"n": signup.seats},
        ngettext("Der Platz ist frei.", "%(n)s Plätze sind frei.", signup.seats),
    )


def _remarks(signup: Signup) -> Iterable[str]:
    booking = signup.booking
    if signup.is_to_call:
        yield gettext("selbst anrufen")
    elif signup.called_at:
        yield gettext("angerufen")
    if booking.email_refused_at:
        yield gettext("Adresse nimmt keine Mails an")
    elif not booking.email and signup.is_live:
        yield gettext("ohne E-Mail")
    if signup.passed_over >= 2:
        yield gettext("zweimal übergangen: Die Gruppe passte nicht in die freien Plätze")
    if booking.source == Booking.Source.PHONE:
        yield gettext("am Telefon eingetragen")


def _status(signup: Signup, position: int | None) -> str:
    if signup.status == Status.WAITING:
        return gettext("Warteliste, Platz %s") % position
    if signup.attended is not None:
        return gettext("war da") if signup.attended else gettext("kam nicht")
    if signup.status == Status.ENDED:
        return str(signup.get_ended_reason_display())
    return str(signup.get_status_display())


def groups(slot: Slot, *, search: str = "", state: str = "") -> list[dict[str, Any]]:
    """The lines of a date by state; `search` for a name, an address or a number, `state` is one of STATES.

    Each group: title, lines, the sentence for none, how many there are and how many are not shown.
    """
    state = state if state in STATES else ""
    # Of who never confirmed nothing is left to show; and invented people by the thousand hide nobody else.
    rows = slot.signups.exclude(ended_reason=Signup.Reason.EXPIRED, booking__name="")
    rows = rows.select_related("booking").order_by("place", "pk")
    unconfirmed = rows.filter(status=Status.UNCONFIRMED)
    read = UNCONFIRMED_SEARCHED if search or state == "anrufen" else UNCONFIRMED_SHOWN
    everybody = [*rows.exclude(status=Status.UNCONFIRMED), *unconfirmed[:read]]
    found = []
    for name, states, title, empty in _GROUPS:
        if state not in ("", name, "anrufen"):
            continue
        of_state = [signup for signup in everybody if signup.status in states]
        lines = [each for each in _lines(of_state, slot) if _is_meant(each, search, state)]
        n = len(lines)
        if Status.UNCONFIRMED in states and len(of_state) == read and not search:
            n = unconfirmed.count()
        lines = lines[:UNCONFIRMED_SHOWN] if Status.UNCONFIRMED in states else lines
        if lines or (empty and not search and not state):
            found.append({"title": title, "lines": lines, "empty": empty, "n": n, "more": n - len(lines)})
    return found


def _lines(signups: list[Signup], slot: Slot) -> list[dict[str, Any]]:
    waiting = (signup.pk for signup in signups if signup.status == Status.WAITING)
    position = {pk: number for number, pk in enumerate(waiting, start=1)}
    old = is_old(slot)
    return [line(signup, position.get(signup.pk), nameless=old) for signup in signups]


def _is_meant(line: dict[str, Any], search: str, state: str) -> bool:
    if state == "anrufen" and not line["to_call"]:
        return False
    number = _digits(search)
    if len(number) >= 3 and not re.search(r"[^\W\d]", search):
        return number in _digits(line["phone"])
    shown = fold(f"{line['name']} {line['email']}")
    return all(word in shown for word in fold(search).split())


def _digits(number: str) -> str:
    """A number as it is dialled at home: „+49 151 1" and „0151/1" are the same."""
    return re.sub(r"\D", "", re.sub(r"^\s*(\+|00)49\s*(\(0\))?", "0", number))
