"""Carries out one command against a calendar, and says what it came to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from calendar_ingest.calendars import (
    Account,
    Calendar,
    CalendarGoneError,
    Calendars,
    EventEdit,
    MissingError,
    NewEvent,
    NotOrganizerError,
    RefusedError,
    StaleError,
    Tombstone,
)
from calendar_ingest.observations import Observations
from tandem.contracts.commands import CreateEvent, DeleteEvent, UpdateEvent
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side
from tandem.contracts.outcomes import EventWritten, Rejection, WriteRejected
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Permanent
from tandem.runtime.publisher import Outgoing

Command = CreateEvent | UpdateEvent | DeleteEvent

ACCESS_LOST = frozenset({Rejection.AUTH_LOST, Rejection.CALENDAR_GONE})
"""Rejections that say nothing of the event: the same command may fare better later."""
_REJECTIONS: Final[tuple[tuple[type[Permanent], Rejection], ...]] = (
    (StaleError, Rejection.STALE),
    (MissingError, Rejection.GONE),
    (NotOrganizerError, Rejection.NOT_ORGANIZER),
    (RefusedError, Rejection.REFUSED),
    (CalendarGoneError, Rejection.CALENDAR_GONE),
    (GrantLostError, Rejection.AUTH_LOST),
)


@dataclass(frozen=True)
class Result:
    """What a command came to, and what was seen besides."""

    outcome: EventWritten | WriteRejected
    observed: tuple[Outgoing, ...] = ()

    @property
    def lasting(self) -> bool:
        """Whether the same command again is to have the same outcome."""
        return not (
            isinstance(self.outcome, WriteRejected) and self.outcome.rejection in ACCESS_LOST
        )


@dataclass(frozen=True)
class Writes:
    """Writes to the calendars of one account."""

    calendars: Calendars
    credential_id: UUID
    new_id: Callable[[], UUID]
    now: Callable[[], datetime]

    async def carry_out(self, command: Command, *, repeated: bool = True) -> Result:
        """Write, idempotently; raises only `Retryable` and what means the same.

        `repeated` False: nobody has tried this command or another one of its link before.
        """
        moment = self.now()
        try:
            return await self._write(command, moment, repeated=repeated)
        except Permanent as error:
            rejection = next((to for kind, to in _REJECTIONS if isinstance(error, kind)), None)
            if rejection is None:
                raise
            present = error.event if isinstance(error, StaleError) else None
            if rejection is Rejection.GONE:
                moment = self.now()
            return self._rejected(command, moment, rejection, error, present)

    def given_up(self, command: Command, error: Exception) -> Result:
        """The result of a command that fails again and again for a reason of our own."""
        reason = RefusedError(f"internal error: {type(error).__name__}")
        return self._rejected(command, self.now(), Rejection.REFUSED, reason)

    async def _write(self, command: Command, moment: datetime, *, repeated: bool) -> Result:
        account = Account(self.credential_id, background=command.backfill)
        calendar = Calendar(account, command.calendar_id)
        notify = command.invite_guests and not command.backfill
        if isinstance(command, CreateEvent):
            new = NewEvent(
                link_id=command.link_id,
                generation=command.generation,
                meeting=command.meeting,
                time_zone=command.time_zone,
                notify=notify,
                repeated=repeated,
            )
            return await self._create(calendar, command, moment, new)
        if isinstance(command, DeleteEvent):
            await self.calendars.delete(
                calendar, command.event_id, version=command.version, notify=notify
            )
            # Whoever began to read it before this answer may have seen it still.
            return self._written(command, self.now(), command.event_id, None)
        event = await self.calendars.update(
            calendar,
            EventEdit(
                event_id=command.event_id,
                version=command.version,
                fields=command.fields,
                meeting=command.meeting,
                time_zone=command.time_zone,
                notify=notify,
            ),
        )
        return self._written(command, moment, event.event_id, event)

    async def _create(
        self, calendar: Calendar, command: CreateEvent, moment: datetime, new: NewEvent
    ) -> Result:
        created = await self.calendars.create(calendar, new)
        event = created.event
        written = self._written(command, moment, event.event_id, event, found=created.found)
        if not created.deleted:
            return written
        observations = Observations(
            command.connection_id, command.user, command.calendar_id, self.new_id
        )
        tombstone = Tombstone(event.event_id, event.updated_at)
        return Result(written.outcome, observed=(observations.gone(tombstone, self.now()),))

    def _written(
        self,
        command: Command,
        moment: datetime,
        event_id: str,
        event: EventSnapshot | None,
        *,
        found: bool = False,
    ) -> Result:
        return Result(
            EventWritten(
                message_id=self.new_id(),
                occurred_at=self.now(),
                user=command.user,
                connection_id=command.connection_id,
                link_id=command.link_id,
                revision=command.revision,
                observed_at=moment,
                event_id=event_id,
                event=event,
                found=found,
            )
        )

    def _rejected(
        self,
        command: Command,
        moment: datetime,
        rejection: Rejection,
        error: Exception,
        event: EventSnapshot | None = None,
    ) -> Result:
        return Result(
            WriteRejected(
                message_id=self.new_id(),
                occurred_at=self.now(),
                user=command.user,
                connection_id=command.connection_id,
                link_id=command.link_id,
                revision=command.revision,
                observed_at=moment,
                side=Side.CALENDAR,
                rejection=rejection,
                detail=str(error),
                event=event,
            )
        )
