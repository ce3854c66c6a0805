"""The mail that asks for the one click (rule 2), and the limit that keeps it from being a cannon.

At most three a day leave for one address, nudge included, however the address is spelled, whatever
form it was typed into, and however many requests come at once: requests for one address wait for
each other (`lock_address`). A correction does not give the wrong address a fresh start, so the
count goes by the address that a mail was for, not by the booking.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from portal import letters, links, notices, outbox
from portal.models import Booking, Mail
from portal.prepared import prepared
from portal.retention import K0_UNCONFIRMED
from portal.slots import Signup

KIND = "confirm-address"
DAY = timedelta(days=1)
CONFIRMATIONS_A_DAY = 3  # no mail cannon (trust.md; domain.md, mail table)


def mailbox(address_key: str) -> str:
    """A keyed hash of the mailbox behind an address: counts its mails without holding it.

    „kim+1@…" arrives where „kim@…" does, and Gmail ignores dots.
    """
    local, _at, domain = address_key.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return salted_hmac("portal.confirmations", f"{local}@{domain}").hexdigest()[:24]


def lock_booking(booking: Booking) -> Booking:
    """The booking as it is now, locked: after slots, before its address."""
    rows = Booking.objects.select_for_update(no_key=True, of=("self",)).select_related("organisation")
    return rows.get(pk=booking.pk)


def lock_address(address_key: str) -> None:
    """Requests for this address go one after the other until the transaction ends.

    PostgreSQL: an advisory lock, under the same `lock_timeout`. SQLite has one writer anyway.
    """
    if connection.vendor == "postgresql":
        number = int(mailbox(address_key)[:15], 16)  # 60 bits: two addresses at one lock only wait
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def next_number(address_key: str, *, now: datetime) -> int:
    """Which mail to this (locked) address the next one is; 0 when today's limit is reached.

    One that was withdrawn before it left counts for nothing.
    """
    prefix = _key(address_key)
    earlier = _earlier(prefix=prefix)
    day_ago = now - DAY
    today = [key for key, queued, sent, withdrawn in earlier if queued > day_ago and (sent or not withdrawn)]
    if len(today) >= CONFIRMATIONS_A_DAY:
        return 0
    return 1 + max((int(key.removeprefix(prefix)) for key, *_rest in earlier), default=0)


@prepared
def _earlier(*, prefix: str) -> QuerySet:
    rows = Mail.objects.filter(key__startswith=prefix)
    return rows.values_list("key", "queued_at", "sent_at", "withdrawn_at")


def counted(now: datetime) -> Q:
    """Mails that left within a day and count for the limit of their address."""
    return Q(key__startswith=f"{KIND}:", sent_at__gt=now - DAY)


def _key(address_key: str) -> str:
    return f"{KIND}:{mailbox(address_key)}:"


def mail_key(address_key: str, number: int) -> str:
    """The outbox key under which the mail of this number counts, whatever it asks to confirm."""
    return f"{_key(address_key)}{number}"


def key_for_a_stranger(address_key: str, *, kind: str, now: datetime) -> str:
    """The outbox key of a mail of this kind to an address that somebody only typed: one a day, and within the
    three of its mailbox; empty when the limit is reached."""
    lock_address(address_key)
    known = Mail.objects.filter(key__startswith=_key(address_key), kind=kind, queued_at__gt=now - DAY)
    number = 0 if known.exists() else next_number(address_key, now=now)
    return mail_key(address_key, number) if number else ""


def ask(booking: Booking, signups: Sequence[Signup], *, now: datetime, nudge: bool = False) -> bool:
    """Queue confirm-address for the open dates of a form; False when today's limit is reached."""
    if not booking.email_key:
        return False
    lock_address(booking.email_key)
    number = next_number(booking.email_key, now=now)
    if not number:
        return False
    write(booking, signups, number=number, now=now, nudge=nudge)
    booking.mailed_at = now
    booking.save(update_fields=["mailed_at"])
    return True


def write(
    booking: Booking, signups: Sequence[Signup], *, number: int, now: datetime, nudge: bool = False
) -> None:
    """Queue confirm-address under the number that `next_number` gave."""
    outbox.queue(
        key=mail_key(booking.email_key or "", number),
        kind=KIND,
        to=booking.email,
        letter=_letter(booking, signups, nudge=nudge),
        now=now,
        organisation=booking.organisation,
        booking=booking,
        useful_until=min(booking.entered_at + K0_UNCONFIRMED, max(s.slot.closes for s in signups)),
    )


def _letter(booking: Booking, signups: Sequence[Signup], *, nudge: bool) -> dict[str, str]:
    """The dates that wait for the click, and those where this address is signed up already (rule 5)."""
    signups = sorted(signups, key=lambda s: (s.slot.starts, s.pk))
    first = signups[0]
    taken = set(_taken(type(first), email_key=booking.email_key, slots=[s.slot_id for s in signups]))
    return letters.write(
        "signups/confirm-address",
        notices.common_facts([signup.slot for signup in signups])
        | {
            "greeting": _("Guten Tag %s,") % booking.name,
            "seats": notices.persons(first.seats),
            "dates": notices.block([s for s in signups if s.slot_id not in taken]),
            "already_dates": notices.block([s for s in signups if s.slot_id in taken]),
            "n_dates": str(len(signups)),
            "nudge": "1" if nudge else "",
            "confirm_url": links.url("booking:confirm", links.CONFIRM, booking),
            "manage_url": links.url("booking:manage", links.MANAGE, booking),
        },
        organisation=booking.organisation,
    )


@prepared
def _taken(model: Any, *, email_key: str, slots: Sequence[int]) -> QuerySet:
    rows = model.objects.live().filter(email_key=email_key, slot__pk__in=slots)
    return rows.values_list("slot_id", flat=True)  # type: ignore[no-any-return]


def withdraw(booking: Booking, *, now: datetime) -> int:
    """What was to go there does not: the address was wrong, or no date is left to confirm."""
    return outbox.withdraw(about=[booking.label], kinds=[KIND], now=now)


def ask_again(booking: Booking, signups: Sequence[Signup], *, now: datetime) -> None:
    """A date changed: a mail that has not left yet is written anew for those still to confirm."""
    current = lock_booking(booking)
    if withdraw(current, now=now) and signups:
        ask(current, signups, now=now)
