"""Occurrences of series: which coming ones are linked, and which wait for their turn."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from reconciler.repository.queries import QUERIES
from tandem.contracts.meetings import Schedule
from tandem.runtime import postgres
from tandem.runtime.postgres import as_uuid

SeriesKey = tuple[UUID, str]
"""Connection, series."""
Linked = dict[str, Schedule]
"""When each linked occurrence takes place, by event."""

_SCHEDULE: Final[TypeAdapter[Schedule]] = TypeAdapter(Schedule)


async def linked_occurrences(
    database: postgres.Connection, keys: Collection[SeriesKey], since: datetime
) -> dict[SeriesKey, Linked]:
    """Living links of some series whose event does not lie before the day of `since` (UTC)."""
    found: dict[SeriesKey, Linked] = defaultdict(dict)
    if keys:
        rows = QUERIES.linked_occurrences(
            database,
            connection_ids=[connection_id for connection_id, _ in keys],
            series_ids=[series_id for _, series_id in keys],
            since=since.date().isoformat(),
        )
        async for row in rows:
            key = (as_uuid(row["connection_id"]), row["series_id"])
            found[key][row["event_id"]] = _SCHEDULE.validate_json(row["schedule"])
    return found


async def occurrences_of(
    database: postgres.Connection, keys: Collection[SeriesKey]
) -> dict[SeriesKey, list[str]]:
    """The known occurrences of some series, by event."""
    found: dict[SeriesKey, list[str]] = defaultdict(list)
    if keys:
        rows = QUERIES.occurrences_of(
            database,
            connection_ids=[connection_id for connection_id, _ in keys],
            series_ids=[series_id for _, series_id in keys],
        )
        async for row in rows:
            found[as_uuid(row["connection_id"]), row["series_id"]].append(row["event_id"])
    return found


async def turned_events(database: postgres.Connection, connection_id: UUID) -> list[str]:
    """Events that a living link of a connection knows as what they were before.

    First occurrences of what was a single event, and single events that were a series.
    """
    rows = QUERIES.turned_events(database, connection_id=connection_id)
    return [row["event_id"] async for row in rows]


async def connections_with_waiting(database: postgres.Pool) -> list[UUID]:
    """Connections with occurrences that wait until time has come closer."""
    rows = QUERIES.connections_with_waiting(database)
    return [as_uuid(row["connection_id"]) async for row in rows]


async def waiting_occurrences(database: postgres.Connection, connection_id: UUID) -> list[str]:
    """Events of a connection that wait until time has come closer, the next one first."""
    rows = QUERIES.waiting_occurrences(database, connection_id=connection_id)
    return [row["event_id"] async for row in rows]
