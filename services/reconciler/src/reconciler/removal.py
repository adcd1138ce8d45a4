"""Ends a connection: removes the events that we made where asked to, then lets its account go."""

from dataclasses import replace

from reconciler import repository, starts
from reconciler.connection import Connection
from reconciler.core.model import NO_FIELDS, Link, Observed, Pending, Plan, Verb, Write
from reconciler.core.normalize import meeting_of_event
from reconciler.core.reasons import Reason
from reconciler.core.transitions import dissolve, start_write
from reconciler.desk import Desk
from reconciler.repository import QUERIES
from tandem.contracts.connections import (
    ConnectionHealthReported,
    ConnectionRemoved,
    HealthSignal,
)
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side
from tandem.contracts.topics import SYNC_HEALTH
from tandem.runtime.publisher import Outgoing, outgoing


async def begin_removal(
    desk: Desk, connection: Connection, asked: ConnectionRemoved, *, trace: str | None
) -> None:
    """Delete our events or leave them; every other link ends at once."""
    desk.put_connection(replace(connection, revision=asked.revision, removed=True))
    if connection.told is None:
        return
    async for link in starts.living_links(desk, connection):
        event = desk.event(connection, link)
        decided = _ending(connection, link, event, remove_events=asked.remove_events)
        desk.carry_out(connection, Observed(link=link, event=event), decided, trace)


async def release_where_done(desk: Desk) -> list[Outgoing]:
    """Forget removed connections that have nothing under way; call it after `Desk.save`.

    Returns the reports that their accounts are not needed any more.
    """
    reports = []
    for connection in desk.leaving:
        if await QUERIES.something_pending(desk.database, connection_id=connection.connection_id):
            continue
        await QUERIES.forget_connection(desk.database, connection_id=connection.connection_id)
        await repository.put_connections(desk.database, [replace(connection, told=None)])
        await QUERIES.forget_unconnected_user(
            desk.database,
            company_id=connection.user.company_id,
            user_id=connection.user.user_id,
        )
        report = ConnectionHealthReported(
            message_id=desk.new_id(),
            occurred_at=desk.now,
            connection_id=connection.connection_id,
            service="reconciler",
            signal=HealthSignal.RELEASED,
            observed_at=desk.now,
        )
        reports.append(outgoing(SYNC_HEALTH, report))
    return reports


def _ending(connection: Connection, link: Link, event: object, *, remove_events: bool) -> Plan:
    if not remove_events or link.origin is not Side.CRM or link.event_id is None:
        return dissolve(link, Reason.DISCONNECTED, tell=False)
    pending = Pending(
        verb=Verb.DELETE,
        fields=NO_FIELDS,
        reason=Reason.DISCONNECTED,
        revision=link.revision + 1,
        before=meeting_of_event(event, connection.policy)
        if isinstance(event, EventSnapshot)
        else None,
    )
    return start_write(link, Write(Side.CALENDAR, Verb.DELETE, NO_FIELDS), pending)
