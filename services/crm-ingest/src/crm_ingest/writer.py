"""Carries out commands: one of each link at a time, many links side by side.

A repeated command has the outcome that it had, without a second write; an older one is dropped;
what has to wait for Pipedrive waits in PostgreSQL and blocks nobody else.
"""

import asyncio
from typing import Final

from crm_ingest.reports import Reports
from crm_ingest.repository.activities import KnownActivities, Published
from crm_ingest.repository.commands import Commands, QueuedCommand
from crm_ingest.writes import Outcome, Writes, is_lasting
from tandem.contracts.commands import ACTIVITY_COMMANDS, CreateActivity
from tandem.contracts.connections import HealthSignal
from tandem.contracts.outcomes import (
    OUTCOME_MESSAGES,
    ActivityWritten,
    Rejection,
    WriteRejected,
)
from tandem.contracts.topics import SYNC_OUTCOMES
from tandem.runtime.app import Runtime
from tandem.runtime.failures import is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.publisher import outgoing
from tandem.runtime.telemetry import span
from tandem.runtime.waits import retry_wait_s

TRIES_MAX: Final = 8
"""An unknown error is more often a bug than bad weather, so it is not tried for ever."""
WRITE_S_MAX: Final = 25.0
"""Shorter than the lease, so that nobody else begins before this is over."""
PARKED_LONGEST_S: Final = 120.0


class Writer:
    """Carries out one claimed command at a time; several run side by side."""

    def __init__(
        self,
        runtime: Runtime,
        writes: Writes,
        *,
        commands: Commands,
        known: KnownActivities,
        reports: Reports,
    ) -> None:
        self._runtime = runtime
        self._writes = writes
        self._commands = commands
        self._known = known
        self._reports = reports

    async def write(self, queued: QueuedCommand) -> None:
        """Carry out a command, or put it off."""
        with span("crm.write", parent=queued.trace):
            if queued.outcome_revision is not None and queued.outcome_revision >= queued.revision:
                await self._repeat(queued)
                return
            command = ACTIVITY_COMMANDS.validate_json(queued.command)
            try:
                async with asyncio.timeout(WRITE_S_MAX):
                    outcome = await self._writes.carry_out(queued.account, command)
            except Exception as error:  # noqa: BLE001 - what it means is decided below
                if is_retryable(error) or queued.attempts + 1 < TRIES_MAX:
                    await self._park(queued, error)
                    return
                LOG.error("write_failed", link_id=str(queued.link_id), exc_info=True)
                outcome = self._writes.given_up(command, error)
            if isinstance(command, CreateActivity) and isinstance(outcome, ActivityWritten):
                await self._note(queued, outcome)
            await self._settle(queued, outcome)

    async def _park(self, queued: QueuedCommand, error: Exception) -> None:
        LOG.warning(
            "command_parked",
            link_id=str(queued.link_id),
            attempts=queued.attempts + 1,
            error=type(error).__name__,
        )
        wait_s = retry_wait_s(queued.attempts, error, longest_s=PARKED_LONGEST_S)
        await self._commands.park(queued, wait_s)

    async def _note(self, queued: QueuedCommand, outcome: ActivityWritten) -> None:
        """Have an activity that we made be looked for, should it be deleted before it is read."""
        activity, user = outcome.activity, queued.account.user
        if activity is None:
            return
        made = Published.known(
            user.company_id,
            activity,
            owner_told=activity.owner_id == user.user_id,
            moment=outcome.observed_at,
        )
        await self._known.store([made])

    async def _settle(self, queued: QueuedCommand, outcome: Outcome) -> None:
        """Keep the outcome and pass it on, in one transaction."""
        async with self._runtime.pool.acquire() as db, db.transaction():
            await self._commands.settle(db, queued)
            if is_lasting(outcome):
                await self._commands.remember(db, queued, outcome.model_dump_json())
            await self._runtime.outbox.add(db, [outgoing(SYNC_OUTCOMES, outcome)])
            if isinstance(outcome, WriteRejected) and outcome.rejection is Rejection.AUTH_LOST:
                await self._reports.access_within(
                    db, [queued.account.user], HealthSignal.GRANT_LOST, outcome.detail
                )
        self._runtime.outbox.wake()

    async def _repeat(self, queued: QueuedCommand) -> None:
        """The same command again has the same outcome; an older one has none."""
        async with self._runtime.pool.acquire() as db, db.transaction():
            await self._commands.settle(db, queued)
            if queued.outcome_revision == queued.revision and queued.outcome is not None:
                outcome = OUTCOME_MESSAGES.validate_json(queued.outcome)
                await self._runtime.outbox.add(db, [outgoing(SYNC_OUTCOMES, outcome)])
        self._runtime.outbox.wake()
