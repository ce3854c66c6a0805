"""The small fixed set of topics (domain.md „Terms"); each has its own drawing in static/topics/."""

from dataclasses import dataclass

from initiatives.models import Topic

NAMES = {
    "feuerwehr": "Feuerwehr und Katastrophenschutz",
    "soziales": "Soziales",
    "kultur": "Kultur",
    "sport": "Sport",
    "umwelt": "Umwelt",
    "integration": "Integration",
    "jugend": "Jugend",
    "senioren": "Senioren",
    "bildung": "Bildung",
    "gesundheit": "Gesundheit",
    "dorfentwicklung": "Ortsentwicklung",
    "digitales": "Digitales",
}

# Titles that promise something to be seen: a bus is no coffee cup, a repair café is one.
DRAWN = {"bürgerbus": "buergerbus", "repair": "senioren"}


@dataclass
class TopicChip:
    """A topic as a filter of a list: how many rows it leaves, and the address that sets it."""

    slug: str
    name: str
    count: int
    url: str
    current: bool


def drawing(title: str, topic_slug: str) -> str:
    """The drawing in static/topics/ that fits: the title's own, else the topic's."""
    return next((name for word, name in DRAWN.items() if word in title.casefold()), topic_slug)


def ensure_topics() -> dict[str, Topic]:
    """All twelve exist; returns them by slug. A name that staff changed stays as it is."""
    stored = {topic.slug: topic for topic in Topic.objects.filter(slug__in=NAMES)}
    for order, (slug, name) in enumerate(NAMES.items()):
        if slug not in stored:
            stored[slug] = Topic.objects.create(slug=slug, name=name, order=order)
    return {slug: stored[slug] for slug in NAMES}
