"""Seals every credential with the first of CREDENTIALS_KEYS.

`python -m settings_api.rotate_keys` runs it.
"""

import asyncio

from tandem.runtime.clock import SystemClock
from tandem.runtime.credential_store import CredentialStore
from tandem.runtime.postgres import open_pool
from tandem.runtime.secrets import Sealer
from tandem.runtime.settings import CredentialSettings, from_environment


async def rotate(settings: CredentialSettings) -> int:
    """Seal all credentials anew; returns how many there are."""
    pool = await open_pool(settings.credentials_database_url.get_secret_value(), connections_max=2)
    try:
        sealer = Sealer(settings.credentials_keys.get_secret_value())
        return await CredentialStore(pool, sealer, SystemClock()).reseal_all()
    finally:
        await pool.close()


if __name__ == "__main__":
    count = asyncio.run(rotate(from_environment(CredentialSettings)))
    print(f"{count} credentials are sealed with the first key")  # noqa: T201 - a command
