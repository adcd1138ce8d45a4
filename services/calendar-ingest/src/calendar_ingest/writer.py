"""Carries out commands: one after the other in each mailbox, many mailboxes side by side.

Where a provider likes it, writes of a backfill, which are of different links, begin together.
A repeated command has the outcome that it had, without a second write; an older one is dropped;
what has to wait for the provider waits in PostgreSQL and blocks nobody else.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from calendar_ingest.calendars import Providers
from calendar_ingest.moves import end_of
from calendar_ingest.reports import Reports
from calendar_ingest.repository import Commands, QueuedCommand, Reads, WriteClaim
from calendar_ingest.writes import Command, Result, Writes
from tandem.contracts.commands import EVENT_COMMANDS, CreateEvent
from tandem.contracts.connections import HealthSignal
from tandem.contracts.outcomes import (
    OUTCOME_MESSAGES,
    EventWritten,
    Rejection,
    WriteRejected,
)
from tandem.contracts.topics import SYNC_OUTCOMES
from tandem.runtime.app import Runtime
from tandem.runtime.failures import Retryable, is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.postgres import Connection
from tandem.runtime.publisher import outgoing
from tandem.runtime.telemetry import span
from tandem.runtime.waits import retry_wait_s

FIRST_REVISION: Final = 1
TOLD_AGAIN: Final = timedelta(hours=1)
"""A command older than this may be told to a database that has forgotten it."""
TRIES_MAX: Final = 8
"""An unknown error is more often a bug than bad weather, so it is not tried for ever."""
_SIGNALS: Final = {
    Rejection.AUTH_LOST: HealthSignal.GRANT_LOST,
    Rejection.CALENDAR_GONE: HealthSignal.CALENDAR_GONE,
}


class Writer:
    """Empties one claimed mailbox's queue at a time; several run side by side."""

    def __init__(
        self,
        runtime: Runtime,
        providers: Providers,
        *,
        commands: Commands,
        reads: Reads,
        reports: Reports,
    ) -> None:
        self._runtime = runtime
        self._providers = providers
        self._commands = commands
        self._reads = reads
        self._reports = reports

    async def write(self, claim: WriteClaim) -> None:
        """Carry out everything that is due in a mailbox."""
        access = self._providers[claim.provider]
        writes = Writes(
            calendars=access.calendars,
            credential_id=claim.credential_id,
            new_id=self._runtime.new_id,
            now=self._runtime.clock.now,
        )
        pause_s = 0.0
        most = access.backfill_at_once
        while pause_s <= 0 and (due := await self._commands.due(claim, most)):
            for together in _together(due, most):
                if not await self._commands.keep(claim, bulk=1 < most == len(together)):
                    return
                pause_s = await self._carry_out_all(claim, together, writes)
                if pause_s > 0:
                    break
        await self._commands.stop(claim, pause_s)

    async def _carry_out_all(
        self, claim: WriteClaim, together: Sequence[QueuedCommand], writes: Writes
    ) -> float:
        if len(together) == 1:
            return await self._carry_out(claim, together[0], writes)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._carry_out(claim, queued, writes)) for queued in together
            ]
        return max(task.result() for task in tasks)

    async def _carry_out(self, claim: WriteClaim, queued: QueuedCommand, writes: Writes) -> float:
        """Carry out one command; returns the seconds for which the mailbox is to be left alone."""
        with span("calendar.write", parent=queued.trace):
            if queued.outcome_revision is not None and queued.outcome_revision >= queued.revision:
                await self._repeat(queued)
                return 0.0
            command = EVENT_COMMANDS.validate_json(queued.command)
            try:
                result = await writes.carry_out(command, repeated=self._repeated(queued, command))
            except Exception as error:  # noqa: BLE001 - what it means is decided below
                if is_retryable(error) or queued.attempts + 1 < TRIES_MAX:
                    return await self._park(claim, queued, error)
                LOG.error("write_failed", link_id=str(queued.link_id), exc_info=True)
                result = writes.given_up(command, error)
            await self._settle(claim, queued, command, result)
        return 0.0

    def _repeated(self, queued: QueuedCommand, command: Command) -> bool:
        """Whether an earlier try may have left something behind."""
        age = self._runtime.clock.now() - command.occurred_at
        return (
            queued.begun
            or queued.outcome_revision is not None
            or queued.revision > FIRST_REVISION
            or age > TOLD_AGAIN
        )

    async def _park(self, claim: WriteClaim, queued: QueuedCommand, error: Exception) -> float:
        """Try a command again later; returns how long its mailbox is to be left alone."""
        LOG.warning(
            "command_parked",
            link_id=str(queued.link_id),
            attempts=queued.attempts + 1,
            error=type(error).__name__,
        )
        await self._commands.park(queued, retry_wait_s(queued.attempts, error))
        told = error.retry_after_s if isinstance(error, Retryable) else None
        if told and queued.backfill:
            await self._commands.postpone_backfill(claim, told)
            return 0.0
        return told or 0.0

    async def _settle(
        self, claim: WriteClaim, queued: QueuedCommand, command: Command, result: Result
    ) -> None:
        """Keep the outcome and pass it on, in one transaction."""
        outcome = result.outcome
        async with self._runtime.pool.acquire() as db, db.transaction():
            await self._commands.drop(db, queued)
            if result.lasting:
                await self._commands.remember(db, claim, queued, outcome.model_dump_json())
            if isinstance(command, CreateEvent) and isinstance(outcome, EventWritten):
                await self._know(db, command, outcome)
            await self._runtime.outbox.add(db, [outgoing(SYNC_OUTCOMES, outcome), *result.observed])
            if isinstance(outcome, WriteRejected) and outcome.rejection in _SIGNALS:
                await self._reports.access(
                    db, claim.connection_id, _SIGNALS[outcome.rejection], outcome.detail
                )
        self._runtime.outbox.wake()

    async def _know(self, db: Connection, command: CreateEvent, outcome: EventWritten) -> None:
        """Know what was made: whoever deletes it before it is read deletes it like any other."""
        if outcome.event is not None:
            await self._reads.know(
                db,
                command.connection_id,
                calendar_id=command.calendar_id,
                event_id=outcome.event_id,
                ends_at=end_of(outcome.event),
                seen_at=outcome.observed_at,
            )

    async def _repeat(self, queued: QueuedCommand) -> None:
        """The same command again has the same outcome; an older one has none."""
        async with self._runtime.pool.acquire() as db, db.transaction():
            await self._commands.drop(db, queued)
            if queued.outcome_revision == queued.revision and queued.outcome is not None:
                outcome = OUTCOME_MESSAGES.validate_json(queued.outcome)
                await self._runtime.outbox.add(db, [outgoing(SYNC_OUTCOMES, outcome)])
        self._runtime.outbox.wake()


def _together(due: Sequence[QueuedCommand], most: int) -> Iterator[Sequence[QueuedCommand]]:
    """What may begin at the same time: up to `most` of a backfill, anything else by itself."""
    first = 0
    while first < len(due):
        end = first + 1
        while end < len(due) and end - first < most and due[first].backfill and due[end].backfill:
            end += 1
        yield due[first:end]
        first = end
