"""„Allen schreiben": a message of staff to the people of dates, for every kind of slot.

One form makes one mail with all its dates (rule 16). Who wrote what to whom, and how many, is recorded; the text
goes after 30 days (class K1). A message that has not left is written anew when a date moves or a seat is given
back (rule 15). At night it waits, unless it is urgent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import dates, letters, notices, outbox
from portal.models import Booking, Broadcast, BroadcastDate, Mail, Organisation, User
from portal.refused import Refused
from portal.seats import deciding, lock
from portal.slots import Signup, Slot
from portal.standing import signup_model, signups_of, with_slot

KIND, URGENT, COPY = "message", "message-now", "message-copy"
TEXT, HEADLINE = 4000, 100  # characters
A_DAY = 20  # messages of one organisation: who writes more often writes to nobody who still reads
AFTERWARDS = timedelta(days=3)  # a message about a date that is over is still useful so long
Party = list[Signup]  # the sign-ups of one form that a message is about, in order


class Who(models.TextChoices):
    """Which people of a date."""

    SEATED = "seated", gettext_lazy("alle mit Platz")
    BOTH = "both", gettext_lazy("alle mit Platz und alle, die warten")
    WAITING = "waiting", gettext_lazy("nur alle, die warten")


STATES = {
    Who.SEATED: Signup.SEATED,
    Who.WAITING: [Signup.Status.WAITING, Signup.Status.REQUESTED],
    Who.BOTH: Signup.LIVE,
}


@dataclass(frozen=True)
class Message:
    """What somebody wants to write, and to whom: dates of one kind and one organisation."""

    slots: Sequence[Slot]
    who: Who
    where: str  # these dates, in words
    headline: str
    text: str
    urgent: bool = False

    @property
    def audience(self) -> str:
        """„alle mit Platz: Samstag, 28. November 2026, 9–12 Uhr"."""
        return f"{self.who.label}: {self.where}"[:300]

    @property
    def kind(self) -> str:
        return URGENT if self.urgent else KIND


def parties(message: Message) -> list[Party]:
    """The people it is for, a list for each form; with and without an address."""
    rows = signup_model(message.slots[0]).objects.filter(
        slot__in=[slot.pk for slot in message.slots], status__in=STATES[message.who], booking__erased_at=None
    )
    found: dict[int, Party] = {}
    for signup in with_slot(rows).order_by("slot__starts", "slot_id", "place", "pk"):
        found.setdefault(signup.booking_id, []).append(signup)
    return list(found.values())


def digest(message: Message, found: Sequence[Party]) -> str:
    """A fingerprint of what a preview showed: the words, and everybody they go to."""
    people = [(signup.pk, signup.booking.email) for party in found for signup in party]
    said = (message.audience, message.headline, message.text, message.urgent, people)
    return sha256(repr(said).encode()).hexdigest()


def write(message: Message, party: Party, *, now: datetime) -> dict[str, str]:
    """The letter to the people of one form."""
    return _letter(message.headline, message.text, party, now=now)


def _letter(headline: str, text: str, party: Party, *, now: datetime) -> dict[str, str]:
    booking = party[0].booking
    facts = notices.facts(booking, party) | {"headline": headline, "message": text}
    if all(signup.slot.starts <= now for signup in party):
        del facts["give_back_url"]
    return letters.write("signups/message", facts, organisation=booking.organisation)


def refuse_if_too_late(message: Message, *, now: datetime) -> None:
    """Raises Refused for what would leave in the morning, when a date has begun by then."""
    if message.urgent or not dates.is_quiet(now):
        return
    local = timezone.localtime(now)
    day = local.date() + timedelta(days=local.hour >= dates.QUIET_FROM)
    morning = dates.at(day, time(dates.QUIET_TO))
    if any(now < slot.starts <= morning for slot in message.slots):
        raise Refused(
            _("Zwischen 21 und 7 Uhr wartet eine Nachricht bis zum Morgen. Dann hat ein Termin schon begonnen: "
              "Bitte wählen Sie „sofort senden“.")
        )  # fmt: skip


def _refuse_if_too_many(organisation: Organisation, *, now: datetime) -> None:
    today = Broadcast.objects.filter(organisation=organisation, sent_at__gt=now - timedelta(days=1))
    if today.count() >= A_DAY:
        raise Refused(
            _(
                "Von %(who)s gingen seit gestern um diese Zeit schon %(n)s Nachrichten hinaus. Bitte schreiben Sie morgen."
            )
            % {"who": organisation.name, "n": A_DAY}
        )


@deciding
def send(message: Message, *, key: str, by: User, seen: str, now: datetime) -> Broadcast | None:
    """The message is in the outbox once under `key`, with a copy to its writer, and recorded.

    None, and nothing is done, when it is not what was `seen`: somebody signed up or gave a seat back. Raises
    Refused, Busy.
    """
    slots = lock(type(message.slots[0]), [slot.pk for slot in message.slots])
    known = Broadcast.objects.filter(key=key).first()
    if known:
        return known
    refuse_if_too_late(message, now=now)
    _refuse_if_too_many(slots[0].organisation, now=now)
    found = parties(message)
    if digest(message, found) != seen:
        return None
    reached = [party for party in found if party[0].booking.email]
    if not reached:
        raise Refused(_("Niemand davon hat eine E-Mail-Adresse. Bitte rufen Sie selbst an."))
    broadcast = Broadcast.objects.create(
        key=key,
        organisation=slots[0].organisation,
        sent_by=by,
        sent_at=now,
        audience=message.audience,
        headline=message.headline,
        text=message.text,
        urgent=message.urgent,
        n_mails=len(reached),
    )
    BroadcastDate.objects.bulk_create(
        [BroadcastDate(broadcast=broadcast, label=slot.label) for slot in slots]
    )
    for party in reached:
        _queue(broadcast, party, now=now)
    _copy(message, key=f"{COPY}:{broadcast.pk}", by=by, count=len(reached), now=now)
    return broadcast


@transaction.atomic
def send_test(message: Message, *, by: User, now: datetime) -> None:
    """The message goes to who writes it, and to nobody else; it holds no link of anybody."""
    said = notices.short_key([message.headline, message.text, message.audience])
    _copy(message, key=f"{COPY}-test:{by.pk}:{said}:{now:%Y%m%d%H%M}", by=by, count=None, now=now)


def _copy(message: Message, *, key: str, by: User, count: int | None, now: datetime) -> None:
    first = message.slots[0]
    facts = notices.common_facts(message.slots) | {
        "greeting": _("Guten Tag %s,") % by.name if by.name else _("Guten Tag,"),
        "headline": message.headline,
        "message": message.text,
        "audience": message.audience,
        "n_dates": str(len(message.slots)),
        "count": str(count or ""),
        "is_test": "" if count else "1",
        "staff_url": settings.SITE_URL + first.staff_path,
    }
    outbox.queue(
        key=key,
        kind=COPY,
        to=by.email,
        letter=letters.write("staff/message-copy", facts, organisation=first.organisation),
        now=now,
        organisation=first.organisation,
        about=first.label,
    )


def _queue(broadcast: Broadcast, party: Party, *, now: datetime) -> None:
    booking = party[0].booking
    outbox.queue(
        key=f"{KIND}:{broadcast.pk}:{booking.pk}",
        kind=URGENT if broadcast.urgent else KIND,
        to=booking.email,
        letter=_letter(broadcast.headline, broadcast.text, party, now=now),
        now=now,
        organisation=booking.organisation,
        booking=booking,
        about=party[0].label if len(party) == 1 else booking.label,
        useful_until=max([now + AFTERWARDS, *(signup.slot.ends for signup in party)]),
    )


def retell(booking: Booking, *, now: datetime) -> None:
    """Messages to this form that have not left are written anew, as its dates are now; without one: taken back."""
    rows = Mail.objects.unsent().filter(booking=booking, kind__in=[KIND, URGENT])
    waiting = list(rows.values_list("key", "about", "kind"))
    for about, kind in {(about, kind) for _key, about, kind in waiting}:
        outbox.withdraw(about=[about], kinds=[kind], now=now)
    keys = [key for key, _about, _kind in waiting]
    for mail in Mail.objects.filter(key__in=keys, withdrawn_at=now):
        broadcast = Broadcast.objects.get(pk=int(mail.key.split(":")[1]))
        labels = set(broadcast.dates.values_list("label", flat=True))
        party = [s for s in signups_of(booking) if s.is_live and s.slot.label in labels]
        if broadcast.text and party:
            _queue(broadcast, party, now=now)


def sent(slot: Slot) -> QuerySet[Broadcast]:
    """Messages to the people of this date, the newest first."""
    return Broadcast.objects.filter(dates__label=slot.label).select_related("sent_by")
