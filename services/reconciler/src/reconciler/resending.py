"""Sends commands again that have had no outcome for too long: the same ones, word for word.

A writer knows what it has carried out by the link's revision, so the worst is a repeated outcome.
"""

import json
from datetime import datetime, timedelta
from typing import Final

from reconciler.repository import QUERIES
from tandem.runtime.logs import LOG
from tandem.runtime.outbox import Outbox
from tandem.runtime.postgres import Pool
from tandem.runtime.publisher import Outgoing

BATCH_MAX: Final = 500


async def resend(pool: Pool, outbox: Outbox, *, now: datetime, older_than: timedelta) -> None:
    """Put every command that was sent more than `older_than` ago into the outbox again."""
    while await _resend_batch(pool, outbox, now=now, before=now - older_than) == BATCH_MAX:
        pass


async def _resend_batch(pool: Pool, outbox: Outbox, *, now: datetime, before: datetime) -> int:
    async with pool.acquire() as database, database.transaction():
        rows = QUERIES.take_stale_pending(database, now=now, before=before, limit=BATCH_MAX)
        stale = [json.loads(row["commands"] or "[]") async for row in rows]
        await outbox.add(
            database,
            [
                Outgoing(topic, key, value.encode(), trace)
                for commands in stale
                for topic, key, value, trace in commands
            ],
        )
    if stale:
        LOG.warning("commands_sent_again", links=len(stale))
    return len(stale)
