"""Turns batches of messages into decisions, one transaction a batch, with the users locked.

A message that was handled before is recognised by its id and changes nothing.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from reconciler import observations, orders, outcomes, removal, resending, rules, starts
from reconciler.brakes import WINDOW, Brakes, Limits
from reconciler.connection import Connection as SyncedConnection
from reconciler.core.model import Plan
from reconciler.desk import Desk
from reconciler.known import Known
from reconciler.preview import Preview
from reconciler.repository import QUERIES, UserKey, user_key
from reconciler.repository.connections import connection_by_id, connections_of, lock_users
from reconciler.repository.occurrences import connections_with_waiting
from tandem.contracts.activities import ActivityMessage
from tandem.contracts.connections import ConnectionMessage, ConnectionSettings
from tandem.contracts.events import EventMessage
from tandem.contracts.message import Message
from tandem.contracts.outcomes import OutcomeMessage
from tandem.runtime.clock import Clock
from tandem.runtime.inbox import KEEP_DAYS, Inbox
from tandem.runtime.outbox import Outbox
from tandem.runtime.postgres import Connection, Pool
from tandem.runtime.subscriptions import Delivery

MessageT = TypeVar("MessageT", bound=Message)
HISTORY_ROWS_AT_ONCE: Final = 10_000
HISTORY_ROUNDS_MAX: Final = 100


class UnknownConnectionError(LookupError):
    """There is no such connection, or it was removed."""


class AtRestError(Exception):
    """Nothing is written for the connection as a whole."""


class Executor:
    """Handles batches; `pool` is asked for at each batch, since it opens after this is made."""

    def __init__(
        self,
        *,
        pool: Callable[[], Pool],
        inbox: Inbox,
        outbox: Outbox,
        clock: Clock,
        new_id: Callable[[], UUID],
        limits: Limits,
    ) -> None:
        self._limits = limits
        self._pool = pool
        self._inbox = inbox
        self._outbox = outbox
        self._clock = clock
        self._new_id = new_id

    async def on_activities(self, deliveries: Sequence[Delivery[ActivityMessage]]) -> None:
        """Store what was observed of activities, and decide about what is new."""
        async with self._desk(deliveries) as (desk, fresh):
            read = await observations.take_activities(desk, fresh)
            await starts.start_what_can(desk, read)

    async def on_events(self, deliveries: Sequence[Delivery[EventMessage]]) -> None:
        """Store what was observed of events, and decide about what is new."""
        async with self._desk(deliveries) as (desk, fresh):
            read = await observations.take_events(desk, fresh)
            await starts.start_what_can(desk, read)

    async def on_outcomes(self, deliveries: Sequence[Delivery[OutcomeMessage]]) -> None:
        """Take over what became of commands, and decide again about what they held up."""
        async with self._desk(deliveries) as (desk, fresh):
            await outcomes.take_outcomes(desk, fresh)

    async def on_connections(self, deliveries: Sequence[Delivery[ConnectionMessage]]) -> None:
        """Take over connections; whatever their new rules mean for known items is decided."""
        async with self._desk(deliveries) as (desk, fresh):
            for delivery in fresh:
                await rules.take_connection(desk, delivery)

    async def confirm_held(self, connection_id: UUID, trace: str | None) -> int:
        """Let the held deletions of a connection take place; returns how many.

        Raises UnknownConnectionError, or AtRestError while nothing is written for it.
        """
        async with self._ordered(connection_id) as (desk, connection):
            _must_write(connection)
            return await orders.confirm_held(desk, connection, trace=trace)

    async def reject_held(self, connection_id: UUID, trace: str | None) -> int:
        """Undo the held deletions of a connection; raises as `confirm_held`. Returns how many."""
        async with self._ordered(connection_id) as (desk, connection):
            _must_write(connection)
            return await orders.reject_held(desk, connection, trace=trace)

    async def wake_looping(self, connection_id: UUID, trace: str | None) -> int:
        """Let links that were suspected of looping go on; returns how many."""
        async with self._ordered(connection_id) as (desk, connection):
            return await orders.wake_looping(desk, connection, trace=trace)

    async def undo(self, connection_id: UUID, row: int, trace: str | None) -> Plan | None:
        """Take a history row back; None where there is no such row."""
        async with self._ordered(connection_id) as (desk, connection):
            found = await QUERIES.history_row(desk.database, connection_id=connection_id, row=row)
            if found is None:
                return None
            if connection.resting is not None:
                return Plan(connection.resting)
            return await orders.undo_row(desk, connection, found, trace=trace)

    async def preview(
        self,
        connection_id: UUID,
        settings: ConnectionSettings | None,
        *,
        remove_events: bool = False,
    ) -> Preview | None:
        """What would be written now, with other settings if given; None: not read yet.

        The decisions are made for real, and their transaction is taken back. `remove_events`:
        where another calendar is chosen, those that we made in the present one.
        """
        preview = Preview()
        async with self._taken_back(connection_id, preview) as (desk, present):
            if not (present.started or present.both_read):
                return None
            if settings is not None and not present.syncs(settings.calendar_id):
                # What another calendar holds is told once that is read.
                await removal.leave_calendar(desk, present, remove_events=remove_events, trace=None)
            else:
                await starts.foresee(desk, present, settings)
        return preview

    async def preview_unticked(self, connection_id: UUID) -> Preview:
        """Which events `remove_unticked` would remove now."""
        preview = Preview()
        async with self._taken_back(connection_id, preview) as (desk, present):
            await removal.remove_unticked(desk, present, trace=None)
        return preview

    async def remove_unticked(self, connection_id: UUID, trace: str | None) -> int:
        """Remove our events of types that are not ticked; raises as `confirm_held`."""
        async with self._ordered(connection_id) as (desk, connection):
            _must_write(connection)
            return await removal.remove_unticked(desk, connection, trace=trace)

    async def take_turns(self) -> None:
        """Decide again about occurrences that waited until time has come closer."""
        for connection_id in await connections_with_waiting(self._pool()):
            with suppress(UnknownConnectionError):
                async with self._ordered(connection_id) as (desk, connection):
                    await starts.take_turns(desk, connection)

    async def resend_stale(self, older_than: timedelta) -> None:
        """Send commands again that have had no outcome for too long."""
        await resending.resend(
            self._pool(), self._outbox, now=self._clock.now(), older_than=older_than
        )
        self._outbox.wake()

    async def forget_old(self) -> None:
        """Forget deletions and dissolved links that no message can come back to any more."""
        before = self._clock.now() - timedelta(days=KEEP_DAYS)
        await QUERIES.forget_gone_activities(self._pool(), before=before)
        await QUERIES.forget_gone_events(self._pool(), before=before)
        await QUERIES.forget_dissolved_links(self._pool(), before=before)
        await QUERIES.forget_old_deletions(self._pool(), before=self._clock.now() - WINDOW)
        await self._inbox.forget_old(self._pool())

    async def forget_history(self, older_than: timedelta) -> None:
        """Forget old rows of the history, a bounded number at a time and in all."""
        before = self._clock.now() - older_than
        for _ in range(HISTORY_ROUNDS_MAX):
            forgotten = await QUERIES.forget_old_history(
                self._pool(), before=before, most=HISTORY_ROWS_AT_ONCE
            )
            if forgotten < HISTORY_ROWS_AT_ONCE:
                return

    @asynccontextmanager
    async def _desk(
        self, deliveries: Sequence[Delivery[MessageT]]
    ) -> AsyncIterator[tuple[Desk, list[Delivery[MessageT]]]]:
        """Open a transaction with the messages' users locked; commit, then wake the relay."""
        users = {_user_of(delivery.body) for delivery in deliveries}
        async with self._pool().acquire() as database, database.transaction():
            await lock_users(database, users)
            claimed = await self._inbox.claim(
                database, [delivery.body.message_id for delivery in deliveries]
            )
            fresh: list[Delivery[MessageT]] = []
            for delivery in deliveries:
                if delivery.body.message_id in claimed:
                    claimed.discard(delivery.body.message_id)
                    fresh.append(delivery)
            desk = await self._desk_of(database, users)
            yield desk, fresh
            await desk.save()
            await removal.release_where_done(desk)
        self._committed(desk)

    def _committed(self, desk: Desk) -> None:
        desk.count_decisions()
        self._outbox.wake()

    async def _desk_of(
        self,
        database: Connection,
        users: Collection[UserKey],
        *,
        preview: Preview | None = None,
    ) -> Desk:
        known = Known(database, await connections_of(database, users))
        return Desk(
            known,
            self._outbox,
            brakes=Brakes(self._limits),
            now=self._clock.now(),
            new_id=self._new_id,
            preview=preview,
        )

    async def _desk_for(
        self, database: Connection, connection_id: UUID, *, preview: Preview | None = None
    ) -> tuple[Desk, SyncedConnection]:
        """The desk of one connection's user, locked; UnknownConnectionError where there is none."""
        stored = await connection_by_id(database, connection_id)
        if stored is None:
            raise UnknownConnectionError
        await lock_users(database, [stored.user_key])
        desk = await self._desk_of(database, [stored.user_key], preview=preview)
        return desk, desk.known.connections[connection_id]

    @asynccontextmanager
    async def _taken_back(
        self, connection_id: UUID, preview: Preview
    ) -> AsyncIterator[tuple[Desk, SyncedConnection]]:
        """As `_ordered`, but all that is done is noted in `preview` and then taken back."""
        async with self._pool().acquire() as database:
            transaction = database.transaction()
            await transaction.start()
            try:
                desk, connection = await self._desk_for(database, connection_id, preview=preview)
                yield desk, connection
                await desk.save()
            finally:
                await transaction.rollback()

    @asynccontextmanager
    async def _ordered(self, connection_id: UUID) -> AsyncIterator[tuple[Desk, SyncedConnection]]:
        """As `_desk`, for what a user or the clock asks of one connection."""
        async with self._pool().acquire() as database, database.transaction():
            desk, connection = await self._desk_for(database, connection_id)
            yield desk, connection
            await desk.save()
        self._committed(desk)


def _must_write(connection: SyncedConnection) -> None:
    if not connection.decides:
        raise AtRestError


def _user_of(body: Message) -> UserKey:
    return user_key(body.user)  # type: ignore[attr-defined]
