"""Keeps connections; every change is stored and published in one transaction, one after another."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Final
from uuid import UUID

import asyncpg

from settings_api.announcements import Announcements, Request, looks_the_same, reading_after
from settings_api.connection import Connection
from settings_api.repository import QUERIES
from tandem.contracts.message import SyncUser
from tandem.runtime import postgres
from tandem.runtime.app import Runtime

_PAGE: Final = 500

Change = Callable[[Connection], Connection]


class UnknownConnectionError(LookupError):
    """There is no such connection, or it is somebody else's."""


class AlreadyConnectedError(ValueError):
    """The user has connected this account already."""


class Connections:
    """The table `settings.connections` and what is told of it."""

    def __init__(self, runtime: Runtime, announcements: Announcements) -> None:
        self._runtime = runtime
        self._announcements = announcements

    async def of_user(self, user: SyncUser) -> list[Connection]:
        """A user's connections, the oldest first."""
        rows = QUERIES.connections_of(self._runtime.pool, **user.model_dump())
        return [Connection.of(row) async for row in rows]

    async def of_company(
        self, company_id: int, *, after: tuple[int, UUID] | None, most: int
    ) -> list[Connection]:
        """A company's connections, by user and id; those that come `after` such a pair."""
        after_user, after_connection = after or (0, UUID(int=0))
        rows = QUERIES.connections_of_company(
            self._runtime.pool,
            company_id=company_id,
            after_user=after_user,
            after_connection=after_connection,
            most=most,
        )
        return [Connection.of(row) async for row in rows]

    async def get(self, user: SyncUser, connection_id: UUID) -> Connection:
        """One of a user's connections; UnknownConnectionError where it is none of his."""
        row = await QUERIES.connection_by_id(self._runtime.pool, connection_id=connection_id)
        return _owned(Connection.of(row) if row else None, user, connection_id)

    async def add(self, connection: Connection) -> None:
        """Keep a new connection and tell of it; AlreadyConnectedError where it is not new."""
        async with self._announcements.transaction() as database:
            try:
                await QUERIES.add_connection(
                    database,
                    connection_id=connection.connection_id,
                    company_id=connection.user.company_id,
                    user_id=connection.user.user_id,
                    provider=connection.provider.value,
                    email=connection.email,
                    calendar_credential_id=connection.calendar_credential_id,
                    settings=connection.settings.model_dump(mode="json"),
                    now=self._runtime.clock.now(),
                )
            except asyncpg.UniqueViolationError as error:
                raise AlreadyConnectedError(connection.email) from error
            await self._announcements.tell(database, connection)

    async def change(
        self, connection_id: UUID, change: Change, *, owner: SyncUser | None = None
    ) -> Connection:
        """Change a connection under its row lock; what alters nothing is not told.

        A `change` that raises the revision is told in any case. Raises UnknownConnectionError,
        and whatever `change` raises, with nothing stored.
        """
        async with self._announcements.transaction() as database:
            row = await QUERIES.lock_connection(database, connection_id=connection_id)
            known = _owned(Connection.of(row) if row else None, owner, connection_id)
            return await self.settle(database, known, change(known))

    async def settle(
        self, database: postgres.Connection, known: Connection, changed: Connection
    ) -> Connection:
        """Store a change of a locked connection, tell of it, request what must be read then."""
        if changed == known:
            return known
        told = changed.revision != known.revision or not looks_the_same(known, changed)
        if told:
            changed = replace(changed, revision=known.revision + 1)
        await self._store(database, changed)
        if told:
            await self._announcements.tell(database, changed)
        request = reading_after(known, changed)
        if request is not None:
            await self._announcements.request(database, changed, request)
        return changed

    async def request(self, connection: Connection, request: Request) -> None:
        """Ask the ingest services to read both sides again."""
        async with self._announcements.transaction() as database:
            await self._announcements.request(database, connection, request)

    async def publish_all(self) -> None:
        """Tell of every connection again, because Kafka may have forgotten.

        Each is locked until it is told, so that what is told last is the newest.
        """
        after = UUID(int=0)
        while True:
            async with self._announcements.transaction() as database:
                rows = QUERIES.lock_page(database, after=after, limit=_PAGE)
                page = [Connection.of(row) async for row in rows]
                for connection in page:
                    await self._announcements.tell(database, connection)
            if not page:
                return
            after = page[-1].connection_id

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


def _owned(
    connection: Connection | None, owner: SyncUser | None, connection_id: UUID
) -> Connection:
    """The connection, where it is there; for an `owner` only his own that is not removed."""
    if connection is None or (
        owner is not None and (connection.user != owner or connection.removed_at is not None)
    ):
        raise UnknownConnectionError(str(connection_id))
    return connection
