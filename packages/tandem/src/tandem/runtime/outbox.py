"""Outbox: messages stored in the transaction that decided them, published right after it.

The table is `<schema>.outbox`; several processes may relay it, one at a time, so that the order
holds: of a compacted topic the last record is what is kept. A crash between publish and delete
publishes again, which the receivers' inboxes make harmless.
"""

import asyncio
from collections.abc import Iterable

from tandem.runtime import metrics
from tandem.runtime.postgres import Connection, Pool
from tandem.runtime.publisher import Outgoing, Publisher

BATCH_MAX = 1000

OUTBOX_TABLE = """
CREATE TABLE {schema}.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    value bytea NOT NULL,
    trace text,
    created_at timestamptz NOT NULL DEFAULT now()
)
"""


class Outbox:
    """Stores outgoing messages, and relays them."""

    def __init__(self, *, schema: str) -> None:
        self._schema = schema
        self._wake = asyncio.Event()

    async def add(self, connection: Connection, records: Iterable[Outgoing]) -> None:
        """Store records in the caller's transaction; call `wake` after it has committed."""
        rows = list(records)
        if not rows:
            return
        await connection.execute(
            f"INSERT INTO {self._schema}.outbox (topic, key, value, trace)"  # noqa: S608 - constant
            " SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[])",
            [row.topic for row in rows],
            [row.key for row in rows],
            [row.value for row in rows],
            [row.trace for row in rows],
        )

    def wake(self) -> None:
        """Tell the relay that there may be something to publish."""
        self._wake.set()

    async def wait(self, seconds: float) -> None:
        """Return when woken, or after `seconds`."""
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def relay(self, pool: Pool, publisher: Publisher) -> int:
        """Publish everything that waits, oldest first; returns how many records."""
        total = 0
        while True:
            published = await self._relay_batch(pool, publisher)
            total += published
            if published < BATCH_MAX:
                metrics.OUTBOX_WAITING.set(0)
                metrics.OUTBOX_AGE.set(0)
                return total

    async def _relay_batch(self, pool: Pool, publisher: Publisher) -> int:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext($1))", f"relay:{self._schema}"
            )
            rows = await connection.fetch(
                "SELECT id, topic, key, value, trace, clock_timestamp() - created_at AS age"  # noqa: S608
                f" FROM {self._schema}.outbox"
                " ORDER BY id LIMIT $1",
                BATCH_MAX,
            )
            if not rows:
                return 0
            metrics.OUTBOX_WAITING.set(len(rows))
            metrics.OUTBOX_AGE.set(rows[0]["age"].total_seconds())
            await publisher.publish(
                Outgoing(row["topic"], row["key"], row["value"], row["trace"]) for row in rows
            )
            await connection.execute(
                f"DELETE FROM {self._schema}.outbox WHERE id = ANY($1::bigint[])",  # noqa: S608
                [row["id"] for row in rows],
            )
            return len(rows)
