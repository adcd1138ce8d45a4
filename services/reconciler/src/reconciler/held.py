"""The deletions that wait for the user's word, as they are shown to him."""

from typing import Any
from uuid import UUID

from reconciler.connection import Connection
from reconciler.core.model import Gone
from reconciler.core.reasons import Reason
from reconciler.known import Known
from reconciler.preview import start_of
from reconciler.repository import guards
from reconciler.repository.connections import connection_by_id
from reconciler.repository.links import KeptLink
from tandem.contracts.meetings import Side
from tandem.runtime import postgres


async def held_deletions(
    database: postgres.Connection, connection_id: UUID
) -> list[dict[str, Any]]:
    """The first page of a connection's held deletions; `side` is where each would take place."""
    connection = await connection_by_id(database, connection_id)
    if connection is None:
        return []
    page = await guards.resting_links(database, connection_id, Reason.HELD_MASS_DELETE)
    known = Known(database, [connection])
    await known.load_pairs(page)
    return [_shown(known, connection, kept) for kept in page]


def _shown(known: Known, connection: Connection, kept: KeptLink) -> dict[str, Any]:
    link = kept.link
    activity_gone = isinstance(known.activity_of(connection, link), Gone)
    meeting = link.base.event if link.base else None
    return {
        "link_id": str(link.link_id),
        "side": Side.CALENDAR if activity_gone else Side.CRM,
        "activity_id": link.activity_id,
        "event_id": link.event_id,
        "title": meeting.title if meeting else "",
        "start": start_of(meeting) if meeting else None,
        "held_at": kept.changed_at.isoformat() if kept.changed_at else None,
    }
