"""Opens the credential store while the service runs."""

from settings_api.settings import Settings
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import CredentialStore
from tandem.runtime.postgres import Pool, open_pool
from tandem.runtime.secrets import Sealer


class Credentials:
    """Holds the store's own connections; wrong keys are refused when this is made."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.sealer = Sealer(settings.credentials_keys.get_secret_value())
        self._pool: Pool | None = None

    @property
    def store(self) -> CredentialStore:
        """The store; only there while the service runs."""
        if self._pool is None:
            raise RuntimeError("the service has not been started")
        return CredentialStore(self._pool, self.sealer, self._clock)

    async def open(self) -> None:
        """Connect, and bring the store's schema up to date."""
        url = self._settings.credentials_database_url.get_secret_value()
        await CredentialStore.migrate(url)
        self._pool = await open_pool(url, connections_max=self._settings.database_connections_max)

    async def close(self) -> None:
        """Disconnect."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()
