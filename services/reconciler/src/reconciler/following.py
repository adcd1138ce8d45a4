"""A single event that became a series: its activity goes on as that of the first occurrence.

The provider says that the single event is gone, and its occurrences have ids of their own. They
are told of first, so the link can move to one of them before that word would cost the activity.
From then on the meeting is the calendar's: nobody but its user may take an occurrence away.
"""

from collections.abc import Collection
from dataclasses import replace

from reconciler.connection import Connection
from reconciler.core.model import Link
from reconciler.desk import Desk
from reconciler.known import is_living
from reconciler.occurrences import in_their_order
from reconciler.repository.items import EventKey
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side


async def follow_into_series(desk: Desk, events: Collection[EventKey]) -> None:
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
    """The link of the single event that has become a series, unless a write is under way."""
    link = desk.known.shelf.of_event(connection.connection_id, series_id)
    if link is None or not is_living(link) or link.pending or link.event_id != series_id:
        return None
    return link
