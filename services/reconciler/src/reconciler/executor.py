"""Turns batches of messages into decisions, one transaction a batch, with the users locked.

A message that was handled before is recognised by its id and changes nothing.
"""

import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from reconciler import repository, starts
from reconciler.connection import Connection
from reconciler.core.model import LinkState
from reconciler.core.reasons import Reason
from reconciler.desk import Desk
from reconciler.outcomes import seen_in, take_over
from reconciler.removal import begin_removal, release_where_done
from reconciler.repository import QUERIES, ActivityKey, ActivitySeen, EventKey, EventSeen
from tandem.contracts.activities import ActivityMessage, ActivityObserved
from tandem.contracts.connections import ConnectionChanged, ConnectionMessage
from tandem.contracts.events import CalendarResynced, EventMessage, EventObserved
from tandem.contracts.message import Message, SyncUser
from tandem.contracts.outcomes import OutcomeMessage
from tandem.runtime.clock import Clock
from tandem.runtime.inbox import Inbox
from tandem.runtime.outbox import Outbox
from tandem.runtime.postgres import Pool
from tandem.runtime.publisher import Outgoing
from tandem.runtime.subscriptions import Delivery

MessageT = TypeVar("MessageT", bound=Message)


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
    ) -> None:
        self._pool = pool
        self._inbox = inbox
        self._outbox = outbox
        self._clock = clock
        self._new_id = new_id

    async def on_activities(self, deliveries: Sequence[Delivery[ActivityMessage]]) -> None:
        """Store what was observed of activities, and decide about what is new."""
        async with self._desk(deliveries) as (desk, fresh):
            traces: dict[ActivityKey, str | None] = {}
            seen = []
            read: dict[SyncUser, tuple[datetime, str | None]] = {}
            for delivery in fresh:
                body = delivery.body
                if body.kind == "activities_resynced":
                    read[body.user] = (body.observed_at, delivery.trace)
                    continue
                found = _activity_seen(body)
                traces[found.user, found.activity_id] = delivery.trace
                seen.append(found)
            news = await repository.store_activities(desk.database, seen)
            await self._decide(desk, activities={key: traces[key] for key in news}, events={})
            for user, (read_at, trace) in read.items():
                await QUERIES.user_was_read(
                    desk.database,
                    read_at=read_at,
                    company_id=user.company_id,
                    user_id=user.user_id,
                )
                await _start_what_can(desk, [user], trace)

    async def on_events(self, deliveries: Sequence[Delivery[EventMessage]]) -> None:
        """Store what was observed of events, and decide about what is new."""
        async with self._desk(deliveries) as (desk, fresh):
            traces: dict[EventKey, str | None] = {}
            seen = []
            read: list[tuple[CalendarResynced, str | None]] = []
            for delivery in fresh:
                body = delivery.body
                if isinstance(body, CalendarResynced):
                    read.append((body, delivery.trace))
                    continue
                found = _event_seen(body)
                seen.append(found)
                connection = desk.connections.get(body.connection_id)
                if connection is not None and _is_of(connection, body.calendar_id):
                    traces[found.connection_id, found.event_id] = delivery.trace
            news = await repository.store_events(desk.database, seen)
            events = {key: traces[key] for key in news if key in traces}
            await self._decide(desk, activities={}, events=events)
            for body, trace in read:
                await QUERIES.calendar_was_read(
                    desk.database,
                    connection_id=body.connection_id,
                    calendar_id=body.calendar_id,
                    read_at=body.observed_at,
                )
                await _start_what_can(desk, [body.user], trace)

    async def on_outcomes(self, deliveries: Sequence[Delivery[OutcomeMessage]]) -> None:
        """Take over what became of commands, and decide again about what they held up."""
        async with self._desk(deliveries) as (desk, fresh):
            known = [one for one in fresh if one.body.connection_id in desk.connections]
            desk.shelf.add(
                await repository.links_by_id(desk.database, {one.body.link_id for one in known})
            )
            desk.shelf.add(
                await repository.links_of_activities(
                    desk.database,
                    {one.body.connection_id for one in known},
                    {one.body.activity_id for one in known if one.body.kind == "activity_written"},
                )
            )
            await self._store_outcomes(desk, known)
            await desk.load_other_sides()
            waiting: set[UUID] = set()
            for delivery in known:
                body = delivery.body
                kept = desk.shelf.get(body.link_id)
                connection = desk.connections[body.connection_id]
                if kept is None or kept.connection_id != connection.connection_id:
                    continue
                if kept.link.activity_id is None and kept.link.pending_activity is not None:
                    waiting.add(connection.connection_id)
                take_over(desk, connection, kept.link, body, trace=delivery.trace)
            await desk.load_other_sides()
            self._decide_after_outcomes(desk, known)
            await self._decide_deferred(desk, waiting)

    async def on_connections(self, deliveries: Sequence[Delivery[ConnectionMessage]]) -> None:
        """Take over connections; whatever their new rules mean for known items is decided."""
        async with self._desk(deliveries) as (desk, fresh):
            for delivery in fresh:
                body = delivery.body
                known = desk.connections.get(body.connection_id)
                if known is not None and (known.removed or known.revision >= body.revision):
                    continue
                present = known or Connection(
                    connection_id=body.connection_id,
                    user=body.user,
                    revision=0,
                    told=None,
                )
                if isinstance(body, ConnectionChanged):
                    await self._change(desk, present, body, delivery.trace)
                else:
                    await begin_removal(desk, present, body, trace=delivery.trace)

    async def resend_stale(self, older_than: timedelta) -> None:
        """Send commands again that have had no outcome for too long."""
        now = self._clock.now()
        pool = self._pool()
        async with pool.acquire() as database, database.transaction():
            rows = [
                row
                async for row in QUERIES.take_stale_pending(
                    database, now=now, before=now - older_than
                )
            ]
            records = [
                Outgoing(topic, key, value.encode(), trace)
                for row in rows
                for topic, key, value, trace in _sent(row["commands"])
            ]
            await self._outbox.add(database, records)
        self._outbox.wake()

    @asynccontextmanager
    async def _desk(
        self, deliveries: Sequence[Delivery[MessageT]]
    ) -> AsyncIterator[tuple[Desk, list[Delivery[MessageT]]]]:
        """Open a transaction with the messages' users locked; commit, then wake the relay."""
        users = {_user_of(delivery.body) for delivery in deliveries}
        pool = self._pool()
        async with pool.acquire() as database, database.transaction():
            await repository.lock_users(database, users)
            claimed = await self._inbox.claim(
                database, [delivery.body.message_id for delivery in deliveries]
            )
            fresh: list[Delivery[MessageT]] = []
            for delivery in deliveries:
                if delivery.body.message_id in claimed:
                    claimed.discard(delivery.body.message_id)
                    fresh.append(delivery)
            connections = await repository.connections_of(database, users)
            desk = Desk(database, connections, now=self._clock.now(), new_id=self._new_id)
            yield desk, fresh
            await desk.save(self._outbox)
            await self._outbox.add(database, await release_where_done(desk))
        self._outbox.wake()

    async def _decide(
        self,
        desk: Desk,
        *,
        activities: dict[ActivityKey, str | None],
        events: dict[EventKey, str | None],
    ) -> None:
        """Decide about items of connections that decide already."""
        events = {
            key: trace
            for key, trace in events.items()
            if (one := desk.connections.get(key[0])) is not None and one.decides
        }
        activities = {
            key: trace
            for key, trace in activities.items()
            if any(one.decides for one in desk.of_user(key[0]))
        }
        await desk.load(activities, events)
        for (user, activity_id), trace in activities.items():
            for connection in desk.of_user(user):
                if connection.decides:
                    desk.decide_activity(connection, activity_id, trace=trace)
        for (connection_id, event_id), trace in events.items():
            desk.decide_event(desk.connections[connection_id], event_id, trace=trace)

    async def _store_outcomes(self, desk: Desk, known: Iterable[Delivery[OutcomeMessage]]) -> None:
        activities: list[ActivitySeen] = []
        events: list[EventSeen] = []
        for delivery in known:
            connection = desk.connections[delivery.body.connection_id]
            kept = desk.shelf.get(delivery.body.link_id)
            if connection.told is None:
                continue
            seen = seen_in(delivery.body, kept.link if kept else None, connection)
            if isinstance(seen, ActivitySeen):
                activities.append(seen)
            elif seen is not None:
                events.append(seen)
        await repository.store_activities(desk.database, activities)
        await repository.store_events(desk.database, events)

    def _decide_after_outcomes(self, desk: Desk, known: Iterable[Delivery[OutcomeMessage]]) -> None:
        for link_id, trace in {one.body.link_id: one.trace for one in known}.items():
            kept = desk.shelf.get(link_id)
            connection = desk.connections[kept.connection_id] if kept else None
            if kept is None or connection is None or not connection.decides:
                continue
            if kept.link.state is not LinkState.DISSOLVED:
                desk.decide_link(connection, kept.link, trace=trace)

    async def _decide_deferred(self, desk: Desk, connection_ids: Collection[UUID]) -> None:
        deferred = await repository.take_deferred(desk.database, connection_ids)
        items = {
            (desk.connections[connection_id].user, activity_id): None
            for connection_id, activity_id in deferred
        }
        await self._decide(desk, activities=dict(items), events={})

    async def _change(
        self, desk: Desk, present: Connection, told: ConnectionChanged, trace: str | None
    ) -> None:
        changed = present.changed_to(told)
        moved = present.told is not None and not _is_of(present, told.settings.calendar_id)
        if moved:
            await starts.dissolve_all(desk, present, Reason.CALENDAR_CHANGED)
            await QUERIES.forget_other_calendars(
                desk.database,
                connection_id=present.connection_id,
                calendar_id=told.settings.calendar_id,
            )
        desk.put_connection(changed)
        # The stored row tells whether the new calendar was read already.
        await repository.put_connections(desk.database, [changed])
        await _start_what_can(desk, [changed.user], trace)
        now = desk.connections[changed.connection_id]
        woken = present.resting is not None or present.policy != now.policy
        if present.started and now.decides and not moved and woken:
            await starts.decide_all(desk, now, trace=trace)


async def _start_what_can(desk: Desk, users: list[SyncUser], trace: str | None) -> None:
    """Start connections of which both sides have now been read."""
    for stored in await repository.connections_of(desk.database, users):
        known = desk.connections.get(stored.connection_id, stored)
        present = replace(known, both_read=stored.both_read)
        desk.connections[stored.connection_id] = present
        if present.can_start:
            await starts.start(desk, present, trace=trace)


def _sent(commands: str | None) -> list[tuple[str, str, str, str | None]]:
    sent: list[tuple[str, str, str, str | None]] = json.loads(commands or "[]")
    return sent


def _user_of(body: Message) -> SyncUser:
    user: SyncUser = body.user  # type: ignore[attr-defined]
    return user


def _is_of(connection: Connection, calendar_id: str) -> bool:
    """Whether a calendar is the one that a connection syncs."""
    return connection.told is not None and connection.told.settings.calendar_id == calendar_id


def _activity_seen(body: ActivityMessage) -> ActivitySeen:
    if isinstance(body, ActivityObserved):
        return ActivitySeen(body.user, body.activity.activity_id, body.activity, body.observed_at)
    if body.kind == "activity_gone":
        return ActivitySeen(body.user, body.activity_id, None, body.observed_at)
    raise TypeError(body.kind)


def _event_seen(body: EventMessage) -> EventSeen:
    if isinstance(body, EventObserved):
        event = body.event
        return EventSeen(
            body.connection_id,
            body.calendar_id,
            event.event_id,
            event,
            event.updated_at,
            body.observed_at,
        )
    if body.kind == "event_gone":
        return EventSeen(
            body.connection_id,
            body.calendar_id,
            body.event_id,
            None,
            body.updated_at,
            body.observed_at,
        )
    raise TypeError(body.kind)
