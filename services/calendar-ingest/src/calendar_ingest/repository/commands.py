"""Commands on their way to a mailbox, and what they came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from calendar_ingest.repository.queries import HOLDING, LEASE_S, QUERIES, Database
from tandem.contracts.commands import CreateEvent, DeleteEvent, UpdateEvent
from tandem.contracts.connections import Provider
from tandem.runtime.postgres import Connection, as_uuid
from tandem.runtime.subscriptions import Delivery

BATCH_MAX: Final = 10
"""Commands taken at a time; what is more urgent is seen after as many."""
GATHER_S: Final = 1.0
"""Seconds that what a backfill writes waits for company."""


@dataclass(frozen=True)
class WriteClaim:
    """A mailbox that this process is to write to now."""

    connection_id: UUID
    lease: UUID
    credential_id: UUID
    provider: Provider


@dataclass(frozen=True)
class QueuedCommand:
    """A command that waits, and what the last one of its link came to.

    `begun`: somebody has begun to carry it out before, and nobody knows how far he came.
    """

    link_id: UUID
    revision: int
    backfill: bool
    command: str
    trace: str | None
    attempts: int
    begun: bool
    outcome_revision: int | None
    outcome: str | None


class Commands:
    """The tables `commands` and `outcomes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(
        self, deliveries: Sequence[Delivery[CreateEvent | UpdateEvent | DeleteEvent]]
    ) -> None:
        """Keep commands until they are carried out; of each link only the newest."""
        newest: dict[UUID, Delivery[CreateEvent | UpdateEvent | DeleteEvent]] = {}
        for delivery in deliveries:
            held = newest.get(delivery.body.link_id)
            if held is None or held.body.revision < delivery.body.revision:
                newest[delivery.body.link_id] = delivery
        commands = [delivery.body for delivery in newest.values()]
        await QUERIES.queue_commands(
            self._database.pool,
            link_ids=[command.link_id for command in commands],
            connection_ids=[command.connection_id for command in commands],
            revisions=[command.revision for command in commands],
            backfills=[command.backfill for command in commands],
            commands=[command.model_dump_json() for command in commands],
            traces=[delivery.trace for delivery in newest.values()],
            occurred_ats=[command.occurred_at for command in commands],
            gather_s=GATHER_S,
        )

    async def claim(self, most: int) -> list[WriteClaim]:
        """Claim mailboxes that have commands due."""
        rows = [
            row
            async for row in QUERIES.claim_writes(
                self._database.pool, most=most, lease_s=LEASE_S, holding=HOLDING
            )
        ]
        return [
            WriteClaim(
                as_uuid(row["connection_id"]),
                as_uuid(row["writing_lease"]),
                as_uuid(row["credential_id"]),
                Provider(row["provider"]),
            )
            for row in rows
        ]

    async def due(self, claim: WriteClaim, plenty: int = 1) -> list[QueuedCommand]:
        """Begin the next commands of a mailbox, in their order.

        `plenty` of a backfill go at once; where there are fewer, more may come for a moment.
        """
        rows = [
            row
            async for row in QUERIES.due_commands(
                self._database.pool,
                connection_id=claim.connection_id,
                most=max(BATCH_MAX, plenty),
                plenty=plenty,
                gather_s=GATHER_S,
            )
        ]
        return [
            QueuedCommand(
                as_uuid(row["link_id"]),
                row["revision"],
                row["backfill"],
                row["command"],
                row["trace"],
                row["attempts"],
                row["begun"],
                row["outcome_revision"],
                row["outcome"],
            )
            for row in rows
        ]

    async def keep(self, claim: WriteClaim, *, bulk: bool) -> bool:
        """Hold the mailbox a while longer; False where the lease is lost.

        `bulk`: much is going to be written at once, of which many notices will come.
        """
        row = await QUERIES.keep_writing(
            self._database.pool,
            connection_id=claim.connection_id,
            lease=claim.lease,
            lease_s=LEASE_S,
            bulk=bulk,
        )
        return row is not None

    async def drop(self, db: Connection, queued: QueuedCommand) -> None:
        """Forget a command, unless a newer one has taken its place."""
        await QUERIES.drop_command(db, link_id=queued.link_id, revision=queued.revision)

    async def remember(
        self, db: Connection, claim: WriteClaim, queued: QueuedCommand, outcome: str
    ) -> None:
        """Keep the outcome of a command, for the case that it comes again."""
        await QUERIES.remember_outcome(
            db,
            link_id=queued.link_id,
            connection_id=claim.connection_id,
            revision=queued.revision,
            outcome=outcome,
        )

    async def park(self, queued: QueuedCommand, wait_s: float) -> None:
        """Try a command again in `wait_s`."""
        await QUERIES.park_command(
            self._database.pool, link_id=queued.link_id, revision=queued.revision, wait_s=wait_s
        )

    async def postpone_backfill(self, claim: WriteClaim, wait_s: float) -> None:
        """Leave the backfill of a mailbox alone for `wait_s`; other commands go on."""
        await QUERIES.postpone_backfill(
            self._database.pool, connection_id=claim.connection_id, wait_s=wait_s
        )

    async def stop(self, claim: WriteClaim, pause_s: float) -> None:
        """Let go of a mailbox; nobody writes to it for `pause_s`."""
        await QUERIES.stop_writing(
            self._database.pool,
            connection_id=claim.connection_id,
            lease=claim.lease,
            pause_s=pause_s,
        )

    async def parked(self) -> dict[Provider, int]:
        """How many commands wait after an error."""
        rows = [row async for row in QUERIES.parked_by_provider(self._database.pool)]
        return {Provider(row["provider"]): row["parked"] for row in rows}

    async def forget_old(self) -> None:
        """Forget what can not be asked for any more."""
        await QUERIES.forget_old(self._database.pool)
