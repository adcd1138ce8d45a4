"""What is kept beside the links: verdicts, items that wait for a create, the history."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from reconciler.core.reasons import Reason
from reconciler.journal import HistoryRow
from reconciler.repository.queries import QUERIES
from tandem.contracts.meetings import TITLE_LENGTH_MAX, Side
from tandem.runtime import postgres
from tandem.runtime.postgres import as_uuid

VerdictKey = tuple[UUID, Side, str]
"""Connection, side, item."""


async def put_verdicts(
    database: postgres.Connection, verdicts: dict[VerdictKey, Reason]
) -> set[VerdictKey]:
    """Keep why items are left alone; returns those of which another reason was known, or none."""
    if not verdicts:
        return set()
    rows = QUERIES.put_verdicts(
        database,
        **_verdict_columns(verdicts),
        reasons=[reason.value for reason in verdicts.values()],
    )
    return {
        (as_uuid(row["connection_id"]), Side(row["side"]), row["item_id"]) async for row in rows
    }


async def drop_verdicts(database: postgres.Connection, keys: Collection[VerdictKey]) -> None:
    """Forget why items were left alone; they are not any more."""
    if keys:
        await QUERIES.drop_verdicts(database, **_verdict_columns(keys))


async def defer(database: postgres.Connection, items: Collection[tuple[UUID, int]]) -> None:
    """Remember activities that are to be decided once a create has ended."""
    if items:
        await QUERIES.defer(
            database,
            connection_ids=[connection_id for connection_id, _ in items],
            activity_ids=[activity_id for _, activity_id in items],
        )


async def take_deferred(
    database: postgres.Connection, connection_ids: Collection[UUID]
) -> list[tuple[UUID, int]]:
    """Activities that waited in some connections; they do not wait any more."""
    if not connection_ids:
        return []
    rows = QUERIES.take_deferred(database, connection_ids=list(connection_ids))
    return [(as_uuid(row["connection_id"]), row["activity_id"]) async for row in rows]


async def add_history(database: postgres.Connection, rows: Sequence[HistoryRow]) -> None:
    """Append rows; a title is cut, since it is a part of an index, whose entries have a limit."""
    if rows:
        await QUERIES.add_history(
            database,
            connection_ids=[row.connection_id for row in rows],
            ats=[row.at for row in rows],
            sides=[row.side.value for row in rows],
            activity_ids=[row.activity_id for row in rows],
            event_ids=[row.event_id for row in rows],
            link_ids=[row.link_id for row in rows],
            titles=[_text(row.title)[:TITLE_LENGTH_MAX] for row in rows],
            actions=[row.action for row in rows],
            reasons=[row.reason.value for row in rows],
            details=[_text(row.detail) for row in rows],
            befores=[_json(row.before) for row in rows],
            afters=[_json(row.after) for row in rows],
            trace_ids=[row.trace_id for row in rows],
        )


def _text(value: str) -> str:
    """PostgreSQL keeps any text but one with the character NUL."""
    return value.replace("\0", "")


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value)


def _verdict_columns(keys: Iterable[VerdictKey]) -> dict[str, list[Any]]:
    listed = list(keys)
    return {
        "connection_ids": [connection_id for connection_id, _, _ in listed],
        "sides": [side.value for _, side, _ in listed],
        "item_ids": [item_id for _, _, item_id in listed],
    }
