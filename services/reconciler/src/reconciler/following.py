"""Links follow an event that becomes a series or a single event again, and a series that moves.

Ids change then: the provider says that those which the links know are gone, and tells of others
instead. It does so at once, so a link can move before that word would cost the activity. An
occurrence is the calendar's: nobody but its user may take it away.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from reconciler.connection import Connection
from reconciler.core.model import Gone, Link
from reconciler.desk import Desk
from reconciler.known import is_living, mark_of, may_move
from reconciler.occurrences import in_their_order
from reconciler.repository import occurrences
from reconciler.repository.items import EventKey
from reconciler.repository.occurrences import SeriesKey
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side


@dataclass(frozen=True, slots=True)
class Moved:
    """An occurrence of a series that was `formerly` another one, at another time."""

    connection_id: UUID
    series_id: str
    formerly: str
    event_id: str

    @property
    def key(self) -> EventKey:
        """The occurrence as it is now."""
        return (self.connection_id, self.event_id)

    @property
    def former_key(self) -> EventKey:
        """The occurrence that it was."""
        return (self.connection_id, self.formerly)


async def follow(desk: Desk, events: Collection[EventKey]) -> None:
    """Move links to what has become of their events; `events` are loaded, with their links."""
    await _follow_into_series(desk, events)
    _follow_out_of_series(desk, events)


async def follow_all(desk: Desk, connection: Connection) -> None:
    """As `follow`, for all that a connection was told while nothing could be decided."""
    turned = await occurrences.turned_events(desk.database, connection.connection_id)
    keys = [(connection.connection_id, event_id) for event_id in turned]
    await desk.known.load([], keys)
    await follow(desk, keys)


async def follow_moved(desk: Desk, told: Collection[Moved]) -> None:
    """Move links of occurrences to what these have become, in the order in which that was told.

    Nothing is decided by it, so it is done whether or not anything may be decided now: of a series
    that moves twice during a pause, nobody could tell afterwards what was what.
    """
    if not told:
        return
    await desk.known.load_links([], {key for one in told for key in (one.key, one.former_key)})
    await desk.known.load_series([one.key for one in told], desk.now)
    for one in told:
        link = _moving(desk, one)
        if link is not None:
            connection = desk.known.connections[one.connection_id]
            desk.put_link(connection, replace(link, event_id=one.event_id))


async def follow_written(desk: Desk, written: Collection[SeriesKey]) -> dict[EventKey, SeriesKey]:
    """Move the links of events that became a series while they were written to.

    Returns the occurrences, loaded, which have waited for that.
    """
    found = await occurrences.occurrences_of(desk.database, written)
    waiting = {(key[0], event_id): key for key, events in found.items() for event_id in events}
    await desk.known.load([], waiting)
    await follow(desk, waiting)
    return waiting


async def _follow_into_series(desk: Desk, events: Iterable[EventKey]) -> None:
    """Move links of single events to the first known occurrence of what these have become."""
    found = {key: desk.known.event(desk.known.connections[key[0]], key[1]) for key in events}
    series = {
        key: (key[0], event.series.series_id)
        for key in in_their_order(found)
        if isinstance(event := found[key], EventSnapshot) and event.series is not None
    }
    if not series:
        return
    await desk.known.load_links([], set(series.values()))
    await desk.known.load_other_sides()
    for (connection_id, event_id), master in series.items():
        connection = desk.known.connections[connection_id]
        link = _left_behind(desk, connection, master[1])
        if link is not None and not is_living(desk.known.shelf.of_event(connection_id, event_id)):
            moved = replace(link, origin=Side.CALENDAR, event_id=event_id, series_id=master[1])
            desk.put_link(connection, moved)


def _left_behind(desk: Desk, connection: Connection, series_id: str) -> Link | None:
    """The link of the single event that has become a series, where it may move now."""
    link = desk.known.shelf.of_event(connection.connection_id, series_id)
    return link if link is not None and link.event_id == series_id and may_move(link) else None


def _follow_out_of_series(desk: Desk, events: Iterable[EventKey]) -> None:
    """Move links back to the single event of ours that a series has become again."""
    for connection_id, event_id in events:
        connection = desk.known.connections[connection_id]
        event = desk.known.event(connection, event_id)
        link = _gone_into_series(desk, connection, event)
        if link is not None:
            ours = replace(link, origin=Side.CRM, event_id=event_id, series_id=None)
            desk.put_link(connection, ours)


def _gone_into_series(
    desk: Desk, connection: Connection, event: EventSnapshot | Gone | None
) -> Link | None:
    """The link that has followed a single event into the series that it was."""
    mark = mark_of(event)
    kept = desk.known.shelf.get(mark) if mark else None
    if kept is None or kept.connection_id != connection.connection_id or not may_move(kept.link):
        return None
    was_series = isinstance(event, EventSnapshot) and kept.link.series_id == event.event_id
    return kept.link if was_series else None


def _moving(desk: Desk, moved: Moved) -> Link | None:
    """The link of what an occurrence was, where it may move and the occurrence has none itself."""
    link = desk.known.shelf.of_event(moved.connection_id, moved.formerly)
    if link is None or link.event_id != moved.formerly or link.series_id != moved.series_id:
        return None
    # Who has deleted the activity does not want the occurrence back at another time either.
    follows = may_move(link) or Side.CALENDAR in link.suppress
    return link if follows and _is_free(desk, moved) else None


def _is_free(desk: Desk, moved: Moved) -> bool:
    """Whether an occurrence has no link, and was not taken out of the sync for good."""
    holder = desk.known.shelf.of_event(moved.connection_id, moved.event_id)
    if holder is None or holder.event_id != moved.event_id:
        return True
    return not is_living(holder) and Side.CALENDAR not in holder.suppress
