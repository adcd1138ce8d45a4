"""The executor on a real database, with hands that play both ingest services."""

import pytest
from tests.integration.reconciler.hands import Hands, StoppedClock, counted_ids

from reconciler.brakes import Limits
from reconciler.executor import Executor
from tandem.runtime.inbox import Inbox
from tandem.runtime.outbox import Outbox
from tandem.runtime.postgres import migrate, open_pool


@pytest.fixture
async def hands(database_url):
    await migrate(database_url, schema="sync", package="reconciler")
    pool = await open_pool(database_url, connections_max=5)
    clock = StoppedClock()
    new_id = counted_ids()
    executor = Executor(
        pool=lambda: pool,
        inbox=Inbox(schema="sync"),
        outbox=Outbox(schema="sync"),
        clock=clock,
        new_id=new_id,
        limits=Limits(),
    )
    yield Hands(executor, pool, clock, new_id)
    await pool.close()
