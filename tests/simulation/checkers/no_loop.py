"""One edit leads to at most one write; a write whose answer was lost may be done once more.

Beside that each meeting may take `MORE` writes: where an edit comes between a decision and its
write, one write may have to be put right. A setting that is changed may take a write of each, once
more when it is changed back, and so may a deletion that is held and rejected.
"""

from typing import Final

from tests.simulation.endings import endings_of
from tests.simulation.simulation import Simulation

MORE: Final = 1


def check(simulation: Simulation) -> list[str]:
    """Meetings that were written too often."""
    scenario = simulation.scenario
    more = MORE + 2 * len(scenario.changes) + scenario.rejected
    lost = simulation.outside.unanswered.total()
    return [
        f"{one.token}: {len(one.writes)} writes after {len(one.done)} edits"
        for one in endings_of(simulation)
        if len(one.writes) > len(one.done) + lost + more
    ]
