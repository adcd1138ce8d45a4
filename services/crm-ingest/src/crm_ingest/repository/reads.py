"""Users all of whose activities are to be read, and how far that has come.

A row is there while something is left to be done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm_ingest.repository.queries import (
    LEASE_S,
    QUERIES,
    READABLE,
    Database,
    user_of,
)
from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import as_uuid


@dataclass(frozen=True)
class ReadClaim:
    """A user whose activities this process is to read now."""

    user: SyncUser
    lease: UUID
    trace: str | None
    started_at: datetime
    cursor: str | None
    listed: bool
    attempts: int


class Reads:
    """The table `reads`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def request(self, traces: Mapping[SyncUser, str | None]) -> None:
        """Have users read from the start, each with the trace that asked for it."""
        await QUERIES.request_reads(
            self._database.pool,
            company_ids=[user.company_id for user in traces],
            user_ids=[user.user_id for user in traces],
            traces=list(traces.values()),
        )

    async def request_all(self) -> None:
        """Have everybody read from the start."""
        await QUERIES.request_reads_of_all(self._database.pool)

    async def claim(self, most: int, *, now: datetime) -> list[ReadClaim]:
        """Claim users who are due; `now` is the reader's clock."""
        return [
            ReadClaim(
                user_of(row),
                as_uuid(row["lease"]),
                row["trace"],
                row["started_at"],
                row["cursor"],
                row["listed"],
                row["attempts"],
            )
            async for row in QUERIES.claim_reads(
                self._database.pool, most=most, lease_s=LEASE_S, readable=READABLE, now=now
            )
        ]

    async def store_page(self, claim: ReadClaim, *, cursor: str | None, listed: bool) -> bool:
        """Keep how far reading has come; False where the lease is lost."""
        row = await QUERIES.store_page(
            self._database.pool,
            company_id=claim.user.company_id,
            user_id=claim.user.user_id,
            lease=claim.lease,
            lease_s=LEASE_S,
            cursor=cursor,
            listed=listed,
        )
        return row is not None

    async def finish(self, claim: ReadClaim) -> None:
        """Everything was read."""
        await QUERIES.finish_read(
            self._database.pool,
            company_id=claim.user.company_id,
            user_id=claim.user.user_id,
            lease=claim.lease,
        )

    async def retry(self, claim: ReadClaim, wait_s: float) -> None:
        """Go on reading in `wait_s`."""
        await QUERIES.retry_read(
            self._database.pool,
            company_id=claim.user.company_id,
            user_id=claim.user.user_id,
            lease=claim.lease,
            wait_s=wait_s,
        )
