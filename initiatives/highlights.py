"""„Im Blick" on the start page: what the association put there for today, as long as it is public."""

from datetime import date

from django.db.models import F

from initiatives.models import Initiative

MOST = 3


def shown(day: date) -> list[Initiative]:
    """Cards of public initiatives, the latest first; the association's sentence stands in place of the summary.

    One statement. What was taken down meanwhile, or is over, is not among them.
    """
    rows = Initiative.objects.public().filter(highlights__starts_on__lte=day, highlights__ends_on__gte=day)
    rows = rows.annotate(sentence=F("highlights__sentence")).order_by(
        "-highlights__starts_on", "-highlights__pk"
    )
    found = list(rows.for_cards()[:MOST])
    for row in found:
        row.summary = row.sentence or row.summary  # type: ignore[attr-defined]
    return found
