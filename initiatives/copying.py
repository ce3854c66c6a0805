"""„Nachmachen" (rule 22): an idea, or an initiative with a Steckbrief, becomes a draft in the copier's town.

What comes along: text, topics, idea and Steckbrief. What does not: who does it, contacts, website, sources, place, year,
the state of life, dates, pictures and files; addresses and numbers inside the texts are taken out. A copy that is
still there is found again: two clicks at once, or a second one next week, make one copy.
"""

import re
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from initiatives.models import Blueprint, Bookmark, Idea, Initiative, Topic
from portal import accesslog, slugs
from portal.models import Municipality, Organisation, User
from portal.refused import Refused

_MAIL = re.compile(r"[^\s@<>()\[\]]+\s?(?:@|\(at\)|\[at\])\s?[^\s@<>()\[\]]+\.[a-zäöü]{2,}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w/-])(?<!\d\.)(?:\+|00?[1-9])[\d\s()/.‐-—-]{4,}\d")
TEXTS = ("summary", "text")
NOT_OURS = ("sources",)  # whom another town asked; those of an idea are public pages
WITHOUT_TOWN = 8  # letters that a title keeps at least


def copy_idea(
    idea: Idea, *, municipality: Municipality, organisation: Organisation, by: User, now: datetime
) -> Initiative:
    """The draft of the idea in this town, new or the one that is there already. Raises Refused."""
    draft = Initiative(title=idea.name, summary=idea.summary, text=idea.text, idea=idea)
    lineage: dict[str, object] = {"idea": idea, "copied_from": None}
    blueprint = Blueprint.objects.filter(idea=idea).first()
    if blueprint is None or not blueprint.answers():
        raise Refused(_("Diese Idee hat noch keinen Steckbrief. Bitte versuchen Sie es später noch einmal."))
    topics = list(idea.topics.all())
    return _keep(
        draft,
        lineage,
        blueprint,
        topics,
        municipality=municipality,
        organisation=organisation,
        by=by,
        now=now,
    )


def copy_initiative(
    source: Initiative, *, municipality: Municipality, organisation: Organisation, by: User, now: datetime
) -> Initiative:
    """The draft that follows another town's initiative. Raises Refused where there is nothing to copy."""
    if not source.is_public:
        raise Refused(_("Diese Initiative ist nicht mehr öffentlich."))
    if source.municipality_id == municipality.pk:
        raise Refused(_("Diese Initiative gibt es schon in Ihrem Ort."))
    blueprint = Blueprint.objects.filter(initiative=source).first()
    if blueprint is None or not blueprint.answers():
        raise Refused(
            _(
                "Zu dieser Initiative gibt es keinen Steckbrief. Merken Sie sie als Anregung und fragen Sie dort nach."
            )
        )
    title = _without_town(source.title, source.municipality.name)
    draft = Initiative(
        title=title, summary=source.summary, text=source.text, idea=source.idea, copied_from=source
    )
    return _keep(
        draft,
        {"copied_from": source},
        blueprint,
        list(source.topics.all()),
        municipality=municipality,
        organisation=organisation,
        by=by,
        now=now,
    )


def _keep(
    draft: Initiative,
    lineage: dict[str, object],
    blueprint: Blueprint,
    topics: list[Topic],
    *,
    municipality: Municipality,
    organisation: Organisation,
    by: User,
    now: datetime,
) -> Initiative:
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)  # two clicks at once
        rows = Initiative.objects.exclude(state=Initiative.State.ARCHIVED)
        mine = rows.filter(municipality=municipality, organisation=organisation)
        there = mine.filter(copied_at__isnull=False, **lineage).first()
        if there is not None:
            return there
        draft.municipality, draft.organisation, draft.copied_at = municipality, organisation, now
        for name in TEXTS:
            setattr(draft, name, without_contacts(getattr(draft, name)))
        wanted = slugs.compose(draft.title, municipality.name)
        draft.slug = slugs.unique_slug(Initiative, wanted, reserved=Initiative.RESERVED_SLUGS)
        draft.save()
        draft.topics.set(topics)
        kept = [name for name in Blueprint.QUESTIONS if draft.copied_from is None or name not in NOT_OURS]
        answers = {name: without_contacts(getattr(blueprint, name)) for name in kept}
        Blueprint.objects.create(initiative=draft, **answers)
        about = f"initiative:{draft.pk}"
        accesslog.record(by, action=_("Nachgemacht"), about=about, organisation=organisation, now=now)
    return draft


def without_contacts(text: str) -> str:
    """The text with „…" where it named a mail address or a telephone number."""
    return _PHONE.sub("…", _MAIL.sub("…", text))


def _without_town(title: str, town: str) -> str:
    """„Bürgerbus Grebenhain" → „Bürgerbus"; a title that says little without it stays."""
    short = title.removesuffix(town).strip(" ,–-")
    return short if len(short) >= WITHOUT_TOWN else title


def note(initiative: Initiative, *, organisation: Organisation, now: datetime) -> None:
    """„Als Anregung merken": it stands on the desk of the organisation. Again changes nothing."""
    Bookmark.objects.get_or_create(
        organisation=organisation, initiative=initiative, defaults={"noted_at": now}
    )


def forget(initiative: Initiative, *, organisation: Organisation) -> None:
    """It stands there no longer."""
    Bookmark.objects.filter(organisation=organisation, initiative=initiative).delete()
