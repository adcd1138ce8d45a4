"""Reports of connections' health to settings-api, only where they say something new."""

from collections.abc import Collection
from uuid import UUID

from crm_ingest.repository.connections import Connections
from tandem.contracts.connections import ConnectionHealthReported, HealthSignal
from tandem.contracts.message import SyncUser
from tandem.contracts.topics import SYNC_HEALTH
from tandem.runtime.app import Runtime
from tandem.runtime.logs import LOG
from tandem.runtime.postgres import Connection
from tandem.runtime.publisher import outgoing


class Reports:
    """Puts reports into the outbox."""

    def __init__(self, runtime: Runtime, connections: Connections) -> None:
        self._runtime = runtime
        self._connections = connections

    async def access(
        self, users: Collection[SyncUser], signal: HealthSignal, detail: str = ""
    ) -> None:
        """Report how access of users is, in a transaction of its own."""
        if not users:
            return
        async with self._runtime.pool.acquire() as db, db.transaction():
            await self.access_within(db, users, signal, detail)
        self._runtime.outbox.wake()

    async def access_within(
        self, db: Connection, users: Collection[SyncUser], signal: HealthSignal, detail: str = ""
    ) -> None:
        """Report how access of users is (`SYNCED`: well), unless the same was just told.

        Access that is well again after the grant was lost is told first.
        """
        for connection_id, before in await self._connections.note_health(db, users, signal):
            if signal is HealthSignal.SYNCED and before is HealthSignal.GRANT_LOST:
                await self._tell(db, connection_id, HealthSignal.GRANT_RESTORED)
            if signal is HealthSignal.GRANT_LOST:
                LOG.warning("grant_lost", connection_id=str(connection_id))
            await self._tell(db, connection_id, signal, detail)

    async def push(self, db: Connection, company_id: int, *, up: bool, detail: str = "") -> None:
        """Report whether webhooks come, to those for whom that is news."""
        signal = HealthSignal.PUSH_UP if up else HealthSignal.PUSH_DOWN
        for connection_id in await self._connections.note_push(db, company_id, up=up):
            await self._tell(db, connection_id, signal, detail)

    async def _tell(
        self, db: Connection, connection_id: UUID, signal: HealthSignal, detail: str = ""
    ) -> None:
        report = ConnectionHealthReported(
            message_id=self._runtime.new_id(),
            occurred_at=self._runtime.clock.now(),
            connection_id=connection_id,
            service=self._runtime.service,
            signal=signal,
            observed_at=self._runtime.clock.now(),
            detail=detail,
        )
        await self._runtime.outbox.add(db, [outgoing(SYNC_HEALTH, report)])
