"""Takes in what became of commands: stores what they tell, moves the links on, decides again."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from reconciler.ages import note_age
from reconciler.connection import Connection
from reconciler.core.model import Link, LinkState
from reconciler.core.reasons import Reason
from reconciler.desk import Desk
from reconciler.following import follow_written
from reconciler.observations import decide_activities, decide_events
from reconciler.remade import Remaking, ended_remaking
from reconciler.removal import end_link
from reconciler.repository import items, links
from reconciler.repository.items import ActivityKey, ActivitySeen, EventKey, EventSeen
from reconciler.repository.links import KeptLink
from reconciler.settling import settle
from reconciler.waiting import decide_woken, wake
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side
from tandem.contracts.outcomes import (
    ActivityWritten,
    EventWritten,
    OutcomeMessage,
    Rejection,
    WriteRejected,
)
from tandem.runtime.subscriptions import Delivery


async def take_outcomes(desk: Desk, fresh: Iterable[Delivery[OutcomeMessage]]) -> None:
    """Take over outcomes of known connections; those of an older revision only tell a state."""
    known = [
        one
        for one in fresh
        if (connection := desk.known.connections.get(one.body.connection_id)) is not None
        and not connection.forgotten
    ]
    await _load(desk, known)
    await _store(desk, known)
    await desk.known.load_other_sides()
    freed: set[UUID] = set()
    ended: list[Remaking] = []
    for delivery in known:
        body = delivery.body
        kept = _link_of(desk, body)
        if kept is None:
            continue
        connection = desk.known.connections[kept.connection_id]
        freed |= _may_have_waited(desk, connection, kept.link)
        to_crm = isinstance(body, ActivityWritten)
        other_side = desk.known.event_of if to_crm else desk.known.activity_of
        note_age(connection, body, other_side(connection, kept.link))
        settle(desk, connection, kept.link, body, trace=delivery.trace)
        ended += ended_remaking(desk, connection, kept.link)
    waiting = await _follow(desk, known)
    woken = await wake(desk, freed, ended)
    await desk.known.load_other_sides()
    _go_on(desk, known)
    await decide_events(desk, waiting)
    await _decide_freed(desk, known)
    await decide_woken(desk, woken)


async def _load(desk: Desk, known: Sequence[Delivery[OutcomeMessage]]) -> None:
    """Load the links that were written, and those that hold the written items."""
    desk.known.shelf.add(
        await links.links_by_id(desk.database, {one.body.link_id for one in known})
    )
    await desk.known.load_links(
        {
            (one.body.connection_id, one.body.activity_id)
            for one in known
            if isinstance(one.body, ActivityWritten)
        },
        {
            (one.body.connection_id, one.body.event_id)
            for one in known
            if isinstance(one.body, EventWritten)
        },
    )
    await desk.known.load_rivals({one.body.connection_id for one in known})


async def _store(desk: Desk, known: Iterable[Delivery[OutcomeMessage]]) -> None:
    """What an outcome shows is an observation like any other."""
    activities: list[ActivitySeen] = []
    events: list[EventSeen] = []
    for delivery in known:
        body = delivery.body
        kept = _link_of(desk, body)
        connection = desk.known.connections[body.connection_id]
        if kept is None or kept.link.reason is Reason.CALENDAR_CHANGED:
            continue
        if (activity := _activity_seen(body, kept, connection)) is not None:
            activities.append(activity)
        if (event := _event_seen(body, kept, connection)) is not None:
            events.append(event)
    desk.known.take_in(
        await items.store_activities(desk.database, activities),
        await items.store_events(desk.database, events),
    )


def _activity_seen(
    body: OutcomeMessage, kept: KeptLink, connection: Connection
) -> ActivitySeen | None:
    if isinstance(body, EventWritten):
        return None
    activity_id = body.activity_id if isinstance(body, ActivityWritten) else kept.link.activity_id
    gone = (
        body.side == "crm" and body.rejection is Rejection.GONE
        if isinstance(body, WriteRejected)
        else body.activity is None
    )
    if activity_id is None or not (gone or body.activity):
        return None
    return ActivitySeen((*connection.user_key, activity_id), body.activity, body.observed_at)


def _event_seen(body: OutcomeMessage, kept: KeptLink, connection: Connection) -> EventSeen | None:
    if isinstance(body, ActivityWritten):
        return None
    event_id = body.event_id if isinstance(body, EventWritten) else kept.link.event_id
    gone = (
        body.side == "calendar" and body.rejection is Rejection.GONE
        if isinstance(body, WriteRejected)
        else body.event is None
    )
    if event_id is None or not (gone or body.event):
        return None
    return EventSeen(
        (connection.connection_id, event_id),
        connection.policy.settings.calendar_id,
        body.event,
        body.event.updated_at if body.event else None,
        body.observed_at,
    )


async def _follow(
    desk: Desk, known: Iterable[Delivery[OutcomeMessage]]
) -> dict[EventKey, str | None]:
    """Let links of events that became a series meanwhile go on as their first occurrence.

    Returns the occurrences that have waited for it.
    """
    written = {
        (kept.connection_id, kept.link.event_id): delivery.trace
        for delivery in known
        if (kept := _link_of(desk, delivery.body)) is not None
        and kept.link.event_id is not None
        and kept.link.series_id is None
        and desk.known.connections[kept.connection_id].decides
    }
    waiting = await follow_written(desk, written)
    return {key: written[series] for key, series in waiting.items()}


def _may_have_waited(desk: Desk, connection: Connection, link: Link) -> set[UUID]:
    """Connections in which an activity may have waited for what is written to a link.

    It may be what a create makes, for all connections where that is of a deleted one, or what the
    activity of the link was made again as when that was deleted.
    """
    if link.activity_id is None and link.former_activity_id is not None:
        return {one.connection_id for one in desk.known.of_user(connection.user_key)}
    creates = link.activity_id is None and link.pending_activity is not None
    waits = creates or desk.known.others_of_user(connection)
    return {connection.connection_id} if waits else set()


def _go_on(desk: Desk, known: Iterable[Delivery[OutcomeMessage]]) -> None:
    """Decide again about what was held up by the writes that have ended."""
    last = {one.body.link_id: one for one in known}
    for delivery in last.values():
        kept = _link_of(desk, delivery.body)
        if kept is None or kept.link.state is LinkState.DISSOLVED:
            continue
        connection = desk.known.connections[kept.connection_id]
        if connection.removed:
            refused = isinstance(delivery.body, WriteRejected)
            end_link(desk, connection, kept.link, trace=delivery.trace, refused=refused)
        elif connection.decides:
            desk.decide_link(connection, kept.link, trace=delivery.trace)


async def _decide_freed(desk: Desk, known: Iterable[Delivery[OutcomeMessage]]) -> None:
    """Decide about items whose other side was deleted: one may be wanted again meanwhile."""
    activities: dict[ActivityKey, str | None] = {}
    events: dict[EventKey, str | None] = {}
    for delivery in known:
        kept = _link_of(desk, delivery.body)
        if kept is None or kept.link.state is not LinkState.DISSOLVED or kept.link.pending:
            continue
        connection, link = desk.known.connections[kept.connection_id], kept.link
        activity = desk.known.activity_of(connection, link)
        if isinstance(activity, ActivitySnapshot) and Side.CRM not in link.suppress:
            activities[(*connection.user_key, activity.activity_id)] = delivery.trace
        event = desk.known.event_of(connection, link)
        if isinstance(event, EventSnapshot) and Side.CALENDAR not in link.suppress:
            events[kept.connection_id, event.event_id] = delivery.trace
    await decide_activities(desk, activities)
    await decide_events(desk, events)


def _link_of(desk: Desk, body: OutcomeMessage) -> KeptLink | None:
    """The link that a command was for, unless it belongs to another connection."""
    kept = desk.known.shelf.get(body.link_id)
    return kept if kept is not None and kept.connection_id == body.connection_id else None
