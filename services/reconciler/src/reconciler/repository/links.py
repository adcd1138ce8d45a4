"""Links as they are kept: the pair, its base, and the commands under way."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from reconciler.core.model import Link, LinkState
from reconciler.repository.items import EventKey
from reconciler.repository.queries import PAGE_MAX, QUERIES
from tandem.runtime import postgres
from tandem.runtime.postgres import as_uuid

_LINK: Final = TypeAdapter(Link)
_MOMENTS: Final = TypeAdapter(tuple[datetime, ...])


@dataclass(frozen=True, slots=True)
class KeptLink:
    """A link with the connection that it belongs to, and its commands as they were sent.

    `recent_writes` are the moments of our latest writes to its items; `changed_at` is when it was
    last stored, None for one that is yet to be.
    """

    connection_id: UUID
    link: Link
    commands: str | None = None
    pending_since: datetime | None = None
    recent_writes: tuple[datetime, ...] = ()
    changed_at: datetime | None = None


async def links_by_id(database: postgres.Connection, link_ids: Collection[UUID]) -> list[KeptLink]:
    """Links with these ids."""
    if not link_ids:
        return []
    return [kept_link(row) async for row in QUERIES.links_by_id(database, link_ids=list(link_ids))]


async def links_of_activities(
    database: postgres.Connection, keys: Collection[tuple[UUID, int]]
) -> list[KeptLink]:
    """Links of activities in connections, living and dissolved, the newest last."""
    if not keys:
        return []
    rows = QUERIES.links_of_activities(
        database,
        connection_ids=[connection_id for connection_id, _ in keys],
        activity_ids=[activity_id for _, activity_id in keys],
    )
    return [kept_link(row) async for row in rows]


async def links_of_events(
    database: postgres.Connection, keys: Collection[EventKey]
) -> list[KeptLink]:
    """Links of some events, living and dissolved, the newest last."""
    if not keys:
        return []
    rows = QUERIES.links_of_events(
        database,
        connection_ids=[connection_id for connection_id, _ in keys],
        event_ids=[event_id for _, event_id in keys],
    )
    return [kept_link(row) async for row in rows]


async def links_creating(
    database: postgres.Connection, connection_ids: Collection[UUID]
) -> list[KeptLink]:
    """Links whose activity is being made."""
    if not connection_ids:
        return []
    rows = QUERIES.links_creating_activities(database, connection_ids=list(connection_ids))
    return [kept_link(row) async for row in rows]


async def living_links_page(
    database: postgres.Connection, connection_id: UUID, after: UUID
) -> list[KeptLink]:
    """A page of a connection's living links by id, at most `PAGE_MAX`."""
    rows = QUERIES.living_links(database, connection_id=connection_id, after=after, limit=PAGE_MAX)
    return [kept_link(row) async for row in rows]


async def put_links(database: postgres.Connection, links: Sequence[KeptLink]) -> None:
    """Store links; those that end come first, so that one may take another's place."""
    await _put(database, [kept for kept in links if kept.link.state is LinkState.DISSOLVED])
    await _put(database, [kept for kept in links if kept.link.state is not LinkState.DISSOLVED])


async def _put(database: postgres.Connection, links: Iterable[KeptLink]) -> None:
    group = list(links)
    if group:
        await QUERIES.put_links(
            database,
            link_ids=[kept.link.link_id for kept in group],
            connection_ids=[kept.connection_id for kept in group],
            activity_ids=[kept.link.activity_id for kept in group],
            event_ids=[kept.link.event_id for kept in group],
            states=[kept.link.state.value for kept in group],
            bodies=[_LINK.dump_json(kept.link).decode() for kept in group],
            commands=[kept.commands for kept in group],
            pending_sinces=[kept.pending_since for kept in group],
            recent_writeses=[_MOMENTS.dump_json(kept.recent_writes).decode() for kept in group],
        )


def kept_link(row: Any) -> KeptLink:
    """The link of a row of `sync.links`."""
    return KeptLink(
        connection_id=as_uuid(row["connection_id"]),
        link=_LINK.validate_json(row["body"]),
        commands=row["commands"],
        pending_since=row["pending_since"],
        recent_writes=_MOMENTS.validate_json(row["recent_writes"]),
        changed_at=row["changed_at"],
    )
