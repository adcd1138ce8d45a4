"""The projection of connections, and what was last reported of each."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from calendar_ingest.repository.queries import QUERIES, Database
from calendar_ingest.repository.reads import ECHOING_S, TOGETHER_S
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionRemoved,
    ConnectionStatus,
    HealthSignal,
)
from tandem.runtime.postgres import Connection, as_uuid

HEALTH_QUIET_S: Final = 60.0
"""The same signal is reported no more often than this."""


class Connections:
    """The projection of connections, and what was last reported of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def change(self, message: ConnectionChanged, trace: str | None = None) -> bool:
        """Take over a newer state of a connection; returns whether it was newer.

        A new one is read before its start, so that a preview can be shown.
        """
        async with self._database.pool.acquire() as db, db.transaction():
            before = await QUERIES.connection_for_update(db, connection_id=message.connection_id)
            if before is not None and before["revision"] >= message.revision:
                return False
            calendar_id = message.settings.calendar_id
            await QUERIES.put_connection(
                db,
                connection_id=message.connection_id,
                revision=message.revision,
                company_id=message.user.company_id,
                user_id=message.user.user_id,
                credential_id=message.calendar_credential_id,
                provider=message.provider,
                calendar_id=calendar_id,
                status=message.status,
                horizon_days=message.settings.horizon_days,
            )
            await QUERIES.add_read(db, connection_id=message.connection_id)
            if before is None and message.status is ConnectionStatus.SETTING_UP:
                await QUERIES.read_everything(
                    db, connection_ids=[message.connection_id], traces=[trace]
                )
            elif before is not None and before["calendar_id"] != calendar_id:
                await QUERIES.forget_calendar(db, connection_id=message.connection_id)
                await QUERIES.read_everything(
                    db, connection_ids=[message.connection_id], traces=[None]
                )
            elif before is not None and before["horizon_days"] < message.settings.horizon_days:
                await QUERIES.hint(
                    db,
                    connection_ids=[message.connection_id],
                    pushed=[False],
                    traces=[None],
                    together_s=TOGETHER_S,
                    echoing_s=ECHOING_S,
                )
        return True

    async def remove(self, message: ConnectionRemoved) -> None:
        """Stop reading and watching; commands are still carried out until the purge."""
        await QUERIES.remove_connection(
            self._database.pool, connection_id=message.connection_id, revision=message.revision
        )

    async def removed(self) -> list[tuple[UUID, UUID, bool]]:
        """Removed connections: id, credential, and whether that was more than a day ago."""
        rows = [row async for row in QUERIES.removed_connections(self._database.pool)]
        return [
            (as_uuid(row["connection_id"]), as_uuid(row["credential_id"]), row["long_ago"])
            for row in rows
        ]

    async def purge(self, connection_ids: Sequence[UUID]) -> None:
        """Forget connections with all that belongs to them."""
        await QUERIES.purge_connections(self._database.pool, connection_ids=connection_ids)

    async def note_health(
        self, db: Connection, connection_id: UUID, signal: HealthSignal
    ) -> tuple[bool, HealthSignal | None]:
        """Whether `signal` is worth a report now, and which one was reported before."""
        row = await QUERIES.note_health(
            db, connection_id=connection_id, signal=signal, quiet_s=HEALTH_QUIET_S
        )
        if row is None:
            return False, None
        return True, HealthSignal(row["before"]) if row["before"] else None
