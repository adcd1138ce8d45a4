"""Sync users, which are locked to decide, and their connections."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from reconciler.connection import Connection
from reconciler.core.reasons import Reason
from reconciler.repository.queries import QUERIES, UserKey, user_columns
from tandem.contracts.connections import ConnectionChanged
from tandem.contracts.message import SyncUser
from tandem.runtime import postgres
from tandem.runtime.postgres import as_uuid


async def lock_users(database: postgres.Connection, users: Collection[UserKey]) -> None:
    """Let no other transaction decide for these users until this one ends."""
    columns = user_columns(sorted(users))
    await QUERIES.add_users(database, **columns)
    _ = [row async for row in QUERIES.lock_users(database, **columns)]


async def connections_of(
    database: postgres.Connection, users: Collection[UserKey]
) -> list[Connection]:
    """All connections of some users, removed ones too."""
    rows = QUERIES.connections_of_users(database, **user_columns(users))
    return [_connection(row) async for row in rows]


async def connection_by_id(database: postgres.Connection, connection_id: UUID) -> Connection | None:
    """One connection; None where it is not known or was removed."""
    row = await QUERIES.connection_by_id(database, connection_id=connection_id)
    if row is None or row["removed"]:
        return None
    return _connection(row)


async def put_connections(database: postgres.Connection, connections: Sequence[Connection]) -> None:
    """Store connections, new or known."""
    if connections:
        await QUERIES.put_connections(
            database,
            **user_columns(one.user_key for one in connections),
            connection_ids=[one.connection_id for one in connections],
            revisions=[one.revision for one in connections],
            bodies=[one.told.model_dump_json() if one.told else None for one in connections],
            starteds=[one.started for one in connections],
            blocked_reasons=[one.blocked for one in connections],
            removeds=[one.removed for one in connections],
            remove_eventses=[one.remove_events for one in connections],
            restored_ats=[one.restored_at for one in connections],
            rules_changeds=[one.rules_changed for one in connections],
        )


@lru_cache(maxsize=4096)
def _told(body: str) -> ConnectionChanged:
    return ConnectionChanged.model_validate_json(body)


def _connection(row: Any) -> Connection:
    told = _told(row["body"]) if row["body"] else None
    return Connection(
        connection_id=as_uuid(row["connection_id"]),
        user=told.user if told else SyncUser(company_id=row["company_id"], user_id=row["user_id"]),
        revision=row["revision"],
        told=told,
        both_read=bool(row["both_read"]),
        started=row["started"],
        blocked=Reason(row["blocked_reason"]) if row["blocked_reason"] else None,
        removed=row["removed"],
        remove_events=row["remove_events"],
        restored_at=row["restored_at"],
        rules_changed=row["rules_changed"],
    )
