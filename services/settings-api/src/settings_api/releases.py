"""Lets go of the accounts of removed connections: gives the grant back, forgets the tokens."""

from datetime import timedelta
from typing import Any, Final

import httpx

from settings_api.repository import QUERIES
from settings_api.settings import Settings
from tandem.contracts.connections import Provider
from tandem.runtime.app import Runtime
from tandem.runtime.credential_store import Credentials
from tandem.runtime.logs import LOG
from tandem.runtime.postgres import Connection, as_uuid

AT_THE_LATEST: Final = timedelta(hours=1)
"""A removed connection is let go after this, whether or not it was reported as released."""
REVOKE_TIMEOUT_S: Final = 10.0
REVOKE_TRIES_MAX: Final = 5
REVOKE_PAUSE: Final = timedelta(seconds=30)


class Releases:
    """Works through connections that nothing needs any more."""

    def __init__(
        self,
        runtime: Runtime,
        settings: Settings,
        http: httpx.AsyncClient,
        credentials: Credentials,
    ) -> None:
        self._runtime = runtime
        self._settings = settings
        self._http = http
        self._credentials = credentials

    async def release(self) -> None:
        """Let go of every connection whose time has come, each in a transaction of its own."""
        while await self._release_one():
            pass

    async def _release_one(self) -> bool:
        now = self._runtime.clock.now()
        async with self._runtime.pool.acquire() as database, database.transaction():
            row = await QUERIES.take_releasable(
                database, now=now, removed_before=now - AT_THE_LATEST
            )
            if row is None:
                return False
            tries = row["revoke_tries"] + 1
            if not await self._give_back(database, row) and tries < REVOKE_TRIES_MAX:
                await QUERIES.revoke_later(
                    database, connection_id=row["connection_id"], after=now + tries * REVOKE_PAUSE
                )
                return True
            await self._credentials.store.delete(as_uuid(row["calendar_credential_id"]))
            await QUERIES.delete_connection(database, connection_id=row["connection_id"])
        LOG.info("connection_released", connection_id=str(row["connection_id"]), tries=tries)
        return True

    async def _give_back(self, database: Connection, row: Any) -> bool:
        """Whether the provider need not be asked again.

        Giving a grant back ends the account's access as a whole, so it stays where another
        connection uses the same account.
        """
        credential = await self._credentials.store.get(as_uuid(row["calendar_credential_id"]))
        account = {name: row[name] for name in ("provider", "email", "connection_id")}
        if (
            credential is None
            or Provider(row["provider"]) is not Provider.GOOGLE
            or await QUERIES.account_in_use(database, **account)
        ):
            return True
        secret = credential.refresh_token or credential.access_token
        return await self._revoke(secret.get_secret_value())

    async def _revoke(self, token: str) -> bool:
        """Whether the provider has answered; a token that it does not know is revoked already."""
        try:
            answer = await self._http.post(
                self._settings.google_revoke_url, data={"token": token}, timeout=REVOKE_TIMEOUT_S
            )
        except httpx.HTTPError as error:
            LOG.warning("revoke_failed", error=type(error).__name__)
            return False
        if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            LOG.warning("revoke_failed", status=answer.status_code)
            return False
        return True
