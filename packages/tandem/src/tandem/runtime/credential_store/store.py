"""Reads and writes the table `credentials.credentials`."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from tandem.runtime.clock import Clock
from tandem.runtime.credential_store.model import Credential, GrantLostError
from tandem.runtime.postgres import Connection, Pool, migrate
from tandem.runtime.secrets import Sealer

SCHEMA = "credentials"
EARLY = timedelta(seconds=60)
"""Tokens are refreshed this long before they expire."""

Refresh = Callable[[Credential], Awaitable[Credential]]
"""Asks the provider for a new access token; raises GrantLostError where the grant is lost."""


class CredentialStore:
    """Opens, keeps and refreshes credentials."""

    def __init__(self, pool: Pool, sealer: Sealer, clock: Clock) -> None:
        self._pool = pool
        self._sealer = sealer
        self._clock = clock

    @staticmethod
    async def migrate(url: str) -> None:
        """Bring the schema up to date."""
        await migrate(url, schema=SCHEMA, package="tandem.runtime.credential_store")

    async def put(self, credential: Credential) -> None:
        """Keep a credential, in place of the one with the same id."""
        await self._pool.execute(
            "INSERT INTO credentials.credentials (credential_id, sealed, lost)"
            " VALUES ($1, $2, $3) ON CONFLICT (credential_id) DO UPDATE"
            " SET sealed = excluded.sealed, lost = excluded.lost, changed_at = now()",
            credential.credential_id,
            self._seal(credential),
            credential.lost,
        )

    async def get(self, credential_id: UUID) -> Credential | None:
        """Open a credential as it is."""
        sealed = await self._pool.fetchval(
            "SELECT sealed FROM credentials.credentials WHERE credential_id = $1", credential_id
        )
        return None if sealed is None else self._open(sealed)

    async def usable(self, credential_id: UUID, refresh: Refresh, *, stale: str = "") -> Credential:
        """Open a credential whose access token holds, refreshing it if it must be.

        `stale` is an access token that the provider has just refused; one that is still the same
        is refreshed whatever its expiry says. Raises GrantLostError where the grant is lost.
        """
        credential = await self.get(credential_id)
        if credential is not None and not self._needs_refresh(credential, stale):
            return credential
        async with self._pool.acquire() as connection, connection.transaction():
            sealed = await connection.fetchval(
                "SELECT sealed FROM credentials.credentials WHERE credential_id = $1 FOR UPDATE",
                credential_id,
            )
            if sealed is None:
                raise GrantLostError("the account is not connected any more")
            credential = self._open(sealed)
            if credential.lost:
                raise GrantLostError("the account must be connected again")
            if not self._needs_refresh(credential, stale):
                return credential
            try:
                fresh = await refresh(credential)
            except GrantLostError:
                await self._write(connection, credential.model_copy(update={"lost": True}))
                lost = True
            else:
                await self._write(connection, fresh)
                lost = False
        if lost:
            raise GrantLostError("the provider has revoked the grant")
        return fresh

    async def delete(self, credential_id: UUID) -> None:
        """Forget a credential."""
        await self._pool.execute(
            "DELETE FROM credentials.credentials WHERE credential_id = $1", credential_id
        )

    async def reseal_all(self) -> int:
        """Seal every credential with the first key; returns how many there are."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                "SELECT credential_id, sealed FROM credentials.credentials FOR UPDATE"
            )
            await connection.executemany(
                "UPDATE credentials.credentials SET sealed = $2 WHERE credential_id = $1",
                [(row["credential_id"], self._sealer.reseal(row["sealed"])) for row in rows],
            )
            return len(rows)

    def _needs_refresh(self, credential: Credential, stale: str) -> bool:
        return (
            credential.lost
            or not credential.usable_at(self._clock.now() + EARLY)
            or (bool(stale) and credential.access_token.get_secret_value() == stale)
        )

    async def _write(self, connection: Connection, credential: Credential) -> None:
        await connection.execute(
            "UPDATE credentials.credentials SET sealed = $2, lost = $3, changed_at = now()"
            " WHERE credential_id = $1",
            credential.credential_id,
            self._seal(credential),
            credential.lost,
        )

    def _seal(self, credential: Credential) -> bytes:
        return self._sealer.seal(credential.model_dump_json().encode())

    def _open(self, sealed: bytes) -> Credential:
        return Credential.model_validate_json(self._sealer.open(sealed))
