"""What this service consumes: connections, hints, requests and commands, each kept at once.

The work itself is done from what is kept, so a provider that is slow holds up no partition.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from pydantic import TypeAdapter

from calendar_ingest.repository import Commands, Connections, Reads
from tandem.contracts.commands import EVENT_COMMANDS, CreateEvent, DeleteEvent, UpdateEvent
from tandem.contracts.connections import (
    CONNECTION_MESSAGES,
    ConnectionChanged,
    ConnectionRemoved,
)
from tandem.contracts.events import CalendarHinted, HintCause
from tandem.contracts.requests import (
    REQUEST_MESSAGES,
    BackfillRequested,
    ResyncRequested,
    Scope,
)
from tandem.contracts.topics import (
    CALENDAR_COMMANDS,
    CALENDAR_HINTS,
    SETTINGS_CONNECTIONS,
    SYNC_REQUESTS,
)
from tandem.runtime.app import Runtime
from tandem.runtime.subscriptions import Delivery

HINTS: TypeAdapter[CalendarHinted] = TypeAdapter(CalendarHinted)
ConnectionDelivery: TypeAlias = Delivery[ConnectionChanged | ConnectionRemoved]
RequestDelivery: TypeAlias = Delivery[BackfillRequested | ResyncRequested]
CommandDelivery: TypeAlias = Delivery[CreateEvent | UpdateEvent | DeleteEvent]


@dataclass(frozen=True)
class Subscribers:
    """The handlers; each wakes whoever works on what it has kept."""

    connections: Connections
    reads: Reads
    commands: Commands
    wake_reader: Callable[[], None]
    wake_writer: Callable[[], None]
    wake_watcher: Callable[[], None]

    def declare(self, runtime: Runtime) -> None:
        """Subscribe to what the roles of this process need."""
        if runtime.has_role("reader"):
            runtime.subscribe(
                SETTINGS_CONNECTIONS,
                purpose="connections",
                title="Connections",
                messages=CONNECTION_MESSAGES,
                handle=self.on_connections,
            )
            runtime.subscribe(
                CALENDAR_HINTS,
                purpose="hints",
                title="CalendarHints",
                messages=HINTS,
                handle=self.on_hints,
            )
            runtime.subscribe(
                SYNC_REQUESTS,
                purpose="requests",
                title="SyncRequests",
                messages=REQUEST_MESSAGES,
                handle=self.on_requests,
            )
        if runtime.has_role("writer"):
            runtime.subscribe(
                CALENDAR_COMMANDS,
                purpose="commands",
                title="CalendarCommands",
                messages=EVENT_COMMANDS,
                handle=self.on_commands,
            )

    async def on_connections(self, deliveries: Sequence[ConnectionDelivery]) -> None:
        """Take connections over into the projection."""
        for delivery in deliveries:
            if isinstance(delivery.body, ConnectionChanged):
                await self.connections.change(delivery.body, delivery.trace)
            else:
                await self.connections.remove(delivery.body)
        self.wake_watcher()
        self.wake_reader()
        self.wake_writer()

    async def on_hints(self, deliveries: Sequence[Delivery[CalendarHinted]]) -> None:
        """Have the hinted calendars read, each once however often it was hinted."""
        hinted: dict[UUID, tuple[bool, str | None]] = {}
        for delivery in deliveries:
            pushed, trace = hinted.get(delivery.body.connection_id, (False, None))
            hinted[delivery.body.connection_id] = (
                pushed or delivery.body.cause is HintCause.PUSH,
                trace or delivery.trace,
            )
        await self.reads.hint(hinted)
        self.wake_reader()

    async def on_requests(self, deliveries: Sequence[RequestDelivery]) -> None:
        """Have whole calendars read again."""
        wanted = {
            delivery.body.connection_id: delivery.trace
            for delivery in deliveries
            if delivery.body.scope in {Scope.BOTH, Scope.CALENDAR}
        }
        if wanted:
            await self.reads.read_everything(wanted)
            self.wake_reader()

    async def on_commands(self, deliveries: Sequence[CommandDelivery]) -> None:
        """Queue commands for their mailboxes."""
        await self.commands.queue(deliveries)
        self.wake_writer()
