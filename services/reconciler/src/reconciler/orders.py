"""What a user orders by hand: held deletions decided, a write undone, looping links woken."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from reconciler.connection import Connection
from reconciler.core.model import ALL_FIELDS, Link, LinkState, Observed, Plan, Verb
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.reasons import Reason
from reconciler.core.restore import Deed, restore, undo
from reconciler.desk import Desk
from reconciler.known import is_living
from reconciler.repository import guards, links
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Side
from tandem.runtime.postgres import as_uuid

_VERBS: Final = {"created": Verb.CREATE, "updated": Verb.UPDATE, "deleted": Verb.DELETE}
_CONFLICT: Final = "conflict"
_REVERTED: Final = "reverted"


async def confirm_held(desk: Desk, connection: Connection, *, trace: str | None) -> int:
    """Let held deletions take place; returns how many there were."""

    def follow(link: Link) -> None:
        awake = replace(link, state=LinkState.ACTIVE, reason=None)
        desk.put_link(connection, awake)
        desk.decide_link(connection, awake, trace=trace, ordered=True)

    return await _each(desk, connection, Reason.HELD_MASS_DELETE, follow)


async def reject_held(desk: Desk, connection: Connection, *, trace: str | None) -> int:
    """Make the deleted sides of held deletions again; returns how many there were."""

    def bring_back(link: Link) -> None:
        observed = desk.known.pair(connection, link)
        if observed.remade:
            # It goes on with the activity that is made for the other connection.
            return
        decided = restore(link, observed, connection.policy)
        desk.carry_out(connection, observed, decided, trace, backfill=True)

    return await _each(desk, connection, Reason.HELD_MASS_DELETE, bring_back)


async def wake_looping(desk: Desk, connection: Connection, *, trace: str | None) -> int:
    """Let links that seemed to loop go on; returns how many there were.

    Where nothing is written for the connection now, they go on once something is.
    """

    def go_on(link: Link) -> None:
        awake = replace(link, state=LinkState.ACTIVE, reason=None)
        desk.put_calmed(connection, awake)
        if connection.decides:
            desk.decide_link(connection, awake, trace=trace)

    return await _each(desk, connection, Reason.LOOP_SUSPECTED, go_on)


async def undo_row(desk: Desk, connection: Connection, row: Any, *, trace: str | None) -> Plan:
    """Take back the write of a history row; a plan without writes says why that can not be."""
    if row["link_id"] is None or not _is_undoable(row["action"]):
        return Plan(Reason(row["reason"]))
    link_id = as_uuid(row["link_id"])
    desk.known.shelf.add(await links.links_by_id(desk.database, [link_id]))
    kept = desk.known.shelf.get(link_id)
    if kept is not None and kept.connection_id != connection.connection_id:
        return Plan(Reason.SUPPRESSED)
    side = Side(row["side"])
    # A dissolved link that was forgotten: what is remembered of its item is in the row.
    link = kept.link if kept else Link(link_id, side, state=LinkState.DISSOLVED)
    await desk.known.load(
        [(*connection.user_key, link.activity_id)] if link.activity_id is not None else [],
        [(connection.connection_id, link.event_id)] if link.event_id is not None else [],
    )
    if link.state is LinkState.DISSOLVED and _has_another(desk, connection, link):
        return Plan(Reason.NO_CHANGE)
    observed = desk.known.pair(connection, link)
    if observed.remade:
        return Plan(Reason.AWAITING)
    deed = _deed(row, side, observed, connection)
    decided = undo(link, deed, observed, connection.policy, desk.now)
    if decided.writes:
        # What a user orders is no loop, nor is what led to it.
        desk.put_calmed(connection, link)
        desk.carry_out(connection, observed, decided, trace)
    return decided


async def _each(
    desk: Desk, connection: Connection, reason: Reason, order: Callable[[Link], None]
) -> int:
    """Give an order for each link that rests for a brake's `reason`; returns how many."""
    count = 0
    after = guards.BEFORE_ALL
    while page := await guards.resting_links(
        desk.database, connection.connection_id, reason, after
    ):
        await desk.known.load_pairs(page)
        for kept in page:
            order(kept.link)
        count += len(page)
        after = page[-1].link.link_id or after
        await desk.save()
        desk.known.forget_items()
    return count


def _has_another(desk: Desk, connection: Connection, ended: Link) -> bool:
    """Whether an item of a link that has ended is linked anew."""
    shelf, connection_id = desk.known.shelf, connection.connection_id
    of_activity = shelf.of_activity(connection_id, ended.activity_id) if ended.activity_id else None
    of_event = shelf.of_event(connection_id, ended.event_id) if ended.event_id else None
    return is_living(of_activity) or is_living(of_event)


def _is_undoable(action: str) -> bool:
    return action in _VERBS or action in {_CONFLICT, _REVERTED}


def _deed(row: Any, side: Side, observed: Observed, connection: Connection) -> Deed:
    before = json.loads(row["before"]) if row["before"] else None
    action = row["action"]
    verb = _VERBS.get(action, Verb.UPDATE)
    if action == _REVERTED:
        # A taken back create is a delete, a taken back delete a create.
        if before is None:
            verb = Verb.CREATE
        elif row["after"] is None:
            verb = Verb.DELETE
    return Deed(
        side=side,
        verb=verb,
        before=_whole(before, observed, connection) if before else None,
        fields=frozenset(MeetingField(name) for name in before) if before else ALL_FIELDS,
        source=side if action in {_CONFLICT, _REVERTED} else side.other,
    )


def _whole(before: dict[str, Any], observed: Observed, connection: Connection) -> Meeting:
    """The meeting of a row, which holds some of its fields; the others are as they are now."""
    activity, event = observed.activity, observed.event
    present: Meeting | None = None
    if isinstance(event, EventSnapshot):
        present = meeting_of_event(event, connection.policy)
    elif isinstance(activity, ActivitySnapshot):
        present = meeting_of_activity(activity, connection.policy)
    known = present.model_dump(mode="json") if present else {}
    return Meeting.model_validate_json(json.dumps({**known, **before}))
