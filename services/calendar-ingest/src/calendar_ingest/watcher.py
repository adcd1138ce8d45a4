"""Keeps one live push channel to each calendar that is read, and closes all others.

A new channel is opened before the old one is closed. Push is a hint only: where there is none,
sweeps find everything, and settings-api is told that push is down.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from calendar_ingest.calendars import CalendarGoneError, Channel, Providers, UnwatchableError
from calendar_ingest.reports import Reports
from calendar_ingest.repository import Channels, ClosingChannel, WatchClaim
from tandem.contracts.connections import HealthSignal
from tandem.runtime.app import Runtime
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Permanent, is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.telemetry import span

RENEW_SHARE: Final = 0.1
"""A channel is renewed when this share of its life is left."""
RETRY_S: Final = 30.0
UNWATCHABLE_RETRY_S: Final = 3600.0


def secret_hash(secret: str) -> bytes:
    """What is kept of a channel's secret."""
    return hashlib.sha256(secret.encode()).digest()


class Watcher:
    """Opens, renews and closes channels."""

    def __init__(
        self, runtime: Runtime, providers: Providers, *, channels: Channels, reports: Reports
    ) -> None:
        self._runtime = runtime
        self._providers = providers
        self._channels = channels
        self._reports = reports

    async def watch(self, claim: WatchClaim) -> None:
        """Open a channel, or note why there is none."""
        with span("calendar.watch"):
            try:
                await self._open(claim)
            except UnwatchableError as error:
                await self._failed(claim, str(error), UNWATCHABLE_RETRY_S)
            except (GrantLostError, CalendarGoneError):
                # The reader meets the same and reports it.
                await self._failed(claim, "", UNWATCHABLE_RETRY_S)
            except Exception as error:
                if not (isinstance(error, Permanent) or is_retryable(error)):
                    raise
                await self._failed(claim, type(error).__name__, RETRY_S)

    async def close(self, closing: ClosingChannel) -> None:
        """Close a channel; where the account can not do it any more, it runs out by itself."""
        if closing.provider is not None and closing.account is not None and closing.resource_id:
            channel = Channel(
                str(closing.channel_id), closing.resource_id, self._runtime.clock.now()
            )
            try:
                await self._providers[closing.provider].push.unsubscribe(closing.account, channel)
            except Permanent as error:
                LOG.info("channel_left", reason=type(error).__name__)
            except Exception as error:
                if not is_retryable(error):
                    raise
                return
        await self._channels.drop(closing.channel_id)

    async def _open(self, claim: WatchClaim) -> None:
        """Prolong the channel that lives, where its provider can, or open a new one."""
        if claim.live is not None:
            live_id, resource_id = claim.live
            present = Channel(str(live_id), resource_id, self._runtime.clock.now())
            push = self._providers[claim.provider].push
            renewed = await push.renew(claim.calendar, present)
            if renewed is not None:
                await self._opened(claim, live_id, renewed)
                return
        channel_id = self._runtime.new_id()
        secret = secrets.token_urlsafe(32)
        await self._channels.add(claim, channel_id, secret_hash(secret))
        try:
            channel = await self._providers[claim.provider].push.subscribe(
                claim.calendar, channel_id=str(channel_id), secret=secret
            )
        except Permanent:
            await self._channels.drop(channel_id)
            raise
        await self._opened(claim, channel_id, channel)

    async def _opened(self, claim: WatchClaim, channel_id: UUID, channel: Channel) -> None:
        life = channel.expires_at - self._runtime.clock.now()
        renew_at = channel.expires_at - max(life * RENEW_SHARE, timedelta())
        async with self._runtime.pool.acquire() as db, db.transaction():
            await self._channels.opened(db, channel_id, channel, renew_at)
            await self._reports.tell(db, claim.connection_id, HealthSignal.PUSH_UP)
        self._runtime.outbox.wake()

    async def _failed(self, claim: WatchClaim, detail: str, wait_s: float) -> None:
        LOG.warning("watch_failed", connection_id=str(claim.connection_id), detail=detail)
        async with self._runtime.pool.acquire() as db, db.transaction():
            still_up = await self._channels.postpone(db, claim, wait_s)
            if not still_up and claim.push_up is not False:
                await self._reports.tell(db, claim.connection_id, HealthSignal.PUSH_DOWN, detail)
        self._runtime.outbox.wake()
