"""An action for search engines: an event for each date that is to come."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from portal import linked_data
from volunteers.models import Opportunity, Shift

MOST = 10  # dates; a page with thirty would double in size


def data(opportunity: Opportunity, shifts: Iterable[Shift], *, now: datetime) -> list[dict[str, Any]]:
    """None for an example of the demo: nobody should find it."""
    coming = [] if opportunity.is_example else [shift for shift in shifts if shift.ends > now][:MOST]
    return [
        linked_data.event(
            "Event",
            opportunity,
            starts=shift.starts,
            ends=shift.ends,
            is_cancelled=shift.cancelled_at is not None,
            is_online=False,
            name=opportunity.title,
            description=opportunity.summary,
            location=linked_data.place(opportunity.municipality, opportunity.meeting_point),
            organizer=linked_data.organisation(opportunity.organisation),
        )
        for shift in coming
    ]
