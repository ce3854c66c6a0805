"""A seminar for search engines; where to join is its page, never the room (rule 28), and nobody is named."""

from typing import Any

from portal import linked_data
from seminars.models import Session


def data(session: Session) -> list[dict[str, Any]]:
    """None where the time is not known, and for an example of the demo."""
    if session.series.is_example or session.precision not in (
        Session.Precision.TIME,
        Session.Precision.START,
    ):
        return []
    return [
        linked_data.event(
            "EducationEvent",
            session,
            starts=session.starts,
            ends=session.ends,
            is_cancelled=session.cancelled_at is not None,
            is_online=True,
            name=session.name,
            description=session.summary,
            organizer={"@type": "Organization", "name": session.series.run_by},
        )
    ]
