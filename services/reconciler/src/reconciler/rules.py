"""Takes over a connection's settings and status, and decides what they mean for what is known."""

from dataclasses import replace

from reconciler import removal, starts
from reconciler.connection import Connection
from reconciler.desk import Desk
from reconciler.remade import Remaking, unfinished_remakings
from reconciler.repository import QUERIES, user_key
from reconciler.repository.connections import put_connections
from reconciler.waiting import decide_woken, wake
from tandem.contracts.connections import ConnectionChanged, ConnectionMessage
from tandem.runtime.failures import Permanent
from tandem.runtime.subscriptions import Delivery


async def take_connection(desk: Desk, delivery: Delivery[ConnectionMessage]) -> None:
    """Take over a connection; an older state of it than the known one changes nothing."""
    told = delivery.body
    known = desk.known.connections.get(told.connection_id)
    if known is not None and (known.removed or known.revision >= told.revision):
        return
    present = known or Connection(told.connection_id, told.user, revision=0, told=None)
    if isinstance(told, ConnectionChanged):
        await _change(desk, present, told, delivery.trace)
    else:
        unfinished = await unfinished_remakings(desk, present)
        await removal.begin_removal(desk, present, told, trace=delivery.trace)
        await _wake_all(desk, present, unfinished)


async def _change(
    desk: Desk, present: Connection, told: ConnectionChanged, trace: str | None
) -> None:
    try:
        changed = present.changed_to(told)
    except (LookupError, ValueError) as error:
        raise Permanent("owner_time_zone: not a known time zone") from error
    moved = present.told is not None and not present.syncs(told.settings.calendar_id)
    desk.put_connection(changed)
    # Stored at once, because the row tells whether the new calendar was read already.
    await put_connections(desk.database, [changed])
    if moved:
        unfinished = await unfinished_remakings(desk, present)
        await removal.leave_calendar(desk, present, remove_events=told.remove_events, trace=trace)
        await _wake_all(desk, changed, unfinished)
        await QUERIES.forget_other_calendars(
            desk.database,
            connection_id=changed.connection_id,
            calendar_id=told.settings.calendar_id,
        )
    await starts.start_what_can(desk, {user_key(told.user): trace})
    now = desk.known.connections[changed.connection_id]
    if not (present.started and changed.started and now.decides):
        return
    was_at_rest = present.resting is not None
    if not was_at_rest and not now.rules_changed:
        return
    # What was held back are people's own edits: they are told and mailed as ever. Where the rules
    # have changed meanwhile, nobody can tell these edits from what follows from the rules.
    applied = replace(now, rules_changed=False)
    desk.put_connection(applied)
    await starts.decide_all(
        desk, applied, trace=trace, backfill=now.rules_changed, tell=was_at_rest
    )


async def _wake_all(desk: Desk, connection: Connection, unfinished: list[Remaking]) -> None:
    """Decide about what waited for creates of a connection of which no outcome counts any more."""
    of_user = {one.connection_id for one in desk.known.of_user(connection.user_key)}
    await decide_woken(desk, await wake(desk, of_user, unfinished))
