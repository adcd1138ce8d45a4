"""Brings one service's schema up to date and ends: `python -m tandem.runtime.migrate crm-ingest`.

It runs before a new release, whose processes then find nothing left to do.
"""

import asyncio
import sys
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, Final

from pydantic import SecretStr

from tandem.runtime.credential_store import CredentialStore
from tandem.runtime.postgres import migrate
from tandem.runtime.settings import EXIT_CONFIG, EnvironmentSettings, from_environment

SCHEMAS: Final = {
    "crm-ingest": "crm",
    "calendar-ingest": "calendar",
    "reconciler": "sync",
    "settings-api": "settings",
}
CREDENTIALS: Final = "credentials"


class MigrationSettings(EnvironmentSettings):
    """Which database is brought up to date."""

    database_url: SecretStr
    """PostgreSQL URL of the role that owns the schema."""


async def bring_up_to_date(url: str, what: str) -> None:
    """Migrate the schema of a service, or the credential store's."""
    if what == CREDENTIALS:
        await CredentialStore.migrate(url)
    else:
        await migrate(url, schema=SCHEMAS[what], package=what.replace("-", "_"))


def run_for_one(
    arguments: Sequence[str],
    known: Collection[str],
    work: Callable[[str, str], Coroutine[Any, Any, None]],
) -> int:
    """Do `work` with the database's URL and the one argument, which is to be `known`."""
    if len(arguments) != 1 or arguments[0] not in known:
        sys.stderr.write(f"name one of: {', '.join(known)}\n")
        return EXIT_CONFIG
    url = from_environment(MigrationSettings).database_url.get_secret_value()
    asyncio.run(work(url, arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(run_for_one(sys.argv[1:], (*SCHEMAS, CREDENTIALS), bring_up_to_date))
