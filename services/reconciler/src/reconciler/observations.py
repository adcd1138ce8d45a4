"""Takes in what was observed, and decides about what is new in it."""

from collections.abc import Iterable

from reconciler.desk import Desk
from reconciler.following import Moved, follow, follow_moved
from reconciler.occurrences import in_their_order
from reconciler.repository import QUERIES, UserKey, items, user_key
from reconciler.repository.items import ActivityKey, ActivitySeen, EventKey, EventSeen
from tandem.contracts.activities import (
    ActivitiesResynced,
    ActivityGone,
    ActivityMessage,
    ActivityObserved,
)
from tandem.contracts.events import CalendarResynced, EventGone, EventMessage, EventObserved
from tandem.runtime.subscriptions import Delivery

Traces = dict[UserKey, str | None]
"""The trace that brought something about each user."""


async def take_activities(desk: Desk, fresh: Iterable[Delivery[ActivityMessage]]) -> Traces:
    """Store activities and decide; returns the users whose activities have now all been read."""
    seen: list[ActivitySeen] = []
    traces: dict[ActivityKey, str | None] = {}
    read: Traces = {}
    for delivery in fresh:
        body = delivery.body
        if isinstance(body, ActivitiesResynced):
            await _user_was_read(desk, body)
            read[user_key(body.user)] = delivery.trace
        else:
            found = _activity_seen(body)
            seen.append(found)
            traces[found.key] = delivery.trace
    news = await items.store_activities(desk.database, seen)
    desk.known.take_in(news, {})
    await decide_activities(desk, {key: traces[key] for key in news})
    return read


async def take_events(desk: Desk, fresh: Iterable[Delivery[EventMessage]]) -> Traces:
    """Store events and decide; returns the users of whom a calendar has now been read whole."""
    seen: list[EventSeen] = []
    traces: dict[EventKey, str | None] = {}
    moved: list[Moved] = []
    read: Traces = {}
    for delivery in fresh:
        body = delivery.body
        connection = desk.known.connections.get(body.connection_id)
        if connection is not None and connection.forgotten:
            continue
        if isinstance(body, CalendarResynced):
            await _calendar_was_read(desk, body)
            read[user_key(body.user)] = delivery.trace
            continue
        found = _event_seen(body)
        seen.append(found)
        if connection is not None and connection.syncs(body.calendar_id):
            traces[found.key] = delivery.trace
            moved += _moved(body)
    news = await items.store_events(desk.database, seen)
    present = {key: item for key, item in news.items() if key in traces}
    desk.known.take_in({}, present)
    await follow_moved(desk, [one for one in moved if one.key in present])
    await decide_events(desk, {key: traces[key] for key in present})
    return read


async def decide_activities(desk: Desk, activities: dict[ActivityKey, str | None]) -> None:
    """Decide about activities in each of their user's connections that decides already."""
    deciding = {
        key: [one for one in desk.known.of_user((key[0], key[1])) if one.decides]
        for key in activities
    }
    await desk.known.load([key for key, found in deciding.items() if found], [])
    for key, connections in deciding.items():
        for connection in connections:
            desk.decide_activity(connection, key[2], trace=activities[key])


async def decide_events(desk: Desk, events: dict[EventKey, str | None]) -> None:
    """Decide about events in their connection, where that decides already."""
    deciding = [key for key in events if desk.known.connections[key[0]].decides]
    await desk.known.load([], deciding)
    await follow(desk, deciding)
    await decide_in_their_order(desk, {key: events[key] for key in deciding})


async def decide_in_their_order(desk: Desk, events: dict[EventKey, str | None]) -> None:
    """Decide about loaded events; of a series the next ones take the places that are left."""
    await desk.known.load_series(list(events), desk.now)
    known = {key: desk.known.event(desk.known.connections[key[0]], key[1]) for key in events}
    for connection_id, event_id in in_their_order(known):
        connection = desk.known.connections[connection_id]
        desk.decide_event(connection, event_id, trace=events[connection_id, event_id])


async def _user_was_read(desk: Desk, body: ActivitiesResynced) -> None:
    await QUERIES.user_was_read(
        desk.database,
        read_at=body.observed_at,
        company_id=body.user.company_id,
        user_id=body.user.user_id,
    )


async def _calendar_was_read(desk: Desk, body: CalendarResynced) -> None:
    await QUERIES.calendar_was_read(
        desk.database,
        connection_id=body.connection_id,
        calendar_id=body.calendar_id,
        read_at=body.observed_at,
    )


def _activity_seen(body: ActivityObserved | ActivityGone) -> ActivitySeen:
    user = body.user
    if isinstance(body, ActivityObserved):
        key = (user.company_id, user.user_id, body.activity.activity_id)
        return ActivitySeen(key, body.activity, body.observed_at)
    key = (user.company_id, user.user_id, body.activity_id)
    return ActivitySeen(key, None, body.observed_at)


def _event_seen(body: EventObserved | EventGone) -> EventSeen:
    if isinstance(body, EventObserved):
        event = body.event
        key = (body.connection_id, event.event_id)
        return EventSeen(key, body.calendar_id, event, event.updated_at, body.observed_at)
    key = (body.connection_id, body.event_id)
    return EventSeen(key, body.calendar_id, None, body.updated_at, body.observed_at)


def _moved(body: EventObserved | EventGone) -> list[Moved]:
    """What an observation tells of an occurrence that was another one, if it does."""
    if isinstance(body, EventGone) or body.formerly is None or body.event.series is None:
        return []
    series_id, event_id = body.event.series.series_id, body.event.event_id
    return [Moved(body.connection_id, series_id, body.formerly, event_id)]
