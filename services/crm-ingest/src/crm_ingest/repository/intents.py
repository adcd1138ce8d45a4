"""Creates that were begun, so that none is ever done twice; see `crm_ingest.creates.Intents`."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import asyncpg

from crm_ingest.creates import Begun, Held, Intent, Settled
from crm_ingest.recognition import Doubt, Wish
from crm_ingest.repository.queries import QUERIES, Database
from tandem.contracts.commands import ActivityDraft


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
            company_id=intent.user.company_id,
            user_id=intent.user.user_id,
            lease_s=lease_s,
        )
        if row is not None:
            return Begun(_doubt(row) if row["sent_at"] else None)
        row = await QUERIES.intent(
            self._database.pool, link_id=intent.link_id, generation=intent.generation
        )
        if row is None or row["activity_id"] is None:
            return Held(row["wait_s"] if row else 0.0)
        return Settled(row["activity_id"], likely=row["likely"])

    async def sending(self, intent: Intent, now: datetime, lease_s: float) -> None:
        """See `Intents`."""
        await QUERIES.send_intent(
            self._database.pool,
            link_id=intent.link_id,
            generation=intent.generation,
            type=intent.wish.type,
            draft=intent.wish.draft.model_dump_json(),
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

    async def settle(self, intent: Intent, activity_id: int, *, likely: bool) -> bool:
        """See `Intents`."""
        try:
            await QUERIES.settle_intent(
                self._database.pool,
                link_id=intent.link_id,
                generation=intent.generation,
                activity_id=activity_id,
                likely=likely,
            )
        except asyncpg.UniqueViolationError:
            return False
        return True

    async def in_doubt(self, intent: Intent) -> list[Doubt]:
        """See `Intents`."""
        return [
            _doubt(row)
            async for row in QUERIES.intents_in_doubt(
                self._database.pool,
                company_id=intent.user.company_id,
                user_id=intent.user.user_id,
                link_id=intent.link_id,
                generation=intent.generation,
            )
        ]

    async def claimed(self, company_id: int, activity_ids: Collection[int]) -> set[int]:
        """See `Intents`."""
        return {
            row["activity_id"]
            async for row in QUERIES.claimed_activities(
                self._database.pool, company_id=company_id, activity_ids=list(activity_ids)
            )
        }


def _doubt(row: Mapping[str, Any]) -> Doubt:
    return Doubt(row["sent_at"], row["last_sent_at"] or row["sent_at"], _wish(row))


def _wish(row: Mapping[str, Any]) -> Wish | None:
    if row["draft"] is None:
        return None
    return Wish(row["type"], ActivityDraft.model_validate_json(row["draft"]))
