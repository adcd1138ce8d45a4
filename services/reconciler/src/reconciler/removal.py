"""Ends a connection: removes the events that we made where asked to, then lets its account go."""

from dataclasses import replace

from reconciler import starts
from reconciler.connection import Connection
from reconciler.core.changes import shown_event
from reconciler.core.gone import delete_event
from reconciler.core.model import Link, LinkState, Observed, Plan, Verb
from reconciler.core.reasons import Reason
from reconciler.core.transitions import dissolve
from reconciler.desk import Desk
from reconciler.repository import QUERIES
from tandem.contracts.connections import ConnectionRemoved, HealthSignal
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side


async def begin_removal(
    desk: Desk, connection: Connection, asked: ConnectionRemoved, *, trace: str | None
) -> None:
    """Delete our events or leave them; every other link ends at once."""
    removed = replace(
        connection, revision=asked.revision, removed=True, remove_events=asked.remove_events
    )
    desk.put_connection(removed)
    if removed.forgotten:
        return
    async for link in starts.living_links(desk, removed):
        end_link(desk, removed, link, trace=trace)


def end_link(
    desk: Desk, connection: Connection, link: Link, *, trace: str | None, refused: bool = False
) -> None:
    """End a link of a removed connection; an event on its way in or out is waited for.

    Where a write was `refused`, no other one is tried: the account may be lost already.
    """
    under_way = link.pending_event.verb if link.pending_event else None
    if link.state is LinkState.DISSOLVED or under_way is Verb.DELETE:
        return
    ours = connection.remove_events and link.origin is Side.CRM and not refused
    if ours and under_way is Verb.CREATE:
        return
    decided = (
        _delete_event(desk, connection, link)
        if ours and link.event_id is not None
        else dissolve(link, Reason.DISCONNECTED, tell=False)
    )
    # The event is not shown to the command: it goes whatever version it has.
    desk.carry_out(connection, Observed(link=link), decided, trace)


async def release_where_done(desk: Desk) -> None:
    """Forget removed connections that have nothing under way, and report that they are free.

    Call it after `Desk.save`.
    """
    for connection in list(desk.known.connections.values()):
        if not connection.removed or connection.forgotten:
            continue
        if await QUERIES.something_pending(desk.database, connection_id=connection.connection_id):
            continue
        desk.put_connection(replace(connection, told=None))
        await QUERIES.forget_connection(desk.database, connection_id=connection.connection_id)
        desk.report(connection.connection_id, HealthSignal.RELEASED)
        await desk.save()
        await QUERIES.forget_unconnected_user(
            desk.database,
            company_id=connection.user.company_id,
            user_id=connection.user.user_id,
        )


def _delete_event(desk: Desk, connection: Connection, link: Link) -> Plan:
    event = desk.known.event_of(connection, link)
    shown = (
        shown_event(link, event, connection.policy) if isinstance(event, EventSnapshot) else None
    )
    return delete_event(link, shown, Reason.DISCONNECTED)
