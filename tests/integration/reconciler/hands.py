"""Plays the ingest services: tells observations, and carries commands out in memory."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.integration.reconciler.writers import Writers

from reconciler.executor import Executor
from tandem.contracts.activities import (
    ActivitiesResynced,
    ActivityGone,
    ActivityObserved,
    ActivitySnapshot,
)
from tandem.contracts.commands import ACTIVITY_COMMANDS, EVENT_COMMANDS
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionRemoved,
    ConnectionSettings,
    ConnectionStatus,
    Provider,
)
from tandem.contracts.events import CalendarResynced, EventGone, EventObserved, EventSnapshot
from tandem.contracts.meetings import Timed
from tandem.contracts.message import SyncUser
from tandem.contracts.outcomes import Rejection, WriteRejected
from tandem.contracts.topics import SYNC_HEALTH
from tandem.runtime.postgres import Pool
from tandem.runtime.subscriptions import Delivery

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SOON = NOW + timedelta(days=2)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class StoppedClock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def tick(self, seconds: float = 1) -> datetime:
        self.moment += timedelta(seconds=seconds)
        return self.moment


def counted_ids() -> Callable[[], UUID]:
    source = random.Random(7)
    return lambda: UUID(int=source.getrandbits(128), version=4)


class Hands:
    """One user with connections; `crm` and `events` are what the providers hold."""

    def __init__(
        self, executor: Executor, pool: Pool, clock: StoppedClock, new_id: Callable[[], UUID]
    ) -> None:
        self.executor = executor
        self.pool = pool
        self.clock = clock
        self.user = SyncUser(company_id=7, user_id=70)
        self.writers = Writers(now=clock.tick, set_activity=self.activity, set_event=self.event)
        self.crm = self.writers.activities
        self.events = self.writers.events
        self.connections: dict[UUID, ConnectionChanged] = {}
        self.sent: list[Any] = []
        self.outbox_read = 0

    # Connections

    async def connect(
        self,
        *,
        user: SyncUser | None = None,
        provider: Provider = Provider.GOOGLE,
        **settings: Any,
    ) -> UUID:
        """An active connection of which both sides have been read."""
        connection_id = uuid4()
        await self.change(connection_id, user=user, provider=provider, **settings)
        await self.resynced(connection_id)
        return connection_id

    async def change(
        self,
        connection_id: UUID,
        *,
        user: SyncUser | None = None,
        provider: Provider | None = None,
        status: ConnectionStatus = ConnectionStatus.ACTIVE,
        remove_events: bool = False,
        **settings: Any,
    ) -> None:
        """The settings of a connection change."""
        known = self.connections.get(connection_id)
        before = known.settings if known else ConnectionSettings(calendar_id="main")
        chosen = ConnectionSettings.model_validate(before.model_dump() | settings)
        owner = user or (known.user if known else self.user)
        body = ConnectionChanged(
            message_id=uuid4(),
            occurred_at=self.clock.tick(),
            connection_id=connection_id,
            revision=known.revision + 1 if known else 1,
            user=owner,
            crm_credential_id=uuid4(),
            crm_api_url="https://example.com",
            calendar_credential_id=uuid4(),
            provider=provider or (known.provider if known else Provider.GOOGLE),
            email=f"u{owner.user_id}@example.com",
            owner_email=f"u{owner.user_id}@example.com",
            owner_time_zone="Europe/Berlin",
            status=status,
            settings=chosen,
            remove_events=remove_events,
        )
        self.connections[connection_id] = body
        await self.executor.on_connections([Delivery(body, TRACE)])

    async def remove(self, connection_id: UUID, *, remove_events: bool) -> None:
        known = self.connections[connection_id]
        body = ConnectionRemoved(
            message_id=uuid4(),
            occurred_at=self.clock.tick(),
            connection_id=connection_id,
            revision=known.revision + 1,
            user=known.user,
            remove_events=remove_events,
        )
        await self.executor.on_connections([Delivery(body, TRACE)])

    async def resynced(self, connection_id: UUID) -> None:
        """Both sides have been read whole."""
        known = self.connections[connection_id]
        moment = self.clock.tick()
        activities = self.crm_read(moment, user=known.user)
        await self.executor.on_activities([Delivery(activities, TRACE)])
        events = self.calendar_read(connection_id, moment)
        await self.executor.on_events([Delivery(events, TRACE)])

    def crm_read(self, moment: datetime, *, user: SyncUser | None = None) -> ActivitiesResynced:
        return ActivitiesResynced(
            message_id=uuid4(), occurred_at=moment, user=user or self.user, observed_at=moment
        )

    def calendar_read(self, connection_id: UUID, moment: datetime) -> CalendarResynced:
        known = self.connections[connection_id]
        return CalendarResynced(
            message_id=uuid4(),
            occurred_at=moment,
            user=known.user,
            connection_id=connection_id,
            calendar_id=known.settings.calendar_id,
            observed_at=moment,
        )

    # Pipedrive

    def activity(self, activity_id: int = 1, **fields: Any) -> ActivitySnapshot:
        """Make or change an activity at the provider; nobody is told yet."""
        moment = self.clock.tick()
        known = self.crm.get(activity_id) or ActivitySnapshot(
            activity_id=activity_id,
            owner_id=self.user.user_id,
            subject=f"Activity {activity_id}",
            type="meeting",
            due_date=SOON.date(),
            due_time=time(9, 0),
            duration_minutes=60,
            busy=True,
            added_at=moment,
            updated_at=moment,
        )
        self.crm[activity_id] = known.model_copy(update={"updated_at": moment, **fields})
        return self.crm[activity_id]

    def seen_activity(
        self, activity_id: int = 1, *, user: SyncUser | None = None
    ) -> ActivityObserved | ActivityGone:
        """The observation of what the provider holds now."""
        moment = self.clock.tick()
        owner = user or self.user
        snapshot = self.crm.get(activity_id)
        if snapshot is None:
            return ActivityGone(
                message_id=uuid4(),
                occurred_at=moment,
                user=owner,
                activity_id=activity_id,
                observed_at=moment,
            )
        return ActivityObserved(
            message_id=uuid4(),
            occurred_at=moment,
            user=owner,
            activity=snapshot,
            observed_at=moment,
        )

    async def tell_activity(self, activity_id: int = 1, **fields: Any) -> None:
        """Change an activity where fields are given, and tell what it is now."""
        if fields or activity_id not in self.crm:
            self.activity(activity_id, **fields)
        await self.tell(self.seen_activity(activity_id))

    async def delete_activity(self, activity_id: int = 1) -> None:
        self.crm.pop(activity_id, None)
        await self.tell(self.seen_activity(activity_id))

    # The calendar

    def event(self, connection_id: UUID, event_id: str = "e1", **fields: Any) -> EventSnapshot:
        """Make or change an event at the provider; nobody is told yet."""
        moment = self.clock.tick()
        known = self.events.get((connection_id, event_id)) or EventSnapshot(
            event_id=event_id,
            title=f"Event {event_id}",
            schedule=Timed(start=SOON, end=SOON + timedelta(hours=1)),
        )
        stamp = {"updated_at": moment, "version": str(moment.timestamp())}
        self.events[connection_id, event_id] = known.model_copy(update={**stamp, **fields})
        return self.events[connection_id, event_id]

    def seen_event(
        self, connection_id: UUID, event_id: str = "e1", *, formerly: str | None = None
    ) -> EventObserved | EventGone:
        moment = self.clock.tick()
        known = self.connections[connection_id]
        snapshot = self.events.get((connection_id, event_id))
        common = {
            "message_id": uuid4(),
            "occurred_at": moment,
            "user": known.user,
            "connection_id": connection_id,
            "calendar_id": known.settings.calendar_id,
            "observed_at": moment,
        }
        if snapshot is None:
            return EventGone(**common, event_id=event_id, updated_at=moment)
        return EventObserved(**common, event=snapshot, formerly=formerly)

    async def tell_event(self, connection_id: UUID, event_id: str = "e1", **fields: Any) -> None:
        if fields or (connection_id, event_id) not in self.events:
            self.event(connection_id, event_id, **fields)
        await self.tell(self.seen_event(connection_id, event_id))

    async def delete_event(self, connection_id: UUID, event_id: str = "e1") -> None:
        self.events.pop((connection_id, event_id), None)
        await self.tell(self.seen_event(connection_id, event_id))

    # Messages

    async def tell(self, *bodies: Any) -> None:
        """Hand over observations, in one batch a topic."""
        activities = [body for body in bodies if body.kind.startswith("activit")]
        events = [body for body in bodies if not body.kind.startswith("activit")]
        if activities:
            await self.executor.on_activities([Delivery(body, TRACE) for body in activities])
        if events:
            await self.executor.on_events([Delivery(body, TRACE) for body in events])

    async def commands(self) -> list[Any]:
        """Commands that were sent since the last call, in their order."""
        rows = await self.pool.fetch(
            "SELECT id, topic, value FROM sync.outbox WHERE id > $1 ORDER BY id", self.outbox_read
        )
        found: list[Any] = []
        for row in rows:
            self.outbox_read = row["id"]
            if row["topic"] == "crm.commands.v1":
                found.append(ACTIVITY_COMMANDS.validate_json(row["value"]))
            elif row["topic"] == "calendar.commands.v1":
                found.append(EVENT_COMMANDS.validate_json(row["value"]))
        self.sent += found
        return found

    async def carry_out(self, *, most: int = 10) -> list[Any]:
        """Carry out commands and tell the outcomes until none comes any more."""
        done: list[Any] = []
        for _ in range(most):
            batch = await self.commands()
            if not batch:
                return done
            for command in batch:
                await self.executor.on_outcomes([Delivery(self.outcome_of(command), TRACE)])
            done += batch
        raise AssertionError(f"it does not end: {[one.kind for one in done]}")

    def outcome_of(self, command: Any) -> Any:
        """Carry out one command at the provider and give its outcome."""
        return self.writers.carry_out(command)

    def rejected(self, command: Any, rejection: Rejection, **more: Any) -> WriteRejected:
        """The outcome of a command that was not carried out."""
        return self.writers.rejected(command, rejection, **more)

    async def settle(self, *outcomes: Any) -> None:
        """Tell outcomes, in one batch."""
        await self.executor.on_outcomes([Delivery(one, TRACE) for one in outcomes])

    async def reports(self) -> list[str]:
        """Signals that were reported of any connection, oldest first."""
        rows = await self.pool.fetch(
            "SELECT value FROM sync.outbox WHERE topic = $1 ORDER BY id", SYNC_HEALTH.name
        )
        return [json.loads(row["value"])["signal"] for row in rows]

    async def rows(self, connection_id: UUID) -> list[dict[str, Any]]:
        """The history, oldest first."""
        rows = await self.pool.fetch(
            "SELECT * FROM sync.history WHERE connection_id = $1 ORDER BY row", connection_id
        )
        return [dict(row) for row in rows]

    async def history(self, connection_id: UUID) -> list[tuple[str, str]]:
        """Actions and reasons, oldest first."""
        rows = await self.pool.fetch(
            "SELECT action, reason FROM sync.history WHERE connection_id = $1 ORDER BY row",
            connection_id,
        )
        return [(row["action"], row["reason"]) for row in rows]
