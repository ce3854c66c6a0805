"""Files to download on an idea, for whoever wants to copy it: a checklist, a contract, a sign for the door.

Only the association hands them in, and only PDF: everybody can open it, and nothing in it runs here. The answer is an
attachment that the browser does not interpret (trust.md „Uploads").
"""

from datetime import datetime
from typing import IO

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from initiatives.models import Idea, IdeaFile
from portal import uploads
from portal.refused import Refused

MOST = 10  # on an idea


@transaction.atomic
def add(idea: Idea, *, title: str, file: IO[bytes], size: int, now: datetime) -> IdeaFile:
    """The file can be fetched from the idea's page. Raises Refused: too many, too big, empty, or no PDF."""
    Idea.objects.select_for_update(no_key=True).get(pk=idea.pk)
    if idea.files.count() >= MOST:
        raise Refused(_("Mehr als %s Dateien hat eine Idee nicht. Entfernen Sie erst eine.") % MOST)
    uploads.kind(file, size=size, allowed=("PDF",))
    row = IdeaFile(idea=idea, title=title, size=size, added_at=now)
    row.file.save(f"{uploads.new_name()}.pdf", File(file), save=False)
    row.save()
    return row


@transaction.atomic
def remove(row: IdeaFile) -> None:
    """The file is gone, from the page at once and from the disk when that is certain."""
    storage, name = row.file.storage, row.file.name
    row.delete()
    transaction.on_commit(lambda: storage.delete(name))
