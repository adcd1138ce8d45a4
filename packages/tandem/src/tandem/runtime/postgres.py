"""PostgreSQL: the pool, the migrations, and the named queries of a service.

Each service keeps to its own schema and reaches it by its own URL.
"""

import asyncio
import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
import asyncpg
from alembic import command
from alembic.config import Config

Pool = asyncpg.Pool
Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
STATEMENT_TIMEOUT_MS = 60_000


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )


async def open_pool(url: str, *, connections_max: int) -> Pool:
    """Open a pool; jsonb columns are Python values on the way in and out."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=connections_max,
        init=_prepare,
        command_timeout=STATEMENT_TIMEOUT_MS / 1000,
        server_settings={
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(2 * STATEMENT_TIMEOUT_MS),
            "timezone": "UTC",
        },
    )


def named_queries(package: str, file: str = "queries.sql") -> Any:
    """Load the named queries that lie beside a package's modules."""
    return aiosql.from_str(
        files(package).joinpath(file).read_text("utf-8"), "asyncpg", mandatory_parameters=False
    )


async def migrate(url: str, *, schema: str, package: str) -> None:
    """Bring `schema` to the newest version kept in `package`/migrations/versions.

    Versions only go forward, and each must be safe while the previous release still runs. One that
    is not known here belongs to a later release, and is left as it is.
    """
    driver_url = url.replace("postgres://", "postgresql://", 1).replace(
        "postgresql://", "postgresql+psycopg://", 1
    )
    config = Config()
    config.set_main_option("script_location", "tandem.runtime:migrations")
    config.set_main_option(
        "version_locations", str(Path(str(files(package))) / "migrations" / "versions")
    )
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = driver_url
    config.attributes["schema"] = schema
    await asyncio.to_thread(command.upgrade, config, "head")


def as_uuid(value: Any) -> UUID:
    """Give asyncpg's own UUID type as the standard one, so that it compares and pickles plainly."""
    return UUID(str(value))
