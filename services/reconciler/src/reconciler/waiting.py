"""What waits until a create has ended: it is decided about again, whatever that came to."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from reconciler.desk import Desk
from reconciler.observations import decide_activities
from reconciler.remade import Remaking, decide_remade, follow_remade, made_again
from reconciler.repository import notes
from reconciler.repository.items import ActivityKey


@dataclass(frozen=True)
class Woken:
    """Activities that might have been what was made, and what has become of deleted ones."""

    activities: dict[ActivityKey, None]
    remakings: list[Remaking]


async def wake(desk: Desk, connection_ids: Collection[UUID], ended: list[Remaking]) -> Woken:
    """Take up what waits in some connections; links go on with what was made again by now."""
    waited = await notes.take_deferred(desk.database, connection_ids)
    activities = {
        (*desk.known.connections[connection_id].user_key, activity_id): None
        for connection_id, activity_id in waited
    }
    woken = Woken(activities, [*ended, *await made_again(desk, activities)])
    await follow_remade(desk, woken.remakings)
    return woken


async def decide_woken(desk: Desk, woken: Woken) -> None:
    """Decide about all that has waited."""
    await decide_remade(desk, woken.remakings)
    if woken.activities:
        await decide_activities(desk, dict.fromkeys(woken.activities))
