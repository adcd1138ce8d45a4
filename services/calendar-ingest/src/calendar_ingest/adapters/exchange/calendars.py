"""Exchange's calendars and events; see the port `calendar_ingest.calendars.Calendars`."""

from datetime import timedelta
from typing import Final

from calendar_ingest.adapters.exchange.client import ExchangeClient
from calendar_ingest.adapters.exchange.cursors import Cursor
from calendar_ingest.calendars import (
    Account,
    Calendar,
    Changes,
    Created,
    EventEdit,
    ListedCalendar,
    NewEvent,
)
from tandem.contracts.events import EventSnapshot
from tandem.runtime.clock import Clock

LOOK_BACK: Final = timedelta(days=31)


class ExchangeCalendars:
    """Reads and writes through `ExchangeClient`."""

    def __init__(self, client: ExchangeClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def list(self, account: Account) -> tuple[ListedCalendar, ...]:
        """All calendars of the account."""
        return await self._client.call(account, "FindFolder", lambda mailbox: mailbox.list())

    async def changes(self, calendar: Calendar, cursor: str | None) -> Changes:
        """One page of changes since `cursor`; see the port."""
        here = Cursor.parse(cursor)
        ended_after = self._clock.now() - LOOK_BACK
        return await self._client.call(
            calendar.account,
            "SyncFolderItems",
            lambda mailbox: mailbox.changes(calendar.calendar_id, here, ended_after=ended_after),
        )

    async def get(self, calendar: Calendar, event_id: str) -> EventSnapshot | None:
        """Read one event; see the port."""
        return await self._client.call(
            calendar.account,
            "GetItem",
            lambda mailbox: mailbox.get(calendar.calendar_id, event_id),
        )

    async def create(self, calendar: Calendar, new: NewEvent) -> Created:
        """Make an event; see the port."""
        return await self._client.call(
            calendar.account,
            "CreateItem",
            lambda mailbox: mailbox.create(calendar.calendar_id, new),
        )

    async def update(self, calendar: Calendar, edit: EventEdit) -> EventSnapshot:
        """Change an event; see the port."""
        return await self._client.call(
            calendar.account,
            "UpdateItem",
            lambda mailbox: mailbox.update(calendar.calendar_id, edit),
        )

    async def delete(
        self, calendar: Calendar, event_id: str, *, version: str, notify: bool = False
    ) -> None:
        """Delete an event; see the port."""
        await self._client.call(
            calendar.account,
            "DeleteItem",
            lambda mailbox: mailbox.delete(
                calendar.calendar_id, event_id, version=version, notify=notify
            ),
        )
