"""What was copied from where, in words for staff; a copy that is not public is counted, never named (rule 33)."""

from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from initiatives.models import Bookmark, Initiative
from portal import roles
from portal.models import User
from portal.scoping import LATER

NOTED = 5  # on the start page


def in_words(initiative: Initiative) -> str:
    """„Nachgemacht von: … Zweimal nachgemacht, davon einmal veröffentlicht.", or that nobody did yet."""
    if initiative.pk is None:
        return gettext("noch nicht")
    public = Q(pk__in=Initiative.objects.public().values("pk"))
    counts = initiative.copies.aggregate(n=Count("pk"), public=Count("pk", filter=public))
    said = [_origin(initiative)] if initiative.copied_at else []
    if n := counts["n"]:
        words = ngettext("Einmal nachgemacht", "%(n)s-mal nachgemacht", n) % {"n": n}
        said.append(
            gettext("%(copied)s, davon öffentlich: %(n)s.") % {"copied": words, "n": counts["public"]}
        )
    return " ".join(said) or gettext("noch nicht")


def _origin(initiative: Initiative) -> str:
    source = initiative.copied_from
    if source and source.is_public:
        return gettext("Nach „%(title)s“, %(town)s.") % {
            "title": source.title,
            "town": source.municipality.name,
        }
    if initiative.idea:
        return gettext("Nach der Idee „%s“.") % initiative.idea.name
    return gettext("Nach einer Initiative, die nicht mehr öffentlich ist.")


def noted_lines(user: User) -> list[dict[str, Any]]:
    """What one's organisations bookmarked and is still public, the latest first, for the start page. One statement."""
    mine = [organisation for _r, organisation, _o in roles.reaches(user, "add", "initiatives.initiative")]
    public = Initiative.objects.public().values("pk")
    rows = Bookmark.objects.filter(organisation__in=[each for each in mine if each], initiative__in=public)
    rows = rows.select_related("initiative__municipality")
    return [_line(row.initiative) for row in rows[:NOTED]]


def _line(initiative: Initiative) -> dict[str, Any]:
    return {
        "url": reverse("bookmark", args=[initiative.slug]),
        "text": gettext("Gemerkte Anregung: „%s“") % initiative.title,
        "note": initiative.municipality.name,
        "action": gettext("Ansehen"),
        "order": LATER,
    }
