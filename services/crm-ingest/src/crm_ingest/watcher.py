"""Keeps one webhook in each company that has a connection, and removes it after the last one.

A new webhook is made before an old one is removed. Webhooks are hints only: where there is none,
sweeps find everything, and settings-api is told that push is down.
"""

from typing import Final

from crm_ingest.crm import Account, Subscriptions
from crm_ingest.reports import Reports
from crm_ingest.repository.webhooks import WebhookClaim, Webhooks
from tandem.contracts.connections import HealthSignal
from tandem.runtime.app import Runtime
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Permanent, is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.telemetry import span

LOOK_EVERY_S: Final = 300.0
RETRY_S: Final = 10.0
REFUSED_RETRY_S: Final = 600.0


class Watcher:
    """Looks after the webhook of one claimed company at a time."""

    def __init__(
        self,
        runtime: Runtime,
        subscriptions: Subscriptions,
        *,
        webhooks: Webhooks,
        reports: Reports,
    ) -> None:
        self._runtime = runtime
        self._subscriptions = subscriptions
        self._webhooks = webhooks
        self._reports = reports

    async def look_after(self, claim: WebhookClaim) -> None:
        """See that a company's webhook is as it should be, through whoever may do that."""
        watchers = await self._webhooks.watchers(claim)
        with span("crm.watch"):
            if not watchers.wanted:
                await self._remove(claim, watchers.accounts)
                return
            detail, wait_s = "", REFUSED_RETRY_S
            for account in watchers.accounts:
                try:
                    await self._keep(claim, account)
                except GrantLostError as error:
                    await self._reports.access([account.user], HealthSignal.GRANT_LOST, str(error))
                except Permanent as error:
                    detail = str(error)
                except Exception as error:
                    if not is_retryable(error):
                        raise
                    detail, wait_s = str(error) or type(error).__name__, RETRY_S
                else:
                    return
            await self._failed(claim, detail, wait_s)

    async def _keep(self, claim: WebhookClaim, account: Account) -> None:
        terms = self._subscriptions.terms
        there = await self._subscriptions.ours(account)
        kept = next(
            (
                one
                for one in there
                if one.webhook_id == claim.webhook_id and one.working and claim.terms == terms
            ),
            None,
        )
        if kept is None:
            kept = await self._subscriptions.create(account)
            LOG.info("webhook_made", company_id=claim.company_id)
        async with self._runtime.pool.acquire() as db, db.transaction():
            await self._webhooks.store(
                db,
                account.user,
                webhook_id=kept.webhook_id,
                terms=terms,
                next_s=LOOK_EVERY_S,
            )
            await self._reports.push(db, claim.company_id, up=True)
        self._runtime.outbox.wake()
        for one in there:
            if one.webhook_id != kept.webhook_id:
                await self._delete(account, one.webhook_id)

    async def _remove(self, claim: WebhookClaim, accounts: tuple[Account, ...]) -> None:
        """Nobody of the company is connected any more; without an account it ends by itself."""
        for account in accounts:
            try:
                for one in await self._subscriptions.ours(account):
                    await self._subscriptions.delete(account, one.webhook_id)
            except (Permanent, GrantLostError) as error:
                LOG.info("webhook_left", company_id=claim.company_id, reason=type(error).__name__)
        await self._webhooks.forget(claim.company_id)

    async def _delete(self, account: Account, webhook_id: str) -> None:
        """Remove a webhook that another one has replaced; two only tell everything twice."""
        try:
            await self._subscriptions.delete(account, webhook_id)
        except Exception as error:
            if not (isinstance(error, Permanent) or is_retryable(error)):
                raise
            LOG.info("webhook_left", reason=type(error).__name__)

    async def _failed(self, claim: WebhookClaim, detail: str, wait_s: float) -> None:
        LOG.warning("watch_failed", company_id=claim.company_id, detail=detail)
        async with self._runtime.pool.acquire() as db, db.transaction():
            await self._webhooks.postpone(db, claim.company_id, wait_s)
            await self._reports.push(db, claim.company_id, up=False, detail=detail)
        self._runtime.outbox.wake()
