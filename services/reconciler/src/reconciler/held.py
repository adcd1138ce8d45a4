"""The deletions that wait for the user's word, as they are shown to him."""

from typing import Any
from uuid import UUID

from reconciler.core.model import Link
from reconciler.core.reasons import Reason
from reconciler.repository import guards
from tandem.contracts.meetings import AllDay
from tandem.runtime import postgres


async def held_deletions(
    database: postgres.Connection, connection_id: UUID
) -> list[dict[str, Any]]:
    """The first page of a connection's held deletions."""
    page = await guards.resting_links(database, connection_id, Reason.HELD_MASS_DELETE)
    return [_shown(kept.link) for kept in page]


def _shown(link: Link) -> dict[str, Any]:
    meeting = link.base.event if link.base else None
    schedule = meeting.schedule if meeting else None
    start = schedule.first if isinstance(schedule, AllDay) else schedule.start if schedule else None
    return {
        "link_id": str(link.link_id),
        "activity_id": link.activity_id,
        "event_id": link.event_id,
        "title": meeting.title if meeting else "",
        "start": start.isoformat() if start else None,
    }
