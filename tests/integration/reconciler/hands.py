"""Plays the ingest services: tells observations, and carries commands out in memory."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from reconciler.executor import Executor
from tandem.contracts.activities import (
    ActivitiesResynced,
    ActivityGone,
    ActivityObserved,
    ActivitySnapshot,
    Guest,
)
from tandem.contracts.commands import (
    ACTIVITY_COMMANDS,
    EVENT_COMMANDS,
    CreateActivity,
    CreateEvent,
    DeleteActivity,
    DeleteEvent,
    UpdateActivity,
)
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionRemoved,
    ConnectionSettings,
    ConnectionStatus,
    Provider,
)
from tandem.contracts.events import (
    Attendee,
    CalendarResynced,
    EventGone,
    EventObserved,
    EventSnapshot,
)
from tandem.contracts.meetings import MeetingField, Side, Timed
from tandem.contracts.message import SyncUser
from tandem.contracts.outcomes import ActivityWritten, EventWritten, Rejection, WriteRejected
from tandem.runtime.postgres import Pool
from tandem.runtime.subscriptions import Delivery

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SOON = NOW + timedelta(days=2)


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
    """One user with connections; `crm` and `calendars` are what the providers hold."""

    def __init__(
        self, executor: Executor, pool: Pool, clock: StoppedClock, new_id: Callable[[], UUID]
    ) -> None:
        self.executor = executor
        self.pool = pool
        self.clock = clock
        self.user = SyncUser(company_id=7, user_id=70)
        self.crm: dict[int, ActivitySnapshot] = {}
        self.events: dict[tuple[UUID, str], EventSnapshot] = {}
        self.connections: dict[UUID, ConnectionChanged] = {}
        self.sent: list[Any] = []
        self.outbox_read = 0

    # Connections

    async def connect(self, *, user: SyncUser | None = None, **settings: Any) -> UUID:
        """An active connection of which both sides have been read."""
        connection_id = uuid4()
        await self.change(connection_id, user=user, **settings)
        await self.resynced(connection_id)
        return connection_id

    async def change(
        self,
        connection_id: UUID,
        *,
        user: SyncUser | None = None,
        status: ConnectionStatus = ConnectionStatus.ACTIVE,
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
            provider=Provider.GOOGLE,
            email=f"u{owner.user_id}@example.com",
            owner_email=f"u{owner.user_id}@example.com",
            owner_time_zone="Europe/Berlin",
            status=status,
            settings=chosen,
        )
        self.connections[connection_id] = body
        await self.executor.on_connections([Delivery(body, None)])

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
        await self.executor.on_connections([Delivery(body, None)])

    async def resynced(self, connection_id: UUID) -> None:
        """Both sides have been read whole."""
        known = self.connections[connection_id]
        moment = self.clock.tick()
        activities = ActivitiesResynced(
            message_id=uuid4(), occurred_at=moment, user=known.user, observed_at=moment
        )
        events = CalendarResynced(
            message_id=uuid4(),
            occurred_at=moment,
            user=known.user,
            connection_id=connection_id,
            calendar_id=known.settings.calendar_id,
            observed_at=moment,
        )
        await self.executor.on_activities([Delivery(activities, None)])
        await self.executor.on_events([Delivery(events, None)])

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

    def seen_event(self, connection_id: UUID, event_id: str = "e1") -> EventObserved | EventGone:
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
        return EventObserved(**common, event=snapshot)

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
            await self.executor.on_activities([Delivery(body, None) for body in activities])
        if events:
            await self.executor.on_events([Delivery(body, None) for body in events])

    async def commands(self) -> list[Any]:
        """Commands that were sent since the last call, in their order."""
        rows = await self.pool.fetch(
            "SELECT id, topic, value FROM sync.outbox WHERE id > $1 ORDER BY id", self.outbox_read
        )
        found = []
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
                await self.executor.on_outcomes([Delivery(self.outcome_of(command), None)])
            done += batch
        raise AssertionError(f"it does not end: {[one.kind for one in done]}")

    def outcome_of(self, command: Any) -> Any:
        """Carry out one command at the provider and give its outcome."""
        if isinstance(command, CreateActivity | UpdateActivity | DeleteActivity):
            return self._crm_outcome(command)
        return self._calendar_outcome(command)

    def rejected(self, command: Any, rejection: Rejection, detail: str = "") -> WriteRejected:
        """The outcome of a command that was not carried out."""
        crm = isinstance(command, CreateActivity | UpdateActivity | DeleteActivity)
        return WriteRejected(
            **self._common(command),
            side=Side.CRM if crm else Side.CALENDAR,
            rejection=rejection,
            detail=detail,
        )

    async def history(self, connection_id: UUID) -> list[tuple[str, str]]:
        """Actions and reasons, oldest first."""
        rows = await self.pool.fetch(
            "SELECT action, reason FROM sync.history WHERE connection_id = $1 ORDER BY row",
            connection_id,
        )
        return [(row["action"], row["reason"]) for row in rows]

    def _common(self, command: Any) -> dict[str, Any]:
        moment = self.clock.tick()
        return {
            "message_id": uuid4(),
            "occurred_at": moment,
            "user": command.user,
            "connection_id": command.connection_id,
            "link_id": command.link_id,
            "revision": command.revision,
            "observed_at": moment,
        }

    def _crm_outcome(self, command: Any) -> Any:
        common = self._common(command)
        if isinstance(command, DeleteActivity):
            if command.activity_id not in self.crm:
                return self.rejected(command, Rejection.GONE)
            del self.crm[command.activity_id]
            return ActivityWritten(**common, activity_id=command.activity_id, activity=None)
        draft = command.draft
        fields: dict[str, Any] = {
            "subject": draft.subject,
            "due_date": draft.due_date,
            "due_time": draft.due_time,
            "duration_minutes": draft.duration_minutes,
            "public_description": draft.public_description,
            "location": draft.location,
            "busy": draft.busy,
            "guests": tuple(Guest(email=email) for email in sorted(draft.guests)),
        }
        if isinstance(command, CreateActivity):
            activity_id = 1000 + len(self.crm)
            made = self.activity(
                activity_id, type=command.type, owner_id=command.user.user_id, **fields
            )
            return ActivityWritten(**common, activity_id=activity_id, activity=made)
        if command.activity_id not in self.crm:
            return self.rejected(command, Rejection.GONE)
        if self.crm[command.activity_id].updated_at > command.seen_at:
            return WriteRejected(
                **common,
                side=Side.CRM,
                rejection=Rejection.STALE,
                activity=self.crm[command.activity_id],
            )
        names = {
            MeetingField.TITLE: ("subject",),
            MeetingField.SCHEDULE: ("due_date", "due_time", "duration_minutes"),
            MeetingField.DESCRIPTION: ("public_description",),
            MeetingField.LOCATION: ("location",),
            MeetingField.BUSY: ("busy",),
            MeetingField.GUESTS: ("guests",),
        }
        wanted = {name for field in command.fields for name in names[field]}
        changed = self.activity(
            command.activity_id, **{name: fields[name] for name in sorted(wanted)}
        )
        return ActivityWritten(**common, activity_id=command.activity_id, activity=changed)

    def _calendar_outcome(self, command: Any) -> Any:
        common = self._common(command)
        connection_id = command.connection_id
        if isinstance(command, CreateEvent):
            event_id = f"{command.link_id.hex[:8]}g{command.generation}"
            made = self.event(
                connection_id,
                event_id,
                link_mark=str(command.link_id),
                **_event_fields(command.meeting, set(MeetingField)),
            )
            return EventWritten(**common, event_id=event_id, event=made)
        known = self.events.get((connection_id, command.event_id))
        if isinstance(command, DeleteEvent):
            self.events.pop((connection_id, command.event_id), None)
            return EventWritten(**common, event_id=command.event_id, event=None)
        if known is None:
            return self.rejected(command, Rejection.GONE)
        if known.version != command.version:
            return WriteRejected(
                **common, side=Side.CALENDAR, rejection=Rejection.STALE, event=known
            )
        changed = self.event(
            connection_id, command.event_id, **_event_fields(command.meeting, command.fields)
        )
        return EventWritten(**common, event_id=command.event_id, event=changed)


def _event_fields(meeting: Any, fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "title": meeting.title,
        "schedule": meeting.schedule,
        "description": meeting.description,
        "location": meeting.location,
        "busy": meeting.busy,
        "attendees": tuple(Attendee(email=email) for email in sorted(meeting.guests)),
    }
    names = {"guests": "attendees"}
    return {names.get(field, str(field)): values[names.get(field, str(field))] for field in fields}
