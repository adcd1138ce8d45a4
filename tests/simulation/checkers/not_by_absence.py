"""We delete only what somebody has deleted, declined or taken out of the sync before.

Each time that somebody does so costs one item of the other side, and none any more once we have
made anew what he had deleted, unless he has taken that out of the trash himself. Of an activity
that nothing tells from somebody's own an event may be made, which goes once we know better.
"""

from collections.abc import Iterator
from typing import Final

from tests.simulation.endings import TAKEN_OUT, Ending, endings_of
from tests.simulation.people import Done
from tests.simulation.providers import Write
from tests.simulation.simulation import Simulation

REASONS: Final = {
    "calendar": {("crm", verb) for verb in ("delete", *TAKEN_OUT)},
    "crm": {("calendar", "delete"), ("calendar", "decline")},
}
"""What people do, on which side, that may cost an item of a side."""


def check(simulation: Simulation) -> list[str]:
    """Deletions without a reason."""
    return [
        f"{one.token}: {side} {write.item_id} was deleted at {write.at:%H:%M:%S} for nothing"
        for one in endings_of(simulation)
        if not one.unrecognisable
        for side in REASONS
        for write in _for_nothing(one, side, _deleted(simulation, one, side))
    ]


def _deleted(simulation: Simulation, one: Ending, side: str) -> list[Write]:
    """First deletions of items; what was made without word of it may be one too many."""
    first: dict[str, Write] = {}
    for write in one.writes:
        ours = write.side == side and write.verb == "delete" and not one.was_cleared(write)
        if ours and not simulation.outside.unanswered[write.item_id]:
            first.setdefault(write.item_id, write)
    return list(first.values())


def _for_nothing(one: Ending, side: str, deleted: list[Write]) -> Iterator[Write]:
    asked = [done for done in one.done if (done.edit.side, done.edit.verb) in REASONS[side]]
    for number, write in enumerate(deleted):
        before = [done for done in asked if done.at <= write.at]
        if len(before) <= number or _is_over(one, before[-1], write):
            yield write


def _is_over(one: Ending, done: Done, deletion: Write) -> bool:
    """Whether another item had been made for what was deleted before the deletion."""
    made = [
        write
        for write in one.writes
        if write.verb == "create" and write.item_id != done.item_id and write.at > done.at
    ]
    by_us = one.recognised and "restore" not in one.verbs
    return by_us and any(write.side == done.edit.side and write.at < deletion.at for write in made)
