"""An initiative for search engines: an article about what happens in a place."""

from typing import Any

from django.conf import settings

from initiatives.models import Initiative, Topic
from portal import linked_data


def data(initiative: Initiative, topics: list[Topic], *, images: list[str]) -> dict[str, Any]:
    """Expects municipality and organisation selected; `images` are addresses of its pictures."""
    published = initiative.published_at
    return linked_data.about(
        "Article",
        initiative,
        headline=initiative.title,
        abstract=initiative.summary,
        about=[topic.name for topic in topics],
        contentLocation=linked_data.place(initiative.municipality),
        publisher=linked_data.organisation(initiative.organisation),
        datePublished=published.isoformat() if published else "",
        dateModified=initiative.changed_at.isoformat(),
        isBasedOn=initiative.source_url,
        image=[settings.SITE_URL + image for image in images],
    )
