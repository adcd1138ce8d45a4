"""An activity that is made again has another id: what its user's connections know moves along.

One that held its deletion, had followed it, or was yet to decide about it would take it for a new
one, or make one of its own.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import NamedTuple

from reconciler.connection import Connection
from reconciler.core.create import without_activity
from reconciler.core.model import Link, LinkState, Observed
from reconciler.core.policy import is_declined
from reconciler.core.reasons import Reason
from reconciler.desk import Desk
from reconciler.known import is_living
from reconciler.observations import decide_activities
from reconciler.repository.items import ActivityKey
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot


class Remaking(NamedTuple):
    """That making a deleted activity again has ended: with another one, or with none."""

    connection: Connection
    former_id: int
    activity_id: int | None


def ended_remaking(desk: Desk, connection: Connection, before: Link) -> list[Remaking]:
    """What an outcome says of an activity that was being made again, of all its former ones."""
    kept = desk.known.shelf.of_link(before)
    if kept is None or before.activity_id is not None:
        return []
    made = kept.link.activity_id
    if made is None and (kept.link.pending or not before.pending):
        return []
    return [Remaking(connection, former_id, made) for former_id in before.former_activity_ids]


async def unfinished_remakings(desk: Desk, connection: Connection) -> list[Remaking]:
    """What would come to nothing if all that a connection writes came to an end."""
    await desk.known.load_creating({connection.connection_id})
    return [
        Remaking(connection, former_id, None)
        for link in desk.known.remaking(connection)
        for former_id in link.former_activity_ids
    ]


async def made_again(desk: Desk, activities: Collection[ActivityKey]) -> list[Remaking]:
    """Those of some activities that were made again for deleted ones."""
    known = desk.known
    await known.load_links_of(activities, [])
    return [
        Remaking(known.connections[connection_id], former_id, activity_id)
        for *user, activity_id in activities
        for connection_id, former_id in known.former_activities((user[0], user[1]), activity_id)
    ]


async def follow_remade(desk: Desk, ended: Collection[Remaking]) -> None:
    """Move links of other connections from the former activities to the present ones.

    What is being written to a link moves it later; the present activity waits for that.
    """
    if not ended:
        return
    await _load(desk, ended)
    for other, former_id, activity_id in _elsewhere(desk, ended):
        if activity_id is None:
            continue
        if is_living(desk.known.shelf.of_activity(other.connection_id, activity_id)):
            continue
        for link in _links_of_lost(desk, other, former_id):
            if is_living(link) and link.pending:
                desk.defer(other, activity_id)
            elif _goes_on(desk.known.pair(other, link), link):
                moved = replace(without_activity(link), activity_id=activity_id)
                desk.put_link(other, moved)


async def decide_remade(desk: Desk, ended: Collection[Remaking]) -> None:
    """Decide about links that have waited in vain, and about what was made."""
    if not ended:
        return
    await _load(desk, ended)
    for other, former_id, _ in _elsewhere(desk, ended):
        for link in _links_of_lost(desk, other, former_id):
            if other.decides and is_living(link):
                desk.decide_link(other, link, trace=None)
    made = [
        (*one.connection.user_key, one.activity_id) for one in ended if one.activity_id is not None
    ]
    await decide_activities(desk, dict.fromkeys(made))


async def _load(desk: Desk, ended: Iterable[Remaking]) -> None:
    """Load the links that other connections have of the activities, with their items."""
    elsewhere = _elsewhere(desk, ended)
    await desk.known.load_links(
        [(other.connection_id, one) for other, *ids in elsewhere for one in ids if one is not None],
        [],
    )
    await desk.known.load_creating({other.connection_id for other, _, _ in elsewhere})
    await desk.known.load_other_sides()


def _elsewhere(desk: Desk, ended: Iterable[Remaking]) -> list[Remaking]:
    """The same, with each of the connections that have not made it."""
    return [
        one._replace(connection=other)
        for one in ended
        for other in desk.known.others_of_user(one.connection)
    ]


def _links_of_lost(desk: Desk, connection: Connection, activity_id: int) -> list[Link]:
    """The links of a connection whose activity was deleted: one that has it, others that had it."""
    shelf = desk.known.shelf
    of_activity = shelf.of_activity(connection.connection_id, activity_id)
    having = [of_activity] if of_activity and of_activity.activity_id == activity_id else []
    had = [
        kept.link
        for kept in shelf.in_doubt(connection.connection_id)
        if kept.link.activity_id is None and activity_id in kept.link.former_activity_ids
    ]
    return [*having, *had]


def _goes_on(observed: Observed, link: Link) -> bool:
    """Whether a link whose activity was deleted goes on with what that was made again as.

    Its deletion is held, was followed to its end, or was not decided: it waited, or was paused. A
    link whose event is gone as well, or is declined, has nothing that could go on.
    """
    if link.pending or link.suppress:
        return False
    if link.state is LinkState.DISSOLVED:
        return link.reason is Reason.DELETED
    if link.reason is Reason.HELD_MASS_DELETE:
        return True
    event = observed.event
    is_lost = not isinstance(observed.activity, ActivitySnapshot)
    return is_lost and isinstance(event, EventSnapshot) and not is_declined(link, event)
