"""One edit leads to at most one write, and when nothing happens any more, nothing is written.

A write whose answer was lost may be done once more. Beside that each meeting may take `MORE`
writes: where an edit comes between a decision and its write, one write may have to be put right. A
setting that is changed may take a write of each, once more when it is changed back, and so may a
deletion that is held and rejected.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from tests.simulation.endings import Ending, endings_of
from tests.simulation.scenario import STORM_S
from tests.simulation.simulation import OTHERS_EVERY, SETTLE_S, Simulation

MORE: Final = 1
LAST_S: Final = 120.0
"""How long what the user has decided last may take."""
RARELY_S: Final = OTHERS_EVERY.total_seconds() + SETTLE_S
"""When what only the rarest sweep can see is seen: that what was done is open again, or deleted."""
NEVER_CARRIED: Final = frozenset({"done", "accept"})
NEVER_WRITES: Final = frozenset({"conflict_winner"})
"""Settings that only future edits depend on."""


def check(simulation: Simulation) -> list[str]:
    """Meetings that were written too often, and writes that nothing has led to."""
    return [*_too_many(simulation), *_unasked(simulation)]


def _too_many(simulation: Simulation) -> Iterator[str]:
    scenario = simulation.scenario
    changes = [one for one in scenario.changes if one.name not in NEVER_WRITES]
    more = MORE + 2 * len(changes) + scenario.rejected
    for one in endings_of(simulation):
        edits = [done for done in one.done if done.edit.verb not in NEVER_CARRIED]
        if len(one.writes) > len(edits) + _unanswered(simulation, one) + more:
            yield f"{one.token}: {len(one.writes)} writes after {len(edits)} edits"


def _unanswered(simulation: Simulation, one: Ending) -> int:
    items = {write.item_id for write in one.writes}
    return sum(simulation.outside.unanswered[item] for item in items)


def _unasked(simulation: Simulation) -> Iterator[str]:
    at_rest = simulation.scenario.start + timedelta(seconds=STORM_S + RARELY_S + LAST_S)
    for write in simulation.outside.writes:
        if write.at > at_rest:
            yield f"{write.verb} of {write.item_id} at {write.at:%H:%M:%S}, when all was at rest"
