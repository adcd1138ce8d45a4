"""Creates that were begun, so that none is ever done twice; see `crm_ingest.creates.Intents`."""

from collections.abc import Collection
from datetime import datetime

import asyncpg

from crm_ingest.creates import Begun, Held, Intent, Settled
from crm_ingest.repository.queries import QUERIES, Database


class CreateIntents:
    """The table `create_intents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, intent: Intent, lease_s: float) -> Begun | Held | Settled:
        """See `Intents`."""
        row = await QUERIES.begin_intent(
            self._database.pool,
            link_id=intent.link_id,
            generation=intent.generation,
            company_id=intent.company_id,
            draft_hash=intent.draft_hash,
            lease_s=lease_s,
        )
        if row is not None:
            return Begun(row["sent_at"])
        row = await QUERIES.intent(
            self._database.pool, link_id=intent.link_id, generation=intent.generation
        )
        if row is None or row["activity_id"] is None:
            return Held(row["wait_s"] if row else 0.0)
        return Settled(row["activity_id"], row["draft_hash"])

    async def sending(self, intent: Intent, now: datetime, lease_s: float) -> None:
        """See `Intents`."""
        await QUERIES.send_intent(
            self._database.pool,
            link_id=intent.link_id,
            generation=intent.generation,
            draft_hash=intent.draft_hash,
            now=now,
            lease_s=lease_s,
        )

    async def free(self, intent: Intent, *, sent: bool, wait_s: float) -> None:
        """See `Intents`."""
        await QUERIES.free_intent(
            self._database.pool,
            link_id=intent.link_id,
            generation=intent.generation,
            sent=sent,
            wait_s=wait_s,
        )

    async def settle(self, intent: Intent, activity_id: int) -> bool:
        """See `Intents`."""
        try:
            await QUERIES.settle_intent(
                self._database.pool,
                link_id=intent.link_id,
                generation=intent.generation,
                activity_id=activity_id,
                draft_hash=intent.draft_hash,
            )
        except asyncpg.UniqueViolationError:
            return False
        return True

    async def claimed(self, company_id: int, activity_ids: Collection[int]) -> set[int]:
        """See `Intents`."""
        return {
            row["activity_id"]
            async for row in QUERIES.claimed_activities(
                self._database.pool, company_id=company_id, activity_ids=list(activity_ids)
            )
        }
