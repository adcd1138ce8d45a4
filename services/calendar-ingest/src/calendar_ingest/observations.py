"""Messages that tell what was seen in one calendar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from calendar_ingest.calendars import Tombstone
from tandem.contracts.events import CalendarResynced, EventGone, EventObserved, EventSnapshot
from tandem.contracts.message import SyncUser
from tandem.contracts.topics import CALENDAR_EVENTS
from tandem.runtime.publisher import Outgoing, outgoing


@dataclass(frozen=True)
class Observations:
    """Makes the messages about one calendar of one connection; moments are the reader's clock."""

    connection_id: UUID
    user: SyncUser
    calendar_id: str
    new_id: Callable[[], UUID]

    def observed(
        self, event: EventSnapshot, moment: datetime, *, formerly: str | None = None
    ) -> Outgoing:
        """An event was read; `formerly` is the occurrence of its series that it was before."""
        return outgoing(
            CALENDAR_EVENTS,
            EventObserved(
                message_id=self.new_id(),
                occurred_at=moment,
                user=self.user,
                connection_id=self.connection_id,
                calendar_id=self.calendar_id,
                event=event,
                observed_at=moment,
                formerly=formerly,
            ),
        )

    def gone(self, tombstone: Tombstone, moment: datetime) -> Outgoing:
        """The provider said that an event is deleted."""
        return outgoing(
            CALENDAR_EVENTS,
            EventGone(
                message_id=self.new_id(),
                occurred_at=moment,
                user=self.user,
                connection_id=self.connection_id,
                calendar_id=self.calendar_id,
                event_id=tombstone.event_id,
                updated_at=tombstone.updated_at,
                observed_at=moment,
            ),
        )

    def resynced(self, moment: datetime) -> Outgoing:
        """Everything was observed."""
        return outgoing(
            CALENDAR_EVENTS,
            CalendarResynced(
                message_id=self.new_id(),
                occurred_at=moment,
                user=self.user,
                connection_id=self.connection_id,
                calendar_id=self.calendar_id,
                observed_at=moment,
            ),
        )
