"""The credential store, open while the service runs, and the access tokens in it."""

from uuid import UUID

from calendar_ingest.calendars import Account
from calendar_ingest.settings import Settings
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import Credential, CredentialStore, Refresh
from tandem.runtime.postgres import Pool, open_pool
from tandem.runtime.secrets import Sealer


class Credentials:
    """Opens and closes the store; wrong keys are refused when this is made."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._url = settings.credentials_database_url.get_secret_value()
        self._connections_max = settings.database_connections_max
        self._sealer = Sealer(settings.credentials_keys.get_secret_value())
        self._clock = clock
        self._pool: Pool | None = None

    @property
    def store(self) -> CredentialStore:
        """The store; only there while the service runs."""
        if self._pool is None:
            raise RuntimeError("the service has not been started")
        return CredentialStore(self._pool, self._sealer, self._clock)

    async def open(self) -> None:
        """Connect, and bring the store's schema up to date."""
        await CredentialStore.migrate(self._url)
        self._pool = await open_pool(self._url, connections_max=self._connections_max)

    async def password(self, credential_id: UUID) -> Credential | None:
        """The credential of an account that is opened with a password."""
        return await self.store.get(credential_id)

    async def close(self) -> None:
        """Disconnect."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None


class StoredTokens:
    """Access tokens of the credential store."""

    def __init__(self, credentials: Credentials, refresh: Refresh) -> None:
        self._credentials = credentials
        self._refresh = refresh

    async def token(self, account: Account, *, stale: str = "") -> str:
        """An access token that holds; `stale` is one that was just refused.

        Raises GrantLostError where the grant is lost.
        """
        credential = await self._credentials.store.usable(
            account.credential_id, self._refresh, stale=stale
        )
        return credential.access_token.get_secret_value()
