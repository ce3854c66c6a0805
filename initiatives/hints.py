"""„Hinweis geben" and „entfernen lassen": from a guest to whoever answers for the page, and back (rule 20).

The guest's words stand in the Redaktion only; mails to staff carry a link (rule 17), one a day for each
page and five for all of them, so that nobody floods a mailbox. Nobody proved the address: only staff's own answer goes there, once.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from initiatives.models import Hint, Initiative
from portal import accesslog, confirmations, letters, outbox, overdue
from portal.logs import mask
from portal.models import User, email_key
from portal.publishing import take_down
from portal.refused import Refused

A_DAY = 20  # about one page; limits per client do not stop many clients


@transaction.atomic
def give(initiative: Initiative, *, kind: str, text: str, email: str, now: datetime) -> Hint:
    """The owner sees it among what is to be done; the same words twice are one hint. Raises Refused.

    Links of mails that stand in the words are masked: who reads them could act for the person.
    """
    said = {"kind": kind, "text": mask(text), "email": email}
    today = initiative.hints.filter(entered_at__gt=now - timedelta(days=1))  # type: ignore[attr-defined]
    if same := today.filter(settled_at=None, **said).first():
        return same  # type: ignore[no-any-return]
    if today.count() >= A_DAY:
        raise Refused(
            _("Zu dieser Seite kamen heute schon viele Hinweise. Bitte schreiben Sie direkt an: %s")
            % initiative.organisation.contact_email
        )
    hint = Hint.objects.create(initiative=initiative, entered_at=now, confirmed_at=now, **said)
    _tell_owner(hint, now=now)
    return hint


def _tell_owner(hint: Hint, *, now: datetime) -> None:
    page, organisation = hint.initiative, hint.initiative.organisation
    if outbox.is_full(organisation.contact_email, kind="hint", now=now):
        return
    facts = {
        "page_title": page.title,
        "town": page.municipality.name,
        "is_removal": "1" if hint.kind == Hint.Kind.REMOVAL else "",
        "staff_url": settings.SITE_URL + reverse("admin:initiatives_hint_change", args=[hint.pk]),
    }
    outbox.queue(
        key=f"hint:{page.pk}:{hint.kind}:{timezone.localdate(now)}",
        kind="hint",
        to=organisation.contact_email,
        letter=letters.write("towns/hint", facts, organisation=organisation),
        now=now,
        organisation=organisation,
        about=hint.label,
    )


@transaction.atomic
def settle(hint: Hint, *, answer: str, by: User, now: datetime, remove: bool = False) -> None:
    """It is done; an answer goes to the sender if there is an address. `remove` archives the page, too.

    Raises Refused when somebody else was faster.
    """
    open_ones = Hint.objects.filter(pk=hint.pk, settled_at=None)
    if not open_ones.update(settled_at=now, settled_by=by, answer=answer.strip()):
        raise Refused(_("Dieser Hinweis ist schon erledigt."))
    if remove:
        take_down(hint.initiative, state=Initiative.State.ARCHIVED)
    if answer.strip() and hint.email:
        _answer(hint, answer.strip(), now=now)
    action = _("Seite entfernt, Hinweis erledigt") if remove else _("Hinweis erledigt")
    organisation = hint.initiative.organisation
    accesslog.record(by, action=action, about=hint.label, organisation=organisation, now=now)


def _answer(hint: Hint, answer: str, *, now: datetime) -> None:
    page, organisation = hint.initiative, hint.initiative.organisation
    facts = {
        "page_title": page.title,
        "town": page.municipality.name,
        "answer": answer,
        "page_url": settings.SITE_URL + reverse("initiatives:list"),
    }
    outbox.queue(
        key=f"hint-answered:{hint.pk}",
        kind="hint-answered",
        to=hint.email,
        letter=letters.write("towns/hint-answered", facts, organisation=organisation),
        now=now,
        organisation=organisation,
        about=hint.label,
    )


def tell_overdue(*, now: datetime) -> int:
    """Hints that nobody answered in time (rule 26): staff are reminded, then who wrote is told; how many mails."""
    rows = Hint.objects.select_related("initiative__organisation", "initiative__municipality")
    return overdue.tell(rows, _question, now=now)


def _question(hint: Hint) -> overdue.Question:
    page = hint.initiative
    is_removal = hint.kind == Hint.Kind.REMOVAL
    title = _("Bitte um Entfernen von %s") if is_removal else _("Hinweis zu %s")
    path = reverse("admin:initiatives_hint_change", args=[hint.pk])
    organisation = page.organisation
    # One letter a week, whoever typed the address into how many forms.
    key, week = email_key(hint.email), timezone.localtime(hint.confirmed_at).strftime("%G-%V")
    once = f"hints:{confirmations.mailbox(key)}:{week}" if key else ""
    return overdue.Question(
        hint.label, title % page.named, page.municipality.name, path, organisation, hint.email, once
    )
