"""The ideas that ship with the portal, each with its model Steckbrief (`manage.py import_ideas`).

The rule of who wins is that of `collected.py`: an idea belongs to the import for as long as it is exactly as the
import wrote it last. What the association changed or released since stays. Examples are put to their idea only
where they are still the association's and show none yet: a town decides for its own pages.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from initiatives import topics
from initiatives.models import Blueprint, Idea, Initiative
from portal.imports import DATA, BrokenFile, Report, read_text

WORDS = ("name", "summary", "text")


@transaction.atomic
def ideas(path: Path = DATA / "ideas.json") -> Report:
    """Every idea of the file is there, with its Steckbrief and its examples; running it again changes nothing.

    Raises `BrokenFile`, and nothing was written.
    """
    known, report = topics.ensure_topics(), Report(_("Ideen"))
    stored = {row.slug: row for row in Idea.objects.prefetch_related("topics").select_related("blueprint")}
    try:
        for order, entry in enumerate(_entries(path), 1):
            wanted = [known[slug] for slug in entry["topics"]]
            row = _write(stored.get(entry["slug"]), entry, order, report)
            if not row.topics.exists():
                row.topics.set(wanted)
            _assign(row, entry["initiatives"])
    except (KeyError, TypeError, ValidationError) as error:
        raise BrokenFile(path, [str(error)]) from None
    return report


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(read_text(path))["ideas"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise BrokenFile(path, [_("Die Liste „ideas“ fehlt oder ist kein gültiges JSON.")]) from None
    return list(found)


def _write(row: Idea | None, entry: dict[str, Any], order: int, report: Report) -> Idea:
    wanted = _digest({name: entry[name] for name in WORDS}, entry["blueprint"])
    if row and row.source_digest != _digest_of(row):
        report.kept.append(row.name)
        return row
    if row and row.source_digest == wanted:
        report.unchanged.append(row.name)
        return row
    (report.changed if row else report.new).append(entry["name"])
    row = row or Idea(slug=entry["slug"], order=order)
    for name in WORDS:
        setattr(row, name, entry[name])
    row.source_digest = wanted
    row.full_clean()
    row.save()
    Blueprint.objects.update_or_create(idea=row, defaults=entry["blueprint"])
    return row


def _assign(idea: Idea, keys: list[str]) -> None:
    free = Initiative.objects.filter(
        source_key__in=keys, origin=Initiative.Origin.COLLECTED, idea__isnull=True
    )
    for row in free.select_related("municipality"):
        row.idea = idea
        row.save(update_fields=["idea"])


def _digest_of(row: Idea) -> str:
    blueprint = getattr(row, "blueprint", Blueprint())
    answers = {name: getattr(blueprint, name) for name in Blueprint.QUESTIONS}
    return _digest({name: getattr(row, name) for name in WORDS}, answers)


def _digest(words: dict[str, str], answers: dict[str, str]) -> str:
    """A fingerprint of all that a reader sees."""
    content = [words, {name: text for name, text in answers.items() if text}]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
