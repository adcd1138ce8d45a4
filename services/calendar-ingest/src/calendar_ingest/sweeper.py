"""What the clock starts: calendars of which nothing was heard, losses of the broker, old rows."""

from uuid import UUID

from calendar_ingest.repository import Commands, Connections, Reads
from tandem.contracts.connections import Provider
from tandem.runtime import metrics
from tandem.runtime.app import Runtime
from tandem.runtime.continuity import Continuity
from tandem.runtime.credential_store import Credentials
from tandem.runtime.logs import LOG


class Sweeper:
    """Marks what is due; the reader and the writer do the work."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        reads: Reads,
        commands: Commands,
        connections: Connections,
        credentials: Credentials,
        continuity: Continuity,
        interval_s: float,
        quiet_interval_s: float,
    ) -> None:
        self._runtime = runtime
        self._reads = reads
        self._commands = commands
        self._connections = connections
        self._credentials = credentials
        self._continuity = continuity
        self._interval_s = interval_s
        self._quiet_interval_s = max(interval_s, quiet_interval_s)
        self._messages_lost = False
        runtime.publisher.on_loss.append(self._note_loss)

    async def sweep(self) -> None:
        """Have calendars read of which nothing was heard; all of them after a loss."""
        if self._messages_lost:
            self._messages_lost = False
            await self._read_everything()
        await self._reads.sweep(self._interval_s, self._quiet_interval_s)

    async def check_broker(self) -> None:
        """Have everything read again where the broker forgot what it had acknowledged."""
        if await self._continuity.lost(self._runtime.pool):
            self._runtime.rewind()
            await self._read_everything()

    async def tidy(self) -> None:
        """Forget what nobody can ask for any more, and count what waits."""
        gone: list[UUID] = []
        for connection_id, credential_id, long_ago in await self._connections.removed():
            if long_ago or await self._credentials.store.get(credential_id) is None:
                gone.append(connection_id)
        if gone:
            await self._connections.purge(gone)
            LOG.info("connections_purged", count=len(gone))
        await self._commands.forget_old()
        parked = await self._commands.parked()
        for provider in Provider:
            metrics.PARKED.labels(provider.value).set(parked.get(provider, 0))

    async def _read_everything(self) -> None:
        LOG.warning("reading_every_calendar_again")
        await self._reads.read_everything_of_all()

    def _note_loss(self) -> None:
        self._messages_lost = True
