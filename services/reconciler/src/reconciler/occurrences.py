"""Occurrences of series in one transaction: which are linked, and whose turn it is."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Final

from reconciler.connection import Connection
from reconciler.core.model import Gone, Link, LinkState
from reconciler.core.policy import starts_in_past
from reconciler.core.series import OCCURRENCES_MAX
from reconciler.repository import occurrences
from reconciler.repository.items import EventKey
from reconciler.repository.occurrences import Linked, SeriesKey
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import AllDay, Schedule
from tandem.runtime import postgres

_ANY_ZONE: Final = timedelta(days=1)
"""Today has not ended everywhere before this has passed."""


class Occurrences:
    """The linked occurrences of the series that were asked for, as they will be stored."""

    def __init__(self, database: postgres.Connection) -> None:
        self._database = database
        self._linked: dict[SeriesKey, Linked] = {}

    async def load(self, keys: Collection[SeriesKey], now: datetime) -> None:
        """Know which coming occurrences of some series are linked."""
        wanted = [key for key in keys if key not in self._linked]
        found = await occurrences.linked_occurrences(self._database, wanted, now - _ANY_ZONE)
        self._linked |= {key: found.get(key, {}) for key in wanted}

    def note(
        self, connection: Connection, link: Link, event: EventSnapshot | None, before: Link | None
    ) -> None:
        """A link is now as it is here, and was as it was `before`."""
        if link.series_id is None or link.event_id is None:
            return
        linked = self._linked.get((connection.connection_id, link.series_id))
        if linked is None:
            return
        if before is not None and before.event_id is not None:
            linked.pop(before.event_id, None)
        if link.state is LinkState.DISSOLVED or event is None:
            linked.pop(link.event_id, None)
        else:
            linked[link.event_id] = event.schedule

    def are_too_many(self, connection: Connection, event: EventSnapshot, now: datetime) -> bool:
        """Whether as many others of an event's series are linked and coming as may be."""
        if event.series is None:
            return False
        linked = self._linked.get((connection.connection_id, event.series.series_id), {})
        others = sum(
            event_id != event.event_id and not starts_in_past(schedule, connection.policy, now)
            for event_id, schedule in linked.items()
        )
        return others >= OCCURRENCES_MAX


def in_their_order(events: Mapping[EventKey, EventSnapshot | Gone | None]) -> list[EventKey]:
    """Events by their beginning; those that are gone come first, and leave their places."""
    return sorted(events, key=lambda key: (_begin(events[key]), key[1]))


def start_of(schedule: Schedule) -> datetime:
    """When a meeting begins; an all-day one at midnight UTC."""
    if isinstance(schedule, AllDay):
        return datetime.combine(schedule.first, time(), UTC)
    return schedule.start


def _begin(event: EventSnapshot | Gone | None) -> datetime:
    if isinstance(event, EventSnapshot):
        return start_of(event.schedule)
    return datetime.min.replace(tzinfo=UTC)
