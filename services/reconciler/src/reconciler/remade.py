"""An activity that is made again has another id: what its user's connections know moves along.

One that held its deletion, or followed it, would take it for a new one, or make one of its own.
"""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.connection import Connection
from reconciler.core.model import Link, LinkState
from reconciler.core.reasons import Reason
from reconciler.desk import Desk
from reconciler.known import is_living

Remade = tuple[Connection, int, int]
"""Where an activity was made again, its former id and the present one."""


async def follow_remade(desk: Desk, remade: Iterable[Remade]) -> None:
    """Move links of other connections from the former activities to the present ones."""
    known = desk.known
    moving = [
        (other, former_id, activity_id)
        for connection, former_id, activity_id in remade
        for other in known.of_user(connection.user_key)
        if other.connection_id != connection.connection_id
    ]
    await known.load_links(
        [(other.connection_id, one) for other, *ids in moving for one in ids], []
    )
    for other, former_id, activity_id in moving:
        link = known.shelf.of_activity(other.connection_id, former_id)
        taken = is_living(known.shelf.of_activity(other.connection_id, activity_id))
        if link is not None and link.activity_id == former_id and _waits(link) and not taken:
            desk.put_link(other, replace(link, activity_id=activity_id))


def is_remade_elsewhere(desk: Desk, connection: Connection, link: Link) -> bool:
    """Whether another connection of the user is making the activity of a link again."""
    return link.activity_id is not None and any(
        kept.link.former_activity_id == link.activity_id for kept in desk.known.remaking(connection)
    )


def _waits(link: Link) -> bool:
    """Whether the deletion of a link's activity is held, or was followed to its end."""
    if link.pending or link.suppress:
        return False
    followed = link.state is LinkState.DISSOLVED and link.reason is Reason.DELETED
    return followed or link.reason is Reason.HELD_MASS_DELETE
