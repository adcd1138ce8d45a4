"""Lets go of the accounts of removed connections: gives the grant back, forgets the tokens."""

from typing import Final

import httpx

from settings_api.connections import RELEASE_AT_THE_LATEST
from settings_api.oauth.accounts import Accounts
from settings_api.repository import QUERIES
from settings_api.settings import Settings
from tandem.contracts.connections import Provider
from tandem.runtime.app import Runtime
from tandem.runtime.logs import LOG
from tandem.runtime.postgres import as_uuid

REVOKE_TIMEOUT_S: Final = 10.0


class Releases:
    """Works through connections that nothing needs any more."""

    def __init__(
        self,
        runtime: Runtime,
        settings: Settings,
        http: httpx.AsyncClient,
        *,
        accounts: Accounts,
    ) -> None:
        self._runtime = runtime
        self._settings = settings
        self._http = http
        self._accounts = accounts

    async def release(self) -> None:
        """One round. A provider that does not answer is not waited for: the tokens go anyway."""
        before = self._runtime.clock.now() - RELEASE_AT_THE_LATEST
        async with self._runtime.pool.acquire() as database, database.transaction():
            rows = [row async for row in QUERIES.to_release(database, before=before)]
            for row in rows:
                credential_id = as_uuid(row["calendar_credential_id"])
                credential = await self._accounts.store.get(credential_id)
                if credential is not None and Provider(row["provider"]) is Provider.GOOGLE:
                    secret = credential.refresh_token or credential.access_token
                    await self._revoke(secret.get_secret_value())
                await self._accounts.store.delete(credential_id)
                await QUERIES.delete_connection(database, connection_id=row["connection_id"])

    async def _revoke(self, token: str) -> None:
        try:
            answer = await self._http.post(
                self._settings.google_revoke_url, data={"token": token}, timeout=REVOKE_TIMEOUT_S
            )
        except httpx.HTTPError as error:
            LOG.warning("revoke_failed", error=type(error).__name__)
            return
        if answer.is_error:
            LOG.warning("revoke_refused", status=answer.status_code)
