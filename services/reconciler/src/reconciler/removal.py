"""Removes the events that we made, where asked to.

At the end of a connection, in a calendar that is left for another, and of types that are not
ticked. Such an event goes whatever version it has.
"""

from dataclasses import replace

from reconciler import starts
from reconciler.commands import calendar_of
from reconciler.connection import Connection
from reconciler.core.gone import delete_after_end, delete_event
from reconciler.core.model import Link, LinkState, Observed, Pending, Plan, Verb
from reconciler.core.reasons import Reason
from reconciler.core.transitions import dissolve, write_failed
from reconciler.desk import Desk
from reconciler.repository import QUERIES
from tandem.contracts.connections import ConnectionRemoved, HealthSignal
from tandem.contracts.meetings import Meeting, Side
from tandem.contracts.outcomes import EventWritten, OutcomeMessage, Rejection, WriteRejected


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
        _delete_event(desk, connection, link, Reason.DISCONNECTED)
        if ours and link.event_id is not None
        else dissolve(link, Reason.DISCONNECTED, tell=False)
    )
    desk.carry_out(connection, Observed(link=link), decided, trace)


async def leave_calendar(
    desk: Desk, former: Connection, *, remove_events: bool, trace: str | None
) -> None:
    """End every link of a calendar that is not synced any more; `former` still names it.

    The links end at once, so that the activities are free for another calendar. One whose event
    is on its way in or out remembers that, and is waited for. What the user has rejected is kept,
    should he come back.
    """
    async for link in starts.living_links(desk, former):
        ended = dissolve(link, Reason.CALENDAR_CHANGED, tell=False).link or link
        ended = replace(ended, refused=starts.without_refusals(link).refused)
        under_way = link.pending_event.verb if link.pending_event else None
        ours = remove_events and link.origin is Side.CRM
        if ours and under_way in {Verb.CREATE, Verb.DELETE}:
            desk.put_link(former, replace(ended, pending_event=link.pending_event))
        elif ours and link.event_id is not None:
            _clear_event(desk, former, ended, desk.known.shown_event(former, link), trace=trace)
        else:
            desk.put_link(former, ended)


def settle_left(
    desk: Desk,
    connection: Connection,
    link: Link,
    pending: Pending,
    outcome: OutcomeMessage,
    *,
    side: Side,
    trace: str | None,
) -> None:
    """Take over what became of an item whose link has ended already.

    An event that was only made while its calendar was left is deleted now. A calendar that is
    gone took the event along; while access is lost the delete waits, and is sent again once that
    is back.
    """
    done = write_failed(link, side)
    kept = desk.known.shelf.of_link(link)
    teller = desk.teller(connection, trace)
    if isinstance(outcome, WriteRejected):
        if outcome.rejection is Rejection.AUTH_LOST and not connection.removed:
            return
        desk.put_link(connection, done)
        if outcome.rejection in {Rejection.REFUSED, Rejection.NOT_ORGANIZER}:
            reason = Reason.PROVIDER_REFUSED
            desk.rows.append(teller.refused(done, side, reason, outcome.detail))
    elif pending.verb is Verb.CREATE and kept is not None and isinstance(outcome, EventWritten):
        made = replace(done, event_id=outcome.event_id)
        former = _in_calendar(connection, calendar_of(kept.commands or "[]"))
        _clear_event(desk, former, made, pending.after, trace=trace)
    else:
        desk.put_link(connection, done)
        desk.rows.append(teller.written(link, side, pending))


async def remove_unticked(desk: Desk, connection: Connection, *, trace: str | None) -> int:
    """Delete our events of types that are not ticked any more; returns how many.

    Their links end, and nothing keeps the activities from getting new events.
    """
    count = 0
    async for link in starts.living_links(desk, connection):
        left_behind = link.state is LinkState.RESTING and link.reason is Reason.TYPE_NOT_SYNCED
        if left_behind and link.origin is Side.CRM and link.event_id is not None:
            decided = _delete_event(desk, connection, link, Reason.TYPE_NOT_SYNCED)
            desk.carry_out(connection, Observed(link=link), decided, trace)
            count += 1
    return count


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


def _in_calendar(connection: Connection, calendar_id: str) -> Connection:
    """The connection as it was with another calendar."""
    told = connection.known
    settings = told.settings.model_copy(update={"calendar_id": calendar_id})
    return replace(connection, told=told.model_copy(update={"settings": settings}))


def _clear_event(
    desk: Desk, former: Connection, ended: Link, shown: Meeting | None, *, trace: str | None
) -> None:
    """Delete the event of a link that has ended already, and stays so."""
    decided = delete_after_end(ended, Side.CALENDAR, shown, Reason.CALENDAR_CHANGED)
    desk.carry_out(former, Observed(link=ended), decided, trace)


def _delete_event(desk: Desk, connection: Connection, link: Link, reason: Reason) -> Plan:
    return delete_event(link, desk.known.shown_event(connection, link), reason)
