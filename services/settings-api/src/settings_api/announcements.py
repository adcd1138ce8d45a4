"""Tells the other services of connections, through the outbox, in the transaction of the change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from settings_api.connection import READ, Connection
from tandem.contracts.connections import ConnectionStatus
from tandem.contracts.message import Message
from tandem.contracts.requests import BackfillRequested, ResyncRequested
from tandem.contracts.topics import SETTINGS_CONNECTIONS, SYNC_REQUESTS
from tandem.runtime import postgres
from tandem.runtime.app import Runtime
from tandem.runtime.publisher import outgoing

_NO_ID: Final = UUID(int=0)
_NO_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)

Request = type[BackfillRequested] | type[ResyncRequested]


class Announcements:
    """Puts messages about connections into the outbox."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[postgres.Connection]:
        """A transaction that wakes the outbox's relay once it has committed."""
        async with self._runtime.pool.acquire() as database, database.transaction():
            yield database
        self._runtime.outbox.wake()

    async def tell(self, database: postgres.Connection, connection: Connection) -> None:
        """Tell what a connection is now."""
        message = connection.as_message(
            message_id=self._runtime.new_id(), at=self._runtime.clock.now()
        )
        await self._runtime.outbox.add(database, [outgoing(SETTINGS_CONNECTIONS, message)])

    async def request(
        self, database: postgres.Connection, connection: Connection, request: Request
    ) -> None:
        """Ask the ingest services to read both sides of a connection."""
        message = request(
            message_id=self._runtime.new_id(),
            occurred_at=self._runtime.clock.now(),
            user=connection.user,
            connection_id=connection.connection_id,
        )
        await self._runtime.outbox.add(database, [outgoing(SYNC_REQUESTS, message)])


def looks_the_same(before: Connection, after: Connection) -> bool:
    """Whether the other services would see no difference but the revision."""
    return _seen(before) == _seen(after)


def reading_after(before: Connection, after: Connection) -> Request | None:
    """What must be read because of a change: all that is new, and all that was not watched."""
    if not after.started or after.removed_at is not None:
        return None
    if not before.started or before.settings.calendar_id != after.settings.calendar_id:
        return BackfillRequested
    mended = before.status not in READ and after.status in READ
    resumed = before.settings.paused and after.status is ConnectionStatus.ACTIVE
    return ResyncRequested if mended or resumed else None


def _seen(connection: Connection) -> Message:
    return replace(connection, revision=1).as_message(message_id=_NO_ID, at=_NO_TIME)
