"""The credential store, open while a service runs."""

from tandem.runtime.clock import Clock
from tandem.runtime.credential_store.store import CredentialStore
from tandem.runtime.postgres import Pool, open_pool
from tandem.runtime.secrets import Sealer
from tandem.runtime.settings import CredentialSettings


class Credentials:
    """Holds the store's own connections; wrong keys are refused when this is made."""

    def __init__(self, settings: CredentialSettings, clock: Clock, *, connections_max: int) -> None:
        self.sealer = Sealer(settings.credentials_keys.get_secret_value())
        self._url = settings.credentials_database_url.get_secret_value()
        self._connections_max = connections_max
        self._clock = clock
        self._pool: Pool | None = None

    @property
    def store(self) -> CredentialStore:
        """The store; only there while the service runs."""
        if self._pool is None:
            raise RuntimeError("the service has not been started")
        return CredentialStore(self._pool, self.sealer, self._clock)

    async def open(self) -> None:
        """Connect, and bring the store's schema up to date."""
        await CredentialStore.migrate(self._url)
        self._pool = await open_pool(self._url, connections_max=self._connections_max)

    async def close(self) -> None:
        """Disconnect."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()
