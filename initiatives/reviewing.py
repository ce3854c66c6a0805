"""A page on its way to the public: handed in for review, sent back, and what staff say about it (rule 19).

Whoever edits may also publish alone: a small town has one clerk at work. Rejected: forcing four eyes, which would
leave pages lying through every holiday. A remark goes by mail to the other people who edit for the organisation.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from initiatives.models import Initiative, Remark
from portal import letters, outbox, roles
from portal.models import User
from portal.refused import Refused

KINDS = {
    Remark.Step.NOTE: "review-remark",
    Remark.Step.HANDED_IN: "review-asked",
    Remark.Step.SENT_BACK: "review-back",
}


@transaction.atomic
def hand_in(initiative: Initiative, *, text: str, by: User, now: datetime) -> Remark:
    """The draft is in review and the other editors are asked to look. Raises Refused for what is no draft."""
    if initiative.state != Initiative.State.DRAFT:
        raise Refused(_("Zur Prüfung geben können Sie nur einen Entwurf."))
    _move(initiative, Initiative.State.IN_REVIEW)
    return remark(initiative, text=text, by=by, now=now, step=Remark.Step.HANDED_IN)


@transaction.atomic
def send_back(initiative: Initiative, *, text: str, by: User, now: datetime) -> Remark:
    """The page is a draft again, and its author reads why. Raises Refused without a word, or when it is not in review."""
    if initiative.state != Initiative.State.IN_REVIEW:
        raise Refused(_("Diese Seite ist nicht mehr in Prüfung."))
    if not text.strip():
        raise Refused(_("Bitte schreiben Sie als Bemerkung dazu, was noch zu tun ist."))
    _move(initiative, Initiative.State.DRAFT)
    return remark(initiative, text=text, by=by, now=now, step=Remark.Step.SENT_BACK)


@transaction.atomic
def remark(
    initiative: Initiative, *, text: str, by: User, now: datetime, step: Remark.Step = Remark.Step.NOTE
) -> Remark:
    """It is kept with who and when, and a mail to each other editor of the organisation is in the outbox."""
    said = Remark.objects.create(initiative=initiative, by=by, said_at=now, step=step, text=text.strip())
    for editor in editors(initiative).exclude(pk=by.pk):
        _tell(said, to=editor, now=now)
    return said


def editors(initiative: Initiative) -> QuerySet[User]:
    """Who answers for the page: active people of its organisation who may change it."""
    return roles.people(initiative.organisation, "change", initiative._meta.label_lower)


def _move(initiative: Initiative, state: Initiative.State) -> None:
    initiative.state = state
    initiative.save(update_fields=["state", "changed_at"])


def _tell(said: Remark, *, to: User, now: datetime) -> None:
    page, kind = said.initiative, KINDS[Remark.Step(said.step)]
    facts = {
        "page_title": page.title,
        "town": page.municipality.name,
        "done_by": said.who,
        "message": said.text,
        "staff_url": settings.SITE_URL + reverse("admin:initiatives_initiative_change", args=[page.pk]),
    }
    outbox.queue(
        key=f"{kind}:{said.pk}:{to.pk}",
        kind=kind,
        to=to.email,
        letter=letters.write(f"towns/{kind}", facts, organisation=page.organisation),
        now=now,
        organisation=page.organisation,
        about=f"initiative:{page.pk}",
    )
