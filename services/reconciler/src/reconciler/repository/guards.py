"""What the brakes look back on, and what they hold."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from reconciler.core.reasons import Reason
from reconciler.repository.links import KeptLink, kept_link
from reconciler.repository.queries import PAGE_MAX, QUERIES
from tandem.runtime import postgres

BEFORE_ALL: Final = UUID(int=0)


async def note_deletions(
    database: postgres.Connection, deletions: Sequence[tuple[UUID, UUID]], at: datetime
) -> None:
    """Remember deletions that were asked for, as connection and link."""
    if deletions:
        await QUERIES.note_deletions(
            database,
            connection_ids=[connection_id for connection_id, _ in deletions],
            link_ids=[link_id for _, link_id in deletions],
            at=at,
        )


async def deletions_since(
    database: postgres.Connection,
    connection_id: UUID,
    since: datetime,
    *,
    besides: Collection[UUID],
) -> int:
    """Of how many links of a connection, `besides` some, a deletion was asked after a moment."""
    count = await QUERIES.deletions_since(
        database, connection_id=connection_id, since=since, besides=list(besides)
    )
    return int(count)


async def links_since(database: postgres.Connection, connection_id: UUID, since: datetime) -> int:
    """How many links a connection has, with those that were deleted after a moment."""
    count = await QUERIES.links_since(database, connection_id=connection_id, since=since)
    return int(count)


async def resting_links(
    database: postgres.Connection, connection_id: UUID, reason: Reason, after: UUID = BEFORE_ALL
) -> list[KeptLink]:
    """A page of a connection's links that rest for the brake's `reason`, at most `PAGE_MAX`."""
    query = {
        Reason.HELD_MASS_DELETE: QUERIES.held_links,
        Reason.LOOP_SUSPECTED: QUERIES.looping_links,
    }[reason]
    rows = query(database, connection_id=connection_id, after=after, limit=PAGE_MAX)
    return [kept_link(row) async for row in rows]
