"""The webhook of each company."""

from dataclasses import dataclass
from typing import Final

from crm_ingest.crm import Account
from crm_ingest.repository.queries import (
    LEASE_S,
    QUERIES,
    READABLE,
    UNSTARTED,
    Database,
    account_of,
)
from tandem.runtime.postgres import Connection

TRUSTED_S: Final = 60.0
"""A webhook that was looked at within this time is not doubted."""
WATCHERS_MAX: Final = 5


@dataclass(frozen=True)
class WebhookClaim:
    """A company whose webhook this process is to look after now."""

    company_id: int
    webhook_id: str | None
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
            WebhookClaim(row["company_id"], row["webhook_id"], row["terms"])
            async for row in QUERIES.claim_webhooks(
                self._database.pool, most=most, lease_s=LEASE_S
            )
        ]

    async def watchers(self, company_id: int) -> Watchers:
        """Through whom the webhook can be kept, or removed where it is not wanted any more."""
        rows = [
            row
            async for row in QUERIES.watchers(
                self._database.pool,
                company_id=company_id,
                readable=READABLE,
                unstarted=UNSTARTED,
            )
        ]
        wanted = any(row["connected"] for row in rows)
        usable = [row for row in rows if row["usable"] and row["connected"] == wanted]
        return Watchers(tuple(account_of(row) for row in usable[:WATCHERS_MAX]), wanted)

    async def store(
        self, db: Connection, company_id: int, *, webhook_id: str | None, terms: str, next_s: float
    ) -> None:
        """Keep how a webhook was found or made; look again in `next_s`."""
        await QUERIES.store_webhook(
            db, company_id=company_id, webhook_id=webhook_id, terms=terms, next_s=next_s
        )

    async def postpone(self, db: Connection, company_id: int, wait_s: float) -> None:
        """Look after a webhook again in `wait_s`."""
        await QUERIES.postpone_webhook(db, company_id=company_id, wait_s=wait_s)

    async def doubt(self, company_id: int) -> None:
        """Have a webhook looked at: it did not tell what it should have."""
        await QUERIES.doubt_webhook(
            self._database.pool, company_id=company_id, trusted_s=TRUSTED_S
        )

    async def forget(self, company_id: int) -> None:
        """Nobody needs the webhook of a company any more."""
        await QUERIES.forget_webhook(self._database.pool, company_id=company_id)
