"""Keeps the users who have signed in, each with his company and one grant of Pipedrive."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

from settings_api.announcements import Announcements
from settings_api.connection import CRM_SERVICE, Connection
from settings_api.connections import Connections
from settings_api.repository import QUERIES
from settings_api.user import User
from tandem.contracts.message import SyncUser
from tandem.runtime import metrics, postgres
from tandem.runtime.app import Runtime
from tandem.runtime.postgres import as_uuid

APP_REMOVED: Final = "the app was removed in Pipedrive"
Keep = Callable[[UUID], Awaitable[None]]
"""Stores a grant under the id of its credential."""


class Users:
    """The tables `settings.companies` and `settings.users`."""

    def __init__(
        self, runtime: Runtime, announcements: Announcements, connections: Connections
    ) -> None:
        self._runtime = runtime
        self._announcements = announcements
        self._connections = connections

    async def get(self, key: SyncUser) -> User | None:
        """A user who has signed in before."""
        row = await QUERIES.user_by_id(self._runtime.pool, **key.model_dump())
        return User.of(row) if row else None

    async def take_in(self, user: User, keep: Keep) -> None:
        """Keep a user who has just signed in; his connections are mended and follow his profile.

        Where `keep` fails, nothing is changed. A known user's credential keeps its id.
        """
        at = self._runtime.clock.now()
        async with self._announcements.transaction() as database:
            rows = QUERIES.lock_connections_of(database, **user.key.model_dump())
            known = [Connection.of(row) async for row in rows]
            await keep(await self._put(database, user))
            for connection in known:
                changed = replace(
                    connection,
                    owner_email=user.email,
                    owner_time_zone=user.time_zone,
                    crm_api_url=user.crm_api_url,
                ).reconnected(CRM_SERVICE, at)
                await self._connections.settle(database, connection, changed)

    async def let_go(self, key: SyncUser) -> None:
        """The user has removed the app in Pipedrive: his connections wait until he signs in again.

        Whatever is asked in his name from now on would be refused.
        """
        at = self._runtime.clock.now()
        async with self._announcements.transaction() as database:
            rows = QUERIES.lock_connections_of(database, **key.model_dump())
            for known in [Connection.of(row) async for row in rows]:
                if "pipedrive" in known.lost_accounts:
                    continue
                changed = known.disconnected(CRM_SERVICE, at, APP_REMOVED)
                await self._connections.settle(database, known, changed)
                metrics.GRANTS_LOST.labels("pipedrive").inc()

    async def _put(self, database: postgres.Connection, user: User) -> UUID:
        await QUERIES.put_company(
            database,
            company_id=user.key.company_id,
            name=user.company_name,
            domain=user.company_domain,
        )
        return as_uuid(
            await QUERIES.put_user(
                database,
                **user.key.model_dump(),
                email=user.email,
                name=user.name,
                time_zone=user.time_zone,
                locale=user.locale,
                is_admin=user.is_admin,
                crm_credential_id=user.crm_credential_id,
                crm_api_url=user.crm_api_url,
                now=self._runtime.clock.now(),
            )
        )
