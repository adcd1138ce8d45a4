"""When each sync user was last swept, and who sweeps him at this moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm_ingest.repository.queries import LEASE_S, QUERIES, READABLE, Database, user_of
from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import as_uuid


@dataclass(frozen=True)
class SweepClaim:
    """A user whom this process is to sweep now.

    So many sweeps before were `calm`: they found nothing that a webhook should have told.
    """

    user: SyncUser
    lease: UUID
    swept_at: datetime
    attempts: int
    calm: int
    pushed: bool


class Sweeps:
    """The table `sync_users`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, most: int) -> list[SweepClaim]:
        """Claim users who are due."""
        return [
            SweepClaim(
                user_of(row),
                as_uuid(row["lease"]),
                row["swept_at"],
                row["attempts"],
                row["calm"],
                row["pushed"],
            )
            async for row in QUERIES.claim_sweeps(
                self._database.pool, most=most, lease_s=LEASE_S, readable=READABLE
            )
        ]

    async def keep(self, claim: SweepClaim) -> bool:
        """Hold a user a while longer; False where the lease is lost."""
        row = await QUERIES.keep_sweep(
            self._database.pool,
            company_id=claim.user.company_id,
            user_id=claim.user.user_id,
            lease=claim.lease,
            lease_s=LEASE_S,
        )
        return row is not None

    async def finish(
        self, claim: SweepClaim, *, swept_at: datetime, calm: int, next_s: float
    ) -> None:
        """A user was swept; the next time is in `next_s`."""
        await QUERIES.finish_sweep(
            self._database.pool,
            company_id=claim.user.company_id,
            user_id=claim.user.user_id,
            lease=claim.lease,
            swept_at=swept_at,
            calm=calm,
            next_s=next_s,
        )

    async def retry(self, claim: SweepClaim, wait_s: float) -> None:
        """Sweep a user again in `wait_s`, from the same moment."""
        await QUERIES.retry_sweep(
            self._database.pool,
            company_id=claim.user.company_id,
            user_id=claim.user.user_id,
            lease=claim.lease,
            wait_s=wait_s,
        )
