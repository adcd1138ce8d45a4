"""What this service consumes: connections, hints, requests and commands.

Connections, requests and commands are kept at once and worked on from what is kept; hints are
followed at once, and those that can not be are kept for later. So a provider that is slow holds
up no partition.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import TypeAdapter

from crm_ingest.reader import Reader
from crm_ingest.repository.commands import Commands
from crm_ingest.repository.connections import Connections
from crm_ingest.repository.hints import Hint
from crm_ingest.repository.reads import Reads
from tandem.contracts.activities import ActivityHinted
from tandem.contracts.commands import (
    ACTIVITY_COMMANDS,
    CreateActivity,
    DeleteActivity,
    UpdateActivity,
)
from tandem.contracts.connections import (
    CONNECTION_MESSAGES,
    ConnectionChanged,
    ConnectionRemoved,
)
from tandem.contracts.requests import (
    REQUEST_MESSAGES,
    BackfillRequested,
    ResyncRequested,
    Scope,
)
from tandem.contracts.topics import (
    CRM_COMMANDS,
    CRM_HINTS,
    SETTINGS_CONNECTIONS,
    SYNC_REQUESTS,
)
from tandem.runtime.app import Runtime
from tandem.runtime.subscriptions import Delivery

HINTS: TypeAdapter[ActivityHinted] = TypeAdapter(ActivityHinted)
HINTS_MAX = 200
"""Hints taken at a time; all of them are followed before the next are taken."""
ConnectionDelivery: TypeAlias = Delivery[ConnectionChanged | ConnectionRemoved]
RequestDelivery: TypeAlias = Delivery[BackfillRequested | ResyncRequested]
CommandDelivery: TypeAlias = Delivery[CreateActivity | UpdateActivity | DeleteActivity]


@dataclass(frozen=True)
class Subscribers:
    """The handlers; each wakes whoever works on what it has kept."""

    connections: Connections
    reader: Reader
    reads: Reads
    commands: Commands
    wake_full_reader: Callable[[], None]
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
                CRM_HINTS,
                purpose="hints",
                title="ActivityHints",
                messages=HINTS,
                handle=self.on_hints,
                records_max=HINTS_MAX,
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
                CRM_COMMANDS,
                purpose="commands",
                title="CrmCommands",
                messages=ACTIVITY_COMMANDS,
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
        self.wake_full_reader()
        self.wake_writer()

    async def on_hints(self, deliveries: Sequence[Delivery[ActivityHinted]]) -> None:
        """Read what the hinted activities are now."""
        await self.reader.follow(
            [
                Hint(
                    delivery.body.company_id,
                    delivery.body.activity_id,
                    delivery.body.user_id,
                    delivery.trace,
                )
                for delivery in deliveries
            ]
        )

    async def on_requests(self, deliveries: Sequence[RequestDelivery]) -> None:
        """Have whole users read again."""
        wanted = {
            delivery.body.user: delivery.trace
            for delivery in deliveries
            if delivery.body.scope in {Scope.BOTH, Scope.CRM}
        }
        if wanted:
            await self.reads.request(wanted)
            self.wake_full_reader()

    async def on_commands(self, deliveries: Sequence[CommandDelivery]) -> None:
        """Queue commands for their links."""
        await self.commands.queue(deliveries)
        self.wake_writer()
