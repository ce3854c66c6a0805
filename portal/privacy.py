"""Data protection: export, erase, and the deletion classes of trust.md, run nightly.

Which columns hold personal data stands at each model (`privacy`: column → class); the code here
finds them there. What is left of a sign-up after its time is a count.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session as LoginSession
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from portal import confirmations, journal, leaving, mailfiles, notices
from portal.asking import Asking
from portal.models import Booking, Broadcast, Mail
from portal.retention import (
    K0_UNCONFIRMED,
    K1_MAILS,
    K3_PERSON,
    K3_PHONE,
    K4_LAST,
    K5_PROOF,
    K7_CONTACT,
    UNSETTLED,
)  # fmt: skip
from portal.seats import deciding, end, fill_seats, lock_slots
from portal.signups import LATE_RETURN
from portal.slots import Signup
from portal.standing import forms_of, signup_models, signups_of, slot_model
from portal.withdrawing import Withdrawable

Status, Reason = Signup.Status, Signup.Reason


def _empty(model: type[models.Model], columns: Iterable[str]) -> dict[str, Any]:
    """Column → its empty value: None where it may be NULL, 0 for a number, else the empty string."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    return {name: _nothing(fields[name]) for name in columns}


def _nothing(field: models.Field) -> Any:
    if field.null:
        return None
    return 0 if isinstance(field, models.FloatField) else ""


def columns(model: type[models.Model], deletion_class: str) -> list[str]:
    """The columns of this model that belong to a deletion class."""
    declared: dict[str, str] = getattr(model, "privacy", {})
    return [name for name, its_class in declared.items() if its_class == deletion_class]


def _wipe_people(bookings: QuerySet[Booking], *, now: datetime) -> int:
    """Name, address and telephone of these bookings are gone, everywhere; the counts stay."""
    keys = list(bookings.values_list("pk", flat=True))
    for model in signup_models():
        signups = model.objects.filter(booking__in=keys)  # type: ignore[attr-defined]
        signups.update(**_empty(model, columns(model, "K3")))
    mails = Mail.objects.filter(booking__in=keys)  # K1: the state line stays until K3
    mails.exclude(confirmations.counted(now)).delete()
    # Emptied, but counted: else erasing one's own form would free the daily limit of somebody else's address.
    mails.update(**_empty(Mail, columns(Mail, "K1")))
    return Booking.objects.filter(pk__in=keys).update(
        erased_at=now, **_empty(Booking, columns(Booking, "K3"))
    )


def export(booking: Booking) -> dict[str, Any]:
    """Everything that is held about this form's person, as plain JSON values (Art. 15, 20 DSGVO).

    „gespeichert" holds every column that its model declares as personal, under its name on screen.
    """
    return {
        "anmeldung": booking.pk,
        "herausgeber": booking.organisation.name,
        "gespeichert": _stored(booking),
        "weg": booking.get_source_display(),
        "einwilligung": {
            "fassung": booking.wording,
            "altersangabe_bestaetigt": booking.age_confirmed,
            "eingetragen": _iso(booking.entered_at),
            "bestaetigungsmail": _iso(booking.mailed_at),
            "erinnert": _iso(booking.nudged_at),
            "bestaetigt": _iso(booking.confirmed_at),
            "adresse_abgelehnt": _iso(booking.email_refused_at),
        },
        "termine": [_export_signup(signup) for signup in signups_of(booking)],
        "mails": [_export_mail(mail) for mail in booking.mails.filter(secret=False).order_by("queued_at")],
    }


def _stored(row: models.Model) -> dict[str, Any]:
    """Every declared personal column of the row, by the name that people read."""
    fields = {field.name: field for field in row._meta.concrete_fields}
    return {str(fields[name].verbose_name): _shown(row, name) for name in row.privacy}  # type: ignore[attr-defined]


def _shown(row: models.Model, name: str) -> Any:
    """A column's value as its owner reads it: a choice by its words."""
    shown = getattr(row, f"get_{name}_display", None)
    return shown() if shown else getattr(row, name)


def _export_signup(signup: Signup) -> dict[str, Any]:
    return {
        "nummer": signup.pk,
        "was": signup.slot.title,
        "wo": signup.slot.where,
        "beginn": _iso(signup.slot.starts),
        "ende": _iso(signup.slot.ends),
        "personen": signup.seats,
        "stand": signup.get_status_display(),
        "grund": signup.get_ended_reason_display(),
        "platz_seit": _iso(signup.seated_at),
        "beendet": _iso(signup.ended_at),
        "war_da": signup.attended,
        "gespeichert": _stored(signup),
    }


def _export_mail(mail: Mail) -> dict[str, Any]:
    return {"geschrieben": _iso(mail.queued_at), "stand": mail.state, "gespeichert": _stored(mail)}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def proof(address: str, *, secret: str | None = None) -> str:
    """A keyed hash of an address: proves that it was erased without holding it (class K5).

    `secret` is an older SECRET_KEY, for what was erased before it changed.
    """
    return salted_hmac("portal.privacy.erased", address, secret=secret, algorithm="sha256").hexdigest()


@deciding
def erase(booking: Booking, *, now: datetime) -> None:
    """At the person's wish (K5): seats are given back, no queued mail leaves, nothing personal is left.

    Forms of the same address that changed each other (rule 5) go together: one person, one wish.
    The journal comes before the commit: a wish that it cannot keep is not fulfilled, and said to be open.
    Raises Busy, OSError.
    """
    together = {booking.pk, *_changed_each_other(booking)}
    for model in signup_models():
        _end_all(model, together, now=now)
    for row in Booking.objects.filter(pk__in=together, erased_at=None):
        known_as = proof(row.email_key) if row.email_key else ""
        written_to = set(row.mails.values_list("to", flat=True))  # a mistyped address as well
        for address in filter(None, {row.email, *written_to}):
            transaction.on_commit(partial(mailfiles.forget, to=address))
        _wipe_people(Booking.objects.filter(pk=row.pk), now=now)
        Booking.objects.filter(pk=row.pk).update(erased_hash=known_as)
    journal.erased(together)


def _changed_each_other(booking: Booking) -> set[int]:
    """Keys of all forms that a proved address merged with this one, in one or several steps."""
    found: set[int] = set()
    news = {booking.pk}
    while news:
        found |= news
        rows = Booking.objects.filter(pk__in=news, confirmed_at__isnull=False)
        news = {form.pk for row in rows for signup in signups_of(row) for form in forms_of(signup)}
        news |= {s.booking_id for row in rows for s in signups_of(row)}  # type: ignore[attr-defined]
        news -= found
    return found


def _end_all(model: type[Signup], bookings: set[int], *, now: datetime) -> None:
    """What is still to come is given back; the next are seated, in the last 24 hours the contact is told."""
    rows = model.objects.filter(booking__in=bookings).exclude(status=Status.ENDED)  # type: ignore[attr-defined]
    signups = list(rows.filter(slot__starts__gt=now))
    slots = lock_slots(signups) if signups else {}
    late: list[Signup] = []
    for signup in rows.filter(slot__in=list(slots)):
        signup.slot, had_seat = slots[signup.slot_id], signup.status in Signup.SEATED
        end(signup, Reason.ERASED, now=now)
        if had_seat and now >= signup.slot.starts - LATE_RETURN:
            late.append(signup)
    for slot in slots.values():
        fill_seats(slot, now=now)
    for signup in late:
        notices.tell_contact_of_late_return(signup, now=now)


def lasting() -> list[type[models.Model]]:
    """Models of class K4: their rows live from last activity to last activity.

    Each has a `label` (see `Mail.about`) and the columns entered_at, confirmed_at, active_at, ended_at
    and erased_hash; a row that ended keeps these and nothing of the person.
    """
    return [model for model in apps.get_models() if columns(model, "K4")]


def export_lasting(row: Any) -> dict[str, Any]:
    """Everything that is held in a row of class K4, like `export`."""
    return {
        "nummer": row.pk,
        "herausgeber": row.organisation.name,
        "wunsch": dict(row.words()),
        "gespeichert": _stored(row),
        "einwilligung": {
            "fassung": row.wording,
            "eingetragen": _iso(row.entered_at),
            "bestaetigungsmail": _iso(row.mailed_at),
            "bestaetigt": _iso(row.confirmed_at),
            "zuletzt_aktiv": _iso(row.active_at),
            "beendet": _iso(row.ended_at),
        },
        "mails": [_export_mail(mail) for mail in Mail.objects.filter(about=row.label).order_by("queued_at")],
    }


@deciding
def forget(row: Any, *, now: datetime) -> None:
    """At the person's wish (K5): this row of class K4 ends, no mail about it leaves or stays. Raises Busy, OSError."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    if _end_lasting(rows.filter(ended_at=None), now=now):
        rows.update(erased_hash=proof(row.email_key))
        transaction.on_commit(partial(mailfiles.forget, to=row.email))
        journal.forgotten(row)


@deciding
def drop_asked(row: Any, *, now: datetime) -> None:
    """At the person's wish (K5): what they asked (an `Asking` with address and label) and all mails about it are gone; there is no row to keep a proof in.

    Raises Busy, OSError.
    """
    rows = type(row)._default_manager.filter(pk=row.pk)
    for found in rows.select_for_update(no_key=True, of=("self",)):
        mails = Mail.objects.filter(about=found.label)
        mails.exclude(confirmations.counted(now)).delete()
        mails.update(**_empty(Mail, columns(Mail, "K1")))
        transaction.on_commit(partial(mailfiles.forget, to=found.email))
        rows.delete()
        journal.forgotten(found)


def _end_lasting(rows: QuerySet, *, now: datetime) -> int:
    rows = rows.select_for_update(no_key=True)
    found = {row.pk: row.label for row in rows}
    model = rows.model
    ended = model._default_manager.filter(pk__in=found).update(
        ended_at=now, **_empty(model, columns(model, "K4"))
    )
    Mail.objects.filter(about__in=found.values()).delete()
    return int(ended)


def enforce(now: datetime, *, dry_run: bool = False) -> dict[str, int]:
    """Every deletion class is applied; returns how many rows each touched (or would touch).

    Mails come first: what goes with its booking in the same night is counted all the same.
    """
    if not dry_run:
        leaving.note(now)
        _note_withdrawn(now)
    counts = {"K1 Maildateien": mailfiles.forget(before=now - K1_MAILS, dry_run=dry_run)}
    for name, find, act in (
        ("K1 Mails", _old_mails, _wipe_mails),
        ("K1 Nachrichten an Angemeldete", _old_broadcasts, _wipe_broadcasts),
        ("K1 Zeilen von Mails zu Zugängen", _old_account_mails, _drop),
        ("K1 gezählte Mails gelöschter Anmeldungen", _no_more_counted, _drop),
        ("K0 unbestätigte Anmeldungen", _unconfirmed, _expire),
        ("K0 nicht angekreuzte Termine", _unticked, _expire_signups),
        ("K3 Telefonnummern", _old_phones, _wipe_phones),
        ("K3 Antworten vergangener Termine", _old_signups, _wipe_signups),
        ("K3 Personen", _old_people, _wipe_people),
        ("K0 unbestätigte Benachrichtigungen", _unconfirmed_lasting, _end_lasting),
        ("K0 unbestätigte Anfragen", _unproved, _drop),
        ("K1 beantwortete Anfragen", _settled, _drop),
        ("K4 Benachrichtigungen", _idle, _end_lasting),
        ("K5 Nachweise der Löschung", _old_proofs, _wipe_proofs),
        ("K5 beendete Benachrichtigungen", _ended, _drop),
        ("K7 Ansprechpersonen", _withdrawn, _wipe_contacts),
        ("K8 Zugänge", leaving.due, leaving.pseudonymise),
        ("K8 abgelaufene Sitzungen", _expired_logins, _drop),
    ):
        found = find(now)
        if dry_run:
            counts[name] = sum(rows.count() for rows in found)
        else:
            counts[name] = sum(_apply(act, rows, now=now) for rows in found)
    return counts


def _apply(act: Callable[..., int], rows: QuerySet, *, now: datetime) -> int:
    """In parts: after a flood of forms one transaction would hold its locks for longer than anybody waits."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return sum(_apply_to(act, rows.filter(pk__in=part), now=now) for part in parts(keys))


@deciding
def _apply_to(act: Callable[..., int], rows: QuerySet, *, now: datetime) -> int:
    return act(rows, now=now)


def parts(keys: list[Any]) -> list[list[Any]]:
    """The same keys in lists that one statement and one transaction bear."""
    return [keys[n : n + 500] for n in range(0, len(keys), 500)]


def _unconfirmed(now: datetime) -> list[QuerySet]:
    return [Booking.objects.filter(confirmed_at=None, erased_at=None, entered_at__lte=now - K0_UNCONFIRMED)]


def _expire(bookings: QuerySet[Booking], *, now: datetime) -> int:
    # Locked and looked at again: a click in this very moment keeps its seat.
    keys = list(bookings.select_for_update(no_key=True).values_list("pk", flat=True))
    for model in signup_models():
        rows = model.objects.filter(booking__in=keys, status=Status.UNCONFIRMED)  # type: ignore[attr-defined]
        _expire_signups(rows, now=now)
    return _wipe_people(Booking.objects.filter(pk__in=keys), now=now)


def _unticked(now: datetime) -> list[QuerySet]:
    return [
        model.objects.filter(  # type: ignore[attr-defined]
            status=Status.UNCONFIRMED,
            booking__confirmed_at__isnull=False,
            booking__entered_at__lte=now - K0_UNCONFIRMED,
        )
        for model in signup_models()
    ]


def _expire_signups(signups: QuerySet, *, now: datetime) -> int:
    return signups.update(status=Status.ENDED, ended_reason=Reason.EXPIRED, ended_at=now)


def _final(now: datetime) -> Q:
    then = now - K1_MAILS
    return (
        Q(sent_at__lte=then) | Q(failed_at__lte=then) | Q(withdrawn_at__lte=then) | Q(useful_until__lte=then)
    )


def _old_mails(now: datetime) -> list[QuerySet]:
    return [Mail.objects.filter(_final(now)).exclude(to="", text="", last_error="")]


def _old_account_mails(now: datetime) -> list[QuerySet]:
    """No form ends that would take their lines along, and the key may hold a hash of a stranger's mailbox."""
    return [Mail.objects.filter(_final(now), secret=True, booking=None)]


def _wipe_mails(mails: QuerySet, *, now: datetime) -> int:
    return mails.update(**_empty(Mail, columns(Mail, "K1")))


def _old_broadcasts(now: datetime) -> list[QuerySet]:
    return [Broadcast.objects.filter(sent_at__lte=now - K1_MAILS).exclude(headline="", text="")]


def _wipe_broadcasts(rows: QuerySet, *, now: datetime) -> int:
    return rows.update(**_empty(Broadcast, columns(Broadcast, "K1")))


def _no_more_counted(now: datetime) -> list[QuerySet]:
    return [Mail.objects.filter(booking__erased_at__isnull=False).exclude(confirmations.counted(now))]


def _over(now: datetime, after: timedelta) -> list[QuerySet]:
    """Bookings of which no sign-up is on a slot that ended less than `after` ago (or is still to come)."""
    known = [slot_model(model).kind for model in signup_models()]  # of others a later version knows more
    bookings = Booking.objects.filter(erased_at=None, confirmed_at__isnull=False, slot_kind__in=known)
    for model in signup_models():
        young = model.objects.filter(slot__ends__gt=now - after)  # type: ignore[attr-defined,misc]
        bookings = bookings.exclude(pk__in=young.values("booking"))
    return [bookings]


def _old_phones(now: datetime) -> list[QuerySet]:
    return [rows.exclude(phone="") for rows in _over(now, K3_PHONE)]


def _wipe_phones(bookings: QuerySet, *, now: datetime) -> int:
    return bookings.update(phone="")


def _old_people(now: datetime) -> list[QuerySet]:
    return _over(now, K3_PERSON)


def _old_signups(now: datetime) -> list[QuerySet]:
    """Sign-ups on slots that ended long ago, of forms that live on for a later date; and of erased forms."""
    late = Q(slot__ends__lte=now - K3_PERSON, booking__confirmed_at__isnull=False)
    return [
        model.objects.filter(late | Q(booking__erased_at__isnull=False)).exclude(  # type: ignore[attr-defined,misc]
            **_empty(model, columns(model, "K3"))
        )
        for model in signup_models()
    ]


def _wipe_signups(signups: QuerySet, *, now: datetime) -> int:
    return signups.update(**_empty(signups.model, columns(signups.model, "K3")))


def _old_proofs(now: datetime) -> list[QuerySet]:
    return [Booking.objects.filter(erased_at__lte=now - K5_PROOF).exclude(erased_hash="")]


def _wipe_proofs(bookings: QuerySet, *, now: datetime) -> int:
    return bookings.update(**_empty(Booking, columns(Booking, "K5")))


def _unconfirmed_lasting(now: datetime) -> list[QuerySet]:
    late = {"confirmed_at": None, "ended_at": None, "entered_at__lte": now - K0_UNCONFIRMED}
    return [model._default_manager.filter(**late) for model in lasting()]


def asked() -> list[type[Asking]]:
    """What people from outside ask of staff, in all apps: found, not registered."""
    return [model for model in apps.get_models() if issubclass(model, Asking)]


def _unproved(now: datetime) -> list[QuerySet]:
    late = {"confirmed_at": None, "entered_at__lte": now - K0_UNCONFIRMED}
    return [model._default_manager.filter(**late) for model in asked()]


def _settled(now: datetime) -> list[QuerySet]:
    late = Q(settled_at__lte=now - K1_MAILS) | Q(entered_at__lte=now - UNSETTLED)
    return [model._default_manager.filter(late, confirmed_at__isnull=False) for model in asked()]


def _idle(now: datetime) -> list[QuerySet]:
    late = {"ended_at": None, "active_at__lte": now - K4_LAST}
    return [model._default_manager.filter(**late) for model in lasting()]


def _ended(now: datetime) -> list[QuerySet]:
    return [model._default_manager.filter(ended_at__lte=now - K5_PROOF) for model in lasting()]


def _contacts() -> list[type[Withdrawable]]:
    return [model for model in apps.get_models() if issubclass(model, Withdrawable)]


def _note_withdrawn(now: datetime) -> None:
    """Since when rows are withdrawn, where no `save` noted it; and no more, once they are public again."""
    for model in _contacts():
        rows, is_withdrawn = model._default_manager, model.withdrawn()
        rows.filter(is_withdrawn, withdrawn_at=None).update(withdrawn_at=now)
        rows.filter(~is_withdrawn, withdrawn_at__isnull=False).update(withdrawn_at=None)


def _withdrawn(now: datetime) -> list[QuerySet]:
    late = now - K7_CONTACT
    return [
        model._default_manager.filter(model.withdrawn(), withdrawn_at__lte=late).exclude(
            **_empty(model, columns(model, "K7"))
        )
        for model in _contacts()
    ]


def _wipe_contacts(rows: QuerySet, *, now: datetime) -> int:
    return rows.update(**_empty(rows.model, columns(rows.model, "K7")))


def _expired_logins(now: datetime) -> list[QuerySet]:
    """A session names the address that logged in, and stays when nobody logs out."""
    return [LoginSession.objects.filter(expire_date__lte=now)]


def _drop(rows: QuerySet, *, now: datetime) -> int:
    return rows.delete()[0]
