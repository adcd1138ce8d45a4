"""What the clock starts besides sweeps: grants that are back, losses of the broker, old rows."""

from typing import Final
from uuid import UUID

from crm_ingest.crm import Account, Company
from crm_ingest.reports import Reports
from crm_ingest.repository.commands import Commands
from crm_ingest.repository.connections import Connections
from crm_ingest.repository.hints import HeldHints
from crm_ingest.repository.reads import Reads
from tandem.contracts.connections import HealthSignal
from tandem.runtime import metrics
from tandem.runtime.app import Runtime
from tandem.runtime.continuity import Continuity
from tandem.runtime.credential_store import Credentials, GrantLostError
from tandem.runtime.failures import Permanent, is_retryable
from tandem.runtime.logs import LOG

PROBED_MAX: Final = 50


class Caretaker:
    """Keeps the house in order."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        company: Company,
        connections: Connections,
        reads: Reads,
        held: HeldHints,
        commands: Commands,
        credentials: Credentials,
        reports: Reports,
        continuity: Continuity,
    ) -> None:
        self._runtime = runtime
        self._company = company
        self._connections = connections
        self._reads = reads
        self._held = held
        self._commands = commands
        self._credentials = credentials
        self._reports = reports
        self._continuity = continuity
        self._messages_lost = False
        runtime.publisher.on_loss.append(self._note_loss)

    async def check_broker(self) -> None:
        """Have everything read and reported again where the broker forgot what it had."""
        lost = await self._continuity.lost(self._runtime.pool)
        if lost or self._messages_lost:
            self._messages_lost = False
            LOG.warning("reading_everybody_again")
            self._runtime.rewind()
            await self._reads.request_all()
            await self._connections.report_again()

    async def probe_lost_grants(self) -> None:
        """Report accounts that have access again."""
        for account in await self._connections.lost_grants(PROBED_MAX):
            if await self._has_access(account):
                await self._reports.access([account.user], HealthSignal.SYNCED)

    async def tidy(self) -> None:
        """Forget what nobody can ask for any more, and count what waits."""
        gone: list[UUID] = []
        for connection_id, credential_id, long_ago in await self._connections.removed():
            if long_ago or await self._credentials.store.get(credential_id) is None:
                gone.append(connection_id)
        if gone:
            await self._connections.purge(gone)
            LOG.info("connections_purged", count=len(gone))
        await self._connections.tidy()
        await self._held.forget_old()
        await self._commands.forget_old()
        metrics.PARKED.labels("pipedrive").set(await self._commands.parked())

    async def _has_access(self, account: Account) -> bool:
        try:
            await self._company.probe(account.in_background())
        except (GrantLostError, Permanent):
            return False
        except Exception as error:
            if not is_retryable(error):
                raise
            return False
        return True

    def _note_loss(self) -> None:
        self._messages_lost = True
