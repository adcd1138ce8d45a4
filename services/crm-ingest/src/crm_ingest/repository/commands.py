"""Commands on their way to Pipedrive, and what they came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from crm_ingest.crm import Account
from crm_ingest.repository.queries import HOLDING, LEASE_S, QUERIES, Database, account_of
from tandem.contracts.commands import CreateActivity, DeleteActivity, UpdateActivity
from tandem.runtime.postgres import Connection, as_uuid
from tandem.runtime.subscriptions import Delivery

Command = CreateActivity | UpdateActivity | DeleteActivity


@dataclass(frozen=True)
class QueuedCommand:
    """A command that this process is to carry out, and what the last one of its link came to."""

    link_id: UUID
    lease: UUID
    revision: int
    command: str
    trace: str | None
    attempts: int
    account: Account
    outcome_revision: int | None
    outcome: str | None


class Commands:
    """The tables `parked_commands` and `outcomes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(self, deliveries: Sequence[Delivery[Command]]) -> None:
        """Keep commands until they are carried out; of each link only the newest."""
        newest: dict[UUID, Delivery[Command]] = {}
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
        )

    async def claim(self, most: int) -> list[QueuedCommand]:
        """Claim commands that are due, each of another link."""
        return [
            QueuedCommand(
                as_uuid(row["link_id"]),
                as_uuid(row["lease"]),
                row["revision"],
                row["command"],
                row["trace"],
                row["attempts"],
                account_of(row),
                row["outcome_revision"],
                row["outcome"],
            )
            async for row in QUERIES.claim_commands(
                self._database.pool, most=most, lease_s=LEASE_S, holding=HOLDING
            )
        ]

    async def settle(self, db: Connection, queued: QueuedCommand) -> None:
        """Forget a command, unless a newer one has taken its place."""
        await QUERIES.settle_command(
            db, link_id=queued.link_id, revision=queued.revision, lease=queued.lease
        )

    async def remember(self, db: Connection, queued: QueuedCommand, outcome: str) -> None:
        """Keep the outcome of a command, for the case that it comes again."""
        await QUERIES.remember_outcome(
            db, link_id=queued.link_id, revision=queued.revision, outcome=outcome
        )

    async def park(self, queued: QueuedCommand, wait_s: float) -> None:
        """Try a command again in `wait_s`."""
        await QUERIES.park_command(
            self._database.pool,
            link_id=queued.link_id,
            revision=queued.revision,
            lease=queued.lease,
            wait_s=wait_s,
        )

    async def parked(self) -> int:
        """How many commands wait after an error."""
        return int(await QUERIES.parked(self._database.pool))

    async def forget_old(self) -> None:
        """Forget what can not be asked for any more."""
        await QUERIES.forget_old_writes(self._database.pool)
