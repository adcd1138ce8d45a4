"""Keeps connections; every change is stored and published in one transaction, one after another."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from settings_api.connection import Connection
from settings_api.repository import QUERIES
from tandem.contracts.message import Message, SyncUser
from tandem.contracts.requests import BackfillRequested, ResyncRequested
from tandem.contracts.topics import SETTINGS_CONNECTIONS, SYNC_REQUESTS
from tandem.runtime import postgres
from tandem.runtime.app import Runtime
from tandem.runtime.publisher import outgoing

RELEASE_AT_THE_LATEST: Final = timedelta(hours=1)
_PAGE: Final = 500
_NO_ID: Final = UUID(int=0)
_NO_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)

Change = Callable[[Connection], Connection]
Request = type[BackfillRequested] | type[ResyncRequested]


class UnknownConnectionError(LookupError):
    """There is no such connection, or it is somebody else's."""


class Connections:
    """The table `settings.connections` and what is told of it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def of_user(self, user: SyncUser) -> list[Connection]:
        """A user's connections, the oldest first."""
        rows = QUERIES.connections_of(self._runtime.pool, **user.model_dump())
        return [Connection.of(row) async for row in rows]

    async def of_company(self, company_id: int) -> list[Connection]:
        """All connections of a company."""
        rows = QUERIES.connections_of_company(self._runtime.pool, company_id=company_id)
        return [Connection.of(row) async for row in rows]

    async def get(self, user: SyncUser, connection_id: UUID) -> Connection:
        """One of a user's connections; UnknownConnectionError where it is none of his."""
        row = await QUERIES.connection_by_id(self._runtime.pool, connection_id=connection_id)
        connection = Connection.of(row) if row else None
        if connection is None or connection.user != user or connection.removed_at is not None:
            raise UnknownConnectionError(str(connection_id))
        return connection

    async def add(self, connection: Connection) -> None:
        """Keep a new connection and tell of it."""
        async with self._transaction() as database:
            await QUERIES.add_connection(
                database,
                connection_id=connection.connection_id,
                company_id=connection.user.company_id,
                user_id=connection.user.user_id,
                provider=connection.provider.value,
                email=connection.email,
                calendar_credential_id=connection.calendar_credential_id,
                settings=connection.settings.model_dump(mode="json"),
            )
            await self._tell(database, connection)

    async def change(
        self,
        connection_id: UUID,
        change: Change,
        *,
        owner: SyncUser | None = None,
        then: Callable[[Connection, Connection], Request | None] = lambda _old, _new: None,
    ) -> Connection:
        """Change a connection under its row lock; what alters nothing is not told.

        `then` says, by what it was and what it is, which request follows. Raises
        UnknownConnectionError, and whatever `change` raises, with nothing stored.
        """
        async with self._transaction() as database:
            row = await QUERIES.lock_connection(database, connection_id=connection_id)
            known = Connection.of(row) if row else None
            if known is None or (
                owner is not None and (known.user != owner or known.removed_at is not None)
            ):
                raise UnknownConnectionError(str(connection_id))
            changed = change(known)
            if changed == known:
                return known
            told = _shown(changed) != _shown(known)
            if told:
                changed = replace(changed, revision=known.revision + 1)
            await self._store(database, changed)
            if told:
                await self._tell(database, changed)
            request = then(known, changed)
            if request is not None:
                await self._request(database, changed, request)
        return changed

    async def request(self, connection: Connection, request: Request) -> None:
        """Ask the ingest services to read both sides again."""
        async with self._transaction() as database:
            await self._request(database, connection, request)

    async def publish_all(self) -> None:
        """Tell of every connection again, because Kafka may have forgotten."""
        after = UUID(int=0)
        while True:
            rows = QUERIES.all_connections(self._runtime.pool, after=after, limit=_PAGE)
            page = [Connection.of(row) async for row in rows]
            if not page:
                return
            async with self._transaction() as database:
                for connection in page:
                    await self._tell(database, connection)
            after = page[-1].connection_id

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[postgres.Connection]:
        """A transaction that wakes the outbox's relay once it has committed."""
        async with self._runtime.pool.acquire() as database, database.transaction():
            yield database
        self._runtime.outbox.wake()

    async def _store(self, database: postgres.Connection, connection: Connection) -> None:
        reports = {
            name: {**asdict(report), "at": report.at.isoformat()}
            for name, report in connection.reports.items()
        }
        await QUERIES.store_connection(
            database,
            connection_id=connection.connection_id,
            settings=connection.settings.model_dump(mode="json"),
            started=connection.started,
            revision=connection.revision,
            reports=reports,
            removed_at=connection.removed_at,
            remove_events=connection.remove_events,
            released=connection.released,
        )

    async def _tell(self, database: postgres.Connection, connection: Connection) -> None:
        message = connection.as_message(
            message_id=self._runtime.new_id(), at=self._runtime.clock.now()
        )
        await self._runtime.outbox.add(database, [outgoing(SETTINGS_CONNECTIONS, message)])

    async def _request(
        self, database: postgres.Connection, connection: Connection, request: Request
    ) -> None:
        message = request(
            message_id=self._runtime.new_id(),
            occurred_at=self._runtime.clock.now(),
            user=connection.user,
            connection_id=connection.connection_id,
        )
        await self._runtime.outbox.add(database, [outgoing(SYNC_REQUESTS, message)])


def _shown(connection: Connection) -> Message:
    """What the other services see of a connection, but for its revision and the message's own."""
    fixed = replace(connection, revision=1)
    return fixed.as_message(message_id=_NO_ID, at=_NO_TIME)
