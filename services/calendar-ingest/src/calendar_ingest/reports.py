"""Reports of a connection's health to settings-api."""

from uuid import UUID

from calendar_ingest.repository import Connections
from tandem.contracts.connections import ConnectionHealthReported, HealthSignal
from tandem.contracts.topics import SYNC_HEALTH
from tandem.runtime.app import Runtime
from tandem.runtime.postgres import Connection
from tandem.runtime.publisher import outgoing

DETAIL_LENGTH_MAX = 200


class Reports:
    """Puts reports into the outbox, in the caller's transaction."""

    def __init__(self, runtime: Runtime, connections: Connections) -> None:
        self._runtime = runtime
        self._connections = connections

    async def tell(
        self, db: Connection, connection_id: UUID, signal: HealthSignal, detail: str = ""
    ) -> None:
        """Report a signal as it is."""
        report = ConnectionHealthReported(
            message_id=self._runtime.new_id(),
            occurred_at=self._runtime.clock.now(),
            connection_id=connection_id,
            service=self._runtime.service,
            signal=signal,
            observed_at=self._runtime.clock.now(),
            detail=detail[:DETAIL_LENGTH_MAX],
        )
        await self._runtime.outbox.add(db, [outgoing(SYNC_HEALTH, report)])

    async def access(
        self, db: Connection, connection_id: UUID, signal: HealthSignal, detail: str = ""
    ) -> None:
        """Report how access is (`SYNCED`: well), unless the same was told a moment ago.

        Access that is well again after the grant was lost is told first.
        """
        worth_telling, before = await self._connections.note_health(db, connection_id, signal)
        if not worth_telling:
            return
        if signal is HealthSignal.SYNCED and before is HealthSignal.GRANT_LOST:
            await self.tell(db, connection_id, HealthSignal.GRANT_RESTORED)
        await self.tell(db, connection_id, signal, detail)
