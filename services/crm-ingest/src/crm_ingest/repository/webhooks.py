"""The webhook of each company."""

from dataclasses import dataclass
from typing import Final

from crm_ingest.crm import Account
from crm_ingest.repository.queries import (
    LEASE_S,
    QUERIES,
    READABLE,
    Database,
    account_of,
)
from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import Connection

TRUSTED_S: Final = 60.0
"""A webhook that was looked at within this time is not doubted."""
WATCHERS_MAX: Final = 5


@dataclass(frozen=True)
class WebhookClaim:
    """A company whose webhook this process is to look after now; `user_id` is who made it."""

    company_id: int
    webhook_id: str | None
    user_id: int | None
    terms: str


@dataclass(frozen=True)
class Watchers:
    """Accounts that may look after a webhook; `wanted` False: nobody is connected any more."""

    accounts: tuple[Account, ...]
    wanted: bool


class Webhooks:
    """The table `webhooks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, most: int) -> list[WebhookClaim]:
        """Claim companies that are due."""
        return [
            WebhookClaim(row["company_id"], row["webhook_id"], row["user_id"], row["terms"])
            async for row in QUERIES.claim_webhooks(self._database.pool, most=most, lease_s=LEASE_S)
        ]

    async def watchers(self, claim: WebhookClaim) -> Watchers:
        """Through whom the webhook can be kept, or removed where it is not wanted any more.

        Whoever made it comes first: a webhook may show to nobody else.
        """
        rows = [
            row
            async for row in QUERIES.watchers(
                self._database.pool,
                company_id=claim.company_id,
                readable=READABLE,
            )
        ]
        wanted = any(row["connected"] for row in rows)
        usable = [row for row in rows if row["usable"] and row["connected"] == wanted]
        usable.sort(key=lambda row: row["user_id"] != claim.user_id)
        accounts = {row["credential_id"]: account_of(row, background=True) for row in usable}
        return Watchers(tuple(accounts.values())[:WATCHERS_MAX], wanted)

    async def store(
        self, db: Connection, user: SyncUser, *, webhook_id: str, terms: str, next_s: float
    ) -> None:
        """Keep how a webhook of a user's company was found or made; look again in `next_s`."""
        await QUERIES.store_webhook(
            db,
            company_id=user.company_id,
            user_id=user.user_id,
            webhook_id=webhook_id,
            terms=terms,
            next_s=next_s,
        )

    async def postpone(self, db: Connection, company_id: int, wait_s: float) -> None:
        """Look after a webhook again in `wait_s`."""
        await QUERIES.postpone_webhook(db, company_id=company_id, wait_s=wait_s)

    async def doubt(self, company_id: int) -> None:
        """Have a webhook looked at: it did not tell what it should have."""
        await QUERIES.doubt_webhook(self._database.pool, company_id=company_id, trusted_s=TRUSTED_S)

    async def forget(self, company_id: int) -> None:
        """Nobody needs the webhook of a company any more."""
        await QUERIES.forget_webhook(self._database.pool, company_id=company_id)
